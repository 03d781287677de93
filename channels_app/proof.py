"""A bot is its row's once getMe has accepted the row's token."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from channels_app.models import Bot


class NotProven(Exception):
    """getMe's answer doesn't make this row the bot's; the text says why."""


class ProvenElsewhere(NotProven):
    """Another organization's row was proven first."""


def prove(bot: Bot, facts: Mapping[str, Any]) -> bool:
    """getMe accepted the bot's token and answered `facts`: from now on it may send, and nobody
    else can register it. False when the row was changed meanwhile: then getMe is asked again.

    Raises NotProven where the answer is another bot's, ProvenElsewhere where another row was first.
    """
    if facts.get("id") != bot.telegram_id:
        raise NotProven(f"the server answers for the bot {facts.get('id')}")
    asked = Bot.objects.filter(  # with what was asked: it may be replaced by now
        pk=bot.pk,
        token_encrypted=bot.token_encrypted,
        api_url=bot.api_url,
        proxy_encrypted=bot.proxy_encrypted,
    )
    try:
        with transaction.atomic():
            found = asked.update(
                proven_at=bot.proven_at or timezone.now(),
                username=str(facts.get("username", ""))[:64],
                facts=dict(facts),
            )
    except IntegrityError:
        raise ProvenElsewhere("another organization registered this bot") from None
    return bool(found)
