"""Silences on the console."""

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.audit import COMMAND_LINE
from accounts.models import AuditEntry, Role
from alerts.integrations import create_integration
from alerts.matchers import format_matchers, read_matchers
from alerts.models import Alert, AlertGroup, Silence, TimelineEvent
from alerts.muting.silences import Wanted, create_silence, expire_silence, state_of
from deliveries import clock
from tests.alerts.senders import Site, alert, make_site, webhook
from tests.clock import undisturbed
from tests.console import Person

pytestmark = pytest.mark.django_db

SILENCES = "/alerts/silence/"
ADD = f"{SILENCES}add/"
HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def site() -> Site:
    site = make_site()
    site.post(webhook(alert(), alert(labels={"instance": "web-2"})))
    return site


@pytest.fixture
def person(site: Site) -> Person:
    person = Person(site.organization, Role.RESPONDER)
    person.membership.user.timezone = "Europe/Berlin"
    person.membership.user.save()
    return person


def form(**values: Any) -> dict[str, Any]:
    return {
        "matchers": 'alertname="InstanceDown"\ninstance=~"web.*"',
        "starts_at": "",
        "duration": "1h",
        "ends_at": "",
        "comment": "Patch day",
        **values,
    }


def stored(site: Site, start: float = 0, end: float = 1, matchers: str = "a=b") -> Silence:
    """Hours from now."""
    now = clock.now()
    wanted = Wanted(matchers, now + start * HOUR, now + end * HOUR, author="bert")
    return create_silence(COMMAND_LINE, site.organization, wanted)


def change(silence: Silence) -> str:
    return f"{SILENCES}{silence.pk}/change/"


def local(moment: datetime) -> str:
    """As the browser's field sends it."""
    return moment.astimezone(BERLIN).strftime("%Y-%m-%dT%H:%M")


def test_made_and_listed(site: Site, person: Person) -> None:
    person.send(ADD, **form())
    silence = Silence.objects.get()
    assert format_matchers(read_matchers(silence.matchers)) == (
        '{alertname="InstanceDown", instance=~"web.*"}'
    )
    assert timedelta(0) <= HOUR - (silence.ends_at - silence.starts_at) < timedelta(seconds=5)
    assert silence.author == person.membership.user.email
    assert (silence.comment, silence.way) == ("Patch day", "console")
    shown = html.unescape(person.read(SILENCES))
    for words in ('instance=~"web.*"', "Active", "2 alerts", silence.author, "Patch day"):
        assert words in shown
    assert f'datetime="{silence.ends_at.isoformat()}"' in shown


def test_until_a_time_in_the_readers_zone(site: Site, person: Person) -> None:
    start = datetime(2100, 7, 1, 20, tzinfo=UTC)
    person.send(
        ADD,
        **form(starts_at="2100-07-01T22:00", duration="until", ends_at="2100-07-02T06:30"),
    )
    silence = Silence.objects.get()
    assert (silence.starts_at, silence.ends_at) == (start, start + 8.5 * HOUR)
    page = person.read(change(silence))
    assert 'value="2100-07-01T22:00"' in page
    assert 'value="2100-07-02T06:30"' in page
    assert "In the zone Europe/Berlin." in page


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"matchers": ""}, "This field is required"),
        ({"matchers": 'a=""'}, "At least one must not match the empty text"),
        ({"matchers": "a=~("}, "bad regular expression"),
        ({"duration": "until"}, "Choose a time, or a duration."),
        ({"duration": "until", "ends_at": "2020-01-01T00:00"}, "later than the start"),
        ({"duration": "until", "ends_at": "tomorrow"}, "Enter a valid date/time"),
        ({"starts_at": "2100-03-28T02:30"}, "interpreted"),
        ({"duration": "ever"}, "Select a valid choice"),
        ({"comment": "x" * 2001}, "at most 2000 characters"),
    ],
)
def test_refused(person: Person, values: dict[str, Any], words: str) -> None:
    page = html.unescape(person.send(ADD, 200, **form(**values)))
    assert words in page
    assert not Silence.objects.exists()


def test_changed_in_place_and_into_another(site: Site, person: Person) -> None:
    silence = stored(site)
    before = silence.ends_at
    kept = {"matchers": "a=b", "duration": "until", "ends_at": local(before)}
    person.send(change(silence), **form(**kept, comment="Now with words"))
    silence.refresh_from_db()
    assert (silence.ends_at, silence.comment) == (before, "Now with words"), "to the second"
    assert silence.author == "bert"
    person.send(change(silence), **form(matchers="a=b", duration="4h"))
    silence.refresh_from_db()
    assert silence.ends_at - clock.now() > 3.9 * HOUR
    person.send(change(silence), **form(matchers="c=d", duration="1h"))
    assert Silence.objects.count() == 2
    silence.refresh_from_db()
    assert state_of(silence).value == "expired"


def test_one_that_ended_begins_anew(site: Site, person: Person) -> None:
    silence = stored(site)
    expire_silence(COMMAND_LINE, silence)
    person.send(change(silence), **form(matchers="a=b"))
    new = Silence.objects.exclude(pk=silence.pk).get()
    assert state_of(new).value == "active"


def test_a_pending_one_keeps_its_start(site: Site, person: Person) -> None:
    silence = stored(site, 2, 3)
    before = silence.starts_at
    person.send(
        change(silence),
        **form(
            matchers="a=b", starts_at=local(before), duration="until", ends_at=local(before + HOUR)
        ),
    )
    silence.refresh_from_db()
    assert silence.starts_at == before


def test_buttons(site: Site, person: Person) -> None:
    silence = stored(site)
    before = silence.ends_at
    person.send(f"{SILENCES}{silence.pk}/press/extend/")
    silence.refresh_from_db()
    assert silence.ends_at == before + HOUR
    person.send(f"{SILENCES}{silence.pk}/press/expire/")
    silence.refresh_from_db()
    assert state_of(silence).value == "expired"
    person.send(f"{SILENCES}{silence.pk}/press/extend/")
    assert "possible any more" in html.unescape(person.read(SILENCES))
    entry = AuditEntry.objects.filter(object_id=str(silence.pk)).latest("id")
    assert (entry.action, entry.actor_name) == ("expire", person.membership.user.email)


def test_several_at_once(site: Site, person: Person) -> None:
    rows = [stored(site) for _ in range(3)]
    person.send(
        SILENCES,
        action="expire_selected",
        _selected_action=[str(row.pk) for row in rows[:2]],
    )
    assert "2 silences ended." in person.read(SILENCES)
    left = Silence.objects.filter(ends_at__gt=clock.now())
    assert [row.pk for row in left] == [rows[2].pk]
    person.send(SILENCES, action="expire_selected", _selected_action=[str(row.pk) for row in rows])
    assert "1 silence ended. 2 had ended already." in person.read(SILENCES)
    person.send(SILENCES, action="expire_selected", _selected_action=[str(rows[0].pk)])
    assert "0 silences ended. 1 had ended already." in person.read(SILENCES)


def test_several_last_longer_at_once(site: Site, person: Person) -> None:
    rows = [stored(site) for _ in range(2)]
    over, longest = stored(site), stored(site, 0, 3_660 * 24 - 1 / 60)
    expire_silence(COMMAND_LINE, over)
    chosen = [str(row.pk) for row in (*rows, over, longest)]
    person.send(SILENCES, action="extend_selected", _selected_action=chosen)
    page = html.unescape(person.read(SILENCES))
    assert "2 silences last an hour longer." in page
    assert "Choose an end within ten years of the start." in page
    for row in rows:
        ended = row.ends_at
        row.refresh_from_db()
        assert row.ends_at == ended + HOUR
    over.refresh_from_db()
    assert state_of(over).value == "expired"


@pytest.mark.parametrize("state", ["pending", "active", "expired"])
def test_by_state(site: Site, person: Person, state: str) -> None:
    stored(site, 1, 2, "pending=b")
    stored(site, 0, 1, "active=b")
    expire_silence(COMMAND_LINE, stored(site, 0, 1, "expired=b"))
    shown = html.unescape(person.read(f"{SILENCES}?state={state}"))
    assert re.findall(r'<code>(\w+)="b"</code>', shown) == [state]


def test_from_a_group_and_from_an_alert(site: Site, person: Person) -> None:
    group = AlertGroup.objects.get(organization=site.organization)
    one = Alert.objects.get(organization=site.organization, labels__instance="web-2")
    for page, name, row in (
        (f"/alerts/alertgroup/{group.pk}/", "group", group),
        (f"/alerts/alert/{one.pk}/", "alert", one),
    ):
        assert "Silence…" in person.read(f"{page}change/")
        to = person.send(f"{page}press/silence/")
        assert to.endswith(f"{ADD}?{name}={row.pk}")
        shown = html.unescape(person.read(to))
        assert ('instance="web-2"' in shown) is (name == "alert")
        assert 'alertname="InstanceDown"' in shown
        person.send(to, **form(comment=name))
    lines = TimelineEvent.objects.filter(kind="silenced").order_by("id")
    assert [(line.alert_id, line.data["why"]) for line in lines] == [
        (None, "group"),
        (one.pk, "alert"),
    ]
    assert {line.actor_name for line in lines} == {person.membership.user.email}


def test_a_foreign_origin_is_not_found(person: Person) -> None:
    other = make_site()
    other.post(webhook(alert()))
    theirs = Alert.objects.get(organization=other.organization)
    for query in (f"alert={theirs.pk}", f"group={theirs.pk}", "alert=x"):
        person.read(f"{ADD}?{query}", 404)
        person.send(f"{ADD}?{query}", 404, **form())
    assert not Silence.objects.exists()


def test_the_preview(site: Site, person: Person) -> None:
    make_site().post(webhook(alert(labels={"instance": "foreign"})))
    shown = person.send(f"{SILENCES}preview/", 200, matchers="alertname=InstanceDown\n")
    assert "2 firing alerts" in shown
    assert "instance=web-1" in shown
    assert "foreign" not in shown
    one = person.send(f"{SILENCES}preview/", 200, matchers="instance=web-1")
    assert "1 firing alert</b> matches now" in one
    none = person.send(f"{SILENCES}preview/", 200, matchers="a=b")
    assert "No alert that fires now matches" in none
    assert "Give at least one" in person.send(f"{SILENCES}preview/", 200, matchers="")
    assert not Silence.objects.exists()


def test_viewers_look(site: Site) -> None:
    silence = stored(site)
    viewer = Person(site.organization, Role.VIEWER)
    assert "End now" not in viewer.read(SILENCES)
    page = viewer.read(change(silence))
    assert "bert" in page
    assert "_save" not in page
    viewer.read(ADD, 403)
    viewer.send(f"{SILENCES}{silence.pk}/press/expire/", 403)
    chosen, ends_at = [str(silence.pk)], silence.ends_at
    for action in ("expire_selected", "extend_selected"):
        viewer.send(SILENCES, action=action, _selected_action=chosen, status=200)
    silence.refresh_from_db()
    assert silence.ends_at == ends_at
    assert state_of(silence).value == "active"


def test_nothing_yet(person: Person) -> None:
    shown = person.read(SILENCES)
    assert "Nothing is silenced." in shown
    assert "Add a silence" in shown


@undisturbed
def test_a_longer_list_costs_the_same(site: Site, person: Person) -> None:
    costs = []
    for count in (1, 6):
        for _ in range(count):
            stored(site)
        person.read(SILENCES)
        with CaptureQueriesContext(connection) as queries:
            person.read(SILENCES)
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_for_one_integration_alone(site: Site, person: Person) -> None:
    other, _ = create_integration(COMMAND_LINE, site.organization, "Cellar <1>")
    asked: dict[str, Any] = {"matchers": 'alertname="InstanceDown"'}
    preview = f"{SILENCES}preview/"
    assert "2 firing alerts" in person.send(preview, 200, **asked, integration="")
    assert "No alert that fires" in person.send(preview, 200, **asked, integration=str(other.pk))
    strangers = str(make_site().integration.pk)
    for foreign in (strangers, "nonsense"):
        person.send(preview, 404, **asked, integration=foreign)
    assert strangers not in person.read(ADD)

    page = html.unescape(person.send(ADD, 200, **form(integration=strangers)))
    assert "Select a valid choice" in page
    person.send(ADD, **form(integration=str(other.pk)))
    silence = Silence.objects.get()
    assert silence.integration == other
    stored(site)
    shown = person.read(SILENCES)
    assert shown.count("of Cellar &lt;1&gt; alone") == 1
    assert shown.count("0 alerts") == 2
    filtered = html.unescape(person.read(f"{SILENCES}?integration__id__exact={other.pk}"))
    assert ('alertname="InstanceDown"' in filtered, 'a="b"' in filtered) == (True, False)
    page = person.read(change(silence))
    assert "Cellar &lt;1&gt;" in page
    assert f'{{"integration": "{silence.integration_id}"}}' in page
    person.send(change(silence), **form(matchers="c=d", integration=str(site.integration.pk)))
    assert {one.integration for one in Silence.objects.filter(comment="Patch day")} == {other}
    assert "Cellar &lt;1&gt;" in Person(site.organization, Role.VIEWER).read(change(silence))


def test_who_only_looks_is_shown_no_preview_of_what_cannot_be_written(
    site: Site, person: Person
) -> None:
    path = f"{SILENCES}{stored(site).pk}/change/"
    assert "silence-preview" in person.read(path)
    assert "silence-preview" not in Person(site.organization, Role.VIEWER).read(path)


def test_times_are_written_in_the_zone_that_the_lists_show(site: Site) -> None:
    """Who has chosen none: in the browser's, which console.js tells; never in one that is none."""
    person = Person(site.organization, Role.RESPONDER)
    assert "In the zone UTC." in person.read(ADD)
    person.client.cookies["zone"] = "Asia/Tokyo"
    assert "In the zone Asia/Tokyo." in person.read(ADD)
    for wrong in ("Nowhere", "../../etc/passwd", "Europe", "x" * 4_000):
        person.client.cookies["zone"] = wrong
        assert "In the zone UTC." in person.read(ADD)


def test_the_chosen_zone_comes_before_the_browsers(person: Person) -> None:
    person.client.cookies["zone"] = "Asia/Tokyo"
    assert "In the zone Europe/Berlin." in person.read(ADD)


def test_what_is_wrong_in_several_lines_is_told_with_its_line(person: Person) -> None:
    wrong = 'alertname="InstanceDown"\n\ninstance'
    told = "line 3: one of = != =~ !~ is expected after &#x27;instance&#x27;"
    assert told in person.send(ADD, 200, **form(matchers=wrong))
    assert told in person.send(f"{SILENCES}preview/", 200, htmx=True, matchers=wrong)


def test_matchers_in_braces_may_span_lines(person: Person) -> None:
    person.send(ADD, **form(matchers='{alertname="InstanceDown",\ninstance="web-1"}'))
    assert len(Silence.objects.get().matchers) == 2
