"""Django's registration of the package."""

from django.apps import AppConfig


class ChannelsAppConfig(AppConfig):
    """WHERE."""

    name = "channels_app"
    verbose_name = "channels"
    default_auto_field = "django.db.models.BigAutoField"
