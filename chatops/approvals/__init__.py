"""Questions that programs put to a chat, and what people answer."""
