"""Every action of the REST API with a key of every role, and every list with one row and with five.

The table is checked against the URLs: an action that is missing here fails the build.
"""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from django.utils import timezone
from rest_framework.viewsets import GenericViewSet

from accounts.api_keys import create_key
from accounts.audit import COMMAND_LINE
from accounts.models import Membership, Organization, Role
from alerts.models import AlertGroup, EscalationPolicy, Integration, MessageTemplate, Route, Silence
from channels_app.models import Bot, NotificationChannel
from chatops.models import Endpoint, OwnAction
from tests import clock
from tests.architecture.population import Rows, populate
from tests.factories import make_bot, make_membership, make_organization, make_token
from tests.rest import Api

pytestmark = pytest.mark.django_db

VIEW = {Role.VIEWER, Role.RESPONDER, Role.ADMIN, Role.OWNER}
RESPOND = VIEW - {Role.VIEWER}
MANAGE = RESPOND - {Role.RESPONDER}
OWN = {Role.OWNER}

NEEDED: dict[str, dict[str, set[Role]]] = {
    "bots": {
        "list": VIEW,
        "retrieve": VIEW,
        "create": MANAGE,
        "partial_update": MANAGE,
        "destroy": MANAGE,
        "verify": RESPOND,
        "take_over": MANAGE,
        "log_out": MANAGE,
        "close": MANAGE,
    },
    "grants": {"list": VIEW, "retrieve": VIEW, "create": MANAGE, "destroy": MANAGE},
    "channels": {
        "list": VIEW,
        "retrieve": VIEW,
        "create": MANAGE,
        "partial_update": MANAGE,
        "destroy": MANAGE,
        "verify": RESPOND,
        "test": RESPOND,
        "messages": RESPOND,
        "show_fallback": VIEW,
        "set_fallback": MANAGE,
        "remove_fallback": MANAGE,
        "show_fallback_test": VIEW,
        "test_fallback": RESPOND,
    },
    "channel-links": {
        "list": MANAGE,
        "retrieve": MANAGE,
        "create": MANAGE,
        "confirm": MANAGE,
        "destroy": MANAGE,
    },
    "probes": {"list": VIEW, "retrieve": VIEW},
    "deliveries": {
        "list": VIEW,
        "retrieve": VIEW,
        "retry": RESPOND,
        "changes": RESPOND,
        "answers": VIEW,
    },
    "integrations": {
        "show_upstream": VIEW,
        "set_upstream": MANAGE,
        "remove_upstream": MANAGE,
        "list": VIEW,
        "retrieve": VIEW,
        "create": MANAGE,
        "partial_update": MANAGE,
        "destroy": MANAGE,
        "rotate_key": MANAGE,
        "show_mapping": VIEW,
        "set_mapping": MANAGE,
        "remove_mapping": MANAGE,
        "try_mapping": MANAGE,
        "list_payloads": MANAGE,
    },
    "escalations": {
        "list": VIEW,
        "retrieve": VIEW,
        "create": MANAGE,
        "partial_update": MANAGE,
        "destroy": MANAGE,
    },
    "heartbeats": {
        "list": VIEW,
        "retrieve": VIEW,
        "pings": VIEW,
        "create": MANAGE,
        "partial_update": MANAGE,
        "destroy": MANAGE,
        "pause": MANAGE,
        "resume": MANAGE,
        "rotate_key": MANAGE,
    },
    "routes": {
        "list": VIEW,
        "retrieve": VIEW,
        "create": MANAGE,
        "partial_update": MANAGE,
        "destroy": MANAGE,
        "try_labels": VIEW,
        "reorder": MANAGE,
    },
    "alerts": {"list": VIEW, "retrieve": VIEW, "silence": RESPOND},
    "mute-timings": {
        "list": VIEW,
        "retrieve": VIEW,
        "create": MANAGE,
        "partial_update": MANAGE,
        "destroy": MANAGE,
    },
    "inhibit-rules": {
        "list": VIEW,
        "retrieve": VIEW,
        "create": MANAGE,
        "partial_update": MANAGE,
        "destroy": MANAGE,
    },
    "groups": {
        "list": VIEW,
        "retrieve": VIEW,
        "acknowledge": RESPOND,
        "unacknowledge": RESPOND,
        "assign": RESPOND,
        "resolve": RESPOND,
        "acknowledge_many": RESPOND,
        "resolve_many": RESPOND,
        "silence_many": RESPOND,
        "comment": RESPOND,
        "silence": RESPOND,
    },
    "templates": {
        "list": VIEW,
        "retrieve": VIEW,
        "create": MANAGE,
        "partial_update": MANAGE,
        "destroy": MANAGE,
        "preview": VIEW,
        "import_go": VIEW,
        "styles": VIEW,
    },
    "silences": {
        "list": VIEW,
        "retrieve": VIEW,
        "create": RESPOND,
        "partial_update": RESPOND,
        "expire": RESPOND,
        "expire_many": RESPOND,
        "preview": VIEW,
    },
    "approvals": {"list": VIEW, "retrieve": VIEW, "create": RESPOND, "cancel": RESPOND},
    "endpoints": {
        "list": VIEW,
        "retrieve": VIEW,
        "calls": VIEW,
        "create": MANAGE,
        "partial_update": MANAGE,
        "destroy": MANAGE,
        "test": RESPOND,
    },
    "actions": {
        "list": VIEW,
        "retrieve": VIEW,
        "create": MANAGE,
        "partial_update": MANAGE,
        "destroy": MANAGE,
        "test": RESPOND,
    },
    "action-runs": {"list": VIEW, "retrieve": VIEW},
    "traces": {"list": VIEW, "retrieve": VIEW},
    "troubles": {"list": VIEW, "retrieve": VIEW},
    "members": {
        "list": VIEW,
        "retrieve": VIEW,
        "create": OWN,
        "partial_update": OWN,
        "destroy": OWN,
        "unlink_telegram": OWN,
    },
    "api-keys": {"list": MANAGE, "retrieve": MANAGE, "create": MANAGE, "destroy": MANAGE},
    "audit": {"list": MANAGE, "retrieve": MANAGE},
    "organization": {"retrieve": VIEW, "partial_update": OWN},
}
BODIES: dict[tuple[str, str], Any] = {
    ("bots", "create"): lambda: {"name": "new", "token": make_token(555_555_555)},
    ("grants", "create"): lambda: {
        "bot": str(Bot.objects.get(name="Mine bot").pk),
        "grantee": str(make_organization().pk),
    },
    ("channels", "create"): lambda: {
        "name": "new",
        "bot": str(Bot.objects.get(name="Mine bot").pk),
        "chat_id": 424242,
    },
    ("channel-links", "create"): lambda: {
        "bot": str(Bot.objects.get(name="Mine bot").pk),
        "kind": "group",
    },
    ("channel-links", "confirm"): lambda: {"name": "new"},
    ("channels", "messages"): lambda: {"text": "hello"},
    ("deliveries", "changes"): lambda: {"kind": "text", "text": "other"},
    ("channels", "set_fallback"): lambda: {"kind": "email", "addresses": ["a@example.org"]},
    ("integrations", "set_upstream"): lambda: {"url": "http://192.0.2.1:9093"},
    ("integrations", "create"): lambda: {"name": "new"},
    ("integrations", "rotate_key"): lambda: {"overlap_hours": 1},
    ("integrations", "set_mapping"): lambda: {"rules": {"title": {"expression": "a"}}},
    ("integrations", "try_mapping"): lambda: {"payload": {"a": "b"}},
    ("escalations", "create"): lambda: {
        "name": "new",
        "steps": [
            {"after": 5, "channels": [str(NotificationChannel.objects.get(name="Mine channel").pk)]}
        ],
    },
    ("heartbeats", "create"): lambda: {"name": "new", "period": 3600},
    ("routes", "create"): lambda: {"name": "new"},
    ("routes", "reorder"): lambda: {
        "routes": [
            str(route.pk)
            for route in Route.objects.filter(organization__name="Mine", is_default=False)
        ]
    },
    ("routes", "try_labels"): lambda: {"labels": {}},
    ("mute-timings", "create"): lambda: {"name": "new", "intervals": [{}]},
    ("inhibit-rules", "create"): lambda: {"source_matchers": "a=1", "target_matchers": "b=1"},
    ("groups", "comment"): lambda: {"text": "On it"},
    ("groups", "assign"): lambda: {"member": None},
    ("groups", "acknowledge_many"): lambda: {"groups": []},
    ("groups", "resolve_many"): lambda: {"groups": []},
    ("groups", "silence_many"): lambda: {"groups": [], "duration": "2h"},
    ("groups", "silence"): lambda: {"duration": "2h", "matchers": "a=b"},
    ("alerts", "silence"): lambda: {"duration": "2h"},
    ("templates", "create"): lambda: {"name": "new", "body": "{{ name }}"},
    ("templates", "preview"): lambda: {"body": "{{ name }}"},
    ("templates", "import_go"): lambda: {"text": "{{ .Status }}"},
    ("silences", "create"): lambda: {"matchers": "a=b", "duration": "2h"},
    ("silences", "partial_update"): lambda: {"duration": "2h"},
    ("silences", "expire_many"): lambda: {"silences": []},
    ("silences", "preview"): lambda: {"matchers": "a=b"},
    ("approvals", "create"): lambda: {
        "channel": str(NotificationChannel.objects.get(name="Mine channel").pk),
        "title": "Go on?",
    },
    ("endpoints", "create"): lambda: {"name": "new", "url": "https://example.org/hook"},
    ("actions", "create"): lambda: {
        "name": "new",
        "description": "New",
        "endpoint": str(Endpoint.objects.get(name="Mine endpoint").pk),
    },
    ("actions", "partial_update"): lambda: {"description": "Renamed"},
    ("members", "create"): lambda: {"email": "new@example.org"},
    ("members", "partial_update"): lambda: {"role": "admin"},
    ("api-keys", "create"): lambda: {"name": "new", "role": "viewer"},
    ("organization", "partial_update"): lambda: {"name": "new"},
}
SUCCESS: dict[Any, int] = {
    "create": 201,
    "destroy": 204,
    "verify": 202,
    "test": 202,
    "messages": 202,
    "retry": 202,
}
SUCCESS |= {
    "changes": 202,
    "silence": 201,
    "comment": 201,
    "remove_fallback": 204,
    "remove_mapping": 204,
    "remove_upstream": 204,
    "unlink_telegram": 204,
    "confirm": 201,
    "test_fallback": 202,
    ("endpoints", "test"): 200,
    ("actions", "test"): 201,
    "take_over": 202,
    "log_out": 202,
    "close": 202,
}


def actions() -> Iterator[tuple[str, str, str, str, Any]]:
    """(resource, action, HTTP method, path, model) of every URL of the REST API."""
    for resolver in get_resolver().url_patterns:
        if str(resolver.pattern) != "api/":
            continue
        for path, callback in _patterns(resolver, ""):
            view = getattr(callback, "cls", None)
            if view is not None and issubclass(view, GenericViewSet):
                for method, action in list(callback.actions.items()):
                    resource = path.removeprefix("v1/").split("/")[0]
                    yield resource, action, method.upper(), "/api/" + path, view.model


def _patterns(resolver: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for entry in resolver.url_patterns:
        text = str(entry.pattern).lstrip("^").rstrip("$").replace(r"\Z", "")
        text = text.replace("(?P<pk>[^/.]+)", "<pk>")
        if hasattr(entry, "url_patterns"):
            yield from _patterns(entry, prefix + text)
        else:
            yield prefix + text, entry.callback


def test_the_table_is_complete() -> None:
    found: dict[str, set[str]] = {}
    for resource, action, _, _, _ in actions():
        found.setdefault(resource, set()).add(action)
    assert found == {resource: set(needed) for resource, needed in NEEDED.items()}


@pytest.fixture
def mine() -> tuple[Organization, Rows]:
    organization, rows = populate("Mine")
    make_membership(organization=organization)  # the populated one is not the last owner
    return organization, rows


def row_for(model: Any, action: str, organization: Organization, rows: Rows) -> Any:
    """The row to act on; to remove, one that nothing depends on."""
    if action == "destroy" and model is Bot:
        return make_bot(organization, name="unused")
    if action == "take_over":
        return make_bot(organization, name="another", updates=Bot.Updates.POLLING)
    if action == "destroy" and model is Membership:
        return make_membership(organization=organization)
    if action == "destroy" and model is MessageTemplate:
        return MessageTemplate.objects.create(
            organization=organization, name="unused", body="x", updated_at=timezone.now()
        )
    return rows.get(model)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.RESPONDER, Role.ADMIN, Role.OWNER])
def test_every_action(role: Role, mine: tuple[Organization, Rows]) -> None:
    """Each on the same rows: what one did is taken back before the next."""
    organization, rows = mine
    api = Api(organization, role)
    wrong = []
    for resource, action, method, path, model in actions():
        before = transaction.savepoint()
        row = row_for(model, action, organization, rows)
        body = BODIES.get((resource, action), lambda: None)()
        if body is None and action == "partial_update":
            body = {"name": f"{resource} renamed"}
        answer = api.ask(method, path.replace("<pk>", str(row.pk) if row else ""), body)
        expected = (
            SUCCESS.get((resource, action), SUCCESS.get(action, 200))
            if role in NEEDED[resource][action]
            else 403
        )
        if answer.status_code != expected:
            wrong.append(f"{method} {path}: {answer.status_code} {answer.content[:200]}")
        transaction.savepoint_rollback(before)
    assert wrong == []


def test_a_key_makes_no_key_above_itself(mine: tuple[Organization, Rows]) -> None:
    admin = Api(mine[0], Role.ADMIN)
    assert admin.post("api-keys/", {"name": "x", "role": "owner"}).status_code == 400
    made = admin.post("api-keys/", {"name": "x"})
    assert (made.status_code, made.json()["role"]) == (201, "admin")
    assert made["Cache-Control"] == "no-store"
    assert Api(mine[0], key=made.json()["key"]).get("bots/").status_code == 200


def more_rows(organization: Organization, count: int) -> None:
    """So many further rows of everything that is listed, with all that hangs on them."""
    for number in range(count):
        other, rows = populate(f"More{number}x{uuid4().hex[:6]}")
        for row in rows.values():
            if hasattr(row, "organization_id"):
                moved = type(row)._default_manager.filter(organization=other)
                moved.update(organization=organization)
        create_key(COMMAND_LINE, Role.OWNER, organization, f"key {number}")


LISTS = [resource for resource in NEEDED if resource != "organization"]


@clock.undisturbed
def test_lists_cost_the_same_with_one_row_and_with_five() -> None:
    organization = make_organization()
    api = Api(organization)
    api.get("routes/")
    costs: dict[str, list[int]] = {}
    for _ in range(2):
        more_rows(organization, 1 if not costs else 4)
        for resource in LISTS:
            api.get(f"{resource}/")
            with CaptureQueriesContext(
                connection,
            ) as queries:
                answer = api.get(f"{resource}/")
            assert len(answer.json()["results"]) >= (1 if len(costs.get(resource, ())) == 0 else 5)
            costs.setdefault(resource, []).append(len(queries))
    assert {resource for resource, (few, many) in costs.items() if few != many} == set()
    assert max(many for _, many in costs.values()) <= 8  # a route has five kinds of related rows


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        ("channels/", {"name": "x", "chat_id": 1, "bot": Bot}, "/bot"),
        ("grants/", {"grantee": Organization, "bot": Bot}, "/bot"),
        ("routes/", {"name": "x", "channels": [NotificationChannel]}, "/channels/0"),
        ("routes/", {"name": "x", "integrations": [Integration]}, "/integrations/0"),
        (
            "templates/",
            {"name": "x", "body": "{{ name }}", "channels": [NotificationChannel]},
            "/channels/0",
        ),
        ("templates/preview/", {"body": "{{ name }}", "group": AlertGroup}, "/group"),
        ("routes/", {"name": "x", "template": MessageTemplate}, "/template"),
        ("silences/expire/", {"silences": [Silence]}, "/silences/0"),
        (
            "escalations/",
            {"name": "x", "steps": [{"after": 5, "channels": [NotificationChannel]}]},
            "/steps/0/channels/0",
        ),
        ("routes/", {"name": "x", "escalation": EscalationPolicy}, "/escalation"),
        ("approvals/", {"title": "x", "channel": NotificationChannel}, "/channel"),
        ("actions/", {"name": "x", "description": "x", "endpoint": Endpoint}, "/endpoint"),
        (
            "heartbeats/",
            {"name": "x", "period": 60, "matchers": 'a="b"', "integration": Integration},
            "/integration",
        ),
    ],
)
def test_a_foreign_row_in_a_body_does_not_exist(
    path: str, body: dict[str, Any], place: str
) -> None:
    _, theirs = populate("Theirs")
    api = Api()

    def filled(value: Any, missing: bool) -> Any:
        if isinstance(value, list):
            return [filled(inner, missing) for inner in value]
        if isinstance(value, dict):
            return {name: filled(inner, missing) for name, inner in value.items()}
        if not isinstance(value, type):
            return value
        return str(uuid4()) if missing and value is not Organization else str(theirs[value].pk)

    answers = []
    for missing in (False, True):
        sent = {name: filled(value, missing) for name, value in body.items()}
        answer = api.post(path, sent)
        assert answer.status_code == 400, answer.content
        (error,) = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == (place, "does_not_exist")
        assert "Theirs" not in answer.content.decode()
        answers.append(error["detail"].replace(error["value"], "?"))
    assert answers[0] == answers[1], "a foreign row must look like one that doesn't exist"


def test_a_change_can_not_name_foreign_rows_either() -> None:
    _, theirs = populate("Theirs")
    organization, rows = populate("Mine")
    api = Api(organization)
    for path, body in (
        (f"channels/{rows[NotificationChannel].pk}/", {"bot": str(theirs[Bot].pk)}),
        (f"routes/{rows[Route].pk}/", {"channels": [str(theirs[NotificationChannel].pk)]}),
        (f"routes/{rows[Route].pk}/", {"integrations": [str(theirs[Integration].pk)]}),
    ):
        assert api.patch(path, body).status_code == 400
    route = api.get(f"routes/{rows[Route].pk}/").json()
    assert route["channels"] == [str(rows[NotificationChannel].pk)]


@pytest.mark.parametrize(
    ("path", "parameter", "model"),
    [
        ("deliveries", "channel", NotificationChannel),
        ("deliveries", "bot", Bot),
        ("probes", "channel", NotificationChannel),
        ("channels", "bot", Bot),
        ("grants", "bot", Bot),
        ("alerts", "integration", Integration),
        ("alerts", "group", AlertGroup),
        ("groups", "route", Route),
        ("traces", "integration", Integration),
        ("action-runs", "action", OwnAction),
        ("action-runs", "channel", NotificationChannel),
    ],
)
def test_filters_by_related_rows(path: str, parameter: str, model: Any) -> None:
    """Own rows are found; foreign and missing ones find nothing alike."""
    organization, rows = populate("Mine")
    _, theirs = populate("Theirs")
    api = Api(organization)
    found = [
        api.get(f"{path}/?{parameter}={pk}").json()["results"]
        for pk in (rows[model].pk, theirs[model].pk, uuid4())
    ]
    assert [len(page) for page in found] == [1, 0, 0]
