"""What a channel is told when there is more than its chat may be told: a digest and a document."""
