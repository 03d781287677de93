"""REST: links of chats, and members' Telegram accounts."""

from collections.abc import Callable

import pytest

from accounts.models import Role
from channels_app.models import NotificationChannel
from chatops.models import LinkCode, TelegramIdentity
from tests.chatops.conftest import Talk
from tests.chatops.linking import named
from tests.factories import make_membership
from tests.rest import Api, problem_of


@pytest.fixture
def talk(make_talk: Callable[..., Talk]) -> Talk:
    return named(make_talk())


def test_a_chat_is_connected_by_rest(talk: Talk) -> None:
    api, chat = Api(talk.organization, Role.ADMIN), talk.private_chat()
    made = api.post("channel-links/", {"bot": str(talk.bot.pk), "kind": "private"})
    assert made.status_code == 201, made.content
    assert made["Cache-Control"] == "no-store"
    link = made.json()
    path = f"channel-links/{link['id']}/"
    assert problem_of(api.post(f"{path}confirm/"), 409)
    talk.say(chat, f"/start {link['url'].partition('=')[2]}")
    shown = api.get(path).json()
    assert "url" not in shown
    assert shown["offer"]["chat_id"] == chat.id
    assert shown["offer"]["channel"] is None
    channel = api.post(f"{path}confirm/", {"name": "On call"})
    assert (channel.status_code, channel.json()["name"]) == (201, "On call")
    assert api.get(path).json()["offer"]["channel"] == channel.json()["id"]
    assert problem_of(api.post(f"{path}confirm/", {"name": "Twice"}), 409)


def test_a_link_is_withdrawn(talk: Talk) -> None:
    api = Api(talk.organization)
    link = api.post("channel-links/", {"bot": str(talk.bot.pk), "kind": "private"}).json()
    chat = talk.private_chat()
    talk.say(chat, f"/start {link['url'].partition('=')[2]}")
    assert api.delete(f"channel-links/{link['id']}/").status_code == 204
    assert problem_of(api.post(f"channel-links/{link['id']}/confirm/"), 409)
    assert not NotificationChannel.objects.exists()


def test_what_can_not_be_linked_is_said(talk: Talk) -> None:
    api, stranger = Api(talk.organization), Api()
    for body in (
        {"bot": str(talk.bot.pk), "kind": "person"},
        {"bot": "nonsense", "kind": "group"},
        {"kind": "group"},
    ):
        assert problem_of(api.post("channel-links/", body), 400)
    assert problem_of(
        stranger.post("channel-links/", {"bot": str(talk.bot.pk), "kind": "group"}), 400
    )
    talk.bot.username = ""
    talk.bot.save()
    refused = api.post("channel-links/", {"bot": str(talk.bot.pk), "kind": "group"})
    assert "check it on its page" in refused.content.decode()
    assert not LinkCode.objects.exists()


def test_members_telegram_accounts_are_named_and_unlinked(talk: Talk) -> None:
    linked = talk.link(4242)
    other = make_membership(organization=talk.organization)
    admin, viewer = Api(talk.organization, Role.ADMIN), Api(talk.organization, Role.VIEWER)
    rows = {row["id"]: row["telegram"] for row in admin.get("members/").json()["results"]}
    assert rows == {str(linked.pk): ["Linked"], str(other.pk): []}
    assert admin.get(f"members/{linked.pk}/").json()["telegram"] == ["Linked"]
    assert viewer.get(f"members/{linked.pk}/").json()["telegram"] == []
    path = f"members/{linked.pk}/telegram/"
    assert problem_of(admin.delete(path), 403)
    assert Api(talk.organization).delete(path).status_code == 204
    assert not TelegramIdentity.objects.exists()
    talk.link(4242)
    make_membership(user=linked.user)
    TelegramIdentity.objects.update(user=linked.user)
    assert problem_of(Api(talk.organization).delete(path), 409)
