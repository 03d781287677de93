"""POSTs that arrive at the same moment.

Meant for PostgreSQL (DATABASE_URL). SQLite has one writing thread per process, so that there the
same POSTs come one after another and must come to the same.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from accounts.models import Organization
from accounts.organizations import change_organization
from alerts import publish, publish_claim
from alerts.importing.yaml_text import read_yaml
from alerts.models import (
    Alert,
    AlertGroup,
    Episode,
    GroupMessage,
    InhibitSource,
    Storm,
    Trace,
)
from alerts.muting import inhibit_effects
from alerts.muting.inhibit_rules import create_inhibit_rule
from alerts.provisioning.apply import provision
from alerts.route_table import forget_cached_routes
from alerts.storms import publish as storm_publish
from alerts.storms.state import unheard_from_json
from deliveries.models import Delivery, SentMessage
from tests.alerts.senders import LATER, Site, alert, make_site, webhook

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*posts: Callable[[], object]) -> list[int]:
    """Let them start together, each on a connection of its own; their statuses."""
    if connection.vendor != "postgresql":
        return [post().status_code for post in posts]  # type: ignore[attr-defined]  # a response
    barrier = threading.Barrier(len(posts))
    statuses: list[int] = []

    def run(post: Callable[[], object]) -> None:
        try:
            barrier.wait(60)
            statuses.append(post().status_code)  # type: ignore[attr-defined]  # a response
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(post,)) for post in posts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return statuses


def repeatedly(site: Site, times: int, *payloads: object) -> None:
    """Post all of the payloads at once, `times` times each."""
    posts = [lambda p=p: site.post(p) for p in payloads for _ in range(times)]
    assert at_once(*posts) == [202] * len(posts)


@pytest.mark.parametrize("round_", range(3))
def test_identical_posts_make_one_alert_and_one_message(round_: int) -> None:
    site = make_site()
    many = webhook(*[alert(f"A{n}") for n in range(10)])
    backwards = webhook(*reversed([alert(f"A{n}") for n in range(10)]))
    repeatedly(site, 3, many, backwards)
    assert Alert.objects.count() == Episode.objects.count() == 10
    assert (AlertGroup.objects.count(), GroupMessage.objects.count()) == (1, 1)
    effects = [effect for trace in Trace.objects.all() for _, effect, _ in trace.alerts]
    assert sorted(effects) == ["fired"] * 10 + ["repeated"] * 50


@pytest.mark.parametrize("round_", range(3))
def test_group_closes_when_its_alerts_resolve_at_once(round_: int) -> None:
    site = make_site()
    names = [f"A{n}" for n in range(6)]
    site.post(webhook(*[alert(name) for name in names]))
    repeatedly(site, 1, *[webhook(alert(name, "resolved")) for name in names])
    assert AlertGroup.objects.get().is_open is False


@pytest.mark.parametrize("round_", range(3))
def test_firing_and_resolving_at_once_leave_every_firing_alert_in_an_open_group(
    round_: int,
) -> None:
    site = make_site()
    site.post(webhook(alert("Old")))
    new = [webhook(alert(f"New{n}")) for n in range(4)]
    repeatedly(site, 1, webhook(alert("Old", "resolved")), *new)
    for one in Alert.objects.filter(status="firing"):
        assert one.memberships.filter(group__is_open=True).count() == 1
    assert AlertGroup.objects.filter(is_open=True).count() == 1


@pytest.mark.parametrize("round_", range(3))
def test_refires_at_once_reopen_one_group(round_: int) -> None:
    site = make_site()
    names = [f"A{n}" for n in range(4)]
    site.post(webhook(*[alert(name) for name in names]))
    site.post(webhook(*[alert(name, "resolved") for name in names]))
    repeatedly(site, 2, *[webhook(alert(name, startsAt=LATER)) for name in names])
    assert AlertGroup.objects.get().is_open
    assert Episode.objects.count() == 8


@pytest.mark.parametrize(
    "work",
    [
        lambda row: change_organization(COMMAND_LINE, row, timezone="Asia/Tokyo"),
        lambda row: provision(COMMAND_LINE, row, read_yaml("version: 1\n"), []),
    ],
    ids=["change", "provision"],
)
def test_alerts_do_not_wait_for_whoever_sets_up_their_organization(
    work: Callable[[Organization], object],
) -> None:
    site = make_site()
    with transaction.atomic():
        work(site.organization)
        if connection.vendor != "postgresql":
            return  # one transaction writes at a time there
        statuses: list[int] = []
        post = partial(site.post, webhook(alert()))
        thread = threading.Thread(target=lambda: statuses.extend(at_once(post)))
        thread.start()
        thread.join(10)
        answered = list(statuses)
    thread.join(60)  # one that waits gets its turn now
    assert answered == [202]


def test_one_idempotency_key_at_once_is_one_post() -> None:
    site = make_site()
    headers = {"Idempotency-Key": "once"}
    statuses = at_once(*[lambda: site.post({"title": "x"}, headers=headers) for _ in range(6)])
    assert statuses == [202] * 6
    assert (Alert.objects.count(), GroupMessage.objects.count()) == (1, 1)


@pytest.mark.parametrize("round_", range(2))
def test_publishing_between_posts_of_its_groups_loses_no_change(round_: int) -> None:
    """Every change is either in what was published or still due, and nobody gives up."""
    site = make_site(channels=2)
    names = [f"A{n}" for n in range(8)]
    site.post(webhook(*[alert(name) for name in names[:2]]))
    failed: list[BaseException] = []
    over = threading.Event()

    def publish_on() -> None:
        try:
            while not over.is_set():
                publish.publish_due(0)
        except BaseException as error:  # the thread would end without a word
            failed.append(error)
        finally:
            if connection.vendor == "postgresql":
                connection.close()

    publishers = [threading.Thread(target=publish_on) for _ in range(2)]
    if connection.vendor == "postgresql":
        for publisher in publishers:
            publisher.start()
    try:
        repeatedly(site, 1, *[webhook(alert(name)) for name in names])
        repeatedly(site, 1, *[webhook(alert(name, "resolved")) for name in names])
    finally:
        over.set()
        for publisher in publishers:
            if publisher.ident:
                publisher.join(60)
    assert failed == []
    publish.publish_due()
    for row in GroupMessage.objects.all():
        assert (row.due_at, row.claimed_until) == (None, None)
        last = Delivery.objects.filter(stream=row.stream_id, purpose="group")
        assert "RESOLVED" in last.exclude(state="superseded").latest("sequence").params["text"]


def test_two_publishers_open_one_storm() -> None:
    site = make_site()
    told = [{"title": f"A{n}", "fingerprint": f"f{n}", "status": "firing"} for n in range(80)]
    assert site.post(told).status_code == 202
    claims = [publish_claim.claim(40), publish_claim.claim(40)]
    assert [len(claimed.ids) for claimed in claims] == [40, 40]

    def run(number: int) -> None:
        publish.publish_claimed(claims[number])

    together(lambda: run(0), lambda: run(1))
    storm = Storm.objects.get()
    assert (storm.joined, storm.reason) == (80, "storm")
    assert unheard_from_json(storm.unheard).news[""][0] == 80
    assert GroupMessage.objects.filter(storm=storm, claimed_until=None, message=None).count() == 80
    publish.publish_due()
    assert Delivery.objects.filter(purpose="digest", method="sendMessage").count() == 1


def test_storm_that_ends_while_it_is_fed_goes_on_or_makes_room_for_another() -> None:
    site = make_site()
    told = [{"title": f"A{n}", "fingerprint": f"f{n}", "status": "firing"} for n in range(80)]
    assert site.post(told[:40]).status_code == 202
    publish.publish_due()
    long_ago = timezone.now() - timedelta(minutes=5)
    Delivery.objects.update(state="sent", attempts=1, settled_at=long_ago)
    SentMessage.objects.update(state="shown", message_id=1)
    Storm.objects.update(absorbed_at=long_ago, due_at=long_ago)
    assert site.post(told[40:]).status_code == 202
    together(publish.publish_due, lambda: storm_publish.publish_due(at_once=True))
    publish.publish_due()
    assert not GroupMessage.objects.filter(storm=None).exists()
    assert Storm.objects.filter(closed_at=None).count() == 1


def together(*work: Callable[[], object]) -> None:
    """At the same moment, where the database has more than one writer."""
    if connection.vendor != "postgresql":
        for one in work:
            one()
        return
    barrier = threading.Barrier(len(work))
    failures: list[BaseException] = []

    def run(one: Callable[[], object]) -> None:
        try:
            barrier.wait(60)
            one()
        except BaseException as error:  # told below
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures


def test_what_ceases_to_be_a_source_while_sources_are_found_is_none() -> None:
    site = make_site()
    told = alert("Down", labels={"severity": "critical"})
    site.post(webhook(told))
    told["labels"]["severity"] = "info"  # with the fingerprint that it had
    matchers = {"source_matchers": 'severity="critical"', "target_matchers": 'severity="warning"'}
    create_inhibit_rule(COMMAND_LINE, site.organization, **matchers)
    forget_cached_routes()
    posts: list[threading.Thread] = []

    def cease(execute: Callable[..., Any], sql: str, *others: Any) -> Any:
        """Right behind the reading of its labels; it may have to wait for what follows."""
        found = execute(sql, *others)
        if not posts and 'FROM "alerts_alert"' in sql:
            posts.append(threading.Thread(target=post_apart, args=(site, webhook(told))))
            posts[0].start()
            posts[0].join(2)
        return found

    if connection.vendor == "postgresql":
        with connection.execute_wrapper(cease):
            inhibit_effects.apply_due(timezone.now())
        posts[0].join(60)
    else:  # one writer: the POST waits for its turn
        inhibit_effects.apply_due(timezone.now())
        site.post(webhook(told))
    assert Alert.objects.get().labels["severity"] == "info"
    assert [one.key for one in InhibitSource.objects.all() if one.key] == []


def post_apart(site: Site, payload: object) -> None:
    """POST on a connection of its own."""
    try:
        site.post(payload)
    finally:
        connection.close()
