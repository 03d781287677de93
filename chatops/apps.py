"""Django's registration of the package."""

from django.apps import AppConfig


class ChatopsConfig(AppConfig):
    """BACK."""

    name = "chatops"
    verbose_name = "Telegram"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the packages above what they ask us for."""
        from alerts import own_buttons, responding  # noqa: PLC0415  # models must be loaded first
        from channels_app.leaving import also_in_use  # noqa: PLC0415  # as above
        from channels_app.persons import on_private_chat  # noqa: PLC0415  # as above
        from chatops.actions import known  # noqa: PLC0415  # as above
        from chatops.linking import people, uses  # noqa: PLC0415  # as above
        from chatops.personal import assigned  # noqa: PLC0415  # as above
        from chatops.reminders import telling  # noqa: PLC0415  # as above
        from deliveries import health  # noqa: PLC0415  # as above

        also_in_use(uses.is_in_use)
        on_private_chat(people.is_members)
        own_buttons.offer_also(known.button_labels)
        health.on_person_left(telling.person_left)
        responding.on_assigned(assigned.note)
