"""Everything that somebody may forge, replay, steal or press who is not meant to: one table."""
