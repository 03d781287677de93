"""What burns here and is unknown to its upstream ends; what is known again burns on."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from accounts.audit import COMMAND_LINE
from alerts import expiry
from alerts.fingerprints import of_labels
from alerts.integrations import change_integration
from alerts.models import Alert, TimelineEvent, Upstream
from alerts.upstreams import look as upstream_look
from alerts.upstreams.changes import remove_upstream, set_upstream
from alerts.upstreams.listed import GRACE
from deliveries import clock
from tests.alerts.senders import Site, alert, make_site, webhook
from tests.alerts.upstreams.standing import Kind, StandingUpstream, standing_upstream
from tests.flows.system import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["alertmanager", "grafana"])
def theirs(request: pytest.FixtureRequest, settings: Any) -> Iterator[StandingUpstream]:
    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1"]
    kind: Kind = request.param
    with standing_upstream(kind, token="t") as upstream:
        yield upstream


@pytest.fixture
def site(theirs: StandingUpstream) -> Site:
    site = make_site()
    set_upstream(COMMAND_LINE, site.integration, kind=theirs.kind, url=theirs.url, secret="t")
    Upstream.objects.update(answers=True)
    return site


def told(name: str, status: str = "firing") -> dict[str, Any]:
    """As both send it."""
    shown = alert(name, status)
    return {**shown, "fingerprint": of_labels(shown["labels"])}


def tell(site: Site, *alerts: dict[str, Any]) -> None:
    assert site.post(webhook(*alerts)).status_code == 202


def look() -> None:
    """As if a minute had passed."""
    Upstream.objects.update(look_at=None)
    assert upstream_look.look_due() == 1


def ends() -> dict[str, bool]:
    """Name → whether it is to end, of those that fire."""
    rows = Alert.objects.filter(status="firing").values_list("name", "expires_at")
    return {name: at is not None for name, at in rows}


def time_passes(by: timedelta) -> None:
    """Over the ends that were given."""
    for one in Alert.objects.exclude(expires_at=None):
        assert one.expires_at is not None
        is_ours = one.unlisted_until == one.expires_at
        one.expires_at -= by
        one.unlisted_until = one.expires_at if is_ours else one.unlisted_until
        one.save()


def test_what_it_no_longer_knows_ends_after_five_minutes(
    site: Site, theirs: StandingUpstream
) -> None:
    tell(site, told("A"), told("B"))
    theirs.alerts = [told("B")]
    look()
    assert ends() == {"A": True, "B": False}
    missed = Alert.objects.get(name="A")
    assert missed.expires_at is not None
    assert timedelta(0) < clock.now() - (missed.expires_at - GRACE) < timedelta(seconds=60)
    look()
    assert Alert.objects.get(name="A").expires_at == missed.expires_at, "it is not put off"
    assert expiry.expire_due(missed.expires_at - timedelta(seconds=1)) == 0
    assert expiry.expire_due(missed.expires_at) == 1
    over = Alert.objects.get(name="A")
    assert (over.status, over.ended_by) == ("resolved", "unknown")
    event = TimelineEvent.objects.get(kind="expired")
    assert event.data["why"] == "no longer known to its Alertmanager"
    tell(site, told("A"))
    assert ends() == {"A": False, "B": False}, "it is believed when it is told of again"


def test_after_its_restart_nothing_ends_that_prometheus_repeats(
    site: Site, theirs: StandingUpstream
) -> None:
    tell(site, told("A"))
    theirs.alerts = []
    look()
    assert ends() == {"A": True}
    time_passes(timedelta(minutes=2))
    theirs.alerts = [told("A")]
    look()
    assert ends() == {"A": False}
    assert expiry.expire_due(clock.now() + timedelta(days=1)) == 0


def test_a_webhook_that_tells_of_it_takes_the_end_away(
    site: Site, theirs: StandingUpstream
) -> None:
    tell(site, told("A"))
    look()
    assert ends() == {"A": True}
    tell(site, told("A"))
    assert ends() == {"A": False}
    tell(site, told("A", "resolved"))
    assert Alert.objects.get().ended_by == "told"


@pytest.mark.parametrize("answer", [(500, "broken"), (200, {"status": "success"})])
def test_while_it_does_not_answer_nothing_ends(
    site: Site, theirs: StandingUpstream, answer: tuple[int, Any]
) -> None:
    tell(site, told("A"))
    look()
    assert ends() == {"A": True}
    theirs.alerts = answer[1]
    theirs.refuses = lambda *_: answer if answer[0] != 200 else None
    look()
    assert ends() == {"A": False}
    look()
    assert ends() == {"A": False}


def test_one_that_the_sync_cannot_reach_is_not_asked(site: Site, theirs: StandingUpstream) -> None:
    tell(site, told("A"))
    look()
    Upstream.objects.update(answers=False)
    theirs.asked.clear()
    look()
    assert (ends(), theirs.asked) == ({"A": False}, [])


def test_only_that_senders_and_only_what_burns_until_it_is_told_of(
    site: Site, theirs: StandingUpstream
) -> None:
    tell(site, told("A"))
    site.post({"title": "Our own", "status": "firing"})
    site.post({"title": "Ours", "status": "firing", "fingerprint": "backup"})
    direct = clock.now() + timedelta(hours=1)
    site.post([{"labels": {"alertname": "Direct"}, "endsAt": direct.isoformat()}])
    change_integration(COMMAND_LINE, site.integration, resolve_timeout=18_000)
    tell(site, told("Timed"))
    other = make_site()
    tell(other, told("A"))
    before = dict(Alert.objects.values_list("pk", "expires_at"))
    look()
    changed = Alert.objects.exclude(unlisted_until=None)
    assert [(one.name, one.integration_id) for one in changed] == [("A", site.integration.pk)]
    theirs.alerts = [told(name) for name in ("A", "Timed", "Direct")]
    look()
    assert dict(Alert.objects.values_list("pk", "expires_at")) == before


def test_an_end_is_taken_back_from_an_upstream_that_is_asked_no_more(
    site: Site, theirs: StandingUpstream
) -> None:
    tell(site, told("A"))
    for cease in (
        lambda: set_upstream(COMMAND_LINE, site.integration, enabled=False),
        lambda: remove_upstream(COMMAND_LINE, Upstream.objects.get()),
    ):
        set_upstream(COMMAND_LINE, site.integration, enabled=True)
        look()
        assert ends() == {"A": True}
        cease()
        assert ends() == {"A": False}


def test_it_is_looked_at_once_a_minute(site: Site, theirs: StandingUpstream) -> None:
    assert upstream_look.look_due() == 1
    assert upstream_look.look_due() == 0
    assert [path for _, path, _ in theirs.asked] == ["/alerts"]
    look_at = Upstream.objects.get().look_at
    assert look_at is not None
    assert timedelta(seconds=30) < look_at - clock.now() <= upstream_look.EVERY


def test_nobody_waits_for_a_look(site: Site, theirs: StandingUpstream) -> None:
    answers = threading.Event()

    def refuses(*_: Any) -> None:
        answers.wait(60)

    theirs.refuses = refuses
    tell(site, told("A"))
    upstream_look.begin_due()
    eventually(lambda: theirs.asked, what="the question")
    assert ends() == {"A": False}, "it returned before the answer"
    upstream_look.begin_due()
    answers.set()
    eventually(lambda: ends() == {"A": True}, what="the answer")
    assert len(theirs.asked) == 1
