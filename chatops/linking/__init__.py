"""People and chats of Telegram, and who they are here."""
