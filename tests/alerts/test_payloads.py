"""What becomes of a POST to an integration that takes any JSON, and which payloads are kept."""

import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.audit import COMMAND_LINE
from accounts.models import AuditEntry, Role
from alerts import integration_keys, integrations, payloads, throttles
from alerts.models import Alert, Integration, Payload, Trace
from alerts.sources.incoming import Source
from alerts.sources.mapping import BadMapping
from tests import clock
from tests.alerts.senders import Site, alert, make_site, webhook
from tests.alerts.test_purge import backdate, purged
from tests.console import Person

pytestmark = pytest.mark.django_db
MAPPING: Any = {
    "rules": {
        "title": {"expression": "concat(event, ' on ', host)"},
        "status": {"expression": "state", "values": {"OK": "resolved", "*": "firing"}},
        "fingerprint": {"expression": "id"},
    }
}
PROBLEM = {"event": "Disk full", "host": "db1", "state": "PROBLEM", "id": 7}


@pytest.fixture(autouse=True)
def fresh_counter() -> None:
    """Rates are counted in this process: each test starts at none."""
    throttles.counter.cache_clear()


def mapped_site(mapping: Any = MAPPING, **values: Any) -> Site:
    site = make_site(kind="mapped", **values)
    if mapping is not None:
        integrations.set_mapping(COMMAND_LINE, site.integration, mapping)
    return site


def bodies(site: Site) -> list[str]:
    return [payload.body for payload in payloads.last_payloads(site.integration)]


def test_a_payload_is_mapped_from_firing_to_resolved() -> None:
    site = mapped_site()
    assert site.post(PROBLEM).json()["problems"] == []
    alert = Alert.objects.get()
    assert (alert.name, alert.status, alert.fingerprint) == ("Disk full on db1", "firing", "7")
    site.post({**PROBLEM, "state": "OK"})
    alert.refresh_from_db()
    assert alert.status == "resolved"
    assert {trace.source for trace in Trace.objects.all()} == {"mapped"}


@pytest.mark.parametrize("mapping", [{"rules": {"title": {"expression": "sum(event)"}}}, None])
def test_what_cannot_be_mapped_is_stored_and_told(mapping: Any) -> None:
    site = mapped_site(mapping, name="Zabbix")
    assert site.post({"event": "else"}).status_code == 202
    alert = Alert.objects.get()
    assert (alert.name, alert.status) == ("Zabbix", "event")
    assert "could not be mapped" in alert.summary
    assert '{"event":"else"}' in alert.description
    assert "could not be mapped" in Trace.objects.get().problems[0][1]


def test_a_broken_mapping_costs_no_alert() -> None:
    site = mapped_site(None, name="Zabbix")
    Integration.objects.update(mapping={"v": 1, "rules": {"title": {"expression": "a..b"}}})
    integration_keys.forget_cached_keys()
    assert site.post(PROBLEM).status_code == 202
    assert Alert.objects.get().name == "Zabbix"


def test_a_form_as_slack_takes_it() -> None:
    site = mapped_site()
    body = urlencode({"payload": json.dumps(PROBLEM)}).encode()
    site.post(body, content_type="application/x-www-form-urlencoded")
    assert Alert.objects.get().name == "Disk full on db1"
    assert bodies(site) == [body.decode()]


def test_a_mapping_is_set_by_whom_the_audit_says() -> None:
    site = mapped_site(None)
    integrations.set_mapping(COMMAND_LINE, site.integration, MAPPING)
    entry = AuditEntry.objects.latest("at")
    assert entry.action == "change mapping"
    assert list(entry.changes) == ["mapping"]
    with pytest.raises(BadMapping):
        integrations.set_mapping(COMMAND_LINE, site.integration, {"rules": {"title": "a..b"}})
    integrations.set_mapping(COMMAND_LINE, site.integration, None)
    assert Integration.objects.get(pk=site.integration.pk).mapping is None


def test_a_mapping_makes_its_integration_take_any_json() -> None:
    site = make_site()
    integrations.set_mapping(COMMAND_LINE, site.integration, MAPPING)
    site.post(PROBLEM)
    assert Alert.objects.get().name == "Disk full on db1"


def test_the_last_twenty_payloads_are_kept() -> None:
    site = mapped_site()
    beside, key = integrations.create_integration(
        COMMAND_LINE, site.organization, "Beside it", kind="mapped"
    )
    other = replace(site, integration=beside, key=key)
    other.post({"n": "other"})
    for number in range(25):
        site.post({"n": number})
    kept = [json.loads(body)["n"] for body in bodies(site)]
    assert kept == list(range(24, 4, -1))
    assert Payload.objects.count() == payloads.KEPT + 1
    assert bodies(other) == ['{"n": "other"}']
    payload = payloads.last_payloads(site.integration)[0]
    assert (payload.content_type, payload.size) == ("application/json", 9)
    assert payload.organization_id == site.organization.pk


def test_a_refused_payload_is_kept_too() -> None:
    site = mapped_site()
    assert site.post(b'{"n": nope}').status_code == 400
    assert bodies(site) == ['{"n": nope}']


def test_a_flood_is_not_kept() -> None:
    site = mapped_site(ingest_limit=1_000)
    kept = 0
    for number in range(throttles.PAYLOADS_KEPT + 40):
        with CaptureQueriesContext(connection) as queries:
            site.post({"n": number})
        kept += any('INSERT INTO "alerts_payload"' in query["sql"] for query in queries)
    assert throttles.PAYLOADS_KEPT <= kept < throttles.PAYLOADS_KEPT + 40


def test_a_large_payload_is_kept_in_part() -> None:
    site = mapped_site()
    site.post(json.dumps({"event": "A\0", "more": "é" * 300_000}).encode())
    ((body),) = bodies(site)
    assert len(body) == payloads.BODY_KEPT


@pytest.mark.parametrize("kind", ["auto", "generic", "alertmanager", "mapped"])
def test_what_one_may_want_to_map_is_kept_of_every_kind(kind: str) -> None:
    site = make_site(kind=kind)
    odd: list[Any] = [{"title": "a"}, b"{nope", [{"title": "b"}], {"event": "unknown"}]
    for body in odd:
        site.post(body)
    site.post(b"plain text", content_type="text/plain")
    kept = payloads.last_payloads(site.integration)
    read_as = [payload.read_as for payload in kept]
    if kind == "mapped":
        assert read_as == ["text", "mapped", "generic", "unreadable", "generic"]
    else:
        assert read_as == ["text", "unreadable", "generic", "unreadable", "generic"]
    assert kept[1].body == '{"event": "unknown"}'
    assert all(payloads.words_for(payload) for payload in kept)


def test_every_source_is_known_or_worth_keeping() -> None:
    assert payloads.READ_AS.keys() == {*Source, payloads.UNREADABLE} - {Source.HEARTBEAT}


@clock.undisturbed
def test_of_a_recognised_sender_some_are_kept_and_the_others_cost_nothing() -> None:
    site, other = make_site(), make_site()

    def statements(*, of: Site = site) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert of.post(webhook(alert("A"))).status_code == 202
        assert kept(of) == 1
        return len(queries)

    def kept(of: Site) -> int:
        return Payload.objects.filter(integration=of.integration).count()

    statements()
    statements(of=other)
    costs = {statements() for _ in range(5)}
    assert len(costs) == 1
    throttles.forget_samples()  # ten seconds later
    with CaptureQueriesContext(connection) as queries:
        site.post(webhook(alert("A")))
    more = [query["sql"] for query in queries if "alerts_payload" in query["sql"]]
    assert (kept(site), len(queries) - costs.pop() - len(more) <= 2) == (2, True)


def test_recognised_ones_do_not_push_out_what_one_wants_to_map() -> None:
    site = make_site()
    site.post({"event": "the odd one"})
    for number in range(payloads.KEPT + 5):
        throttles.forget_samples()
        site.post(webhook(alert(f"A{number}")))
    found = [payload.read_as for payload in payloads.last_payloads(site.integration)]
    assert found == ["alertmanager"] * payloads.KEPT_KNOWN + ["unreadable"]


def test_headers_are_not_kept() -> None:
    site = make_site()
    site.post({"title": "A"}, headers={"X-Token": "s3cr3t-header", "Authorization": "Bearer abc-h"})
    (payload,) = Payload.objects.values()
    assert not any(
        "s3cr3t-header" in str(value) or "abc-h" in str(value) for value in payload.values()
    )


def test_the_page_says_when_and_what_it_was_read_as() -> None:
    site = make_site()
    site.post({"event": "the odd one"})
    site.post(webhook(alert("A")))
    page = Person(site.organization).read(f"/alerts/integration/{site.integration.pk}/change/")
    _, odd = payloads.last_payloads(site.integration)
    link = f"/alerts/integration/{site.integration.pk}/mapping/?kept={odd.pk}"
    assert link in page
    assert "UTC</time></a>, " in page
    assert ": Alertmanager</li>" in page
    mapping = Person(site.organization).read(link)
    assert f'value="{odd.pk}" selected' in mapping
    assert "the odd one" in mapping
    viewer = Person(site.organization, Role.VIEWER)
    assert "What came last" not in viewer.read(link.partition("mapping")[0] + "change/")


def test_old_payloads_are_purged_and_those_of_an_integration_go_with_it() -> None:
    site, other = mapped_site(), mapped_site()
    site.post(PROBLEM)
    backdate(Payload)
    other.post(PROBLEM)
    assert purged()["payloads"] == 1
    assert bodies(site) == []
    integrations.delete_integration(COMMAND_LINE, other.integration)
    assert not Payload.objects.exists()


@pytest.mark.parametrize(
    ("header", "form"),
    [("X-Hub-Signature-256", "sha256={}"), ("Sentry-Hook-Signature", "{}")],
)
def test_signatures_of_github_and_sentry(header: str, form: str) -> None:
    site = mapped_site(signature_header=header)
    integrations.set_signature_secret(COMMAND_LINE, site.integration, "s3cret")
    integration_keys.forget_cached_keys()
    body = json.dumps(PROBLEM).encode()
    digest = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert site.post(body, headers={header: form.format(digest)}).status_code == 202
    assert site.post(body + b" ", headers={header: form.format(digest)}).status_code == 401
    assert len(bodies(site)) == 1, "what nobody signed is not kept"
