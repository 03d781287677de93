"""Django's registration of the package."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """WHAT."""

    name = "alerts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the packages above what they ask us for."""
        from alerts import (  # noqa: PLC0415  # models must be loaded first
            figures,
            leaving,
            publish,
            publish_plan,
        )
        from alerts.message_templates import faults as template_faults  # noqa: PLC0415  # as above
        from alerts.storms import calls as storm_calls  # noqa: PLC0415  # as above
        from alerts.storms import publish as storm_publish  # noqa: PLC0415  # as above
        from channels_app.leaving import on_chats_leaving  # noqa: PLC0415  # as above
        from deliveries import files, health, trouble_sight  # noqa: PLC0415  # as above

        files.register_maker(publish_plan.DOCUMENT_MAKER, publish.make_document)
        files.register_maker(storm_calls.DOCUMENT_MAKER, storm_publish.make_document)
        health.on_channel_enabled(publish.channel_enabled)
        on_chats_leaving(leaving.leave)
        trouble_sight.also_look(figures.troubles)
        trouble_sight.also_look(template_faults.troubles)
