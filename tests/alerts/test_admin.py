"""Integrations, routes, groups, alerts and traces on the console."""

import html
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from accounts.models import Role
from alerts import publish
from alerts.integrations import create_integration, ingest_url, key_of, signature_secret_of
from alerts.models import Alert, AlertGroup, Integration, Route, Trace
from alerts.routes import create_route, default_route, set_channels
from deliveries.models import Delivery
from tests import clock
from tests.alerts.senders import alert, make_site, webhook
from tests.console import Person
from tests.factories import make_bot, make_channel, make_organization

INTEGRATIONS, ROUTES = "/alerts/integration/", "/alerts/route/"
GROUPS, ALERTS, TRACES = "/alerts/alertgroup/", "/alerts/alert/", "/alerts/trace/"

pytestmark = pytest.mark.django_db


def post(key: str, payload: Any) -> int:
    body = payload if isinstance(payload, str) else json.dumps(payload)
    answer = Client().post(f"/hooks/v1/{key}/", body, content_type="application/json")
    return answer.status_code


def firing(name: str, **values: Any) -> dict[str, Any]:
    return {"title": name, "status": "firing", "severity": "critical", **values}


def integration_form(**values: Any) -> dict[str, Any]:
    return {
        "name": "Prod",
        "kind": "alertmanager",
        "enabled": "on",
        "ignored_labels": "replica, pod",
        "ingest_limit": "600",
        "resolve_timeout": "",
        "signature_header": "X-Signature",
        "signature_timestamp_header": "",
        **values,
    }


def route_form(**values: Any) -> dict[str, Any]:
    return {
        "name": "Critical",
        "matchers": 'severity="critical"\nteam=~"core|web"',
        "enabled": "on",
        "group_by": "alertname, cluster",
        "group_wait": "0",
        "group_interval": "0",
        "repeat_interval": "0",
        **values,
    }


def test_an_integration_is_made_and_shows_what_to_paste() -> None:
    person = Person()
    page = person.send(f"{INTEGRATIONS}add/", **integration_form(signature_secret="hush hush"))
    integration = Integration.objects.get()
    assert (integration.ignored_labels, integration.resolve_timeout) == (["replica", "pod"], None)
    assert signature_secret_of(integration) == "hush hush"
    shown = person.read(page)
    assert "Give more than the sender" in shown
    assert ingest_url(integration) in shown
    assert "send_resolved: true" in shown
    assert "hush hush" not in shown
    person.send(page, **integration_form(name="Production", resolve_timeout="18000"))
    integration.refresh_from_db()
    assert (integration.name, signature_secret_of(integration)) == ("Production", "hush hush")
    assert integration.resolve_timeout == 18_000
    refused = person.client.post(page, integration_form(resolve_timeout="5"))
    assert "Give 60 to 2,592,000 seconds" in refused.content.decode()
    person.send(page, **integration_form(drop_signature="on"))
    integration.refresh_from_db()
    assert signature_secret_of(integration) == ""
    assert Integration.objects.get().resolve_timeout is None


@pytest.mark.parametrize("role", [Role.VIEWER, Role.RESPONDER])
def test_the_key_is_shown_to_those_who_manage(role: str) -> None:
    person = Person(role=role)
    integration, key = create_integration(COMMAND_LINE, person.organization, "Prod")
    page = person.read(f"{INTEGRATIONS}{integration.pk}/change/")
    assert key not in page
    person.send(f"{INTEGRATIONS}{integration.pk}/press/rotate/", 403)


def test_a_new_key_works_beside_the_former_one() -> None:
    person = Person()
    integration, former = create_integration(COMMAND_LINE, person.organization, "Prod")
    person.send(f"{INTEGRATIONS}{integration.pk}/press/rotate/", overlap="week")
    integration.refresh_from_db()
    assert [post(key, firing("a")) for key in (former, key_of(integration))] == [202, 202]
    assert "former key works until" in person.read(f"{INTEGRATIONS}{integration.pk}/change/")
    person.send(f"{INTEGRATIONS}{integration.pk}/press/rotate/", overlap="none")
    integration.refresh_from_db()
    assert integration.previous_key_hash is None


def test_the_first_channel_gets_the_default_route() -> None:
    person = Person()
    bot = make_bot(person.organization)
    form: dict[str, Any] = {
        "name": "Ops",
        "bot": str(bot.pk),
        "chat_id": "987654321",
        "parse_mode": "HTML",
        "silent": "never",
        "silent_below": "warning",
        "renotify_interval": "60",
        "actions": "members",
        "silence_durations": "2h, 1d",
    }
    page = person.read("/channels_app/notificationchannel/add/")
    assert 'value="1h, 4h"' in page, "what it has unless somebody says otherwise"
    person.send("/channels_app/notificationchannel/add/", **form)
    channels = default_route(person.organization).channels.all()
    assert [channel.name for channel in channels] == ["Ops"]
    (channel,) = channels
    assert (channel.actions, channel.silence_durations) == ("members", ["2h", "1d"])
    page = f"/channels_app/notificationchannel/{channel.pk}/change/"
    assert 'value="2h, 1d"' in person.read(page)
    answer = person.send(page, 200, **form | {"silence_durations": "soon"})
    assert "is no duration for a button" in answer


def test_a_route_reads_matchers_as_text() -> None:
    person = Person()
    channel = make_channel(make_bot(person.organization))
    person.send(f"{ROUTES}add/", **route_form(channels=[str(channel.pk)]))
    route = Route.objects.get(name="Critical")
    assert [(one["name"], one["op"]) for one in route.matchers] == [
        ("severity", "="),
        ("team", "=~"),
    ]
    assert (route.group_by, list(route.channels.all())) == (["alertname", "cluster"], [channel])
    page = person.read(f"{ROUTES}{route.pk}/change/")
    assert "team=~&quot;core|web&quot;" in page
    assert channel.name in person.read(ROUTES)


def test_a_route_chooses_by_a_label_and_says_what_rings() -> None:
    person = Person()
    bot = make_bot(person.organization)
    core, web = make_channel(bot, name="Core"), make_channel(bot, name="Web")
    ids = [str(core.pk), str(web.pk)]
    table = {"choices_value": ["core", " web ", ""], "choices_channel": [*ids, ""]}
    form = route_form(choose_by="team", sound_critical="ring", sound_info="silent", **table)
    person.send(f"{ROUTES}add/", **form)
    route = Route.objects.get(name="Critical")
    assert {one.value: one.channel for one in route.choices.all()} == {"core": core, "web": web}
    assert route.sound == {"critical": "ring", "info": "silent"}
    page = person.read(f"{ROUTES}{route.pk}/change/")
    assert page.count(f'<option value="{core.pk}" selected>') == 1
    assert page.count('name="choices_value"') == 5
    assert "by team: core → Core, web → Web<br>else nowhere" in person.read(ROUTES)
    gone = route_form(choices_value=["web"], choices_channel=[str(core.pk)], choose_by="team")
    person.send(f"{ROUTES}{route.pk}/change/", **gone)
    route.refresh_from_db()
    assert [(one.value, one.channel) for one in route.choices.all()] == [("web", core)]
    assert route.sound is None


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"choices_value": ["a"], "choices_channel": [""]}, "Choose a channel for the value “a”"),
        ({"choices_value": [""], "choices_channel": ["OWN"]}, "Core has no value that chooses it"),
        ({"choices_value": ["a"] * 2, "choices_channel": ["OWN"] * 2}, "Give the value “a” once"),
        ({"choices_value": ["a"], "choices_channel": ["FOREIGN"]}, "Choose a channel for the"),
        (
            {"choices_value": ["a"], "choices_channel": ["OWN"], "choose_by": ""},
            "Say by which label it chooses",
        ),
    ],
)
def test_choices_of_a_route_that_cannot_be(table: dict[str, Any], words: str) -> None:
    person = Person()
    own = make_channel(make_bot(person.organization), name="Core")
    foreign = make_channel(make_bot(make_organization()))
    ids = {"OWN": str(own.pk), "FOREIGN": str(foreign.pk)}
    channels = [ids.get(name, name) for name in table["choices_channel"]]
    form = route_form(**{"choose_by": "team", **table, "choices_channel": channels})
    assert words in person.send(f"{ROUTES}add/", status=200, **form)
    assert not Route.objects.filter(name="Critical").exists()


def test_who_may_only_look_sees_what_a_route_chooses() -> None:
    owner = Person()
    channel = make_channel(make_bot(owner.organization), name="Core")
    route = create_route(
        COMMAND_LINE,
        owner.organization,
        "Teams",
        choose_by="team",
        choices={"core": channel},
        sound={"info": "silent"},
    )
    page = Person(owner.organization, Role.VIEWER).read(f"{ROUTES}{route.pk}/change/")
    assert "core → Core" in page
    assert "info: silent" in page
    assert "choices_value" not in page


@pytest.mark.parametrize(
    ("matchers", "words"),
    [("severity", "character"), ('team=~"("', "expression"), ("just words", "character")],
)
def test_a_wrong_matcher_is_told_with_its_place(matchers: str, words: str) -> None:
    person = Person()
    page = person.send(f"{ROUTES}add/", 200, **route_form(matchers=matchers))
    assert not Route.objects.filter(name="Critical").exists()
    assert words in page


def test_a_route_goes_nowhere_but_to_its_own_organizations_channels() -> None:
    person = Person()
    foreign = make_channel(make_bot(make_organization()))
    page = person.send(f"{ROUTES}add/", 200, **route_form(channels=[str(foreign.pk)]))
    assert "is not one of the available choices" in page
    assert foreign.name not in person.read(f"{ROUTES}add/")


def test_routes_change_places_and_the_default_one_stays() -> None:
    person = Person()
    last = default_route(person.organization)
    routes = [create_route(COMMAND_LINE, person.organization, name) for name in "abc"]
    person.send(f"{ROUTES}{routes[2].pk}/press/up/")
    person.send(f"{ROUTES}{routes[0].pk}/press/down/")
    person.send(f"{ROUTES}{routes[1].pk}/press/down/")
    person.send(f"{ROUTES}{last.pk}/press/up/")
    rows = Route.objects.for_organization(person.organization)
    assert [route.name for route in rows] == ["c", "a", "b", last.name]
    person.send(f"{ROUTES}{last.pk}/delete/", status=403, post="yes")
    assert Route.objects.filter(pk=last.pk).exists()


def test_the_default_route_is_not_offered_for_deletion_and_others_are() -> None:
    person = Person()
    default = default_route(person.organization)
    other = create_route(COMMAND_LINE, person.organization, "Other")
    assert "Delete route" not in person.read(f"{ROUTES}{default.pk}/change/")
    assert "Delete route" in person.read(f"{ROUTES}{other.pk}/change/")


def test_an_integration_with_alerts_can_be_deleted() -> None:
    person = Person()
    integration, key = create_integration(COMMAND_LINE, person.organization, "Prod")
    post(key, firing("a"))
    page = person.read(f"{INTEGRATIONS}{integration.pk}/delete/")
    assert "Its alerts and their history go with it" in page
    person.send(f"{INTEGRATIONS}{integration.pk}/delete/", post="yes")
    assert not Alert.objects.exists()


def test_a_refused_post_says_why_and_what_to_do() -> None:
    person = Person()
    _, key = create_integration(COMMAND_LINE, person.organization, "Prod")
    assert post(key, "7") == 400
    page = person.read(f"{TRACES}{Trace.objects.get().pk}/change/")
    assert "400 Bad Request" in page
    assert "Compare the body below with the reason" in page


def test_alerts_without_a_channel_raise_a_banner() -> None:
    person = Person()
    _, key = create_integration(COMMAND_LINE, person.organization, "Prod")
    post(key, firing("lost"))
    assert "that no channel shows" in person.read("/")
    assert "that no channel shows" not in Person().read("/")


def test_unknown_keys_are_the_operators_business() -> None:
    person = Person()
    post("ti_unknown", firing("a"))
    assert Trace.objects.get().organization is None
    person.read(f"{TRACES}unknown-keys/", 404)
    person.membership.user.is_superuser = True
    person.membership.user.save()
    assert "127.0.0.1" in person.read(f"{TRACES}unknown-keys/")


def test_an_alerts_link_leads_to_the_web_alone() -> None:
    person = Person()
    _, key = create_integration(COMMAND_LINE, person.organization, "Prod")
    post(key, firing("a", url="https://example.org/graph"))
    alert = Alert.objects.get()
    alert.links = [*alert.links, ["source", "javascript:alert(1)", "press"]]
    alert.save()
    page = person.read(f"{ALERTS}{alert.pk}/change/")
    assert 'href="https://example.org/graph"' in page
    assert "javascript:alert" not in page


def test_the_overview_shows_the_worst_first() -> None:
    site = make_site()
    for name in ("critical", "info", "unheard of", "warning"):
        told = alert(f"Is {name}", labels={"severity": name})
        site.post(webhook(told, groupKey=name, groupLabels={"alertname": f"Is {name}"}))
    page = Person(site.organization, Role.VIEWER).read("/")
    _, _, burning = page.partition("Firing now")
    shown = re.findall(r">Is (critical|info|unheard of|warning)<", burning)
    assert shown == ["critical", "warning", "info", "unheard of"]


def test_the_overview_leads_a_new_organization() -> None:
    person = Person()
    page = person.read("/")
    assert page.index("Add a bot") < page.index("Send a first alert")
    assert "tocsin-done" not in page
    make_channel(make_bot(person.organization))
    create_integration(COMMAND_LINE, person.organization, "Prod")
    page = person.read("/")
    assert page.count("tocsin-done") == 3


def mixed(*alerts: tuple[str, str], status: str = "firing", hour: int = 14) -> dict[str, Any]:
    """What Alertmanager sends when it groups by nothing: names with their severities."""
    return {
        "version": "4",
        "groupKey": "{}:{}",
        "status": status,
        "groupLabels": {},
        "alerts": [
            {
                "status": status,
                "labels": {"alertname": name, "severity": severity, "instance": name},
                "startsAt": f"2026-11-23T{hour}:02:39Z",
                "endsAt": "2026-11-23T15:02:39Z"
                if status == "resolved"
                else "0001-01-01T00:00:00Z",
            }
            for name, severity in alerts
        ],
    }


def test_a_group_of_many_names_is_called_as_in_the_chat() -> None:
    person = Person()
    _, key = create_integration(COMMAND_LINE, person.organization, "Prod")
    sent = (("QueueGrows", "warning"), ("DiskFull", "critical"), ("HighCPU", "warning"))
    assert post(key, mixed(*sent)) == 202
    group = AlertGroup.objects.get()
    page = f"{GROUPS}{group.pk}/change/"
    others = (f"{ALERTS}{Alert.objects.all()[0].pk}/", f"{TRACES}{Trace.objects.get().pk}/")
    for path in ("/", GROUPS, page, *(f"{other}change/" for other in others)):
        shown = person.read(path)
        assert "DiskFull +2" in shown, path
        assert "Several alerts" not in shown, path
    post(key, mixed(("DiskFull", "critical"), status="resolved"))
    assert "HighCPU +1" in person.read(page)
    post(key, mixed(*sent, status="resolved"))
    AlertGroup.objects.update(closed_at=timezone.now() - timedelta(days=1))
    post(key, mixed(("QueueGrows", "warning"), hour=16))
    closed, opened = AlertGroup.objects.order_by("pk")
    assert "DiskFull +2" in person.read(f"{GROUPS}{closed.pk}/change/")
    assert "<b>QueueGrows</b>" in person.read(f"{GROUPS}{opened.pk}/change/")


@pytest.mark.parametrize("path", [GROUPS, "/"])
@clock.undisturbed
def test_names_of_groups_cost_the_same_however_many(
    path: str, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    person = Person()
    keys = [create_integration(COMMAND_LINE, person.organization, name)[1] for name in "abc"]
    names = (("DiskFull", "critical"), ("HighCPU", "warning"))
    assert post(keys[0], mixed(*names)) == 202
    person.read(path)
    with django_assert_max_num_queries(25) as counted:
        person.read(path)
    first = len(counted)
    for key in keys[1:]:
        assert post(key, mixed(*names)) == 202
    person.read(path)  # what is cached for seconds may have run out
    with django_assert_num_queries(first):
        assert len(re.findall(r">\s*DiskFull \+1\s*<", person.read(path))) == 3


def test_a_delivery_leads_to_its_group() -> None:
    person = Person()
    _fill(person, "lost")
    publish.publish_due()
    delivery = f"/deliveries/delivery/{Delivery.objects.get().pk}/change/"
    group = AlertGroup.objects.get()
    assert f'<a href="{GROUPS}{group.pk}/change/">lost</a>' in person.read(delivery)


def test_a_test_message_is_about_no_group() -> None:
    person = Person()
    channel = make_channel(make_bot(person.organization))
    person.send(f"/channels_app/notificationchannel/{channel.pk}/press/test/")
    assert GROUPS not in _panel(
        person.read(f"/deliveries/delivery/{Delivery.objects.get().pk}/change/")
    )


def _panel(page: str) -> str:
    """The page without its navigation."""
    return page[page.index('id="delivery"') :]


def test_the_time_of_the_last_alert_claims_no_precision() -> None:
    """It is written only now and then."""
    person = Person()
    integration, key = create_integration(COMMAND_LINE, person.organization, "Prod")
    post(key, firing("a"))
    assert "Last alert: about <time" in person.read(f"{INTEGRATIONS}{integration.pk}/change/")
    assert "Last alert, about" in person.read(INTEGRATIONS)


def test_the_navigation_counts_what_burns() -> None:
    person = Person()
    _, key = create_integration(COMMAND_LINE, person.organization, "Prod")
    for name in "abc":
        post(key, firing(name))
    count = re.search(r'tocsin-count">(\d+)<', person.read(GROUPS))
    assert count
    assert count[1] == "3"
    assert "tocsin-count" not in Person().read(GROUPS)


@pytest.mark.parametrize("path", [GROUPS, ALERTS, TRACES, INTEGRATIONS, ROUTES, "/"])
@clock.undisturbed
def test_a_list_costs_the_same_whatever_its_length(
    path: str, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    person = Person()
    _fill(person, "a")
    person.read(path)
    with django_assert_max_num_queries(24) as counted:
        person.read(path)
    first = len(counted)
    for name in "bcde":
        _fill(person, name)
    person.read(path)  # what is cached for seconds may have run out
    with django_assert_num_queries(first):
        person.read(path)


def _fill(person: Person, name: str) -> None:
    _, key = create_integration(COMMAND_LINE, person.organization, f"Sender {name}")
    create_route(COMMAND_LINE, person.organization, f"Route {name}", matchers='a="b"')
    channel = make_channel(make_bot(person.organization))
    route = default_route(person.organization)
    set_channels(COMMAND_LINE, route, [*route.channels.all(), channel])
    post(key, firing(name))


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (INTEGRATIONS, "Add one, and paste its URL"),
        (GROUPS, "Open integrations"),
        (ALERTS, "Open integrations"),
        (TRACES, "run its shell snippet"),
        (ROUTES, "Add a channel"),
        ("/channels_app/bot/", "@BotFather"),
        ("/channels_app/notificationchannel/", "Add the bot to a Telegram chat"),
        ("/deliveries/delivery/", "Send a test from a channel"),
    ],
)
def test_an_empty_list_says_what_to_do_next(path: str, words: str) -> None:
    person = Person()
    assert words in person.read(path)
    if path == ALERTS:
        assert "Nothing matches." in person.read(f"{path}?q=x")


def test_the_timeline_names_its_alerts_and_how_their_severity_changed() -> None:
    person = Person()
    _, key = create_integration(COMMAND_LINE, person.organization, "Prod")
    names = [f"Down{number:02}" for number in range(25)]
    post(key, webhook(*[alert(name) for name in names]))
    post(key, webhook(alert("Down00", labels={"severity": "critical"}), *map(alert, names[1:])))
    page = person.read(f"{GROUPS}{AlertGroup.objects.get().pk}/change/")
    timeline = page[page.index("Timeline") :]
    words = re.sub(r"\s+", " ", re.sub("<[^>]+>", "", timeline))
    assert "Fired Down00, Down01, Down02" in words
    assert "Down19 and 5 more" in words
    assert "Severity changed Down00 warning → critical" in words
    assert str(Alert.objects.get(name="Down00").pk) in timeline


def test_trying_which_routes_an_alert_would_take() -> None:
    person = Person()
    channel = make_channel(make_bot(person.organization), name="On call")
    create_route(
        COMMAND_LINE,
        person.organization,
        "Critical",
        matchers='severity="critical"',
        channels=[channel],
    )
    default_route(person.organization)
    assert f"{ROUTES}try/" in person.read(ROUTES)
    assert "Nothing is sent" in person.read(f"{ROUTES}try/")
    page = person.read(
        f"{ROUTES}try/?labels=alertname%3DDiskFull%0Aseverity%3Dcritical&integration="
    )
    assert "Every matcher holds." in page
    assert "DiskFull" in page
    assert "On call" in page
    assert "Not needed: a route above takes it." in page
    lost = person.read(f"{ROUTES}try/?labels=&integration=")
    assert "No channel would show it" in lost
    assert "the alert has no label severity" in lost


def test_trying_routes_with_an_alert_that_came() -> None:
    person = Person()
    integration, key = create_integration(COMMAND_LINE, person.organization, "Prod")
    assert post(key, firing("Disk <b>", labels={"odd name": 'a "b"\\'})) == 202
    stored = Alert.objects.get(organization=person.organization)
    link = f"{ROUTES}try/?alert={stored.pk}"
    assert link in person.read(f"{ALERTS}{stored.pk}/change/")
    page = person.read(link)
    assert "No route above takes it." in page
    assert "&lt;b&gt;" in page
    assert "<b>" not in page[page.index("data-trial") :]
    (text,) = re.findall(r"<textarea[^>]*>\s*(.*?)</textarea>", page, re.DOTALL)
    again = person.client.get(
        f"{ROUTES}try/", {"labels": html.unescape(text), "integration": str(integration.pk)}
    )
    assert again.context["tried"].labels == stored.labels
    stranger = Person()
    assert stranger.client.get(link).status_code == 404
    assert person.client.get(f"{ROUTES}try/?alert=x").status_code == 404


@pytest.mark.parametrize(
    ("labels", "word"),
    [
        ("a=", ""),
        ('a!="b"', "unlike a!="),
        ("a=1,a=2", "each label once"),
        ('a="b', "never closed"),
        ("=x", "character"),
        ("\n".join(f"l{number}=x" for number in range(101)), "most"),
    ],
)
def test_labels_that_cannot_be_tried(labels: str, word: str) -> None:
    person = Person()
    answer = person.client.get(f"{ROUTES}try/", {"labels": labels, "integration": ""})
    assert answer.status_code == 200
    assert word in html.unescape(answer.content.decode())
    assert (answer.context["tried"] is None) is bool(word)
