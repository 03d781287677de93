"""REST: calls, checks, and what they add to bots and channels."""
