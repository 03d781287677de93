"""What a sender hears, whatever it sends."""

import base64
import gzip
import hashlib
import hmac
import json
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from accounts.models import IdempotencyRecord
from alerts import integration_keys, integrations, throttles
from alerts.models import Alert, GroupMessage, Integration, Trace
from tests.alerts.senders import Site, alert, make_site, webhook

pytestmark = pytest.mark.django_db
OK = {"title": "Disk full"}


def problem(response: Any) -> str:
    """The detail of a refusal, whose shape is RFC 9457's."""
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == response.status_code
    return str(body["detail"])


@pytest.mark.parametrize("end", ["", "/"])
def test_key_in_the_path_with_and_without_the_slash(end: str) -> None:
    site = make_site()
    url = f"/hooks/v1/{site.key}{end}"
    assert Client().post(url, OK, content_type="application/json").status_code == 202
    assert Client().put(url, OK, content_type="application/json").status_code == 202


@pytest.mark.parametrize(
    "header",
    [
        "Bearer {key}",
        "bearer  {key}",
        "Basic {basic}",
    ],
)
@pytest.mark.parametrize("url", ["/hooks/v1/", "/hooks/v1"])
def test_key_in_the_authorization_header(url: str, header: str) -> None:
    site = make_site()
    basic = base64.b64encode(f"anyone:{site.key}".encode()).decode()
    response = Client().post(
        url,
        OK,
        content_type="application/json",
        headers={"Authorization": header.format(key=site.key, basic=basic)},
    )
    assert response.status_code == 202


@pytest.mark.parametrize("method", ["get", "head", "delete", "patch"])
def test_browsers_are_told_what_to_do(method: str) -> None:
    response = getattr(Client(), method)("/hooks/v1/anything/")
    assert response.status_code == 405
    assert response["Allow"] == "POST, PUT"
    if method != "head":
        assert "curl" in problem(response)


@pytest.mark.parametrize("key", ["ti_" + "x" * 43, "nonsense", "ti_", "é", "a" * 5000])
def test_unknown_keys_hear_one_answer_and_are_traced_without_body(key: str) -> None:
    response = Client().post(f"/hooks/v1/{key}/", OK, content_type="application/json")
    assert response.status_code == 404
    assert response.json().keys() == {"type", "title", "status", "detail"}
    trace = Trace.objects.get()
    assert (trace.organization_id, trace.body, trace.status) == (None, "", 404)
    assert key not in trace.summary or key == "é"


def test_strangers_cannot_fill_the_disk() -> None:
    for _ in range(throttles.STRANGERS_TRACED + 5):
        Client().post("/hooks/v1/ti_unknown/", OK, content_type="application/json")
    assert Trace.objects.count() <= throttles.STRANGERS_TRACED


@pytest.fixture(autouse=True)
def fresh_counter() -> None:
    """Rates are counted in this process: each test starts at none."""
    throttles.counter.cache_clear()


BAD: list[tuple[bytes, str, int]] = [
    (b"", "application/json", 400),
    (b"   ", "text/plain", 400),
    (b"{", "application/json", 400),
    (b'{"title": nope}', "application/json", 400),
    (b"null", "application/json", 400),
    (b"17", "application/json", 400),
    (b"[1, 2]", "application/json", 400),
    (b'{"alerts": null, "version": "4"}', "application/json", 202),
    (b'{"alerts": 7, "version": "4"}', "application/json", 400),
    (b"[" * 100_000, "application/json", 400),
    (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "application/json", 400),
    (b"\x89PNG\r\n\x1a\n\x00\x00", "image/png", 415),
    (b'{"title": "a\\u0000b\\ud800c"}', "application/json", 202),
    (b'{"title": "x", "title": "y"}', "application/json", 202),
    (
        json.dumps({"title": "x", "labels": {"big": "y" * 100_000}}).encode(),
        "application/json",
        202,
    ),
    (json.dumps({"title": "x" * 100_000, "labels": None}).encode(), "application/json", 202),
    (b'{"title": "\xff\xfe"}', "application/json", 202),
    (json.dumps(webhook(alert(labels={"n\0ame": "va\0lue"}))).encode(), "application/json", 202),
    (json.dumps(webhook(alert(), groupKey=2**70, version="3")).encode(), "application/json", 202),
    (json.dumps(webhook(alert(), commonLabels=None)).encode(), "", 202),
]


@pytest.mark.parametrize(("body", "content_type", "expected"), BAD)
def test_bad_bodies(body: bytes, content_type: str, expected: int) -> None:
    site = make_site()
    response = site.post(body, content_type=content_type)
    assert response.status_code == expected, response.content[:300]
    trace = Trace.objects.get(organization=site.organization)
    assert trace.status == response.status_code
    if expected != 202:
        assert problem(response)
        assert trace.summary == problem(response)[:255]
        assert response.json()["trace"] == str(trace.pk)
        assert response.json()["url"].endswith(f"/alerts/trace/{trace.pk}/")


def test_refusal_names_the_place_and_the_fix() -> None:
    body = make_site().post(b'{"title"', content_type="application/json").json()
    assert body["fix"].startswith("Send JSON")


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "identity", ""])
def test_content_encoding(encoding: str) -> None:
    site = make_site()
    body = json.dumps(OK).encode()
    packed = gzip.compress(body) if encoding.lower() == "gzip" else body
    assert site.post(packed, headers={"Content-Encoding": encoding}).status_code == 202
    assert Alert.objects.get().name == "Disk full"
    assert Trace.objects.get().body == body.decode()


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (b"not gzip", "gzip", 400),
        (b"anything", "br", 415),
        (gzip.compress(b" " * (17 * 1024 * 1024)), "gzip", 413),
    ],
)
def test_content_encoding_that_cannot_be_read(body: bytes, encoding: str, status: int) -> None:
    response = make_site().post(body, headers={"Content-Encoding": encoding})
    assert response.status_code == status
    assert problem(response)


def test_too_large_a_body() -> None:
    site = make_site()
    response = site.post(b" " * (16 * 1024 * 1024 + 1))
    assert response.status_code == 413
    assert Alert.objects.count() == 0


@pytest.mark.parametrize("packed", [False, True])
def test_what_the_beginning_of_too_large_a_body_holds_is_stored(packed: bool) -> None:
    site = make_site()
    endless = alert("Endless", annotations={"log": "x" * (16 * 1024 * 1024)})
    body = json.dumps(webhook(alert("First"), endless)).encode()
    headers = {"Content-Encoding": "gzip"} if packed else {}
    response = site.post(gzip.compress(body, 1) if packed else body, headers=headers)
    assert response.status_code == 202
    assert set(Alert.objects.values_list("name", flat=True)) == {"First", "Payload truncated"}
    assert response.json()["problems"]


def test_too_large_a_body_whose_signature_cannot_be_checked() -> None:
    site = make_site()
    integrations.set_signature_secret(COMMAND_LINE, site.integration, "s" * 32)
    integration_keys.forget_cached_keys()
    response = site.post(b'[{"title": "x"}, ' + b" " * (16 * 1024 * 1024))
    assert response.status_code == 413
    assert "signature" in problem(response)


def test_far_too_large_a_body_is_not_read_to_its_end() -> None:
    response = make_site().post(b'[{"title": "x"}, ' + b" " * (90 * 1024 * 1024))
    assert response.status_code == 413


def test_disabled_integration_says_so() -> None:
    site = make_site()
    integrations.change_integration(COMMAND_LINE, site.integration, enabled=False)
    response = site.post(OK)
    assert response.status_code == 403
    assert "switched off" in problem(response)


def test_rotated_keys_overlap_and_then_end() -> None:
    site = make_site()
    new = integrations.rotate_key(COMMAND_LINE, site.integration, timedelta(hours=1))
    assert site.post(OK).status_code == 202
    assert Client().post(f"/hooks/v1/{new}/", OK, "application/json").status_code == 202
    site.integration.previous_key_expires_at = timezone.now()
    site.integration.save()
    integration_keys.forget_cached_keys()
    assert site.post(OK).status_code == 404
    assert integrations.ingest_url(site.integration) == f"http://testserver/hooks/v1/{new}/"


def test_limits_per_integration_and_per_organization() -> None:
    site = make_site(ingest_limit=2)
    assert [site.post(OK).status_code for _ in range(3)] == [202, 202, 503]
    refused = site.post(OK)
    assert int(refused["Retry-After"]) >= 1
    assert "2 POSTs a minute" in problem(refused)
    other, key = integrations.create_integration(COMMAND_LINE, site.organization, "Other")
    url = f"/hooks/v1/{key}/"
    site.organization.ingest_limit = 3
    site.organization.save()
    integration_keys.forget_cached_keys()
    answers = [Client().post(url, OK, "application/json").status_code for _ in range(3)]
    assert answers == [202, 503, 503]
    assert other.organization_id == site.organization.pk


def sign(site: Site, secret: str, seconds: int | None, body: bytes) -> dict[str, str]:
    """Grafana's headers."""
    signed = body if seconds is None else f"{seconds}:".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    headers = {site.integration.signature_header: digest}
    return headers if seconds is None else {**headers, "X-Time": str(seconds)}


def test_signatures() -> None:
    site = make_site(signature_timestamp_header="X-Time")
    integrations.set_signature_secret(COMMAND_LINE, site.integration, "s3cret")
    body, now = json.dumps(OK).encode(), int(time.time())
    good = sign(site, "s3cret", now, body)
    assert site.post(body, headers=good).status_code == 202
    refused: list[dict[str, str]] = [
        {},
        sign(site, "other", now, body),
        sign(site, "s3cret", now, body + b" "),
        sign(site, "s3cret", now - 301, body),
        {**good, "X-Time": "soon"},
        {k: v for k, v in good.items() if k != "X-Time"},
    ]
    for headers in refused:
        response = site.post(body, headers=headers)
        assert response.status_code == 401
        assert "signed" in problem(response)
        assert "s3cret" not in response.content.decode()
    stored = Integration.objects.get(pk=site.integration.pk)
    assert "s3cret" not in stored.signature_secret_encrypted
    integrations.set_signature_secret(COMMAND_LINE, stored, "")
    assert site.post(body).status_code == 202


def test_idempotency_key() -> None:
    site = make_site()
    headers = {"Idempotency-Key": "once"}
    first = site.post(OK, headers=headers)
    second = site.post(OK, headers=headers)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    assert second["Idempotent-Replayed"] == "true"
    assert GroupMessage.objects.count() == 1
    other = site.post({"title": "Another"}, headers=headers)
    assert other.status_code == 422
    assert "another body" in problem(other)
    assert make_site().post(OK, headers=headers).status_code == 202
    assert IdempotencyRecord.objects.count() == 2
    assert site.post(OK, headers={"Idempotency-Key": "x" * 256}).status_code == 400


def test_no_key_in_any_trace_or_answer() -> None:
    site = make_site()
    answers = [site.post(OK), site.post(b"{"), site.post(b"x", content_type="image/png")]
    for response in answers:
        assert site.key not in response.content.decode()
    for row in Trace.objects.values():
        assert site.key not in str(row)


def test_answer_lists_the_problems() -> None:
    body = make_site().post({"title": "x", "labels": {"a": "b" * 5000}}).json()
    assert body["alerts"] == 1
    assert body["problems"][0]["pointer"].startswith("/labels")
    assert body["url"] == f"http://testserver/alerts/trace/{body['trace']}/"


def test_database_that_does_not_take_it_is_a_reason_to_send_again() -> None:
    site = make_site()
    with connection.cursor() as cursor:
        cursor.execute('ALTER TABLE "alerts_episode" RENAME TO "away"')
    response = site.post(OK | {"status": "firing"})
    assert response.status_code == 503
    assert int(response["Retry-After"]) >= 1
    assert "nothing of it was stored" in problem(response)
    with connection.cursor() as cursor:
        cursor.execute('ALTER TABLE "away" RENAME TO "alerts_episode"')
    assert Alert.objects.count() == 0
    assert site.post(OK | {"status": "firing"}).status_code == 202
