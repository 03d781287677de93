"""Who is among those who may answer a question, or run a command of the organization's own."""

from typing import Any

import pytest

from accounts.models import Role
from channels_app.models import Bot
from chatops.context import Context, make_context
from chatops.incoming import read_update
from chatops.models import Approval, OwnAction
from chatops.responding.policy import ANYONE, Lack, lack_of
from tests.chatops.conftest import Talk
from tests.factories import make_channel

GROUP = {"id": -100777, "type": "supergroup", "title": "Ops"}
ADA = 4242
PERSON = {"id": ADA, "is_bot": False, "first_name": "Ada"}
ADMIN = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}


def pressed(by: dict[str, Any]) -> dict[str, Any]:
    message = {"message_id": 1, "date": 1, "chat": GROUP}
    return {
        "update_id": 1,
        "callback_query": {
            "id": "1", "from": by, "chat_instance": "1", "data": "x", "message": message
        },
    }  # fmt: skip


def written(by: dict[str, Any], **fields: Any) -> dict[str, Any]:
    message = {"message_id": 1, "date": 1, "chat": GROUP, "from": by, "text": "/x", **fields}
    return {"update_id": 1, "message": message}


def context_of(talk: Talk, update: dict[str, Any]) -> Context:
    make_channel(talk.bot, chat_id=GROUP["id"])
    return make_context(Bot.objects.get(pk=talk.bot.pk), read_update(update), {})


WHO = ("anyone", "responder", "admin", "owner")
AS_ANONYMOUS = (None, Lack.NAME, Lack.NAME, Lack.NAME)


@pytest.mark.parametrize(
    ("role", "lacks"),
    [
        (None, (None, Lack.LINK, Lack.LINK, Lack.LINK)),
        (Role.VIEWER, (None, Lack.ROLE, Lack.ROLE, Lack.ROLE)),
        (Role.RESPONDER, (None, None, Lack.ROLE, Lack.ROLE)),
        (Role.ADMIN, (None, None, None, Lack.ROLE)),
        (Role.OWNER, (None, None, None, None)),
    ],
)
def test_members_may_by_their_role(
    talk: Talk, role: Role | None, lacks: tuple[Lack | None, ...]
) -> None:
    if role:
        talk.link(ADA, role)
    context = context_of(talk, pressed(PERSON))
    assert tuple(lack_of(context, who) for who in WHO) == lacks


@pytest.mark.parametrize(
    "update",
    [
        pressed(ADMIN),
        written(ADMIN, sender_chat=GROUP),
        written(PERSON, sender_chat={"id": -1001, "type": "channel", "title": "News"}),
    ],
    ids=["an anonymous admin presses", "one writes", "a channel writes"],
)
def test_who_has_no_name_is_anyone_and_has_no_role(talk: Talk, update: dict[str, Any]) -> None:
    talk.link(ADA, Role.OWNER)
    context = context_of(talk, update)
    assert tuple(lack_of(context, who) for who in WHO) == AS_ANONYMOUS


def test_both_kinds_name_those_who_may_in_the_same_words() -> None:
    assert tuple(Approval.Who.values) == tuple(OwnAction.Who.values) == WHO
    assert {Approval.Who.ANYONE.value, OwnAction.Who.ANYONE.value} == {ANYONE}
