"""/metrics and /healthz?details: what they say, and to whom."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings
from prometheus_client.parser import text_string_to_metric_families

from accounts.audit import COMMAND_LINE
from accounts.middleware import TrustedProxyMiddleware
from alerts.integrations import create_integration
from alerts.models import Upstream
from alerts.tasks import sync_silences
from config.watching import access, facts
from config.watching.metrics import exposition
from deliveries import tally
from tests.factories import make_bot, make_channel, make_organization

ROOT = Path(__file__).resolve().parents[3]
RULES = ROOT / "docs" / "guide" / "prometheus-rules.yml"
GUIDE = ROOT / "docs" / "guide" / "monitoring.md"

needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool")


@pytest.fixture(autouse=True)
def fresh() -> None:
    facts.cached.forget()


def here() -> Client:
    """Who asks from this machine itself."""
    return Client(headers={"host": "localhost:8000"})


def promtool(*arguments: str, text: str = "") -> str:
    done = subprocess.run(
        ["promtool", *arguments], input=text, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def text(transactional_db: None) -> str:
    organization = make_organization(name="Nightwatch", slug="nightwatch")
    make_channel(make_bot(organization, name="Owlbot"), name="Pager")
    tally.count(tally.DEAD_LETTERS, "refused")
    tally.count(tally.POSTS, "accepted")
    tally.note(tally.SWEPT, 1.0)
    tally.write()
    response = here().get("/metrics")
    assert response.status_code == 200
    return response.content.decode()


@needs_promtool
def test_promtool_finds_nothing_wrong(text: str) -> None:
    assert promtool("check", "metrics", text=text) == ""


def test_no_tenant_is_named(text: str) -> None:
    for name in ("Nightwatch", "nightwatch", "Owlbot", "Pager", str(make_organization().pk)[:8]):
        assert name not in text


def values(text: str) -> dict[str, float]:
    return {
        sample.name + json.dumps(sample.labels, sort_keys=True): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_figures(text: str) -> None:
    found = values(text)
    assert found['tocsin_bots{"state": "enabled"}'] == 1
    assert found['tocsin_last_timestamp_seconds{"what": "swept"}'] >= 1
    assert found['tocsin_dead_letters_total{"problem": "refused"}'] >= 1
    assert found["tocsin_delivers{}"] == 0, "no worker runs"
    assert found["tocsin_oldest_overdue_delivery_seconds{}"] == 0


def test_counters_and_histograms_go_on_after_a_restart(text: str) -> None:
    before = values(text)
    tally.count(tally.POSTS, "accepted")
    tally.Book().write()  # another process has nothing to add
    tally.write()
    facts.cached.forget()
    after = values(here().get("/metrics").content.decode())
    key = 'tocsin_ingest_posts_total{"outcome": "accepted"}'
    assert after[key] == before[key] + 1


@pytest.mark.django_db(transaction=True)
def test_openmetrics_for_who_asks_for_it() -> None:
    accept = "application/openmetrics-text; version=1.0.0"
    response = here().get("/metrics", headers={"accept": accept})
    assert response["Content-Type"].startswith("application/openmetrics-text")
    assert response.content.endswith(b"# EOF\n")


# --- the document ---------------------------------------------------------------------------------


@needs_promtool
def test_the_rules_are_right() -> None:
    assert "SUCCESS" in promtool("check", "rules", str(RULES))


@needs_promtool
def test_the_scrape_configuration_is_right(tmp_path: Path) -> None:
    (snippet,) = re.findall(r"```yaml\n(scrape_configs:.*?)```", GUIDE.read_text(), re.DOTALL)
    (tmp_path / RULES.name).write_text(RULES.read_text())
    (tmp_path / "prometheus.yml").write_text(snippet)
    assert "SUCCESS" in promtool("check", "config", str(tmp_path / "prometheus.yml"))


def test_rules_and_guide_name_what_there_is(text: str) -> None:
    families = {family.name for family in text_string_to_metric_families(text)}
    known = families | {f"{name}_total" for name in families}
    rules = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
    used = set(re.findall(r"tocsin_\w+", " ".join(rule["expr"] for rule in rules)))
    listed = set(re.findall(r"`(tocsin_\w+)", GUIDE.read_text()))
    assert used <= known
    assert listed <= known
    assert families <= listed | {name.removesuffix("_total") for name in listed}
    for rule in rules:
        assert f"`{rule['alert']}`" in GUIDE.read_text()


RULE_TEST = """
rule_files: [{rules}]
evaluation_interval: 30s
tests:
  - interval: 30s
    input_series:
      - series: 'tocsin_oldest_overdue_delivery_seconds{{job="tocsin"}}'
        values: '0 0 400x10'
      - series: 'tocsin_lanes{{job="tocsin",state="stuck_free"}}'
        values: '1x12'
      - series: 'tocsin_lanes{{job="tocsin",state="held"}}'
        values: '5x12'
      - series: 'tocsin_dead_letters_total{{job="tocsin",problem="refused"}}'
        values: '3x5 4x7'
    alert_rule_test:
      - eval_time: 30s
        alertname: TocsinDeliveriesLate
      - eval_time: 5m
        alertname: TocsinDeliveriesLate
        exp_alerts:
          - exp_labels: {{job: tocsin, severity: critical}}
            exp_annotations:
              summary: A message to Telegram is late by 6m 40s
              description: The console lists what waits and why under Deliveries and Troubles.
      - eval_time: 5m
        alertname: TocsinLanesStuck
        exp_alerts:
          - exp_labels: {{job: tocsin, severity: critical}}
            exp_annotations:
              summary: 1 bots could send, and no worker tries
              description: Restart the worker, and report it with its log.
      - eval_time: 2m
        alertname: TocsinDeadLetters
      - eval_time: 5m
        alertname: TocsinDeadLetters
        exp_alerts:
          - exp_labels: {{job: tocsin, severity: warning}}
            exp_annotations:
              summary: Telegram refused messages for good
              description: Telegram's words and Retry are in the console under Deliveries.
"""


@needs_promtool
def test_the_rules_fire_when_they_should(tmp_path: Path) -> None:
    test = tmp_path / "test.yml"
    test.write_text(RULE_TEST.format(rules=RULES))
    assert "SUCCESS" in promtool("test", "rules", str(test))


# --- who may see it -------------------------------------------------------------------------------

LOCAL = {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost:8000"}


def ask(**meta: Any) -> HttpResponse | None:
    """What access says, behind the middleware that believes proxies."""
    request = RequestFactory().get("/metrics", **meta)
    refused: list[HttpResponse | None] = []

    def see(request: HttpRequest) -> HttpResponse:
        refused.append(access.refusal(request))
        return HttpResponse()

    TrustedProxyMiddleware(see)(request)
    return refused[0]


PROXY = "10.0.0.5"
CASES: list[tuple[str, dict[str, Any], dict[str, str], str]] = [
    ("this machine", {}, LOCAL, ""),
    ("by IPv6", {}, {"REMOTE_ADDR": "::1", "HTTP_HOST": "[::1]:8000"}, ""),
    ("by its IPv4 address", {}, {**LOCAL, "HTTP_HOST": "127.0.0.1"}, ""),
    ("mapped", {}, {**LOCAL, "REMOTE_ADDR": "::ffff:127.0.0.1"}, ""),
    ("another machine", {}, {**LOCAL, "REMOTE_ADDR": "192.0.2.7"}, "You come from 192.0.2.7"),
    ("a socket", {}, {**LOCAL, "REMOTE_ADDR": ""}, "not known"),
    ("a proxy here", {}, {**LOCAL, "HTTP_X_FORWARDED_FOR": "192.0.2.7"}, "TRUSTED_PROXIES"),
    ("a proxy that lies", {}, {**LOCAL, "HTTP_X_FORWARDED_FOR": "127.0.0.1"}, "TRUSTED_PROXIES"),
    ("Forwarded", {}, {**LOCAL, "HTTP_FORWARDED": "for=192.0.2.7"}, "TRUSTED_PROXIES"),
    ("X-Real-IP", {}, {**LOCAL, "HTTP_X_REAL_IP": "192.0.2.7"}, "TRUSTED_PROXIES"),
    ("its public name", {}, {**LOCAL, "HTTP_HOST": "alerts.example.org"}, "You come from 127"),
    (
        "a trusted proxy",
        {"TRUSTED_PROXIES": ["127.0.0.1/32"]},
        {**LOCAL, "HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        "You come from 192.0.2.7",
    ),
    (
        "a trusted proxy, spoofed",
        {"TRUSTED_PROXIES": ["127.0.0.1/32"]},
        {**LOCAL, "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        "You come from 127.0.0.1",
    ),
    (
        "a trusted proxy that is silent",
        {"TRUSTED_PROXIES": ["127.0.0.1/32"]},
        LOCAL,
        "does not say for whom",
    ),
    (
        "an allowed network",
        {"METRICS_ALLOWED": ["10.0.0.0/8"]},
        {**LOCAL, "REMOTE_ADDR": "10.1.2.3"},
        "",
    ),
    (
        "an allowed network behind a proxy",
        {"METRICS_ALLOWED": ["10.0.0.0/8"], "TRUSTED_PROXIES": [f"{PROXY}/32"]},
        {**LOCAL, "REMOTE_ADDR": PROXY, "HTTP_X_FORWARDED_FOR": "10.1.2.3"},
        "",
    ),
    (
        "a proxy in an allowed network",
        {"METRICS_ALLOWED": ["10.0.0.0/8"]},
        {**LOCAL, "REMOTE_ADDR": PROXY, "HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        "TRUSTED_PROXIES",
    ),
    (
        "the same one, trusted",
        {"METRICS_ALLOWED": ["10.0.0.0/8"], "TRUSTED_PROXIES": [f"{PROXY}/32"]},
        {**LOCAL, "REMOTE_ADDR": PROXY, "HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        "You come from 192.0.2.7",
    ),
    ("the token", {"METRICS_TOKEN": "s3cret"}, {"HTTP_AUTHORIZATION": "Bearer s3cret"}, ""),
    ("another token", {"METRICS_TOKEN": "s3cret"}, {"HTTP_AUTHORIZATION": "Bearer no"}, "METRICS"),
    ("no token, from here", {"METRICS_TOKEN": "s3cret"}, LOCAL, "METRICS_TOKEN"),
]


@pytest.mark.parametrize(
    ("changes", "meta", "reason"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_who_may_see_it(changes: dict[str, Any], meta: dict[str, str], reason: str) -> None:
    with override_settings(ALLOWED_HOSTS=["*"], **changes):
        refused = ask(**meta)
    assert (refused is not None) == bool(reason)
    if refused is not None:
        detail = json.loads(refused.content)["detail"]
        assert reason in detail
        assert "METRICS_TOKEN" in detail
        assert "s3cret" not in detail
        assert refused.status_code == (401 if "METRICS_TOKEN" in changes else 403)


@pytest.mark.parametrize("path", ["/metrics", "/healthz?details"])
def test_both_pages_ask(path: str) -> None:
    response = here().get(path, REMOTE_ADDR="192.0.2.7")
    assert response.status_code == 403
    assert response["Content-Type"] == "application/problem+json"


# --- details --------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_details_say_why_it_fails() -> None:
    response = here().get("/healthz?details")
    assert response.status_code == 503
    answer = response.json()
    assert answer["status"] == "failing"
    assert "No worker dispatches" in " ".join(answer["reasons"])


@pytest.mark.django_db(transaction=True)
def test_details_name_a_queue_that_has_work_and_no_worker() -> None:
    def unserved() -> list[str]:
        facts.cached.forget()
        reasons = here().get("/healthz?details").json()["reasons"]
        return [reason for reason in reasons if "in the queue" in reason]

    assert unserved() == []
    organization = make_organization()
    integration, _ = create_integration(COMMAND_LINE, organization, "Prometheus")
    Upstream.objects.create(organization=organization, integration=integration, url="http://am")
    (reason,) = unserved()
    assert reason.startswith("There is work in the queue sync, and no worker takes it.")
    sync_silences()
    tally.write()
    assert unserved() == []


def test_liveness_touches_no_database() -> None:
    """Without the mark `django_db` any query fails."""
    assert here().get("/healthz", REMOTE_ADDR="192.0.2.7").content == b"ok\n"


@pytest.fixture
def away(transactional_db: None) -> Iterator[None]:
    def fail(*_: Any) -> None:
        raise DatabaseError

    with connection.execute_wrapper(fail):
        yield


@pytest.mark.parametrize("path", ["/metrics", "/healthz?details"])
def test_without_a_database(away: None, path: str) -> None:
    assert here().get(path).status_code == 503


@pytest.mark.django_db(transaction=True)
def test_what_was_read_is_kept_a_while() -> None:
    reader = facts.Reader(60)
    assert reader.read() is reader.read()
    assert facts.Reader(0).read() is not None
    body, _ = exposition(reader.read(), "", {"version": "1", "database": "x"})
    assert b'tocsin_build_info{database="x",version="1"} 1.0' in body
