"""Commands and buttons of an organization's own: what they are, and what becomes of their runs."""
