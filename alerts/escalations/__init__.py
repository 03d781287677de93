"""Who is told next of what nobody acknowledges."""
