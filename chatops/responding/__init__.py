"""What people in chats see of alerts, and do about them."""
