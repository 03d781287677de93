"""REST: what programs and people in Telegram have to do with each other."""
