"""Mute timings, inhibit rules and quiet hours of routes, on the console and over REST."""

from typing import Any

import pytest

from accounts.audit import COMMAND_LINE
from accounts.models import Role
from alerts.models import InhibitRule, MuteTiming
from alerts.muting.inhibit_rules import create_inhibit_rule
from alerts.muting.mute_timings import create_mute_timing
from alerts.routes import change_route, create_route, default_route
from tests import clock
from tests.console import Person
from tests.factories import make_organization
from tests.rest import Api

pytestmark = pytest.mark.django_db

TIMINGS, RULES = "/alerts/mutetiming/", "/alerts/inhibitrule/"
NIGHT = """\
- times:
    - start_time: "00:00"
      end_time: 07:00
- weekdays: [saturday, sunday]
  location: Europe/Berlin
"""
READ = [
    {"times": [{"start_time": "00:00", "end_time": "07:00"}]},
    {"weekdays": ["saturday", "sunday"], "location": "Europe/Berlin"},
]


def test_a_mute_timing_is_written_as_alertmanager_writes_it() -> None:
    person = Person()
    person.send(f"{TIMINGS}add/", name="Night", intervals=NIGHT)
    made = MuteTiming.objects.get(organization=person.organization)
    assert (made.name, made.intervals) == ("Night", READ)
    page = person.read(f"{TIMINGS}{made.pk}/change/")
    assert "weekdays:" in page
    person.send(f"{TIMINGS}{made.pk}/change/", name="Nights", intervals=NIGHT)
    made.refresh_from_db()
    assert (made.name, made.intervals) == ("Nights", READ)


@pytest.mark.parametrize(
    ("intervals", "words"),
    [
        (
            "- weekdays: [sunday]\n- times:\n    - start_time: '9'\n      end_time: '10:00'\n",
            "[1].times[0].start_time, line 3: &#x27;9&#x27; is no time such as 09:30",
        ),
        ("- weekday: [sunday]", "[0].weekday, line 1: There is no such part."),
        ("weekdays: [sunday]", "line 1: Give a list of intervals"),
        ("- weekdays: [sunday", "line"),
        ("", "required"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(intervals: str, words: str) -> None:
    person = Person()
    answer = person.send(f"{TIMINGS}add/", 200, name="Night", intervals=intervals)
    assert words in answer
    assert not MuteTiming.objects.exists()


def preview(person: Person, intervals: str) -> str:
    return person.send(f"{TIMINGS}preview/", 200, htmx=True, intervals=intervals)


def test_the_form_says_when_it_would_hold() -> None:
    person = Person()
    assert "It holds now." in preview(person, "- {}")
    assert "for a year at least" in preview(person, "- {}")
    assert "at no time within a year" in preview(person, "- years: ['1999']")
    daily = preview(person, "- times: [{start_time: '09:00', end_time: '17:00'}]")
    assert daily.count("<li>") == 4
    assert "17:00 UTC</time></li>" in daily
    assert "Write intervals above" in preview(person, " ")
    assert "[0].weekdays[0], line 1" in preview(person, "- weekdays: [someday]")
    assert not MuteTiming.objects.exists()


def test_times_are_those_of_the_organization() -> None:
    person = Person()
    person.organization.timezone = "Asia/Tokyo"
    person.organization.save()
    assert "00:00 UTC</time> until" in preview(
        person, "- times: [{start_time: '09:00', end_time: '17:00'}]"
    )


def test_who_only_looks_is_shown_no_preview_of_what_cannot_be_written() -> None:
    person = Person()
    made = create_mute_timing(COMMAND_LINE, person.organization, "Always", [{}])
    viewer = Person(person.organization, Role.VIEWER)
    path = f"{TIMINGS}{made.pk}/change/"
    assert "timing-preview" in person.read(path)
    assert "timing-preview" not in viewer.read(path)


def test_the_list_says_what_holds_and_which_routes_use_it() -> None:
    person = Person()
    always = create_mute_timing(COMMAND_LINE, person.organization, "Always", [{}])
    create_mute_timing(COMMAND_LINE, person.organization, "Past", [{"years": ["1999"]}])
    change_route(COMMAND_LINE, default_route(person.organization), mute_timings=[always])
    page = person.read(TIMINGS)
    assert "Holds" in page
    assert "Does not hold" in page
    assert "for a year at least" in page
    assert "Everything else" in page
    assert "no route" in page
    assert "quiet at times" in person.read("/alerts/route/")


def test_one_that_a_route_uses_is_not_deleted() -> None:
    person = Person()
    made = create_mute_timing(COMMAND_LINE, person.organization, "Always", [{}])
    change_route(COMMAND_LINE, default_route(person.organization), active_timings=[made])
    person.send(f"{TIMINGS}{made.pk}/delete/", post="yes")
    assert "Take it from these routes first: “Everything else”." in person.read(TIMINGS)
    assert MuteTiming.objects.exists()
    change_route(COMMAND_LINE, default_route(person.organization), active_timings=[])
    person.send(f"{TIMINGS}{made.pk}/delete/", post="yes")
    assert not MuteTiming.objects.exists()


def test_a_route_gets_its_quiet_hours_from_its_own_organization() -> None:
    person, other = Person(), make_organization()
    mine = create_mute_timing(COMMAND_LINE, person.organization, "Mine", [{}])
    theirs = create_mute_timing(COMMAND_LINE, other, "Theirs", [{}])
    route = create_route(COMMAND_LINE, person.organization, "Quiet")
    page = person.read(f"/alerts/route/{route.pk}/change/")
    assert "Mine" in page
    assert "Theirs" not in page
    form: dict[str, Any] = {
        "name": "Quiet",
        "group_wait": 0,
        "group_interval": 0,
        "repeat_interval": 0,
    }
    path = f"/alerts/route/{route.pk}/change/"
    person.send(path, 200, **{**form, "mute_timings": [theirs.pk]})
    assert not route.mute_timings.exists()
    person.send(path, **{**form, "mute_timings": [mine.pk]})
    assert list(route.mute_timings.all()) == [mine]


def test_an_inhibit_rule_is_made_changed_and_deleted() -> None:
    person = Person()
    form: dict[str, Any] = {
        "name": "Down first",
        "source_matchers": 'alertname="Down"',
        "target_matchers": 'severity="warning"\nteam=~"a|b"',
        "equal": "cluster, instance",
        "enabled": "on",
    }
    person.send(f"{RULES}add/", **form)
    made = InhibitRule.objects.get(organization=person.organization)
    assert (made.equal, len(made.target_matchers)) == (["cluster", "instance"], 2)
    page = person.read(RULES)
    assert "Down first" in page
    assert "cluster, instance" in page
    answer = person.send(f"{RULES}{made.pk}/change/", 200, **{**form, "source_matchers": "Down"})
    assert "is expected after" in answer
    person.send(f"{RULES}{made.pk}/delete/", post="yes")
    assert not InhibitRule.objects.exists()


@pytest.mark.parametrize(
    ("path", "words"), [(TIMINGS, "Add a mute timing"), (RULES, "Add an inhibit rule")]
)
def test_an_empty_list_says_what_to_do_next(path: str, words: str) -> None:
    person = Person()
    assert words in person.read(path)
    assert words not in Person(person.organization, Role.VIEWER).read(path)


@pytest.mark.parametrize("path", [TIMINGS, RULES])
@clock.undisturbed
def test_a_list_costs_the_same_whatever_its_length(
    path: str, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    person = Person()

    def fill(name: str) -> None:
        made = create_mute_timing(COMMAND_LINE, person.organization, name, [{}])
        create_route(COMMAND_LINE, person.organization, name, mute_timings=[made])
        create_inhibit_rule(
            COMMAND_LINE, person.organization, source_matchers="a=b", target_matchers="c=d"
        )

    fill("a")
    person.read(path)
    with django_assert_max_num_queries(20) as counted:
        person.read(path)
    for name in "bcde":
        fill(name)
    with django_assert_num_queries(len(counted)):
        person.read(path)


# --- REST ----------------------------------------------------------------------------------------


def test_a_mute_timing_over_rest() -> None:
    api = Api(make_organization())
    answer = api.post("mute-timings/", {"name": "Night", "intervals": READ})
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert made["intervals"] == READ
    assert isinstance(made["holds_now"], bool)
    assert made["changes_at"].endswith("Z")
    path = f"mute-timings/{made['id']}/"
    changed = api.patch(path, {"intervals": [{"years": ["1999"]}]}).json()
    assert (changed["holds_now"], changed["changes_at"]) == (False, None)
    refused = api.patch(path, {"intervals": [{"weekdays": ["someday"]}]})
    assert refused.status_code == 400
    assert "0.weekdays.0: 'someday' is not a day" in refused.content.decode()
    route = api.post("routes/", {"name": "r", "mute_timings": [made["id"]]}).json()["id"]
    assert api.get(f"routes/{route}/").json()["mute_timings"] == [made["id"]]
    assert api.delete(path).status_code == 409
    assert api.patch(f"routes/{route}/", {"mute_timings": []}).status_code == 200
    assert api.delete(path).status_code == 204


def test_an_inhibit_rule_over_rest() -> None:
    api = Api(make_organization())
    body = {"source_matchers": 'a="1"', "target_matchers": 'b="2"', "equal": ["cluster"]}
    made = api.post("inhibit-rules/", body).json()
    assert made["source_matchers"] == '{a="1"}'
    path = f"inhibit-rules/{made['id']}/"
    assert api.patch(path, {"enabled": False}).json()["enabled"] is False
    refused = api.patch(path, {"target_matchers": ""})
    assert refused.status_code == 400
    assert "target_matchers" in refused.content.decode()
    assert api.post("inhibit-rules/", {"source_matchers": "a=b"}).status_code == 400
    assert api.delete(path).status_code == 204


def test_a_foreign_timing_in_a_body_does_not_exist() -> None:
    theirs = create_mute_timing(COMMAND_LINE, make_organization(), "Theirs", [{}])
    api = Api(make_organization())
    answer = api.post("routes/", {"name": "r", "active_timings": [str(theirs.pk)]})
    assert answer.status_code == 400
    assert "There is no mute timing" in answer.content.decode()
