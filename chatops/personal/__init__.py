"""What the bot tells people in private, unasked: because they wished it."""
