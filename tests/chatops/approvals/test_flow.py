"""A program asks, a chat answers, and the program hears of it; all of it over HTTP."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from accounts.audit import Actor
from accounts.models import AuditEntry, Organization, Role
from channels_app.models import Bot, NotificationChannel
from chatops.approvals import changes, showing
from chatops.endpoints import send
from chatops.models import Approval, EndpointCall, TelegramIdentity
from chatops.responding.pressing import UNNAMED
from deliveries import clock
from languages.speaking import gettext, pgettext, speaking
from tests.alerts.fallbacks.receivers import Receiver
from tests.chatops.conftest import Talk
from tests.factories import make_channel, make_membership, make_organization
from tests.rest import Api
from tests.sandbox.process import SandboxChat

ADA, BOB = 77, 88


class Stage:
    """A channel with a question in it."""

    def __init__(self, talk: Talk, receiver: Receiver) -> None:
        self.talk = talk
        Bot.objects.filter(pk=talk.bot.pk).update(updates="polling")
        talk.bot.refresh_from_db()
        self.chat: SandboxChat = talk.telegram.create_chat("group", bot=talk.telegram_bot)
        self.channel: NotificationChannel = make_channel(talk.bot, chat_id=self.chat.id)
        self.api = Api(talk.organization)
        made = self.api.post("endpoints/", {"name": "Deploys", "url": receiver.url}).json()
        self.endpoint, receiver.secret = made["id"], made["secret"]

    def ask(self, **values: Any) -> dict[str, Any]:
        body = {"channel": str(self.channel.pk), "title": "Deploy 2.4.1?"} | values
        response = self.api.post("approvals/", {"endpoint": self.endpoint} | body)
        assert response.status_code == 201, response.content
        self.talk.settle()
        made: dict[str, Any] = response.json()
        return made

    def buttons(self) -> dict[str, str]:
        """Label → callback data, under the last message."""
        markup = self.talk.messages(self.chat)[-1].message.get("reply_markup", {})
        rows = markup.get("inline_keyboard", [])
        return {button["text"]: button["callback_data"] for row in rows for button in row}

    def press(self, data: str, sender: int = ADA, chat: SandboxChat | None = None) -> str:
        """The words that the person is answered with."""
        shown = self.talk.messages(self.chat)[-1].message
        where = chat or self.chat
        query = {
            "id": "4241234567890123456",
            "from": {"id": sender, "is_bot": False, "first_name": "Ada"},
            "message": shown | {"chat": {"id": where.id, "type": "group", "title": "x"}},
            "chat_instance": "1",
            "data": data,
        }
        self.talk.telegram.queue_update(self.talk.telegram_bot, "callback_query", query)
        since = self.talk.telegram.cursor()
        self.talk.settle()
        calls = self.talk.telegram.calls(
            "answerCallbackQuery", bot=self.talk.telegram_bot, since=since
        )
        assert len(calls) == 1
        return str(calls[0].parameters.get("text", ""))

    def state(self, approval: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self.api.get(f"approvals/{approval['id']}/").json()
        return answer


@pytest.fixture
def receiver(settings: Any) -> Any:
    with Receiver().running() as server:
        settings.OUTBOUND_ALLOWED_HOSTS |= {f"127.0.0.1:{server.port}"}
        yield server


@pytest.fixture
def stage(talk: Talk, receiver: Receiver) -> Stage:
    return Stage(talk, receiver)


def test_asked_answered_and_called_back(stage: Stage, receiver: Receiver) -> None:
    member = stage.talk.link(ADA, first_name="Ada", last_name="L")
    made = stage.ask(text="42 changes")
    assert stage.state(made)["delivery"] == "shown"
    buttons = stage.buttons()
    assert list(buttons) == ["Approve", "Deny"]
    assert stage.press(buttons["Approve"]) == "You answered: Approve"
    message = stage.talk.messages(stage.chat)[-1]
    assert "✔ Approve · Ada L · " in message.text
    assert "reply_markup" not in message.message
    now = stage.state(made)
    assert (now["state"], now["answer"], now["answered_by"]) == ("answered", "approve", "Ada L")
    assert Approval.objects.get().answered_user == member.user
    assert send.send_waiting(5) == 1
    assert receiver.verified == [True]
    [body] = receiver.bodies
    assert (body["event"], body["approval"]["answer"]) == ("approval", "approve")
    assert body["approval"]["id"] == made["id"]
    [call] = stage.api.get(f"endpoints/{stage.endpoint}/calls/").json()
    assert (call["state"], call["said"]) == ("accepted", "HTTP 200")
    entry = AuditEntry.objects.filter(action="answer").get()
    assert (entry.actor, entry.way) == (member.user, "telegram")
    assert stage.press(buttons["Deny"]) == "Ada L answered already: Approve"
    assert stage.state(made)["answer"] == "approve"


def test_a_chat_is_asked_in_its_language_and_the_answer_is_the_same(stage: Stage) -> None:
    """Also what ends it, whoever presses or cancels; programs and the audit read English."""
    stage.channel.language = "de"
    stage.channel.save()
    made = stage.ask(who="anyone")
    with speaking("de"):
        approve, deny = pgettext("button", "Approve"), pgettext("button", "Deny")
        answered = gettext("You answered: {answer}").format(answer=deny)
        ended = showing.expired()
        asked = gettext("Asked by {who} · answer until {time}").partition("{")[0]
    buttons = stage.buttons()
    assert list(buttons) == [approve, deny]
    assert asked in stage.talk.messages(stage.chat)[-1].text
    assert stage.press(buttons[deny]) == answered
    assert f"✔ {deny} · Ada · " in stage.talk.messages(stage.chat)[-1].text
    assert stage.state(made)["answer"] == "deny"
    entry = AuditEntry.objects.filter(action="answer").get()
    assert entry.changes["answer"][1].startswith("Deny · Ada · ")
    stage.ask()
    Approval.objects.filter(state="open").update(expires_at=clock.now())
    assert changes.expire_due() == 1
    stage.talk.settle()
    assert ended in stage.talk.messages(stage.chat)[-1].text


def test_who_may_answer(stage: Stage) -> None:
    stage.talk.link(ADA, Role.RESPONDER)
    stage.talk.link(99, Role.VIEWER)
    made = stage.ask(who="admin")
    deny = stage.buttons()["Deny"]
    assert stage.press(deny, BOB).startswith("Only members may answer this.")
    assert stage.press(deny, 99) == "Only admins may answer this."
    assert stage.press(deny, ADA) == "Only admins may answer this."
    assert stage.state(made)["state"] == "open"
    everybody = stage.ask(who="anyone")
    assert stage.press(stage.buttons()["Deny"], BOB) == "You answered: Deny"
    assert stage.state(everybody)["answered_by"] == "Ada"


def test_an_anonymous_admin_is_anyone_and_no_member(stage: Stage) -> None:
    anonymous = 1087968824
    made = stage.ask(who="responder")
    assert stage.press(stage.buttons()["Deny"], anonymous) == UNNAMED
    assert stage.state(made)["state"] == "open"
    everybody = stage.ask(who="anyone")
    assert stage.press(stage.buttons()["Deny"], anonymous) == "You answered: Deny"
    assert stage.state(everybody)["answered_by"] == "an anonymous admin"


def test_own_choices_stand_in_their_order(stage: Stage) -> None:
    choices = [{"value": "a", "label": "Now"}, {"value": "b", "label": "At night"}, {"value": "c"}]
    made = stage.ask(choices=choices, who="anyone")
    buttons = stage.buttons()
    assert list(buttons) == ["Now", "At night", "c"]
    stage.press(buttons["At night"])
    assert stage.state(made)["answer"] == "b"


def test_what_changes_nothing(stage: Stage, make_talk: Callable[..., Talk]) -> None:
    stage.talk.link(ADA, Role.OWNER)
    made = stage.ask()
    data = stage.buttons()["Approve"]
    elsewhere = stage.talk.telegram.create_chat("group", bot=stage.talk.telegram_bot)
    make_channel(stage.talk.bot, chat_id=elsewhere.id, name="Elsewhere")
    assert stage.press(data, chat=elsewhere) == "This question is not there any more."
    assert stage.press(data[:-1] + "7") == "There is no such choice."
    assert stage.press(data[:-1]) == "There is no such choice."
    assert stage.press(data + "x") == "There is no such choice."
    Approval.objects.update(organization=make_organization())
    assert stage.press(data) == "This question is not there any more."
    Approval.objects.update(organization=stage.talk.organization)
    assert stage.state(made)["state"] == "open"
    assert not EndpointCall.objects.exists()


def test_expired_and_cancelled_questions_say_so(stage: Stage, receiver: Receiver) -> None:
    stage.talk.link(ADA)
    made = stage.ask(expires_in=60)
    data = stage.buttons()["Approve"]
    Approval.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert stage.press(data) == "This question has expired.", "before the sweep, too"
    assert changes.expire_due() == 1
    assert changes.expire_due() == 0
    stage.talk.settle()
    assert stage.talk.messages(stage.chat)[-1].text.endswith("Expired: nobody answered")
    assert stage.press(data) == "This question has expired."
    other = stage.ask()
    data = stage.buttons()["Approve"]
    assert stage.api.post(f"approvals/{other['id']}/cancel/").json()["state"] == "cancelled"
    assert stage.api.post(f"approvals/{other['id']}/cancel/").status_code == 409
    stage.talk.settle()
    assert stage.press(data) == "This question was taken back."
    assert send.send_waiting(5) == 2
    states = {body["approval"]["id"]: body["approval"]["state"] for body in receiver.bodies}
    assert states == {made["id"]: "expired", other["id"]: "cancelled"}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"title": ""}, "/title"),
        ({"title": " \n"}, "/title"),
        ({"title": "x" * 201}, "/title"),
        ({"text": "x" * 3001}, "/text"),
        ({"choices": [{"value": "a"}]}, "/choices"),
        ({"choices": [{"value": "a"}, {"value": "a"}]}, "/choices"),
        ({"who": "nobody"}, "/who"),
        ({"expires_in": 1}, "/expires_in"),
        ({"endpoint": "0192f0c1-7a30-7c1e-8b3e-0c5a3d0f7a11"}, "/endpoint"),
        ({"channel": "0192f0c1-7a30-7c1e-8b3e-0c5a3d0f7a11"}, "/channel"),
        ({"expires": 60}, "/expires"),
    ],
)
def test_bad_questions_are_refused_by_name(
    stage: Stage, body: dict[str, Any], pointer: str
) -> None:
    asked = {"channel": str(stage.channel.pk), "title": "Deploy?"} | body
    response = stage.api.post("approvals/", asked)
    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
    assert not Approval.objects.exists()


def test_a_bot_that_hears_nothing_asks_nothing(stage: Stage) -> None:
    Bot.objects.update(updates="none")
    response = stage.api.post("approvals/", {"channel": str(stage.channel.pk), "title": "x"})
    assert "receives no updates" in response.json()["errors"][0]["detail"]


def test_an_endpoint_that_fails_is_told_again_and_given_up(
    stage: Stage, receiver: Receiver
) -> None:
    made = stage.ask(who="anyone")
    receiver.status = 500
    stage.press(stage.buttons()["Deny"])
    for _ in range(3):
        EndpointCall.objects.update(not_before=clock.now())
        assert send.send_waiting(5) == 1
    call = EndpointCall.objects.get()
    assert (call.state, call.attempts, call.said) == ("waiting", 3, "it answered with HTTP 500")
    assert len(set(receiver.keys)) == 1
    assert call.not_before > clock.now()
    receiver.status = 204
    EndpointCall.objects.update(not_before=clock.now())
    send.send_waiting(5)
    assert EndpointCall.objects.get().state == "accepted"
    assert receiver.bodies[-1]["approval"]["id"] == made["id"]
    EndpointCall.objects.update(state="waiting", give_up_at=clock.now(), not_before=clock.now())
    receiver.status = 500
    send.send_waiting(5)
    assert EndpointCall.objects.get().state == "failed"


def test_the_same_key_asks_once(stage: Stage) -> None:
    body = {"channel": str(stage.channel.pk), "title": "Deploy?"}
    headers = {"Idempotency-Key": "once"}
    first = stage.api.post("approvals/", body, headers=headers)
    second = stage.api.post("approvals/", body, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]
    assert Approval.objects.count() == 1


def test_two_who_press_at_once_are_one_answer(stage: Stage) -> None:
    stage.talk.link(ADA)
    stage.ask()
    row = Approval.objects.select_related("channel__chat", "channel__organization").get()
    twin = Approval.objects.select_related("channel__chat", "channel__organization").get()
    actor = stage.talk.link(BOB)
    who = Actor("Bob", "telegram", actor.user)
    assert changes.answer(who, row, 0)
    assert not changes.answer(who, twin, 1)
    assert Approval.objects.get().answer == "approve"


def test_a_foreign_endpoint_is_none(stage: Stage) -> None:
    other: Organization = make_organization()
    foreign = Api(other).post("endpoints/", {"name": "x", "url": "https://example.org/"}).json()
    body = {"channel": str(stage.channel.pk), "title": "x", "endpoint": foreign["id"]}
    assert stage.api.post("approvals/", body).status_code == 400


def test_who_is_no_member_is_named_as_telegram_names_them(stage: Stage) -> None:
    """Who they are elsewhere on this installation is nothing to this organization."""
    elsewhere = make_membership(user__first_name="Bob", user__last_name="Elsewhere")
    TelegramIdentity.objects.create(
        user=elsewhere.user, bot=stage.talk.bot, telegram_id=BOB, name="Bob"
    )
    made = stage.ask(who="anyone")
    stage.press(stage.buttons()["Deny"], BOB)
    assert stage.state(made)["answered_by"] == "Ada"
    assert Approval.objects.get().answered_user is None


def test_a_question_lasts_no_longer_than_its_message(stage: Stage, settings: Any) -> None:
    settings.RETENTION = settings.RETENTION | {"deliveries": timedelta(days=7)}
    body = {"channel": str(stage.channel.pk), "title": "x", "expires_in": 8 * 86_400}
    response = stage.api.post("approvals/", body)
    assert response.json()["errors"][0]["pointer"] == "/expires_in"
