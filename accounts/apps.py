"""Django's registration of the package."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """WHO."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
