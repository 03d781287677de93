"""POSTs that arrive at the same moment.

Meant for PostgreSQL (DATABASE_URL). SQLite has one writing thread per process, so that there the
same POSTs come one after another and must come to the same.
"""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from alerts import publish
from alerts.models import Alert, AlertGroup, Episode, GroupMessage, Trace
from deliveries.models import Delivery
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
            barrier.wait(10)
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
                publisher.join(30)
    assert failed == []
    publish.publish_due()
    for row in GroupMessage.objects.all():
        assert (row.due_at, row.claimed_until) == (None, None)
        last = Delivery.objects.filter(stream=row.stream_id, purpose="group")
        assert "RESOLVED" in last.exclude(state="superseded").latest("sequence").params["text"]
