"""Silences that one side does not take: their reason, and when they are tried again."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from accounts.audit import COMMAND_LINE
from alerts.matchers import parse_matchers
from alerts.models import Silence, Upstream
from alerts.muting.silences import Wanted, change_silence, create_silence
from alerts.upstreams import sync as upstream_sync
from alerts.upstreams.agreement import Saying, Step
from alerts.upstreams.changes import set_upstream
from alerts.upstreams.client import REASON_MAX, reason_in
from alerts.upstreams.refusals import LONGEST, STORED_MAX, Refusals, read_refusals
from deliveries import clock
from tests.alerts.senders import Site, make_site
from tests.alerts.upstreams.standing import StandingUpstream, standing_upstream
from tests.console import Person
from tests.rest import Api

HOUR = timedelta(hours=1)
TOKEN = "a-secret-token"


def saying(pk: str, comment: str = "c") -> Saying:
    now = clock.now()
    return Saying(pk, parse_matchers('a="b"'), now, now + HOUR, comment, "anna", now)


def test_each_try_waits_longer_and_a_change_is_tried_at_once() -> None:
    one, now, stored = saying("1"), clock.now(), None
    waits = []
    for _ in range(8):
        run = Refusals(stored, now)
        assert not run.waits(Step("give", one))
        run.refused(Step("give", one), "there", "no")
        stored = json.loads(json.dumps(run.stored(is_done=True)))
        (kept,) = read_refusals(stored)
        waits.append(kept.again - now.timestamp())
        soon = Refusals(stored, now + timedelta(seconds=waits[-1] - 1))
        assert soon.waits(Step("give", one))
        assert soon.told() == '1 silence cannot be kept equal: {a="b"}; there: no'
        assert not Refusals(stored, now).waits(Step("give", replace(one, comment="other")))
        assert not Refusals(stored, now).waits(Step("tell", one, saying("2")))
        now += timedelta(seconds=waits[-1] + 1)
    assert [round(one) for one in waits] == [10, 20, 40, 80, 160, 300, 300, 300]
    assert timedelta(minutes=5) == LONGEST


def test_what_was_not_looked_at_stays_until_it_is() -> None:
    now = clock.now()
    run = Refusals(None, now)
    for pk in ("1", "2"):
        run.refused(Step("give", saying(pk)), "there", "no")
    stored = run.stored(is_done=True)
    short = Refusals(stored, now)
    assert short.waits(Step("give", saying("1")))
    assert len(short.stored(is_done=False)) == 2
    assert len(short.stored(is_done=True)) == 1


def test_what_is_stored_is_bounded_and_read_whoever_wrote_it() -> None:
    run = Refusals([{"step": "give/9/", "newer": 1}], clock.now())
    for number in range(STORED_MAX + 50):
        run.refused(Step("give", saying(str(number))), "there", "no")
    assert len(run.stored(is_done=True)) == STORED_MAX
    assert run.told().startswith("250 silences cannot be kept equal; the first: {")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            b'"invalid silence: invalid label name \\"\\u00fc\\""',
            'invalid silence: invalid label name "ü"',
        ),
        (b'{"code": 601, "message": "body in body is required"}', "body in body is required"),
        (b'{"message": {"a": 1}}', ""),
        (b"<html>secrets of the inner network</html>", ""),
        (b'["a"]', ""),
        (b"[" * 100_000, ""),
        (b'"two\\nlines\\u0000 \\u202e end"', "two lines end"),
        (b'"Bearer tok-123 is no good"', "Bearer … is no good"),
        (json.dumps("x" * 5_000).encode(), "x" * REASON_MAX),
    ],
)
def test_the_reason_is_alertmanagers_or_none(body: bytes, reason: str) -> None:
    assert reason_in(body, ["tok-123"]) == reason


# --- with an upstream ---------------------------------------------------------------------------


@pytest.fixture
def upstream() -> Iterator[StandingUpstream]:
    with standing_upstream("alertmanager", TOKEN) as made:
        yield made


@pytest.fixture
def site(upstream: StandingUpstream, settings: Any) -> Site:
    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1"]
    made = make_site(0)
    set_upstream(
        COMMAND_LINE, made.integration, kind="alertmanager", url=upstream.url, secret=TOKEN
    )
    return made


def wanted(comment: str) -> Wanted:
    now = clock.now()
    return Wanted('"ü"="y"', now, now + HOUR, comment, "anna")


def asked() -> Upstream:
    Upstream.objects.update(due_at=clock.now())
    assert upstream_sync.sync_due(seconds=0.1) == 1
    return Upstream.objects.get()


@pytest.mark.django_db(transaction=True)
def test_one_that_is_refused_is_told_and_seldom_tried(
    site: Site, upstream: StandingUpstream
) -> None:
    words = f"invalid <b>label</b> name {TOKEN}"
    upstream.refuses = lambda method, *_: (400, words) if method == "POST" else None
    row = create_silence(COMMAND_LINE, site.organization, wanted("one"))
    first = asked()
    again = asked()
    assert upstream.writes() == [("POST", "one")]
    assert again.synced_at is not None
    assert first.synced_at is not None
    assert again.synced_at > first.synced_at
    assert again.problem == first.problem
    assert "invalid <b>label</b> name …" in again.problem

    path = f"integrations/{site.integration.pk}/upstream/"
    (shown,) = Api(site.organization).get(path).json()["refused"]
    assert (shown["silence"], shown["side"]) == (str(row.pk), "there")
    assert shown["matchers"] == '{"ü"="y"}'
    assert shown["retry_at"] > clock.now().isoformat()
    page = Person(site.organization).read(f"/alerts/integration/{site.integration.pk}/change/")
    assert f'href="/alerts/silence/{row.pk}/change/"' in page
    assert "invalid &lt;b&gt;label&lt;/b&gt; name" in page
    assert TOKEN not in page

    change_silence(COMMAND_LINE, Silence.objects.get(pk=row.pk), wanted("two"))
    asked()
    assert upstream.writes() == [("POST", "one"), ("POST", "two")]
    upstream.refuses = lambda *_: None
    set_upstream(COMMAND_LINE, site.integration, url=upstream.url)
    healed = asked()
    assert (healed.problem, healed.refused) == ("", None)
    assert len(upstream.lasting()) == 1
