"""The OpenAPI document is valid, complete and true, and its page needs no other host."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import Role
from alerts.models import TimelineEvent
from config.wsgi import application
from tests.architecture.population import populate
from tests.rest import Api

HTTP = ("get", "post", "patch", "delete", "put")
EXAMPLES = {"sqlite": 6, "postgresql": 12}
"""Of each operation and mode. Which value a column refuses differs, and PostgreSQL is the one that
refuses more; all before that is the same code and the same examples, and takes most of the time."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    answer = Client().get("/api/v1/schema/", headers={"Accept": "application/json"})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_valid_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")


def test_version_and_way_in(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert document["components"]["securitySchemes"]["ApiKey"]["scheme"] == "bearer"
    assert all(path.startswith("/api/v1/") for path in document["paths"])
    assert "/api/v1/organization/" in document["paths"]


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in HTTP
    ]


def test_every_operation_says_what_it_does_and_how_it_refuses(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        assert operation.get("summary"), name
        assert {"400", "401", "403", "429", "503"} <= set(operation["responses"]), name
        assert ("404" in operation["responses"]) == ("{" in name), name
        refused = operation["responses"]["401"]["content"]
        assert "application/problem+json" in refused, name


def test_every_body_has_an_example_that_its_schema_takes(document: dict[str, Any]) -> None:
    bodies = 0
    for name, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None or "PATCH" in name:
            continue
        assert content.get("examples"), name
        bodies += 1
    assert bodies >= 8


def test_bodies_are_closed(document: dict[str, Any]) -> None:
    """As the API refuses what it doesn't know, so does the document."""
    schemas = document["components"]["schemas"]
    for name, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            schema = schemas[content["schema"]["$ref"].rpartition("/")[2]]
            for one in schema.get("oneOf", [schema]):
                assert one["additionalProperties"] is False, name


def test_lists_name_their_parameters(document: dict[str, Any]) -> None:
    listed = document["paths"]["/api/v1/alerts/"]["get"]["parameters"]
    names = {parameter["name"] for parameter in listed}
    assert {"cursor", "page_size", "ordering", "search", "status", "label", "group"} <= names
    (ordering,) = [p["schema"] for p in listed if p["name"] == "ordering"]
    assert "-starts_at" in ordering["enum"]


def test_as_yaml_for_those_who_ask_for_nothing() -> None:
    answer = Client().get("/api/v1/schema/")
    assert answer["Content-Type"].startswith("application/vnd.oai.openapi")
    assert answer.content.startswith(b"openapi: 3.1")


def test_the_page_needs_no_other_host() -> None:
    client = Client()
    page = client.get("/api/v1/docs/")
    policy = page["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    html = page.content.decode()
    assert re.findall(r"(?:src|href)=\"(?:https?:)?//", html) == []
    assert re.findall(r"<script(?![^>]*\bsrc=)", html) == [], "the policy refuses inline scripts"
    assert "<style" not in html
    assert " on" not in re.sub(r">[^<]*<", "><", html.replace("icon", ""))
    sources = re.findall(r"(?:src|href)=\"([^\"]+)\"", html)
    assert len(sources) >= 4
    for source in sources:
        answer = client.get(source.replace("&amp;", "&"))
        assert answer.status_code == 200, source
    script = next(source for source in sources if "script" in source)
    assert "/api/v1/schema/" in client.get(script).content.decode()


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture
def kept_connection(db: None) -> Iterator[None]:
    """WSGI closes the connection after a request when a transaction is open, as that of a test."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.usefixtures("kept_connection")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_answers_are_as_described(settings: Any, mode: GenerationMode) -> None:
    """Bodies and parameters that the document allows, and such as it forbids, for IDs that exist
    and IDs that don't: no defect, and no answer that the document doesn't tell."""
    settings.API_REQUESTS_PER_MINUTE = 10**9
    organization, rows = populate("Described")
    TimelineEvent.objects.filter(organization=organization).update(kind="fired")
    headers = {"Authorization": f"Bearer {Api(organization, Role.OWNER).key}"}
    by_name = {model._meta.model_name: str(row.pk) for model, row in rows.items()}
    schema = schemathesis.openapi.from_wsgi(
        "/api/v1/schema/", application, headers={"Accept": "application/json"}
    )
    asked: Counter[int] = Counter()
    faults = []
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # an invalid schema may fail here
        existing = by_name.get(MODELS[operation.path.split("/")[3]], "")
        strategy = operation.as_strategy(generation_mode=mode)
        try:
            _ask(strategy, existing, headers, asked)
        except Unsatisfiable:
            continue  # nothing that the document forbids can be sent here
        except (Failure, FailureGroup) as failure:
            faults.append(f"{operation.label}: {failure}")
    assert not faults, "\n".join(faults)
    assert asked[200] > 50
    assert asked[400] > 50
    assert sum(asked.values()) > 300, asked


def _ask(strategy: Any, existing: str, headers: dict[str, str], asked: Counter[int]) -> None:
    @hypothesis.settings(
        max_examples=EXAMPLES[connection.vendor],
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy, st.booleans())
    def ask(case: schemathesis.Case[Any], exists: bool) -> None:
        if exists and case.path_parameters:
            case.path_parameters = dict.fromkeys(case.path_parameters, existing)
        before = transaction.savepoint()
        response = case.call(headers=headers)
        transaction.savepoint_rollback(before)
        asked[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    ask()


MODELS = {
    "bots": "bot",
    "grants": "botgrant",
    "channels": "notificationchannel",
    "channel-links": "linkcode",
    "approvals": "approval",
    "endpoints": "endpoint",
    "actions": "ownaction",
    "action-runs": "actionrun",
    "probes": "probe",
    "deliveries": "delivery",
    "integrations": "integration",
    "routes": "route",
    "mute-timings": "mutetiming",
    "inhibit-rules": "inhibitrule",
    "templates": "messagetemplate",
    "alerts": "alert",
    "groups": "alertgroup",
    "silences": "silence",
    "heartbeats": "heartbeat",
    "escalations": "escalationpolicy",
    "traces": "trace",
    "troubles": "trouble",
    "members": "membership",
    "api-keys": "apikey",
    "audit": "auditentry",
    "organization": "organization",
}
