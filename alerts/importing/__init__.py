"""What others have written down, understood: Alertmanager's configuration. Pure."""
