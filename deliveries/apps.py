"""Django's registration of the package."""

from django.apps import AppConfig


class DeliveriesConfig(AppConfig):
    """HOW."""

    name = "deliveries"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the packages above what they ask us for."""
        from channels_app.leaving import also_in_use  # noqa: PLC0415  # models must be loaded first
        from deliveries import streams  # noqa: PLC0415  # as above

        also_in_use(streams.is_in_use)
