"""`manage.py rotate_keys`: encrypt every stored secret under the first key of ENCRYPTION_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand

from alerts import integrations
from alerts.models import Integration
from channels_app import bots
from channels_app.encryption import key_id_of, primary_key_id
from channels_app.models import Bot


class Command(BaseCommand):
    """Resumable: each row is one conditional UPDATE; a second run finds only what is left."""

    help = (
        "Encrypt every stored secret under the first key of ENCRYPTION_KEYS. Put a new key first "
        "and keep the old ones until this has finished."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Go through bots and integrations."""
        primary = primary_key_id()
        done = 0
        for bot in Bot.objects.order_by("pk").iterator(chunk_size=500):
            before = bot.token_encrypted
            if key_id_of(before) == primary:
                continue
            bots.rekey(bot)
            done += Bot.objects.filter(pk=bot.pk, token_encrypted=before).update(
                token_encrypted=bot.token_encrypted,
                proxy_encrypted=bot.proxy_encrypted,
                webhook_secret_encrypted=bot.webhook_secret_encrypted,
            )
        for integration in Integration.objects.order_by("pk").iterator(chunk_size=500):
            before = integration.key_encrypted
            if key_id_of(before) == primary:
                continue
            integrations.rekey(integration)
            done += Integration.objects.filter(pk=integration.pk, key_encrypted=before).update(
                key_encrypted=integration.key_encrypted,
                signature_secret_encrypted=integration.signature_secret_encrypted,
            )
        self.stdout.write(
            f"{done} rows now use the key {primary!r}. Once this says 0, older keys can go."
        )
