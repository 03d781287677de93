"""Django's registration of the package."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """WHAT."""

    name = "alerts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the packages above what they ask us for."""
        from alerts import leaving, publish, publish_plan  # noqa: PLC0415  # models must be loaded first
        from channels_app.leaving import on_chats_leaving  # noqa: PLC0415  # as above
        from deliveries import files, health  # noqa: PLC0415  # as above

        files.register_maker(publish_plan.DOCUMENT_MAKER, publish.make_document)
        health.on_channel_enabled(publish.channel_enabled)
        on_chats_leaving(leaving.leave)
