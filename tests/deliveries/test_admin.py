"""Bots, channels and deliveries on the console: checks and tests with their verdict in place."""

from typing import Any, get_args

import pytest

from accounts.models import Role
from channels_app.models import Bot, NotificationChannel
from deliveries import probe, probing
from deliveries.admin.outbox import OUTCOMES
from deliveries.decisions import Decision
from deliveries.models import Delivery, Probe
from tests import clock
from tests.console import Person
from tests.deliveries.conftest import Stage
from tests.dispatching import dispatch_until_idle
from tests.factories import make_bot, make_channel, make_organization, make_token

BOTS, CHANNELS = "/channels_app/bot/", "/channels_app/notificationchannel/"
DELIVERIES = "/deliveries/delivery/"


@pytest.mark.django_db
def test_adding_a_bot_asks_telegram_and_shows_the_verdict_to_come() -> None:
    person = Person()
    token = make_token(123456789)
    page = person.send(f"{BOTS}add/", name="Night bot", token=token, api_url="", proxy="")
    bot = Bot.objects.get()
    assert page == f"{BOTS}{bot.pk}/change/"
    assert Probe.objects.get(bot=bot).kind == Probe.Kind.BOT
    shown = person.read(page)
    assert "Being checked…" in shown
    assert "hx-get" in shown
    assert token not in shown
    assert token.partition(":")[2] not in shown


@pytest.mark.django_db
def test_every_page_opens_for_every_role() -> None:
    organization = make_organization()
    bot = make_bot(organization)
    channel = make_channel(bot)
    pages = [BOTS, CHANNELS, DELIVERIES, f"{BOTS}{bot.pk}/change/"]
    pages.append(f"{CHANNELS}{channel.pk}/change/")
    for role in Role.values:
        person = Person(organization, role)
        for page in pages:
            person.read(page)


def test_the_test_arrives_and_its_verdict_names_the_message(stage: Stage) -> None:
    person = Person(stage.organization)
    channel, chat = stage.channel("supergroup")
    part = person.send(f"{CHANNELS}{channel.pk}/press/test/", 200, htmx=True)
    assert "Sending a test…" in part
    asked = Probe.objects.get()
    stage.dispatch()
    probing.run_pending()
    part = person.read(f"{CHANNELS}{channel.pk}/probe/{asked.pk}/")
    assert "Telegram took the test message" in part
    (message,) = stage.telegram.messages(chat)
    assert f"/{message.message_id}" in part
    assert "hx-get" not in part
    delivery = Delivery.objects.get()
    page = person.read(f"{DELIVERIES}{delivery.pk}/change/")
    assert "Tocsin reached this chat" in page
    assert "Retry" not in page


def test_a_wrong_chat_is_told_in_telegrams_words_with_advice(stage: Stage) -> None:
    person = Person(stage.organization)
    channel = make_channel(stage.bot, chat_id=4242)
    person.send(f"{CHANNELS}{channel.pk}/press/check/")
    probing.run_pending()
    page = person.read(f"{CHANNELS}{channel.pk}/change/")
    assert "chat not found" in page
    assert "press Start" in page
    assert "Needs attention" in page


def test_disabling_parks_and_enabling_sends(stage: Stage) -> None:
    person = Person(stage.organization)
    channel, chat = stage.channel()
    person.send(f"{CHANNELS}{channel.pk}/press/disable/")
    stage.send(channel, "waits")
    stage.dispatch()
    assert stage.texts(chat) == []
    page = person.read(f"{CHANNELS}{channel.pk}/change/")
    assert "Disabled" in page
    assert "nothing is lost" in page
    person.send(f"{CHANNELS}{channel.pk}/press/enable/")
    stage.dispatch()
    assert stage.texts(chat) == ["waits"]


def test_a_dead_letter_is_sent_again(stage: Stage) -> None:
    person = Person(stage.organization, Role.RESPONDER)
    channel, chat = stage.channel()
    stage.send(channel, "hello")
    Delivery.objects.update(state=Delivery.State.DEAD, description="Bad Request: no")
    delivery = Delivery.objects.get()
    page = person.read(f"{DELIVERIES}{delivery.pk}/change/")
    assert "Bad Request: no" in page
    assert "Retry" in page
    assert 'hx-select="#delivery"' not in page
    person.send(f"{DELIVERIES}{delivery.pk}/press/retry/")
    assert 'hx-select="#delivery"' in person.read(f"{DELIVERIES}{delivery.pk}/change/")
    dispatch_until_idle(5)
    assert stage.texts(chat) == ["hello"]
    person.send(f"{DELIVERIES}{delivery.pk}/press/retry/")
    assert "possible any more" in person.read(DELIVERIES)


def test_every_outcome_of_an_attempt_has_words() -> None:
    assert {decision.__name__.lower() for decision in get_args(Decision)} <= set(OUTCOMES)


@pytest.mark.django_db
def test_what_is_known_to_be_wrong_stands_in_the_list_unasked() -> None:
    person = Person()
    channel = make_channel(make_bot(person.organization))
    NotificationChannel.objects.filter(pk=channel.pk).update(verdict={"advice": "Add the <bot>."})
    assert "Add the &lt;bot&gt;." in person.read(CHANNELS)


@pytest.mark.django_db
def test_the_lists_action_tests_all_that_were_chosen() -> None:
    person = Person()
    bot = make_bot(person.organization)
    channels = [make_channel(bot) for _ in range(3)]
    chosen = [str(channel.pk) for channel in channels[:2]]
    person.send(CHANNELS, action="send_tests", _selected_action=chosen)
    assert {str(row.channel_id) for row in Probe.objects.all()} == set(chosen)
    assert person.read(CHANNELS).count("Sending a test…") == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "name", "status"),
    [
        (Role.VIEWER, "test", 403),
        (Role.VIEWER, "disable", 403),
        (Role.RESPONDER, "test", 302),
        (Role.RESPONDER, "disable", 403),
        (Role.ADMIN, "disable", 302),
        (Role.ADMIN, "unknown", 404),
    ],
)
def test_what_a_role_may_press(role: str, name: str, status: int) -> None:
    person = Person(role=role)
    channel = make_channel(make_bot(person.organization))
    page = person.read(f"{CHANNELS}{channel.pk}/change/")
    assert ("Send test" in page) == (role != Role.VIEWER)
    person.send(f"{CHANNELS}{channel.pk}/press/{name}/", status)


@pytest.mark.django_db
def test_strangers_press_and_read_nothing() -> None:
    channel = make_channel(make_bot(make_organization()))
    asked = probe.request_probe("test", channel.chat.bot, channel, _actor())
    person = Person()
    person.send(f"{CHANNELS}{channel.pk}/press/test/", 404)
    person.read(f"{CHANNELS}{channel.pk}/probe/{asked.pk}/", 404)
    own = make_channel(make_bot(person.organization))
    person.read(f"{CHANNELS}{own.pk}/probe/{asked.pk}/", 404)
    assert Probe.objects.count() == 1


@pytest.mark.django_db
def test_a_button_is_no_link_and_needs_the_csrf_token() -> None:
    person = Person()
    channel = make_channel(make_bot(person.organization))
    path = f"{CHANNELS}{channel.pk}/press/test/"
    person.read(path, 405)
    person.client.handler.enforce_csrf_checks = True
    person.send(path, 403)
    assert not Probe.objects.exists()


@pytest.mark.django_db
def test_a_lent_bot_is_seen_and_left_alone() -> None:
    from accounts.audit import COMMAND_LINE
    from channels_app.loans import lend_bot

    bot = make_bot(make_organization())
    person = Person()
    lend_bot(COMMAND_LINE, bot, person.organization)
    page = person.read(f"{BOTS}{bot.pk}/change/")
    assert "/press/" not in page
    person.send(f"{BOTS}{bot.pk}/press/check/", 403)


@pytest.mark.django_db
@pytest.mark.parametrize("path", [BOTS, CHANNELS, DELIVERIES])
@clock.undisturbed
def test_a_list_costs_the_same_whatever_its_length(
    path: str, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    person = Person()
    _fill(person, 1)
    person.read(path)  # the navigation's numbers are kept for some seconds
    with django_assert_max_num_queries(16) as counted:
        person.read(path)
    first = len(counted)
    _fill(person, 4)
    person.read(path)
    with django_assert_num_queries(first):
        person.read(path)


def _fill(person: Person, count: int) -> None:
    for _ in range(count):
        channel: NotificationChannel = make_channel(make_bot(person.organization))
        probe.request_probe("test", channel.chat.bot, channel, _actor())


def _actor() -> Any:
    from accounts.audit import COMMAND_LINE

    return COMMAND_LINE
