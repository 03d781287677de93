"""Grafana's own Alertmanager as an upstream: its path, token, codes, rights and metadata.

By a stand-in, for Grafana is not installed here.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.audit import COMMAND_LINE
from alerts.models import Silence, Upstream
from alerts.muting.silences import Wanted, create_silence, expire_silence, state_of
from alerts.upstreams import sync as upstream_sync
from alerts.upstreams.advice import advice_for
from alerts.upstreams.changes import set_upstream
from deliveries import clock
from tests.alerts.senders import Site, make_site
from tests.alerts.upstreams.standing import Body, StandingUpstream, standing_upstream, text_of
from tests.alerts.upstreams.test_sync import HOUR, sync

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = "glsa_0123456789abcdefABCDEF_deadbeef"


@pytest.fixture
def grafana() -> Iterator[StandingUpstream]:
    with standing_upstream("grafana", TOKEN) as made:
        yield made


@pytest.fixture
def site(grafana: StandingUpstream, settings: Any) -> Site:
    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1"]
    made = make_site(0)
    set_upstream(COMMAND_LINE, made.integration, kind="grafana", url=grafana.url, secret=TOKEN)
    return made


def silence(site: Site, name: str) -> Silence:
    now = clock.now()
    wanted = Wanted(f'alertname="{name}"', now, now + HOUR, f"ours {name}", "anna")
    return create_silence(COMMAND_LINE, site.organization, wanted)


def theirs(name: str, *matchers: tuple[str, str]) -> Body:
    """As Grafana's own page posts it."""
    return {
        "matchers": [
            {"name": label, "value": value, "isRegex": False, "isEqual": True}
            for label, value in matchers or [("alertname", name)]
        ],
        "startsAt": text_of(clock.now()),
        "endsAt": text_of(clock.now() + HOUR),
        "createdBy": "admin",
        "comment": f"theirs {name}",
    }


def asked() -> Upstream:
    """The upstream, once it was asked."""
    Upstream.objects.update(due_at=clock.now())
    assert upstream_sync.sync_due(seconds=0.1) == 1
    return Upstream.objects.get()


def test_silences_go_both_ways(site: Site, grafana: StandingUpstream) -> None:
    mine = silence(site, "A")
    there = grafana.put(theirs("B"))
    sync()
    assert sorted(one["comment"] for one in grafana.lasting()) == ["ours A", "theirs B"]
    adopted = Silence.objects.get(comment="theirs B")
    assert (adopted.author, adopted.integration) == ("admin", site.integration)
    for _ in range(3):
        sync()
    assert grafana.writes() == [("POST", "ours A")], "202 is taken for stored"
    expire_silence(COMMAND_LINE, mine)
    grafana.end(there)
    sync()
    assert grafana.lasting() == []
    assert {state_of(one) for one in Silence.objects.all()} == {"expired"}
    assert grafana.writes()[1:] == [("DELETE", "")], "its answer is an object with a message"


def test_of_one_rule_and_with_metadata(site: Site, grafana: StandingUpstream) -> None:
    grafana.put(theirs("Disk", ("__alert_rule_uid__", "abc")))
    sync()
    row = Silence.objects.get()
    assert [one["name"] for one in row.matchers] == ["__alert_rule_uid__"]
    sync()
    assert grafana.writes() == []


def test_below_a_path(site: Site, grafana: StandingUpstream) -> None:
    """Grafana behind a proxy at /grafana/: the stand-in has nothing there, and says so."""
    set_upstream(COMMAND_LINE, site.integration, url=f"{grafana.url}/grafana/", secret=TOKEN)
    problem = asked().problem
    assert problem == "it answers with HTTP 404"
    assert "the address up to the path" in advice_for(problem)


def test_the_other_kind_finds_nothing(site: Site, grafana: StandingUpstream) -> None:
    set_upstream(COMMAND_LINE, site.integration, kind="alertmanager", secret=TOKEN)
    assert "the right kind" in advice_for(asked().problem)


@pytest.mark.parametrize("secret", ["", "glsa_wrong"])
def test_a_token_that_is_wrong(site: Site, grafana: StandingUpstream, secret: str) -> None:
    set_upstream(COMMAND_LINE, site.integration, secret=secret)
    upstream = asked()
    assert upstream.problem == "it refuses the credential (HTTP 401)"
    assert "token alone, that may write silences" in advice_for(upstream.problem)
    assert grafana.asked == []


def test_a_token_that_may_not_read(site: Site, grafana: StandingUpstream) -> None:
    grafana.refuses = lambda *_: (403, "You'll need additional permissions")
    assert asked().problem == "it refuses the credential (HTTP 403)"


def test_a_token_that_may_write_some(site: Site, grafana: StandingUpstream) -> None:
    """Rights are per folder, and those for general silences are others."""
    grafana.refuses = lambda method, _, body: (
        (403, "You'll need additional permissions")
        if method == "POST" and "B" in body["comment"]
        else None
    )
    for name in "ABC":
        silence(site, name)
    upstream = asked()
    assert sorted(one["comment"] for one in grafana.lasting()) == ["ours A", "ours C"]
    assert upstream.problem == (
        '1 silence cannot be kept equal: {alertname="B"}; '
        "there: it answers with HTTP 403: You'll need additional permissions"
    )
    assert upstream.due_at is not None
    assert upstream.due_at < clock.now() + 2 * upstream_sync.EVERY


def test_one_that_may_not_be_ended(site: Site, grafana: StandingUpstream) -> None:
    mine, other = silence(site, "A"), silence(site, "B")
    sync()
    grafana.refuses = lambda method, *_: (403, "no") if method == "DELETE" else None
    expire_silence(COMMAND_LINE, mine)
    assert "1 silence cannot be kept equal" in asked().problem
    grafana.refuses = lambda *_: None
    Upstream.objects.update(refused=None)  # its time has come
    sync()
    assert [one["comment"] for one in grafana.lasting()] == [other.comment]


def test_one_that_is_not_ready_yet(site: Site, grafana: StandingUpstream) -> None:
    """409 while it starts: nothing is lost, and it is asked again."""
    silence(site, "A")
    grafana.refuses = lambda *_: (409, "Alertmanager is not ready yet")
    upstream = asked()
    assert upstream.problem == "it answers with HTTP 409"
    assert advice_for(upstream.problem)
    grafana.refuses = lambda *_: None
    sync()
    assert len(grafana.lasting()) == 1
