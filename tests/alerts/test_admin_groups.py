"""What people do about groups on the console, to one and to several."""

import html
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.audit import COMMAND_LINE
from accounts.models import Role
from alerts import publish, responding
from alerts.models import Alert, AlertGroup, GroupMessage, Silence
from alerts.muting.silences import Wanted
from alerts.responding import matchers_of_group
from deliveries import clock
from tests.alerts.senders import Site, alert, make_site, webhook
from tests.console import Person

pytestmark = pytest.mark.django_db

GROUPS = "/alerts/alertgroup/"


@pytest.fixture
def site() -> Site:
    """Three groups fire, with four alerts."""
    site = make_site()
    for number, name in enumerate(("DiskFull", "HighCPU", "HostDown")):
        more = [alert(name, labels={"instance": "b"})] if name == "HostDown" else []
        labels = {"alertname": name}
        site.post(webhook(alert(name), *more, groupKey=str(number), groupLabels=labels))
    return site


@pytest.fixture
def person(site: Site) -> Person:
    return Person(site.organization, Role.RESPONDER)


def groups(site: Site) -> list[AlertGroup]:
    return list(AlertGroup.objects.filter(organization=site.organization).order_by("pk"))


def act(person: Person, name: str, rows: list[AlertGroup], status: int = 302, **more: Any) -> str:
    chosen = [str(row.pk) for row in rows]
    return html.unescape(person.send(GROUPS, status, action=name, _selected_action=chosen, **more))


def told(person: Person, query: str = "") -> str:
    return html.unescape(person.read(f"{GROUPS}{query}"))


def shown(person: Person, query: str) -> list[str]:
    _, _, rows = told(person, query).partition('id="result_list"')
    return [name for name in ("DiskFull", "HighCPU", "HostDown") if name in rows]


def test_several_are_acknowledged_and_assigned(site: Site, person: Person) -> None:
    rows = groups(site)
    act(person, "acknowledge_many", rows[:2])
    page = told(person)
    assert "2 groups acknowledged." in page
    assert page.count(f"acknowledged by {person.membership.user.email}") == 2
    act(person, "assign_many", rows[1:])
    page = told(person)
    assert "2 groups assigned." in page
    assert page.count(f"assigned to {person.membership.user.email}") == 2
    assert shown(person, "?acknowledged=no") == ["HostDown"]
    assert shown(person, "?acknowledged=yes") == ["DiskFull", "HighCPU"]
    assert shown(person, "?assigned=me") == ["HighCPU", "HostDown"]
    assert shown(person, "?assigned=nobody") == ["DiskFull"]
    other = Person(site.organization, Role.VIEWER)
    assert shown(other, "?assigned=me") == []
    act(person, "acknowledge_many", rows)
    assert "1 group acknowledged. 2 were already." in told(person)
    assert shown(other, "?assigned=somebody") == ["HighCPU", "HostDown"]
    assert len(shown(other, "?assigned=elsewhere")) == 3


def test_several_are_resolved_once_that_is_confirmed(site: Site, person: Person) -> None:
    rows = groups(site)
    page = act(person, "resolve_many", rows[1:], 200)
    assert "Resolve 2 groups?" in page
    assert "3 alerts end, in every group that shows them." in page
    assert Alert.objects.filter(status="firing").count() == 4
    assert str(rows[0].pk) not in page
    act(person, "resolve_many", rows[1:], confirmed="1")
    assert "2 groups resolved." in told(person)
    assert [row.status for row in groups(site)] == ["firing", "resolved", "resolved"]
    act(person, "resolve_many", rows[1:])
    assert "Nothing fires in these groups." in told(person)
    act(person, "resolve_many", rows[:2], confirmed="1")
    page = told(person)
    assert "1 group resolved." in page
    assert "Not resolved. HighCPU: Nothing fires in it any more." in page


def test_several_are_silenced_for_a_while(site: Site, person: Person) -> None:
    rows = groups(site)
    publish.publish_due()
    page = act(person, "silence_many", rows[:2], 200)
    assert "Silence 2 groups" in page
    assert 'alertname="DiskFull"' in page
    assert "outside this group" not in page
    assert not Silence.objects.exists()
    page = act(person, "silence_many", rows[:2], 200, confirmed="1", duration="ever")
    assert "Select a valid choice" in page
    act(person, "silence_many", rows[:2], confirmed="1", duration="4h", comment="Moving")
    assert Silence.objects.filter(comment="Moving").count() == 2
    silence = Silence.objects.earliest("pk")
    late = timedelta(hours=4) - (silence.ends_at - silence.starts_at)
    assert timedelta(0) <= late < timedelta(seconds=5)
    page = told(person)
    assert "2 groups silenced." in page
    assert page.count("silenced until <time") == 2
    # The filter shows what channels know: here they are looked at again.
    GroupMessage.objects.update(due_at=clock.now())
    publish.publish_due()
    assert shown(person, "?silenced=yes") == ["DiskFull", "HighCPU"]
    assert shown(person, "?silenced=no") == ["HostDown"]
    one = html.unescape(person.read(f"{GROUPS}{rows[0].pk}/change/"))
    (mine,) = (one.pk for one in Silence.objects.all() if "DiskFull" in str(one))
    assert f"/alerts/silence/{mine}/change/" in one
    assert ": Moving" in one


def test_a_silence_that_holds_for_more_is_told_before(site: Site, person: Person) -> None:
    for title in ("Boiler", "Pump"):
        site.post({"title": title, "status": "firing", "severity": "critical"})
    page = act(person, "silence_many", [AlertGroup.objects.get(title="Boiler")], 200)
    assert "holds for 1 firing alert outside this group, too" in page


def test_a_part_of_a_group_is_silenced(site: Site, person: Person) -> None:
    now = clock.now()
    matchers = 'alertname="HostDown",instance="b"'
    wanted = Wanted(matchers, now, now + timedelta(hours=1))
    responding.silence_group(COMMAND_LINE, groups(site)[2], wanted)
    assert "1 of 2 silenced until <time" in told(person)


def test_alerts_of_one_name_are_told_apart_by_their_labels(site: Site, person: Person) -> None:
    disks = [alert("Disk", labels={"job": "node", "instance": name}) for name in ("db-1", "db-2")]
    site.post(webhook(*disks, groupKey="disks", groupLabels={"alertname": "Disk"}))
    page = person.read(f"{GROUPS}{groups(site)[-1].pk}/change/")
    _, _, rows = page.partition('aria-label="Alerts"')
    assert "instance=db-1" in rows
    assert "instance=db-2" in rows
    assert "job=node" not in rows, "it tells nothing apart"
    assert "Disk</a> × 2" in rows, "the timeline"


def test_one_is_given_away_and_taken_back(site: Site, person: Person) -> None:
    group = groups(site)[0]
    page = f"{GROUPS}{group.pk}/"
    person.send(f"{page}press/mine/")
    me = person.membership.user
    assert groups(site)[0].assigned_to == me
    assert f'<option value="{person.membership.pk}" selected>{me.email} (me)' in person.read(
        f"{page}change/"
    )
    other = Person(site.organization, Role.VIEWER)
    person.send(f"{page}assign/", member=str(other.membership.pk))
    assert groups(site)[0].assigned_name == other.membership.user.email
    assert f"<dd>{other.membership.user.email}</dd>" in other.read(f"{page}change/")
    assert f"<b>Assigned</b> to {other.membership.user.email}" in other.read(f"{page}change/")
    other.send(f"{page}assign/", 403, member="")
    for stranger in (str(Person().membership.pk), "nonsense"):
        person.send(f"{page}assign/", member=stranger)
        assert "Choose a member of the organization." in person.read(f"{page}change/")
    other.membership.delete()
    assert "no member any more" in person.read(f"{page}change/")
    person.send(f"{page}assign/", member="")
    assert (groups(site)[0].assigned_to, groups(site)[0].assigned_name) == (None, "")
    Person().send(f"{page}assign/", 404, member="")


def test_one_is_resolved_once_that_is_confirmed(site: Site, person: Person) -> None:
    page = f"{GROUPS}{groups(site)[2].pk}/"
    assert person.send(f"{page}press/resolve/") == f"{page}resolve/"
    asked = html.unescape(person.read(f"{page}resolve/"))
    assert "Resolve HostDown?" in asked
    assert "2 alerts end" in asked
    assert groups(site)[2].status == "firing"
    person.send(f"{page}resolve/")
    assert groups(site)[2].status == "resolved"
    assert "2 alerts ended." in person.read(f"{page}change/")
    assert "Resolve…" not in person.read(f"{page}change/")
    person.send(f"{page}resolve/")
    assert "Nothing fires in it any more." in person.read(f"{page}change/")
    Person(site.organization, Role.VIEWER).read(f"{page}resolve/", 403)
    Person().read(f"{page}resolve/", 404)


def test_whoever_only_looks_may_do_nothing(site: Site) -> None:
    viewer = Person(site.organization, Role.VIEWER)
    assert "Assign to me" not in told(viewer)
    rows = groups(site)
    for name in ("acknowledge_many", "assign_many", "silence_many", "resolve_many"):
        act(viewer, name, rows, 200, confirmed="1", duration="1h")
    assert {(row.status, row.acknowledged_by, row.assigned_name) for row in groups(site)} == {
        ("firing", "", "")
    }
    assert not Silence.objects.exists()
    stranger = Person()
    act(stranger, "resolve_many", rows, confirmed="1")
    assert {row.status for row in groups(site)} == {"firing"}


def test_what_is_silenced_costs_the_same_however_many(site: Site, person: Person) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            person.read(GROUPS)
        return len(queries)

    now = clock.now()
    for group in groups(site)[:1]:
        matchers = [one.to_json() for one in matchers_of_group(group)]
        wanted = Wanted(matchers, now, now + timedelta(hours=1))
        responding.silence_group(COMMAND_LINE, group, wanted)
    person.read(GROUPS)
    before = asked()
    for number in range(5):
        site.post(webhook(alert(f"More{number}"), groupKey=f"more{number}"))
    assert asked() == before
