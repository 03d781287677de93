"""What is published speaks the channel's language, else its organization's."""

import pytest

from accounts.audit import Actor
from accounts.models import Organization, Way
from alerts import publish, responding
from alerts.models import AlertGroup, GroupMessage
from channels_app.models import NotificationChannel
from deliveries import clock
from deliveries.models import Delivery, SentMessage
from languages.speaking import gettext, pgettext, speaking
from tests.alerts.senders import Site, alert, make_site, webhook

pytestmark = pytest.mark.django_db

ANNA = Actor(name="Anna", way=Way.CONSOLE)


@pytest.fixture
def site() -> Site:
    """An organization that speaks German, and its second channel, which speaks Russian."""
    site = make_site(2)
    Organization.objects.filter(pk=site.organization.pk).update(language="de")
    NotificationChannel.objects.filter(pk=site.channels[1].pk).update(language="ru")
    site.post(webhook(alert()))
    publish.publish_due()
    return site


def shown_in(site: Site, number: int) -> Delivery:
    """What waits for this channel."""
    rows = Delivery.objects.filter(organization=site.organization, channel=site.channels[number])
    return rows.get(purpose="group")


@pytest.mark.parametrize(("number", "language"), [(0, "de"), (1, "ru")])
def test_a_group_is_told_in_the_channels_language(site: Site, number: int, language: str) -> None:
    delivery = shown_in(site, number)
    with speaking(language):
        severity = pgettext("severity", "warning")
        state = pgettext("first line", "{state} {severity}")
        expected = state.format(state=gettext("FIRING"), severity=severity)
    assert expected in delivery.params["text"].partition("\n")[0]


def test_what_changes_no_word_is_not_edited(site: Site) -> None:
    before = list(GroupMessage.objects.order_by("id").values_list("shown", flat=True))
    for _ in range(2):
        GroupMessage.objects.update(due_at=clock.now())
        publish.publish_due()
    assert list(GroupMessage.objects.order_by("id").values_list("shown", flat=True)) == before
    assert Delivery.objects.filter(purpose="group").count() == 2


def test_another_language_changes_nothing_until_there_is_news(site: Site) -> None:
    before = Delivery.objects.count()
    Organization.objects.filter(pk=site.organization.pk).update(language="es")
    publish.publish_due()
    assert Delivery.objects.count() == before
    responding.acknowledge(ANNA, AlertGroup.objects.get())
    publish.publish_due()
    with speaking("es"):
        said = gettext("👀 Acknowledged by {name} {time}").partition("{time}")[0]
    assert said.format(name="Anna") in shown_in(site, 0).params["text"]


def test_the_note_of_a_silence_and_the_trail_speak_it_too(site: Site) -> None:
    Delivery.objects.update(state="sent", attempts=1)
    SentMessage.objects.update(state="shown", message_id=7)
    NotificationChannel.objects.update(trail=True)
    responding.acknowledge(ANNA, AlertGroup.objects.get())
    said = Delivery.objects.filter(purpose="notice").order_by("id")
    expected = []
    for language in ("de", "ru"):
        with speaking(language):
            expected.append(gettext("👀 Acknowledged by {name}").format(name="Anna"))
    assert sorted(one.params["text"] for one in said) == sorted(expected)
