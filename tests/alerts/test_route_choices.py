"""A label that chooses the channel, from the POST to the calls."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.audit import COMMAND_LINE
from accounts.models import AuditEntry
from accounts.tenancy import ForeignOrganization
from alerts import publish, publish_read, route_table, routes
from alerts.models import AlertGroup, GroupMessage, RouteChoice
from alerts.route_table import forget_cached_routes
from alerts.routes import RouteRefused
from channels_app.channels import delete_channel
from channels_app.models import NotificationChannel
from deliveries import clock
from deliveries.models import Delivery
from tests.alerts.senders import Site, alert, make_site, webhook
from tests.factories import make_bot, make_channel, make_organization

pytestmark = pytest.mark.django_db


class Scene:
    """A site whose default route chooses by the label team, and the channels of two teams."""

    def __init__(self) -> None:
        self.site: Site = make_site()
        (self.rest,) = self.site.channels
        bot = self.rest.chat.bot
        self.core, self.web = make_channel(bot, name="Core"), make_channel(bot, name="Web")
        self.choose(choose_by="team", choices={"core": self.core, "web": self.web})

    def choose(self, **values: Any) -> None:
        """Change the route, seen at once by all."""
        routes.change_route(COMMAND_LINE, self.site.route, **values)
        forget_cached_routes()

    def post(self, *teams: str, **values: Any) -> None:
        """One alert for each team in one POST; "" has no such label."""
        alerts = [
            alert(labels={"instance": f"of-{team}", **({"team": team} if team else {})}, **values)
            for team in teams
        ]
        assert self.site.post(webhook(*alerts)).status_code == 202


@pytest.fixture
def scene() -> Scene:
    return Scene()


def said(channel: NotificationChannel) -> list[str]:
    """The texts of all calls to the channel, in order, once all is published."""
    publish.publish_due()
    calls = Delivery.objects.filter(channel=channel, purpose="group").order_by("created_at", "pk")
    return [str(call.params.get("text", "")) for call in calls.exclude(state="superseded")]


def test_each_value_goes_to_its_channel_and_the_rest_to_the_routes_own(scene: Scene) -> None:
    scene.post("core", "web", "db", "")
    for channel, team in ((scene.core, "core"), (scene.web, "web")):
        (text,) = said(channel)
        assert f"of-{team}" in text
        assert text.count("of-") == 1
    assert len(said(scene.rest)) == 2
    groups = AlertGroup.objects.order_by("labels__team")
    assert {group.labels.get("team") for group in groups} == {"core", "web", "db", None}
    assert GroupMessage.objects.count() == 4


def test_what_follows_stays_in_the_chosen_channel(scene: Scene) -> None:
    scene.post("core")
    assert "FIRING" in said(scene.core)[-1]
    scene.post("core", status="resolved")
    assert "RESOLVED" in said(scene.core)[-1]
    assert said(scene.rest) == []
    assert not AlertGroup.objects.filter(is_open=True).exists()


def test_events_are_chosen_for_as_well(scene: Scene) -> None:
    scene.site.post({"title": "Deployed", "labels": {"team": "web"}})
    assert "Deployed" in said(scene.web)[0]
    assert said(scene.rest) == []


def test_a_value_that_gets_another_channel_is_told_there_at_once(scene: Scene) -> None:
    scene.post("core", "web")
    said(scene.core)
    scene.choose(choices={"core": scene.web, "web": scene.web})
    assert "No longer routed here" in said(scene.core)[-1]
    assert "of-core" in said(scene.web)[-1]
    assert "No longer routed here" not in "".join(said(scene.web))
    assert said(scene.rest) == []
    scene.choose(choices={"core": scene.core, "web": scene.web})
    assert "No longer routed here" not in said(scene.core)[-1]


@pytest.mark.parametrize("values", [{"choices": {}}, {"choose_by": ""}, {"choose_by": "other"}])
def test_what_is_chosen_no_more_goes_to_the_routes_own(
    scene: Scene, values: dict[str, Any]
) -> None:
    scene.post("core")
    said(scene.core)
    scene.choose(**values)
    assert "No longer routed here" in said(scene.core)[-1]
    assert "of-core" in said(scene.rest)[-1]


def test_a_new_choice_takes_what_went_to_the_routes_own(scene: Scene) -> None:
    routes.set_channels(COMMAND_LINE, scene.site.route, [])
    forget_cached_routes()
    scene.post("db")
    publish.publish_due()
    assert not GroupMessage.objects.exists()
    scene.choose(choices={"db": scene.core})
    assert "of-db" in said(scene.core)[0]


@pytest.mark.parametrize("how", ["choice", "channels"])
def test_what_a_process_stored_by_the_former_route_is_not_lost(scene: Scene, how: str) -> None:
    team = "core" if how == "choice" else "db"
    scene.post("warm-up")
    said(scene.rest)
    new = make_channel(scene.rest.chat.bot, name="New")
    if how == "choice":
        routes.change_route(COMMAND_LINE, scene.site.route, choices={"core": new})
    else:
        routes.set_channels(COMMAND_LINE, scene.site.route, [new])
    scene.post(team)  # the cached table still names the former channel
    former = scene.core if how == "choice" else scene.rest
    assert f"of-{team}" not in "".join(said(former))
    assert f"of-{team}" in "".join(said(new))


def test_an_event_stored_by_the_former_route_is_not_lost(scene: Scene) -> None:
    scene.post("warm-up")
    routes.change_route(COMMAND_LINE, scene.site.route, choices={"core": scene.web})
    scene.site.post({"title": "Deployed", "labels": {"team": "core"}})
    assert said(scene.core) == []
    assert "Deployed" in said(scene.web)[0]


def test_a_deleted_channel_is_chosen_no_more(scene: Scene) -> None:
    delete_channel(COMMAND_LINE, scene.core)
    forget_cached_routes()
    scene.post("core")
    assert "of-core" in said(scene.rest)[0]


def test_groups_of_a_deleted_route_go_where_the_default_route_chooses(scene: Scene) -> None:
    special = routes.create_route(
        COMMAND_LINE, scene.site.organization, "Special", matchers='team="web"', channels=[]
    )
    forget_cached_routes()
    scene.post("web")
    AlertGroup.objects.update(labels={"team": "web"})
    assert said(scene.web) == []
    routes.delete_route(COMMAND_LINE, special)
    assert "of-web" in said(scene.web)[0]
    assert said(scene.rest) == []


def test_unrouted_counts_what_has_neither_a_choice_nor_channels(scene: Scene) -> None:
    routes.set_channels(COMMAND_LINE, scene.site.route, [])
    forget_cached_routes()
    scene.post("core", "db")
    trace = scene.site.integration.traces.latest("received_at")
    assert trace.unrouted == 1


def test_only_routes_that_choose_cost_a_query() -> None:
    scene, plain = Scene(), make_site()
    scene.post("core")
    plain.post(webhook(alert()))
    found = {}
    for site in (scene.site, plain):
        with CaptureQueriesContext(connection) as table:
            route_table.load(site.organization)
        rows = GroupMessage.objects.for_organization(site.organization)
        ids = [row.pk for row in rows]
        with CaptureQueriesContext(connection) as read:
            publish_read.load(ids, clock.now())
        queries = [*table.captured_queries, *read.captured_queries]
        found[site] = sum("alerts_routechoice" in one["sql"] for one in queries)
    assert found[plain] == 0
    assert found[scene.site] == (1 if connection.vendor == "postgresql" else 2)  # not all seen


def test_a_change_is_in_the_audit_once(scene: Scene) -> None:
    choices = {"core": scene.web, "web": scene.web}
    for _ in range(2):
        scene.choose(choices=choices)
    entries = AuditEntry.objects.filter(organization=scene.site.organization, action="change")
    (entry,) = [one for one in entries if one.changes.get("choices", [{}])[0]]
    assert entry.changes["choices"] == [
        {"core": "Core", "web": "Web"},
        {"core": "Web", "web": "Web"},
    ]


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"choose_by": "", "choices": {"a": None}}, "choices", "by which label"),
        ({"choices": {"": None}}, "choices", "1 to 256 characters, unlike ''"),
        ({"choices": {"x" * 257: None}}, "choices", "1 to 256"),
        ({"choices": dict.fromkeys(map(str, range(101)))}, "choices", "at most 100 values"),
        ({"choose_by": "x" * 257}, "choose_by", "at most 256"),
        ({"sound": {"loud": "ring"}}, "sound", "critical, high, warning, info"),
        ({"sound": {"info": "shout"}}, "sound", "Of info say"),
        ({"sound": ["ring"]}, "sound", "an object"),
    ],
)
def test_what_is_refused(scene: Scene, values: dict[str, Any], field: str, words: str) -> None:
    if "choices" in values:
        values = {**values, "choices": dict.fromkeys(values["choices"], scene.core)}
    with pytest.raises(RouteRefused, match=words) as refused:
        scene.choose(**values)
    assert refused.value.field == field
    assert RouteChoice.objects.count() == 2


def test_another_organizations_channel_is_refused(scene: Scene) -> None:
    theirs = make_channel(make_bot(make_organization()))
    with pytest.raises(ForeignOrganization):
        scene.choose(choices={"core": theirs})
