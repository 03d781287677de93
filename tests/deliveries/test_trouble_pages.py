"""Troubles on the console and by REST."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Organization, Role
from deliveries import troubles
from deliveries.models import Trouble
from deliveries.trouble_rules import Kind, Seen
from tests.console import Person
from tests.factories import make_bot, make_channel
from tests.rest import Api

pytestmark = pytest.mark.django_db

LIST = "/deliveries/trouble/"


@pytest.fixture
def person() -> Person:
    return Person()


def opened(organization: Organization | None, **fields: Any) -> Trouble:
    values = {"kind": Kind.LATE, "number": 840, **fields}
    owner = None if organization is None else organization.pk
    troubles.open(Seen(owner, **values))
    return Trouble.objects.latest("id")


def test_a_trouble_is_listed_with_a_banner_and_a_number(person: Person) -> None:
    row = opened(person.organization)
    page = person.read(LIST)
    assert "Messages are late by 14 min" in page
    assert "not yet" in page
    overview = person.read("/")
    assert "Messages are late by 14 min." in overview
    assert f"{LIST}{row.pk}/change/" in overview


def test_its_page_says_what_to_do_and_leads_there(person: Person) -> None:
    channel = make_channel(make_bot(person.organization))
    row = opened(
        person.organization,
        kind=Kind.CHANNEL_DISABLED,
        subject=str(channel.pk),
        name=channel.name,
        said="Forbidden: bot was blocked",
        advice="Let them press Restart.",
    )
    page = person.read(f"{LIST}{row.pk}/change/")
    for words in (f"Channel {channel.name} was disabled", "Forbidden", "Let them press Restart."):
        assert words in page
    assert f"/channels_app/notificationchannel/{channel.pk}/change/" in page


def test_what_is_over_stays_listed(person: Person) -> None:
    row = opened(person.organization)
    Trouble.objects.update(told_at=timezone.now())
    assert troubles.recover(person.organization.pk, Kind.LATE)
    assert "Messages leave on time again" in person.read(LIST)
    assert "on time again" in person.read(f"{LIST}{row.pk}/change/")
    assert "late by" not in person.read("/")


def test_what_may_heal_by_itself_is_not_shown_yet(person: Person) -> None:
    bot = make_bot(person.organization)
    opened(person.organization, kind=Kind.BOT_UNREACHABLE, subject=str(bot.pk), name="Owl")
    assert "Owl" not in person.read(LIST)
    Trouble.objects.update(tell_at=timezone.now() - timedelta(seconds=1))
    assert "Bot Owl gets no answer" in person.read(LIST)


def test_the_installation_s_are_shown_to_its_operators_alone(person: Person) -> None:
    row = opened(None, kind=Kind.PUBLISHING)
    Trouble.objects.update(tell_at=timezone.now() - timedelta(seconds=1))
    words = "Alerts are not put into messages: late by 14 min"
    assert words not in person.read("/")
    assert words not in person.read(LIST)
    person.read(f"{LIST}{row.pk}/change/", 302)
    operator = person.membership.user
    operator.is_superuser = True
    operator.save()
    assert words in person.read("/")


def test_a_page_of_every_kind(person: Person) -> None:
    channel = make_channel(make_bot(person.organization))
    subjects = {Kind.CHANNEL_DISABLED: channel.pk}
    for kind in Kind:
        subject = str(subjects.get(kind, channel.chat.bot_id))
        row = opened(person.organization, kind=kind, subject=subject, name="x")
        Trouble.objects.update(tell_at=timezone.now() - timedelta(seconds=1))
        person.read(f"{LIST}{row.pk}/change/")


def test_by_rest(person: Person) -> None:
    opened(person.organization)
    opened(None, kind=Kind.PUBLISHING)
    api = Api(person.organization, Role.VIEWER)
    (found,) = api.get("troubles/?open=true").json()["results"]
    assert found["title"] == "Messages are late by 14 min"
    assert found["number"] == 840
    assert api.get("troubles/?open=false").json()["results"] == []
