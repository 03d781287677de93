"""What flaps, from POSTs to calls: counted in the group, told by publishing, shown over REST."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone

from alerts import publish
from alerts.flapping import Flips, from_json, to_json
from alerts.integration_keys import forget_cached_keys
from alerts.models import AlertGroup, GroupMessage, Storm, TimelineEvent
from deliveries.models import Delivery, SentMessage
from tests.alerts.senders import Site, alert, make_site, webhook
from tests.console import Person
from tests.rest import Api

pytestmark = pytest.mark.django_db


def say(site: Site, *alerts: dict[str, Any]) -> None:
    """One POST, and what follows, the calls' success included."""
    assert site.post(webhook(*alerts)).status_code == 202
    tell()


def tell() -> None:
    """Publish, as if the last sound was long ago, and all calls arrive."""
    GroupMessage.objects.update(sounded_at=timezone.now() - timedelta(minutes=2))
    publish.publish_due()
    Delivery.objects.filter(state="waiting").update(state="sent", attempts=1)
    SentMessage.objects.filter(state="expected").update(state="shown", message_id=1)


def flip(site: Site, times: int, *others: dict[str, Any]) -> None:
    """It fires and resolves so many times, each time later than before."""
    for _ in range(times):
        now = datetime.now(UTC).isoformat()
        say(site, alert(startsAt=now), *others)
        say(site, alert(status="resolved", startsAt=now, endsAt=now), *others)


def later(minutes: float) -> None:
    """As if all of it had happened so much earlier."""
    by = timedelta(minutes=minutes)
    for group in AlertGroup.objects.all():
        moved = {
            name: Flips(
                tuple(at - by for at in one.at),
                one.moved_at - by,
                one.since and one.since - by,
                one.times,
            )
            for name, one in from_json(group.flaps or {}).items()
        }
        AlertGroup.objects.filter(pk=group.pk).update(flaps=to_json(moved) or None)
    for message in GroupMessage.objects.filter(sound_due_at__isnull=False):
        assert message.sound_due_at is not None
        message.sound_due_at -= by
        message.save()


def notices(site: Site) -> list[str]:
    """What rang beside the first message."""
    rows = Delivery.objects.for_organization(site.organization).filter(purpose="notice")
    return [row.params["text"] for row in rows.order_by("id")]


def text_of(site: Site) -> str:
    """What the message says by its last call."""
    rows = Delivery.objects.for_organization(site.organization).filter(purpose="group")
    return str(rows.order_by("id").last().params["text"])  # type: ignore[union-attr]  # there is one


def test_what_flaps_is_told_once_and_edited_and_calm_once() -> None:
    site = make_site()
    flip(site, 5)
    heard = notices(site)
    assert "flapping, 4 times" in heard[-1]
    flip(site, 20)
    assert notices(site) == heard
    assert text_of(site).startswith("<b>✅ RESOLVED warning · flapping · InstanceDown")
    assert "Flapping: 24 times in" in text_of(site)
    later(14)
    tell()
    assert notices(site) == heard
    later(1)
    tell()
    assert len(notices(site)) == len(heard) + 1
    assert "calm again, resolved since" in notices(site)[-1]
    assert "lapping" not in text_of(site)
    row = GroupMessage.objects.get(organization=site.organization)
    assert (row.sound_due_at, row.due_at) == (None, None)
    flip(site, 1)
    assert "flapping" in notices(site)[-1], "what begins again within the window flaps at once"


def test_the_timeline_says_so_once() -> None:
    site = make_site()
    flip(site, 10)
    line = TimelineEvent.objects.get(organization=site.organization, kind="flapping")
    assert (line.data["times"], line.data["why"]) == (4, "4 times, edits only until it is calm")
    assert [name for _, name in line.data["alerts"]] == ["InstanceDown"]
    assert line.alert is not None


def test_one_that_flaps_among_others_is_quiet_alone() -> None:
    site = make_site()
    calm, new = alert("Calm"), alert("New")
    say(site, calm)
    flip(site, 8, calm)
    heard = notices(site)
    assert sum("flapping" in text for text in heard) == 1
    say(site, calm, new)
    assert notices(site)[len(heard) :] == ["🟡 new warning: New · web-1"]


def flood(site: Site) -> Storm:
    """More alerts than the chat may be told one by one."""
    site.post([{"title": f"A{n}", "fingerprint": f"f{n}", "status": "firing"} for n in range(40)])
    tell()
    return Storm.objects.get(organization=site.organization)


def test_a_chat_knows_after_a_storm_what_flaps() -> None:
    site = make_site()
    flip(site, 5)
    flood(site)
    flip(site, 2)
    Storm.objects.update(closed_at=timezone.now(), due_at=None)
    GroupMessage.objects.exclude(owed_at=None).update(due_at=timezone.now())
    tell()
    flip(site, 2)
    assert sum("flapping" in text for text in notices(site)) == 1
    assert "Flapping: 8 times in" in text_of(site)
    heard = notices(site)
    later(15)
    tell()
    assert len(notices(site)) == len(heard) + 1
    assert "calm again" in notices(site)[-1]


def test_what_flaps_in_a_storm_rings_until_that_is_known() -> None:
    site = make_site()
    storm = flood(site)
    for times in range(1, 8):
        flip(site, 1)
        storm.refresh_from_db()
        # It fired, and four times again: with the last one it flaps.
        assert storm.joined == 40 + min(times, 5)


def test_rest_tells() -> None:
    site = make_site()
    forget_cached_keys()
    api = Api(organization=site.organization)
    group = AlertGroup.objects.filter(organization=site.organization)
    flip(site, 2)
    assert api.get(f"groups/{group.get().pk}/").json()["flapping"] is False
    flip(site, 4)
    assert api.get(f"groups/{group.get().pk}/").json()["flapping"] is True
    later(15)
    assert api.get("groups/").json()["results"][0]["flapping"] is False


def test_the_installation_decides_when_it_flaps() -> None:
    site = make_site()
    with override_settings(FLAPPING_FLIPS=2):
        flip(site, 3)
    assert "flapping, 2 times" in notices(site)[-1]


def test_groups_of_before_are_read() -> None:
    """Rows that know of no flips, and of chats that were told by older code."""
    site = make_site()
    flip(site, 1)
    row = GroupMessage.objects.get(organization=site.organization)
    told = {key: fact[:3] for key, fact in row.shown["told"].items()}
    row.shown = {**row.shown, "told": told}
    row.shown.pop("churning")
    row.save()
    flip(site, 5)
    assert "flapping" in notices(site)[-1]


def test_the_console_tells() -> None:
    site = make_site()
    person = Person(site.organization)
    page = "/alerts/alertgroup/{}/change/"
    flip(site, 1)
    pk = AlertGroup.objects.get(organization=site.organization).pk
    assert "Flapping" not in person.read(page.format(pk))
    flip(site, 4)
    shown = person.read(page.format(pk))
    assert 'tocsin-state-warning">Flapping' in shown
    assert "4 times, edits only until it is calm" in shown
    later(15)
    assert 'tocsin-state-warning">Flapping' not in person.read(page.format(pk))
