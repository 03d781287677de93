"""REST: bots, loans and channels, and the verdicts of their checks."""
