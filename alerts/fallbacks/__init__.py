"""What tells of critical alerts where their channel cannot."""
