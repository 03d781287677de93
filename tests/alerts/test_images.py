"""Pictures: who waits for them, and for how long."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.utils import timezone

from alerts import publish, publish_claim
from alerts.images import PER_ORGANIZATION, THREADS, Fetching
from alerts.models import GroupMessage
from botapi.outbound import Fetched
from deliveries.models import Delivery
from tests import clock
from tests.alerts.pictures import PNG, PictureServer, picture_server
from tests.alerts.senders import Site, alert, make_site, webhook


@pytest.fixture
def server(settings: Any) -> Iterator[PictureServer]:
    """Pictures that may be fetched."""
    settings.OUTBOUND_ALLOWED_HOSTS = ("127.0.0.1",)
    with picture_server() as running:
        yield running


def eventually(condition: Callable[[], bool]) -> None:
    """Wait for it; fails after thirty seconds."""
    end = clock.now() + 30
    while not condition():
        assert clock.now() < end
        time.sleep(0.01)


def patient(**limits: Any) -> Fetching:
    """One that gives up nothing while a test runs."""
    return Fetching(**{"seconds": 60.0, **limits})


def is_begun(fetching: Fetching, owner: UUID, url: str) -> bool:
    """Whether it is worth trying."""
    wish = fetching.wish(owner, url)
    fetching.is_over(wish)
    return wish.coming is not None


def fetched(fetching: Fetching, owner: UUID, url: str) -> Fetched | None:
    """What comes of a wish in the end."""
    wish = fetching.wish(owner, url)
    eventually(lambda: fetching.is_over(wish))
    return wish.picture


def test_a_picture_comes(server: PictureServer) -> None:
    picture = fetched(patient(), uuid4(), f"{server.url}/good")
    assert picture == Fetched("image/png", PNG)


def test_one_that_hangs_is_given_up(server: PictureServer) -> None:
    assert fetched(Fetching(seconds=0.2), uuid4(), f"{server.url}/hangs") is None


@pytest.mark.parametrize("url", ["/missing", "http://10.255.255.1/guarded", "no URL"])
def test_one_that_failed_is_not_asked_for_again_for_a_while(
    server: PictureServer, url: str
) -> None:
    owner = uuid4()
    url = server.url + url if url.startswith("/") else url
    fetching = patient()
    assert fetched(fetching, owner, url) is None
    assert not is_begun(fetching, owner, url)
    assert is_begun(fetching, owner, f"{server.url}/good")
    assert is_begun(fetching, uuid4(), url), "whether another one's came is nobody's business"
    forgetful = patient(failed_for=0.0)
    assert fetched(forgetful, owner, url) is None
    assert is_begun(forgetful, owner, url)


def test_so_many_failures_are_remembered(server: PictureServer) -> None:
    owner, fetching = uuid4(), patient(failed_kept=2)
    urls = [f"{server.url}/missing{number}" for number in range(3)]
    for url in urls:
        assert fetched(fetching, owner, url) is None
    assert [is_begun(fetching, owner, url) for url in urls] == [True, False, False]


def test_an_organization_has_its_share_of_the_threads_and_waits_for_itself_alone(
    server: PictureServer,
) -> None:
    fetching, greedy = patient(), uuid4()
    urls = [f"{server.url}/hangs{number}" for number in range(PER_ORGANIZATION)]
    assert [is_begun(fetching, greedy, url) for url in urls] == [True] * PER_ORGANIZATION
    queued = fetching.wish(greedy, f"{server.url}/good")
    assert not fetching.is_over(queued)
    assert queued.coming is None
    assert fetched(fetching, uuid4(), f"{server.url}/good") is not None
    server.release.set()
    eventually(lambda: fetching.is_over(queued))
    assert queued.picture is not None


def test_what_is_queued_too_long_is_given_up(server: PictureServer) -> None:
    fetching, greedy = patient(), uuid4()
    for number in range(PER_ORGANIZATION):
        is_begun(fetching, greedy, f"{server.url}/hangs{number}")
    queued = fetching.wish(greedy, f"{server.url}/good")
    queued.ends = time.monotonic()
    assert fetching.is_over(queued)
    assert queued.picture is None


def test_nobody_waits_where_others_take_all_threads(server: PictureServer) -> None:
    fetching = patient()
    for _ in range(THREADS // PER_ORGANIZATION):
        owner = uuid4()
        for number in range(PER_ORGANIZATION):
            assert is_begun(fetching, owner, f"{server.url}/hangs{number}")
    late = fetching.wish(uuid4(), f"{server.url}/good")
    assert fetching.is_over(late)
    assert late.coming is None


# --- in publishing --------------------------------------------------------------------------------


def pictured(url: str, name: str = "InstanceDown") -> dict[str, Any]:
    """A webhook of Grafana with a picture."""
    one = alert(name, imageURL=url)
    return webhook(one, version="1", groupKey=name, title="x", state="alerting", orgId=1)


def methods(site: Site) -> list[str]:
    """The calls of the organization, oldest first."""
    rows = Delivery.objects.for_organization(site.organization).order_by("id")
    return list(rows.values_list("method", flat=True))


@pytest.mark.django_db
def test_a_picture_goes_with_the_text_in_every_channel(server: PictureServer) -> None:
    site = make_site(channels=3)
    site.post(pictured(f"{server.url}/good"))
    assert publish.publish_due(fetching=patient()) == 3
    assert methods(site) == ["sendPhoto"] * 3
    assert server.asked["/good"] == 1
    assert not GroupMessage.objects.exclude(due_at=None, claimed_until=None).exists()


@pytest.mark.django_db
def test_a_picture_that_does_not_come_costs_no_later_edit_its_time(server: PictureServer) -> None:
    site, fetching = make_site(), patient()
    site.post(pictured(f"{server.url}/missing"))
    publish.publish_due(fetching=fetching)
    for severity in ("critical", "info", "high"):
        payload = pictured(f"{server.url}/missing")
        payload["alerts"][0]["labels"]["severity"] = severity
        site.post(payload)
        publish.publish_due(fetching=fetching)
    assert methods(site) == ["sendMessage"]
    assert server.asked["/missing"] == 1


@pytest.mark.django_db
def test_text_does_not_wait_for_another_organizations_picture(server: PictureServer) -> None:
    """Also in the same chunk, and also what comes only while the run waits."""
    slow, quick = make_site(), make_site(channels=2)
    slow.post(pictured(f"{server.url}/hangs"))
    quick.post(webhook(alert("Text")))
    quick.post(pictured(f"{server.url}/good"))
    run = publish.Pictures(patient())
    publish.publish_claimed(publish_claim.claim(10), run.put_aside)
    assert methods(slow) == []
    assert methods(quick) == ["sendMessage"] * 2
    complete: list[Any] = []

    def come() -> bool:
        complete.extend(run.over())
        return bool(complete)

    eventually(come)
    for claimed, look in complete:
        publish.publish_claimed(claimed, look)
    assert methods(slow) == []
    assert methods(quick) == ["sendMessage"] * 2 + ["sendPhoto"] * 2
    assert run, "the slow one waits on"


@pytest.mark.django_db(transaction=True)
def test_what_comes_while_a_run_waits_for_pictures_is_published_by_it(
    server: PictureServer,
) -> None:
    slow, late = make_site(), make_site()
    slow.post(pictured(f"{server.url}/hangs"))
    seen: list[list[str]] = []

    def post_and_look() -> None:
        try:
            eventually(lambda: server.asked["/hangs"] == 1)
            late.post(webhook(alert()))
            eventually(lambda: bool(methods(late)))
            seen.append(methods(slow))
        finally:
            server.release.set()
            connection.close()

    sender = threading.Thread(target=post_and_look)
    sender.start()
    publish.publish_due(fetching=patient())
    sender.join(60)
    assert seen == [[]], "the text of one came before the picture of the other"
    assert methods(slow) == ["sendPhoto"]


@pytest.mark.django_db
def test_a_storm_of_pictures_does_not_wait_for_all(
    server: PictureServer,
) -> None:
    site = make_site()
    for number in range(4):
        site.post(pictured(f"{server.url}/hangs{number}", f"A{number}"))
    run = publish.Pictures(patient(), wishes=2)
    publish.publish_claimed(publish_claim.claim(10), run.put_aside)
    assert methods(site) == ["sendMessage"] * 2


@pytest.mark.django_db
def test_a_picture_that_was_replaced_meanwhile_is_not_shown_as_the_new_one(
    server: PictureServer,
) -> None:
    site = make_site()
    site.post(pictured(f"{server.url}/good"))
    run = publish.Pictures(patient())
    claims: list[publish_claim.Claimed] = []

    def is_due() -> bool:  # by the database's clock, which may be behind
        claims.append(publish_claim.claim(10))
        return bool(claims[-1].ids)

    eventually(is_due)
    publish.publish_claimed(claims[-1], run.put_aside)
    changed = pictured(f"{server.url}/hangs")
    changed["alerts"][0]["annotations"] = {"summary": "something else"}
    site.post(changed)
    complete: list[Any] = []

    def come() -> bool:
        complete.extend(run.over())
        return bool(complete)

    eventually(come)
    for claimed, look in complete:
        publish.publish_claimed(claimed, look)
    assert methods(site) == ["sendMessage"]
    due = GroupMessage.objects.get().due_at
    assert due is not None
    assert due <= timezone.now()
