"""What people read in Telegram, in their own language. Pure: no Django, no settings."""
