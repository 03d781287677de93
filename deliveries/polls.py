"""Polls that we sent: what Telegram tells of their votes, written down.

Whoever handles updates calls `record_poll` for `poll` and `record_answer` for `poll_answer`.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from channels_app.models import Bot
from deliveries import answers, clock
from deliveries.models import PollAnswer, SentMessage, SentPoll

OPTION_MAX = 100
"""More numbers of options than any poll has."""


def note(message: SentMessage, bot_id: UUID, poll: Mapping[str, Any]) -> None:
    """Write down the poll of a message (as `answers.read_poll` gives it), in the caller's
    transaction."""
    owner = SentMessage.objects.values_list("organization_id", flat=True).get(pk=message.pk)
    SentPoll.objects.update_or_create(
        message_id=message.pk, defaults={"organization_id": owner, "bot_id": bot_id, **poll}
    )


def record_poll(bot: Bot, poll: Mapping[str, Any]) -> bool:
    """Write down a Poll of an update of this bot; False for one that we did not send, or whose
    sending is not written down yet. What is closed stays closed."""
    told = answers.read_poll(poll)
    if told is None:
        return False
    known = SentPoll.objects.filter(bot=bot, poll_id=told.pop("poll_id"))
    if not told["is_closed"]:
        known = known.filter(is_closed=False)
    changed = known.update(**told)
    return bool(changed) or SentPoll.objects.filter(bot=bot, poll_id=poll["id"]).exists()


def record_answer(bot: Bot, poll_answer: Mapping[str, Any]) -> bool:
    """Write down a PollAnswer of an update of this bot: what the voter chooses now, or that they
    took their vote back. False as for `record_poll`, and for what is no PollAnswer."""
    voter = poll_answer.get("user") or poll_answer.get("voter_chat")
    chosen = poll_answer.get("option_ids")
    if not isinstance(voter, dict) or not isinstance(voter.get("id"), int):
        return False
    if not isinstance(chosen, list):
        return False
    with transaction.atomic():
        poll = SentPoll.objects.filter(bot=bot, poll_id=str(poll_answer.get("poll_id"))).first()
        if poll is None:
            return False
        options = [one for one in chosen if isinstance(one, int) and 0 <= one < OPTION_MAX]
        if not options:
            PollAnswer.objects.filter(poll=poll, voter_id=voter["id"]).delete()
            return True
        PollAnswer.objects.update_or_create(
            poll=poll,
            voter_id=voter["id"],
            defaults={
                "organization_id": poll.organization_id,
                "voter_name": _name(voter),
                "option_ids": options,
                "answered_at": clock.now(),
            },
        )
    return True


def _name(voter: Mapping[str, Any]) -> str:
    parts = (voter.get("first_name"), voter.get("last_name"), voter.get("title"))
    name = " ".join(part for part in parts if isinstance(part, str))
    return name[:255]
