"""How long a claim lasts: short, because its process may die, and longer where it is slow."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from alerts import publish, publish_claim
from alerts.models import GroupMessage, Storm
from alerts.publish_claim import CLAIM, CLAIM_MAX, LEAST, PROMPT, Claimed, Size, Term
from alerts.storms import publish as storm_publish
from tests.alerts.senders import Site, alert, make_site, webhook

pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> Iterator[Site]:
    site = make_site()
    site.post(webhook(alert()))
    yield site
    publish_claim.term.length = CLAIM


def claim_anew() -> tuple[Claimed, float]:
    """A claim of what was to be told, and the seconds that it lasts."""
    GroupMessage.objects.update(claimed_until=None, due_at=timezone.now())
    claimed = publish_claim.claim(10)
    return claimed, (claimed.until - timezone.now()).total_seconds()


def test_what_is_done_in_time_is_claimed_for_as_long_the_next_time(site: Site) -> None:
    claimed, lasts = claim_anew()
    assert lasts == pytest.approx(CLAIM.total_seconds(), abs=2)
    assert publish_claim.still_held(claimed) == set(claimed.ids)
    assert claim_anew()[1] == pytest.approx(CLAIM.total_seconds(), abs=2)


def test_a_claim_that_was_outlived_is_followed_by_a_longer_one(site: Site) -> None:
    claimed, _ = claim_anew()
    late = Claimed(claimed.ids, timezone.now() - CLAIM)
    GroupMessage.objects.update(claimed_until=late.until)
    assert publish_claim.still_held(late) == set(late.ids), "late, but nobody took it"
    assert claim_anew()[1] == pytest.approx(2 * CLAIM.total_seconds(), abs=2)


def test_it_grows_to_an_end() -> None:
    term = Term()
    for _ in range(10):
        term.is_used(timezone.now() - CLAIM)
    assert term.length == CLAIM_MAX


def test_a_digest_is_claimed_as_a_group_is() -> None:
    site = make_site()
    site.post([{"title": f"A{n}", "fingerprint": f"f{n}", "status": "firing"} for n in range(40)])
    publish.publish_due()

    def claim() -> tuple[UUID, datetime]:
        Storm.objects.update(claimed_until=None, due_at=timezone.now())
        claimed = storm_publish.claim(timezone.now())
        assert claimed is not None
        return claimed

    try:
        _, until = claim()
        assert (until - timezone.now()).total_seconds() == pytest.approx(15, abs=2)
        assert storm_publish.claim(timezone.now()) is None, "nobody claims twice"
        Storm.objects.update(claimed_until=timezone.now() - CLAIM)
        storm_publish.publish_due(at_once=True)
        assert Storm.objects.get().claimed_until is None, "what the dead held is told"
        storm_publish.term.is_used(until - 2 * CLAIM)
        assert (claim()[1] - timezone.now()).total_seconds() == pytest.approx(30, abs=2)
    finally:
        storm_publish.term.length = CLAIM


A, B, C = (UUID(int=number) for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("owners", "portions"),
    [
        ([], [""]),
        ([A], ["A"]),
        ([A, A, B], ["AAB"]),
        ([A] * 7 + [B], ["B", "AAAAAAA"]),
        ([B, *[A] * 14, B], ["BB", "AAAAAAAAAAAAAA"]),
        ([B, *[A] * 20, C, C, C], ["BCCC", "A" * 20]),
        ([A, A, A, B, B, B, C, C, C], ["AAABBBCCC"]),
        ([UUID(int=number) for number in range(4, 24)], ["?" * 20]),
    ],
)
def test_portions(owners: list[UUID], portions: list[str]) -> None:
    claimed = Claimed(tuple(uuid4() for _ in owners), timezone.now(), tuple(owners))
    owner_of = dict(zip(claimed.ids, owners, strict=True))
    names = {A: "A", B: "B", C: "C"}
    found = claimed.portions()
    assert ["".join(names.get(owner_of[pk], "?") for pk in one.ids) for one in found] == portions
    assert {one.until for one in found} == {claimed.until}


def test_of_a_flood_as_much_is_claimed_as_is_published_promptly() -> None:
    size = Size(100)
    size.took(100, 4 * PROMPT, is_flood=False)
    assert size.number == 100, "everybody's turn takes its time"
    size.took(100, 4 * PROMPT, is_flood=True)
    assert size.number == 25
    size.took(3, 0.01, is_flood=True)
    assert size.number == 25, "few were due, which says nothing of many"
    size.took(25, PROMPT / 2, is_flood=True)
    assert size.number == 50
    size.took(50, PROMPT / 2, is_flood=True)
    size.took(100, PROMPT / 2, is_flood=True)
    assert size.number == 100
    size.took(5, 100 * PROMPT, is_flood=True)
    assert size.number == LEAST
    size.took(8, 2 * PROMPT, is_flood=False)
    assert size.number == 2 * LEAST


@pytest.mark.parametrize(
    ("owners", "flooding"),
    [
        ([], []),
        ([A] * (LEAST - 1), []),
        ([A] * LEAST, [A]),
        ([A] * LEAST + [B] * 3, [A]),
        ([A] * LEAST + [B] * LEAST, [A, B]),
        ([UUID(int=number) for number in range(100)], []),
    ],
)
def test_who_floods(owners: list[UUID], flooding: list[UUID]) -> None:
    ids = tuple(uuid4() for _ in owners)
    assert Claimed(ids, timezone.now(), tuple(owners)).flooding == flooding


def test_what_floods_is_left_to_the_thread_that_is_at_it() -> None:
    loud, quiet = make_site(LEAST), make_site()
    for number in range(2):
        loud.post(webhook(alert(f"Loud{number}"), groupKey=f"{number}"))
    claimed = publish_claim.claim(LEAST)
    with publish.floods.publishing(claimed):
        quiet.post(webhook(alert("Quiet")))
        assert publish.publish_due() == 1, "what the quiet one has, and no more of the other's"
    assert publish.floods.now() == []
    assert publish.publish_due() == LEAST, "what was left; the rest is claimed"
