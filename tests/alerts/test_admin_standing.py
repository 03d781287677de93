"""How a group stands, on the console: what keeps it quiet, and who is told next."""

import html
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from accounts.audit import COMMAND_LINE
from accounts.models import Role
from alerts import responding
from alerts.escalations import watch as escalation_watch
from alerts.escalations.changes import Step, create_policy
from alerts.models import AlertGroup
from alerts.muting import effects as mute_effects
from alerts.muting.inhibit_rules import create_inhibit_rule
from alerts.muting.mute_timings import create_mute_timing
from alerts.route_table import forget_cached_routes
from alerts.routes import change_route
from tests.alerts.muting.muted import silence
from tests.alerts.senders import Site, alert, make_site, webhook
from tests.console import Person
from tests.factories import make_channel

pytestmark = pytest.mark.django_db

GROUPS = "/alerts/alertgroup/"


@pytest.fixture
def site() -> Site:
    return make_site()


@pytest.fixture
def person(site: Site) -> Person:
    return Person(site.organization, Role.RESPONDER)


def post(site: Site, name: str, severity: str, *instances: str) -> None:
    labels = [{"severity": severity, "instance": one} for one in instances]
    alerts = [alert(name, labels=one) for one in labels]
    site.post(webhook(*alerts, groupKey=name, groupLabels={"alertname": name}))


def words(page: str) -> str:
    """As people read it."""
    text = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    joined = re.sub(r"\s+", " ", html.unescape(text))
    return re.sub(r" (?=[,:)])|(?<=\() ", "", joined)


def listed(person: Person) -> str:
    return words(person.read(GROUPS))


def shown(person: Person, name: str) -> str:
    group = AlertGroup.objects.get(labels={"alertname": name})
    return words(person.read(f"{GROUPS}{group.pk}/change/"))


def inhibit(site: Site, name: str = "severe first") -> None:
    create_inhibit_rule(
        COMMAND_LINE,
        site.organization,
        name=name,
        source_matchers='severity="critical"',
        target_matchers='severity="warning"',
        equal=["instance"],
    )
    forget_cached_routes()
    mute_effects.apply_due()


def test_a_group_says_which_rule_inhibits_it_and_what_fires_for_that(
    site: Site, person: Person
) -> None:
    inhibit(site)
    post(site, "Down", "critical", "web-1")
    post(site, "Slow", "warning", "web-1")
    assert "inhibited by severe first" in listed(person)
    assert "Inhibited by severe first, while Down fires" in shown(person, "Slow")
    assert "Inhibited" not in shown(person, "Down")


def test_of_a_part_the_list_says_how_many(site: Site, person: Person) -> None:
    inhibit(site)
    post(site, "Down", "critical", "web-1", "web-2")
    post(site, "Slow", "warning", "web-1", "web-2", "web-3")
    assert "2 of 3 inhibited by severe first" in listed(person)
    assert "Inhibited by severe first, while Down, Down fire" in shown(person, "Slow")
    silence(site, 'alertname="Slow",instance="web-1"')
    assert "1 of 3 silenced until" in listed(person)
    assert "1 of 3 inhibited by severe first" in listed(person)


def test_no_source_is_named_that_keeps_another_instance_quiet(site: Site, person: Person) -> None:
    inhibit(site)
    post(site, "Down", "critical", "web-1")
    post(site, "Lost", "critical", "web-2")
    post(site, "Slow", "warning", "web-1")
    assert "while Down fires" in shown(person, "Slow")


def test_quiet_hours_are_told(site: Site, person: Person) -> None:
    always = create_mute_timing(COMMAND_LINE, site.organization, "Always", [{}])
    change_route(COMMAND_LINE, site.route, mute_timings=[always])
    post(site, "Slow", "warning", "web-1")
    assert "quiet hours of its route" in listed(person)
    assert "Its route tells nothing now" in shown(person, "Slow")


@pytest.fixture
def climbing(site: Site) -> AlertGroup:
    """A group that escalates to Lead, then to Boss."""
    bot = site.channels[0].chat.bot
    steps = [
        Step(minutes, [make_channel(bot, name=name)])
        for minutes, name in ((15, "Lead"), (45, "Boss"))
    ]
    policy = create_policy(COMMAND_LINE, site.organization, "Nights", steps=steps)
    change_route(COMMAND_LINE, site.route, escalation=policy)
    forget_cached_routes()
    post(site, "Down", "critical", "web-1")
    return AlertGroup.objects.get()


def pass_minutes(number: int) -> None:
    by = timedelta(minutes=number)
    AlertGroup.objects.exclude(escalate_at=None).update(escalate_at=F("escalate_at") - by)


def test_a_group_says_who_is_told_next_and_when(
    site: Site, person: Person, climbing: AlertGroup
) -> None:
    assert "Escalates to Lead, " in shown(person, "Down")
    assert "unless somebody acknowledges it (Nights, step 1)" in shown(person, "Down")
    assert "escalated" not in listed(person)
    pass_minutes(16)
    assert escalation_watch.sweep() == 1
    assert "Escalates to Boss, " in shown(person, "Down")
    assert "(Nights, step 2)" in shown(person, "Down")
    assert "escalated after 15 min" in listed(person)
    pass_minutes(31)
    assert escalation_watch.sweep() == 1
    assert "Escalates to" not in shown(person, "Down")
    assert "escalated after 45 min" in listed(person)


def test_an_acknowledged_group_escalates_no_further(
    site: Site, person: Person, climbing: AlertGroup
) -> None:
    responding.acknowledge(COMMAND_LINE, climbing)
    assert "Escalates to" not in shown(person, "Down")
    responding.unacknowledge(COMMAND_LINE, AlertGroup.objects.get())
    assert "Escalates to Lead, " in shown(person, "Down")


def test_what_is_kept_quiet_escalates_later(
    site: Site, person: Person, climbing: AlertGroup
) -> None:
    silence(site, 'alertname="Down"')
    assert "Escalates to Lead once it may be heard again" in shown(person, "Down")


def test_a_group_costs_as_much_with_few_as_with_many_inhibited(site: Site, person: Person) -> None:
    inhibit(site)
    post(site, "Down", "critical", *"abcde")
    post(site, "Slow", "warning", "a")
    post(site, "Weak", "warning", *"abcde")

    def queries(name: str) -> int:
        with CaptureQueriesContext(connection) as counted:
            assert "while Down" in shown(person, name)
        return len(counted)

    shown(person, "Slow")
    assert queries("Weak") == queries("Slow")
