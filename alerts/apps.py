"""Django's registration of the package."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """WHAT."""

    name = "alerts"
    default_auto_field = "django.db.models.BigAutoField"
