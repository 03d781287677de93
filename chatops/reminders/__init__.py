"""Reminders: for me, a person or a chat; once, or again and again."""
