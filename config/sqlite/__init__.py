"""The embedded database's backend; Django looks for it in `base`."""
