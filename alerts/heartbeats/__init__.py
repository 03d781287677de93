"""Jobs that say that they live, and what is told when they do not."""
