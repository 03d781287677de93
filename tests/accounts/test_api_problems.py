"""Every refusal of the REST API is a problem that says what is wrong and what to do."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.api_keys import create_key, revoke_key
from accounts.audit import COMMAND_LINE
from accounts.models import ApiKey, Role
from accounts.parsers import MAX_BYTES, read_json
from accounts.problems import ApiRefusal, bad_request, server_error
from accounts.throttles import counter
from tests.factories import make_bot, make_channel, make_token
from tests.rest import Api, places, problem_of

pytestmark = pytest.mark.django_db
MISSING = "01900000-0000-7000-8000-000000000000"


@pytest.fixture
def api(db: None) -> Api:
    return Api()


@pytest.mark.parametrize(
    "path",
    [
        "/api/",
        "/api/v1/",
        "/api/v2/bots/",
        "/api/v1/nothing/",
        "/api/v1/bots/x/y/z/",
        f"/api/v1/bots/{MISSING}/",
        "/api/v1/bots/not-a-uuid/",
        "/api/v1/bots/%00/",
        "/api/v1/channels/1/messages/",
        f"/api/v1/deliveries/{MISSING}/",
        "/api/v1/integrations/💥/",
    ],
)
def test_what_is_not_there(api: Api, path: str) -> None:
    api.client = Client(enforce_csrf_checks=True)
    for method in ("GET", "POST", "DELETE"):
        response = api.ask(method, path)
        if response.status_code == 405:
            continue
        problem_of(response, 404)


def test_a_missing_slash_is_named_and_never_turns_a_post_into_a_get(api: Api) -> None:
    assert "/api/v1/bots/" in problem_of(api.post("/api/v1/bots", {}), 404)["detail"]
    assert "slash" in problem_of(api.get("/api/v1/bots"), 404)["detail"]


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "Send an API key"),
        ({"Authorization": "Bearer nonsense"}, "unknown, expired or revoked"),
        ({"Authorization": "Bearer tk_nonsense"}, "unknown, expired or revoked"),
        ({"Authorization": "Bearer"}, "unknown, expired or revoked"),
        ({"Authorization": "Basic dXNlcjpwYXNz"}, "Send an API key"),
        ({"Authorization": "Bearer tk_\u00e9"}, "unknown, expired or revoked"),
    ],
)
def test_without_a_key(headers: dict[str, str], words: str) -> None:
    response = Client().get("/api/v1/bots/", headers=headers)
    assert words in problem_of(response, 401)["detail"]
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_revoked_and_expired_keys_stop_with_the_next_request(api: Api) -> None:
    row, key = create_key(COMMAND_LINE, Role.OWNER, api.organization, "k", Role.VIEWER)
    other = Api(api.organization, key=key)
    assert other.get("bots/").status_code == 200
    revoke_key(COMMAND_LINE, row)
    problem_of(other.get("bots/"), 401)
    ApiKey.objects.filter(pk=row.pk).update(
        revoked_at=None, expires_at=timezone.now() - timedelta(seconds=1)
    )
    problem_of(other.get("bots/"), 401)


def test_methods(api: Api) -> None:
    refused = api.ask("PUT", "bots/", {})
    assert "POST" in problem_of(refused, 405)["detail"]
    assert refused["Allow"] == "GET, POST, HEAD, OPTIONS"
    bot = make_bot(api.organization)
    refused = api.ask("PUT", f"bots/{bot.pk}/", {"name": "x"})
    assert "PATCH changes the fields" in problem_of(refused, 405)["detail"]
    assert api.ask("HEAD", "bots/").status_code == 200
    assert api.ask("HEAD", "bots/").content == b""
    options = api.ask("OPTIONS", "bots/")
    assert (options.status_code, options["Allow"]) == (204, "GET, POST, HEAD, OPTIONS")
    problem_of(Client().options("/api/v1/bots/"), 401)


@pytest.mark.parametrize(
    ("body", "place", "code"),
    [
        (b"{", "", "json"),
        (b"{'name': 1}", "", "json"),
        (b'{"name": NaN}', "", "json"),
        (b'{"name": 1e999}', "", "json"),
        (b'{"name": ' + b"9" * 5000 + b"}", "", "json"),
        (b'{"name": 99999999999999999999}', "/name", "max_value"),
        (b'{"name": "a", "name": "b"}', "", "json"),
        (b'{"name": "\xff"}', "", "encoding"),
        (b'{"name": "a\\u0000"}', "/name", "null_character"),
        (b'{"a\\u0000": 1}', "", "null_character"),
        (b'{"name": "\\ud800"}', "/name", "surrogate"),
        (b'{"name": {"deep": ["\\udfff"]}}', "/name/deep/0", "surrogate"),
        (b"[" * 100_000, "", "depth"),
        (b'{"x":' * 30 + b"1" + b"}" * 30, "/x" * 21, "depth"),
        (b"[]", "", "invalid"),
        (b'"text"', "", "invalid"),
        (b"null", "", "null"),
        (b"{}", "/name", "required"),
        (b'{"name": null}', "/name", "null"),
        (b'{"name": {}}', "/name", "invalid"),
        (b'{"name": true}', "/name", "invalid"),
        (b'{"name": ""}', "/name", "blank"),
        (b'{"name": "' + b"x" * 101 + b'"}', "/name", "max_length"),
        (b'{"name": "a", "kind": "nagios"}', "/kind", "invalid_choice"),
        (b'{"name": "a", "ignored_labels": "replica"}', "/ignored_labels", "not_a_list"),
        (b'{"name": "a", "ignored_labels": [1, {}]}', "/ignored_labels/1", "invalid"),
        (b'{"name": "a", "ingest_limit": -1}', "/ingest_limit", "min_value"),
        (b'{"name": "a", "enabled": "perhaps"}', "/enabled", "invalid"),
        (b'{"name": "a", "nmae": "b"}', "/nmae", "unknown"),
        (b'{"name": "a", "id": "b"}', "/id", "read_only"),
        (b'{"name": "a", "x/y~z": 1}', "/x~1y~0z", "unknown"),
    ],
)
def test_bodies(api: Api, body: bytes, place: str, code: str) -> None:
    assert places(api.post("integrations/", body))[place] == code
    assert api.get("integrations/").json()["results"] == []


def test_a_typo_is_answered_with_what_was_meant(api: Api) -> None:
    (error,) = problem_of(api.post("integrations/", {"name": "a", "knid": "auto"}), 400)["errors"]
    assert error == {
        "pointer": "/knid",
        "detail": "There is no such field. Did you mean kind?",
        "code": "unknown",
        "value": "auto",
    }


def test_a_choice_names_the_choices_and_the_value(api: Api) -> None:
    (error,) = problem_of(api.post("integrations/", {"name": "a", "kind": "x" * 300}), 400)[
        "errors"
    ]
    assert "'alertmanager'" in error["detail"]
    assert error["value"] == "x" * 100


def test_secrets_are_not_repeated(api: Api) -> None:
    token = make_token(123456789)
    answers = [
        api.post("bots/", {"name": "a", "token": token[:-3] + "!?$"}),
        api.post("bots/", {"name": "a", "tokn": token, "token": "x"}),
        api.post("bots/", {"name": "a", "token": token, "proxy": "ftp://user:geheim@host"}),
        api.post("integrations/", {"name": token + "x" * 200}),
    ]
    for answer in answers:
        text = json.dumps(problem_of(answer, 400))
        assert token[10:30] not in text
        assert "geheim" not in text


@pytest.mark.parametrize(
    ("query", "place", "code"),
    [
        ("stauts=firing", "stauts", "unknown"),
        ("format=xml", "format", "unknown"),
        ("status=burning", "status", "invalid_choice"),
        ("status=firing&status=resolved", "status", "repeated"),
        ("integration=1", "integration", "invalid"),
        ("started_after=yesterday", "started_after", "invalid"),
        ("started_after=0001-01-01T00:00:00%2B14:00", "started_after", "invalid"),
        ("label=severity", "label", "invalid"),
        ("label==x", "label", "invalid"),
        ("label=a%00=x", "label", "null_characters_not_allowed"),
        ("name=%00", "name", "null_characters_not_allowed"),
        ("search=%00", "search", "null_characters_not_allowed"),
        ("search=" + "a+" * 11, "search", "invalid"),
        ("page_size=0", "page_size", "invalid"),
        ("page_size=201", "page_size", "invalid"),
        ("page_size=x", "page_size", "invalid"),
        ("page_size=" + "9" * 5000, "page_size", "invalid"),
        ("ordering=labels", "ordering", "invalid"),
        ("cursor=x", "cursor", "invalid"),
        ("cursor=", "cursor", "invalid"),
        ("cursor=💥", "cursor", "invalid"),
    ],
)
def test_parameters(api: Api, query: str, place: str, code: str) -> None:
    assert places(api.get(f"alerts/?{query}"))[place] == code


@pytest.mark.parametrize("label", ['a"b', "a'b", "a\\", "0", "$", "a.b", "a[0]", "💥", "a]b", "*"])
def test_labels_with_any_name_can_be_looked_for(api: Api, label: str) -> None:
    response = api.ask("GET", f"/api/v1/alerts/?label={label}=x".replace("\\", "%5C"))
    assert response.status_code == 200, response.content


def test_true_or_false(api: Api) -> None:
    assert places(api.get("bots/?enabled=perhaps")) == {"enabled": "invalid_choice"}
    make_bot(api.organization)
    assert len(api.get("bots/?enabled=true").json()["results"]) == 1
    assert api.get("bots/?enabled=false").json()["results"] == []


def test_details_and_actions_take_no_parameters(api: Api) -> None:
    bot = make_bot(api.organization)
    assert places(api.get(f"bots/{bot.pk}/?search=x")) == {"search": "unknown"}


def test_content_types(api: Api) -> None:
    for path in ("integrations/", "bots/"):
        refused = api.post(path, b"name=x", content_type="application/x-www-form-urlencoded")
        detail = problem_of(refused, 415)["detail"]
        assert "application/x-www-form-urlencoded" in detail
        assert "Use application/json" in detail
    problem_of(api.get("bots/", headers={"Accept": "text/html"}), 406)
    channel = make_channel(make_bot(api.organization))
    refused = api.post(f"channels/{channel.pk}/messages/", b"<a/>", content_type="text/xml")
    assert "multipart/form-data" in problem_of(refused, 415)["detail"]


def test_actions_without_a_body_refuse_one(api: Api) -> None:
    channel = make_channel(make_bot(api.organization))
    problem_of(api.post(f"channels/{channel.pk}/test/", {"text": "x"}), 400)
    problem_of(api.post(f"channels/{channel.pk}/test/", b"{"), 400)
    assert api.post(f"channels/{channel.pk}/test/", {}).status_code == 202


def test_sizes(api: Api) -> None:
    large = b'{"name": "' + b"x" * MAX_BYTES + b'"}'
    assert "1 MiB" in problem_of(api.post("integrations/", large), 413)["detail"]
    refused = api.post("integrations/", b"{}", headers={"Transfer-Encoding": "chunked"})
    assert "Content-Length" in problem_of(refused, 411)["detail"]


def test_a_request_for_another_host(api: Api) -> None:
    problem_of(api.get("bots/", headers={"Host": "evil.example"}), 400)


def test_what_django_answers_by_itself() -> None:
    """A defect is a problem below /api/ and a page elsewhere."""
    below, elsewhere = RequestFactory().get("/api/v1/bots/"), RequestFactory().get("/alerts/")
    assert server_error(below)["Content-Type"] == "application/problem+json"
    assert server_error(elsewhere)["Content-Type"].startswith("text/html")
    assert bad_request(below, ValueError())["Content-Type"] == "application/problem+json"
    assert bad_request(elsewhere, ValueError())["Content-Type"].startswith("text/html")


def test_throttle(api: Api, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 3
    answers = [api.get("bots/") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert "Try again in" in problem_of(answers[-1], 429)["detail"]
    assert 1 <= int(answers[-1]["Retry-After"]) <= 62
    assert Api(api.organization).get("bots/").status_code == 200
    assert counter is not None


def test_a_viewer_hears_which_role_would_do(api: Api) -> None:
    refused = Api(api.organization, Role.VIEWER).post("integrations/", {"name": "x"})
    detail = problem_of(refused, 403)["detail"]
    assert "viewer" in detail
    assert "owner or admin" in detail


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def refusal_of(raw: bytes) -> ApiRefusal | None:
    try:
        read_json(raw)
    except ApiRefusal as refusal:
        return refusal
    return None


@given(JSON)
def test_any_json_is_read_or_refused_with_a_place(value: Any) -> None:
    raw = json.dumps(value).encode()
    refusal = refusal_of(raw)
    if refusal is None:
        assert read_json(raw) == value
    else:
        assert refusal.status_code == 400
        assert refusal.errors
        assert all("pointer" in error for error in refusal.errors)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    refusal = refusal_of(raw)
    assert refusal is None or refusal.status_code == 400


FIELDS = st.dictionaries(
    st.sampled_from(
        ["name", "matchers", "channels", "integrations", "group_by", "position", "group_wait"]
    ),
    JSON,
    min_size=1,
)


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(FIELDS)
def test_any_values_make_a_route_or_are_refused(api: Api, body: dict[str, Any]) -> None:
    response = api.post("routes/", body)
    assert response.status_code in (201, 400, 429), response.content
    if response.status_code == 400:
        assert problem_of(response, 400)["errors"]


def test_a_name_that_is_given_twice_is_found_in_one_pass() -> None:
    """Comparing each with each, one body of a megabyte would keep a thread for minutes."""
    names = [f"{number:x}" for number in range(MAX_BYTES // 10 - 1)]
    body = "{" + ",".join(f'"{name}":1' for name in [*names, names[-1]]) + "}"
    assert len(body) <= MAX_BYTES
    with pytest.raises(ApiRefusal) as refusal:
        read_json(body.encode())
    assert f"'{names[-1]}' is given twice" in refusal.value.errors[0]["detail"]
