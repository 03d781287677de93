"""Django's registration of the package."""

from django.apps import AppConfig


class DeliveriesConfig(AppConfig):
    """HOW."""

    name = "deliveries"
    default_auto_field = "django.db.models.BigAutoField"
