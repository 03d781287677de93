"""No token, key or secret leaves by the REST API or its logs, but where it is told that it does."""

import json
import logging
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import AuditEntry, IdempotencyRecord
from config.logs import SecretsFilter
from deliveries import dispatcher, probing
from tests.factories import make_token
from tests.flows.test_rest_roles import actions
from tests.rest import Api
from tests.sandbox.process import SandboxHandle

PROXY = "http://proxyuser:proxy-geheim@127.0.0.1:9"
UPSTREAM = "upstream-geheim"
MORE: dict[str, dict[str, Any]] = {
    "heartbeats": {"name": "h", "period": 3600},
    "escalations": {"name": "e"},
    "silences": {"matchers": "a=b", "duration": "1h"},
    "mute-timings": {"name": "m", "intervals": [{}]},
    "inhibit-rules": {"source_matchers": "a=b", "target_matchers": "c=d"},
    "templates": {"name": "t", "body": "Alert {{ title }}"},
    "endpoints": {"name": "e", "url": "https://example.org/hook"},
}
SIGNATURE = "signature-geheim"


class Everything:
    """All answers and DEBUG logs of a walk, and the secrets that must not be in them."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.answers: list[tuple[str, str]] = []
        self.caplog = caplog

    def note(self, where: str, response: Any) -> Any:
        self.answers.append((where, response.content.decode() + json.dumps(dict(response.headers))))
        return response

    def holding(self, secret: str) -> list[str]:
        """Where a secret is seen."""
        return [where for where, text in self.answers if secret in text]

    def logged(self, secret: str) -> list[str]:
        """Log lines with a secret, after the filter that every handler has."""
        formatter, clean = logging.Formatter(), SecretsFilter()
        found = []
        for record in self.caplog.records:
            clean.filter(record)
            line = formatter.format(record)
            if secret in line:
                found.append(line)
        return found


@pytest.fixture
def everything(caplog: pytest.LogCaptureFixture) -> Everything:
    caplog.set_level(logging.DEBUG)
    return Everything(caplog)


MAY_BE_EMPTY = ("approvals", "alerts", "groups", "traces", "grants", "members", "troubles")


def secret_part(key: str) -> str:
    """What of a key or token nobody may see: its prefix is shown to recognise it by."""
    return key.partition(":")[2] or key[12:]


def test_nothing_shows_a_secret(
    sandbox: SandboxHandle, transactional_db: None, everything: Everything
) -> None:
    sandbox.clear_faults()
    telegram_bot = sandbox.create_bot()
    chat = sandbox.create_chat("private", bot=telegram_bot)
    wrong = make_token(telegram_bot.id + 500_000)
    api = Api()

    def ask(method: str, path: str, body: Any = None, **extra: Any) -> Any:
        return everything.note(f"{method} {path}", api.ask(method, path, body, **extra))

    bot = ask(
        "POST", "bots/", {"name": "a", "token": telegram_bot.token, "api_url": sandbox.url}
    ).json()
    ask("POST", "bots/", {"name": "b", "token": wrong, "api_url": sandbox.url})
    ask("POST", "bots/", {"name": "b", "token": telegram_bot.token})
    ask("POST", "bots/", {"name": telegram_bot.token, "tokken": wrong})
    ask("PATCH", f"bots/{bot['id']}/", {"token": telegram_bot.token, "proxy": "ftp://" + PROXY})
    channel = ask("POST", "channels/", {"name": "c", "bot": bot["id"], "chat_id": chat.id}).json()
    integration = ask("POST", "integrations/", {"name": "i", "signature_secret": SIGNATURE}).json()
    upstream = {"url": "http://192.0.2.1:9093", "secret": UPSTREAM}
    ask("PUT", f"integrations/{integration['id']}/upstream/", upstream)
    ask("PUT", f"integrations/{integration['id']}/upstream/", {"url": "http://192.0.2.2:9093"})
    ask("GET", f"integrations/{integration['id']}/upstream/")
    for resource, body in MORE.items():
        if resource == "escalations":
            body = {**body, "steps": [{"after": 5, "channels": [channel["id"]]}]}
        answer = ask("POST", f"{resource}/", body)
        assert answer.status_code == 201
        if resource == "endpoints":
            signing = answer.json()["secret"]
            body = {"name": "x", "description": "x", "endpoint": answer.json()["id"]}
            action = ask("POST", "actions/", body).json()
            ask("POST", f"actions/{action['id']}/test/", {"argument": ""})
    made = ask("POST", "api-keys/", {"name": "k", "role": "viewer"}).json()
    headers = {"Idempotency-Key": "once"}
    message = ask("POST", f"channels/{channel['id']}/messages/", {"text": "hello"}, headers=headers)
    ask("POST", f"channels/{channel['id']}/test/")
    for kind in ("too_many_requests", "bad_gateway", "reset_before", "unauthorized"):
        sandbox.fault(kind, bot=telegram_bot, count=1)
        ask("POST", f"bots/{bot['id']}/verify/")
        probing.run_pending()
        ask("GET", "probes/")
    dispatcher.dispatch(4.0, until_idle=True)
    probing.run_pending()
    ask("GET", message.json()["url"])
    link = ask("POST", "channel-links/", {"bot": bot["id"], "kind": "group"}).json()
    ask("POST", f"{message.json()['url']}changes/", {"kind": "text", "text": "other"})
    ask("GET", f"{message.json()['url']}answers/")
    ask("PATCH", f"bots/{bot['id']}/", {"token": telegram_bot.token, "proxy": PROXY})
    ask("POST", f"bots/{bot['id']}/verify/")
    probing.run_pending()
    for resource, action, method, path, _ in actions():
        if action == "list" and method == "GET":
            rows = ask(method, path).json()["results"]
            for row in rows[:3]:
                ask("GET", f"{path}{row['id']}/")
            assert rows or resource in MAY_BE_EMPTY
    ask("GET", "organization/")

    tokens = {"its token": telegram_bot.token, "a wrong token": wrong}
    for name, secret in {
        **{name: secret_part(token) for name, token in tokens.items()},
        "the proxy's password": "proxy-geheim",
        "the signature's secret": SIGNATURE,
        "the upstream's secret": UPSTREAM,
        "the caller's own key": secret_part(api.key),
    }.items():
        assert everything.holding(secret) == [], name
        assert everything.logged(secret) == [], name
    assert everything.holding(secret_part(made["key"])) == ["POST api-keys/"]
    assert everything.holding(secret_part(signing)) == ["POST endpoints/"]
    assert everything.logged(secret_part(signing)) == []
    code = link["url"].partition("=")[2]
    assert everything.holding(code) == ["POST channel-links/"]
    assert everything.logged(code) == []
    ingest_key = secret_part(integration["ingest_url"].rstrip("/").rpartition("/")[2])
    told = everything.holding(ingest_key)
    assert told, "admins may copy the URL again from the integration"
    assert [where for where in told if "integrations/" not in where] == []
    assert everything.logged(ingest_key) == []
    kept = json.dumps(
        [
            list(AuditEntry.objects.values_list("changes", "object_name")),
            list(IdempotencyRecord.objects.values_list("body", "key_hash")),
        ]
    )
    for secret in (telegram_bot.token, wrong, PROXY, SIGNATURE, made["key"], ingest_key, code):
        assert secret_part(secret) not in kept
    assert len(everything.answers) > 40
    assert len(everything.caplog.records) > 10, "DEBUG logs were captured"


def test_a_viewer_never_sees_an_ingest_key(db: None) -> None:
    api = Api()
    made = api.post("integrations/", {"name": "i"}).json()
    key = made["ingest_url"].rstrip("/").rpartition("/")[2]
    viewer = Api(api.organization, "viewer")
    for path in ("integrations/", f"integrations/{made['id']}/", "audit/", "organization/"):
        assert key not in viewer.get(path).content.decode()


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.sampled_from(["name", "token", "api_url", "proxy", "enabled", "chat_id", "x"]))
def test_a_token_in_any_field_is_not_repeated(db: None, field: str) -> None:
    token = make_token(987654321)
    body = {"name": "a", "token": "1", field: token}
    for path in ("bots/", "channels/", "integrations/", "routes/", "members/", "api-keys/"):
        response = Api().post(path, body)
        if response.status_code >= 400:
            assert secret_part(token) not in response.content.decode(), path
