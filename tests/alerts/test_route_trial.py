"""What would become of an alert: as ingest and publishing do it, and nothing is left behind."""

import pytest

from accounts.audit import COMMAND_LINE
from alerts import publish, route_trial, routes
from alerts.models import Alert, AlertGroup, Route
from alerts.muting.inhibit_rules import create_inhibit_rule
from alerts.muting.mute_timings import create_mute_timing
from alerts.route_table import forget_cached_routes
from channels_app.channels import disable_channel
from deliveries.models import Delivery
from tests.alerts.muting.muted import silence
from tests.alerts.senders import Site, alert, make_site, webhook
from tests.factories import make_bot, make_channel

pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> Site:
    return make_site()


def add_route(site: Site, name: str, matchers: str, **values: object) -> Route:
    channel = make_channel(make_bot(site.organization), name=f"{name} chat")
    return routes.create_route(
        COMMAND_LINE, site.organization, name, matchers=matchers, channels=[channel], **values
    )


def told(trial: route_trial.Trial) -> list[tuple[str, bool, str]]:
    return [(step.route.name, step.is_taken, step.why) for step in trial.steps]


def test_every_route_says_why(site: Site) -> None:
    add_route(site, "Web", 'team="web"', integrations=[site.integration])
    add_route(site, "Databases", 'team=~"db|storage"', continue_matching=True)
    add_route(site, "Old", "", enabled=False)
    add_route(site, "Critical", 'severity="critical"')
    add_route(site, "Night", 'team="db"')
    labels = {"alertname": "DiskFull", "team": "db", "severity": "critical"}
    assert told(route_trial.try_labels(site.organization, labels, site.integration)) == [
        ("Web", False, 'team="web" does not hold: team is “db”.'),
        ("Databases", True, "Every matcher holds; the routes below are tried too."),
        ("Old", False, "It is switched off."),
        ("Critical", True, "Every matcher holds."),
        ("Night", False, "Not tried: “Critical” takes the alert and ends the search."),
        ("Everything else", False, "Not needed: a route above takes it."),
    ]
    assert told(route_trial.try_labels(site.organization, {})) == [
        ("Web", False, f"It takes alerts of {site.integration} alone."),
        ("Databases", False, 'team=~"db|storage" does not hold: the alert has no label team.'),
        ("Old", False, "It is switched off."),
        ("Critical", False, 'severity="critical" does not hold: the alert has no label severity.'),
        ("Night", False, 'team="db" does not hold: the alert has no label team.'),
        ("Everything else", True, "No route above takes it."),
    ]


def test_what_would_be_shown_is_what_is_shown(site: Site) -> None:
    add_route(site, "Alike", 'severity="warning"', group_by=["alertname"])
    forget_cached_routes()
    site.post(webhook(alert()))
    publish.publish_due()
    sent = Delivery.objects.get(organization=site.organization)
    stored = Alert.objects.get(organization=site.organization)
    (step,) = [one for one in route_trial.try_alert(stored).steps if one.is_taken]
    (shown,) = step.shown
    group = AlertGroup.objects.get(organization=site.organization)
    assert (step.group, step.group_labels) == (group.title, group.labels)
    assert (shown.text, shown.parse_mode) == (sent.params["text"], sent.params["parse_mode"])
    assert shown.is_silent == sent.params["disable_notification"]


def test_nothing_is_stored_or_sent(site: Site) -> None:
    before = [model.objects.count() for model in (Alert, AlertGroup, Delivery, Route)]
    route_trial.try_labels(site.organization, {"alertname": "A"}, site.integration)
    publish.publish_due()
    assert [model.objects.count() for model in (Alert, AlertGroup, Delivery, Route)] == before


def test_why_a_channel_would_get_nothing(site: Site) -> None:
    assert not route_trial.try_labels(site.organization, {}).is_lost
    disable_channel(site.channels[0], "The chat is gone.", {})
    (step,) = route_trial.try_labels(site.organization, {}).steps
    assert step.shown[0].hindrance == "The channel is off. The chat is gone."
    routes.set_channels(COMMAND_LINE, site.route, [])
    assert route_trial.try_labels(site.organization, {}).is_lost


def test_severity_and_sound(site: Site) -> None:
    channel = site.channels[0]
    channel.silent, channel.silent_below = "below", "critical"
    channel.save()
    for severity, is_silent in (("warning", True), ("critical", False)):
        trial = route_trial.try_labels(site.organization, {"severity": severity})
        assert trial.severity == severity
        assert trial.steps[-1].shown[0].is_silent is is_silent


def test_what_would_keep_a_channel_quiet(site: Site) -> None:
    labels = {"alertname": "InstanceDown", "instance": "web-1", "severity": "warning"}

    def hindrance() -> str:
        (shown,) = route_trial.try_labels(site.organization, labels).steps[-1].shown
        return shown.hindrance

    assert hindrance() == ""
    timing = create_mute_timing(COMMAND_LINE, site.organization, "always", [{}])
    routes.change_route(COMMAND_LINE, site.route, mute_timings=[timing])
    assert hindrance() == "Quiet hours of its route."
    create_inhibit_rule(
        COMMAND_LINE,
        site.organization,
        name="severe first",
        source_matchers='severity="critical"',
        target_matchers='severity="warning"',
        equal=["instance"],
    )
    assert hindrance() == "Quiet hours of its route."
    forget_cached_routes()
    site.post(webhook(alert("Down", labels={"severity": "critical"})))
    assert hindrance() == "Inhibited by severe first, quiet hours of its route."
    made = silence(site, 'severity="warning"')
    assert hindrance().startswith("Silenced until ")
    assert f"{made.ends_at:%H:%M} UTC by anna, quiet hours" in hindrance()


def test_the_chosen_channel_and_the_routes_sound(site: Site) -> None:
    core = make_channel(make_bot(site.organization), name="Core")
    sound = {"warning": "silent"}
    change = {"choose_by": "team", "choices": {"core": core}, "sound": sound}
    routes.change_route(COMMAND_LINE, site.route, **change)
    own = site.channels[0].name
    for labels, why, to, is_silent in (
        ({"team": "core"}, "team “core” chooses the channel.", "Core", False),
        ({"team": "core", "severity": "warning"}, "chooses the channel.", "Core", True),
        ({"team": "db"}, "team “db” chooses no channel: the route's own are told.", own, False),
        ({}, "Without the label team the route's own channels are told.", own, False),
    ):
        (step,) = route_trial.try_labels(site.organization, labels).steps
        (shown,) = step.shown
        assert step.why.endswith(why)
        assert (shown.channel.name, shown.is_silent) == (to, is_silent)
