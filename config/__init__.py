"""Settings and wiring of the installation."""
