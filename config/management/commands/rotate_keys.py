"""`manage.py rotate_keys`: encrypt every stored secret under the first key of ENCRYPTION_KEYS."""

from collections.abc import Callable, Sequence
from typing import Any

from django.core.management.base import BaseCommand

from alerts import integrations
from alerts.fallbacks import changes as fallbacks
from alerts.heartbeats import changes as heartbeats
from alerts.models import Fallback, Heartbeat, Integration, Upstream
from alerts.upstreams import changes as upstreams
from channels_app import bots
from channels_app.encryption import key_id_of, primary_key_id
from channels_app.models import Bot
from chatops.endpoints import changes as endpoints
from chatops.models import Endpoint

Rekey = Callable[[Any], None]

KINDS: tuple[tuple[type[Any], Rekey, tuple[str, ...]], ...] = (
    (Bot, bots.rekey, ("token", "proxy", "webhook_secret")),
    (Integration, integrations.rekey, ("key", "signature_secret")),
    (Heartbeat, heartbeats.rekey, ("key",)),
    (Fallback, fallbacks.rekey, ("secret",)),
    (Upstream, upstreams.rekey, ("secret",)),
    (Endpoint, endpoints.rekey, ("secret",)),
)
"""Rows with secrets. The first of a row's secrets tells under which key they all are."""


class Command(BaseCommand):
    """Resumable: each row is one conditional UPDATE; a second run finds only what is left."""

    help = (
        "Encrypt every stored secret under the first key of ENCRYPTION_KEYS. Put a new key first "
        "and keep the old ones until this has finished."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Go through every kind of row that has secrets."""
        primary = primary_key_id()
        done = sum(_rekey_all(primary, *kind) for kind in KINDS)
        self.stdout.write(
            f"{done} rows now use the key {primary!r}. Once this says 0, older keys can go."
        )


def _rekey_all(primary: str, model: type[Any], rekey: Rekey, secrets: Sequence[str]) -> int:
    fields = [f"{name}_encrypted" for name in secrets]
    done = 0
    for row in model.objects.order_by("pk").iterator(chunk_size=500):
        before = {field: getattr(row, field) for field in fields}
        if not before[fields[0]] or key_id_of(before[fields[0]]) == primary:
            continue
        rekey(row)
        values = {field: getattr(row, field) for field in fields}
        done += model.objects.filter(pk=row.pk, **before).update(**values)
    return done
