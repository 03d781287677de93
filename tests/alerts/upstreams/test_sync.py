"""Silences here and in a real Alertmanager: whatever is done on one side is done on the other."""

import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.request import Request, urlopen

import pytest

from accounts.audit import COMMAND_LINE
from accounts.models import Role
from alerts.models import Silence, Upstream, UpstreamSilence
from alerts.muting.decisions import silenced_by
from alerts.muting.known import mutes_of
from alerts.muting.silences import Wanted, change_silence, create_silence, expire_silence, state_of
from alerts.upstreams import changes as upstreams
from alerts.upstreams import client as upstream_api
from alerts.upstreams import sync as upstream_sync
from alerts.upstreams.changes import UpstreamRefused, secret_of, set_upstream
from deliveries import clock
from tests.alerts.senders import Site, make_site
from tests.ports import free_port
from tests.rest import Api, places, problem_of

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)
CONFIG = "route: {receiver: a}\nreceivers: [{name: a}]\n"


@contextmanager
def alertmanager(folder: Path, port: int = 0, config: str = CONFIG) -> Iterator[str]:
    """A real one; its URL."""
    program = shutil.which("prometheus-alertmanager")
    if program is None:
        pytest.skip("prometheus-alertmanager is not installed")
    folder.mkdir(exist_ok=True)
    (folder / "am.yml").write_text(config)
    url = f"http://127.0.0.1:{port or free_port()}"
    command = [
        program,
        f"--config.file={folder / 'am.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={url.removeprefix('http://')}",
        "--cluster.listen-address=",
        "--log.level=error",
    ]
    process = subprocess.Popen(command)
    try:
        for _ in range(300):
            try:
                urlopen(f"{url}/-/ready", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def shared_alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with alertmanager(tmp_path_factory.mktemp("am")) as url:
        yield url


class Theirs:
    """What people do at the Alertmanager itself."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}/api/v2"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = Request(self.url + path, data, headers, method=method)
        with urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def post(self, name: str, **values: Any) -> str:
        body = {
            "matchers": [{"name": "alertname", "value": name, "isRegex": False, "isEqual": True}],
            "startsAt": clock.now().isoformat(),
            "endsAt": (clock.now() + HOUR).isoformat(),
            "createdBy": "ops",
            "comment": "theirs",
            **values,
        }
        return str(self.ask("POST", "/silences", body)["silenceID"])

    def lasting(self) -> list[tuple[str, str, str]]:
        """(matcher's value, comment, end) of those that are not over."""
        return sorted(
            (one["matchers"][0]["value"], one["comment"], one["endsAt"][:19])
            for one in self.ask("GET", "/silences")
            if one["status"]["state"] != "expired"
        )

    def clear(self) -> None:
        for one in self.ask("GET", "/silences"):
            if one["status"]["state"] != "expired":
                self.ask("DELETE", f"/silence/{one['id']}")


@pytest.fixture
def theirs(shared_alertmanager: str) -> Theirs:
    found = Theirs(shared_alertmanager)
    found.clear()
    return found


@pytest.fixture
def site(theirs: Theirs, settings: Any) -> Site:
    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1"]
    site = make_site(0)
    set_upstream(
        COMMAND_LINE, site.integration, kind="alertmanager", url=theirs.url.removesuffix("/api/v2")
    )
    return site


def silence(site: Site, name: str, **values: Any) -> Silence:
    now = clock.now()
    given = {"starts_at": now, "ends_at": now + HOUR, "comment": "ours", **values}
    return create_silence(
        COMMAND_LINE,
        site.organization,
        Wanted(f'alertname="{name}"', author="anna", **given),
    )


def ours(site: Site) -> list[tuple[str, str, str]]:
    rows = Silence.objects.filter(organization=site.organization)
    return sorted(
        (row.matchers[0]["value"], row.comment, row.ends_at.isoformat()[:19])
        for row in rows
        if state_of(row) != "expired"
    )


def lasting_for(site: Site) -> list[tuple[str, object]]:
    """(matcher's value, the integration it is for), those for all first."""
    rows = Silence.objects.filter(organization=site.organization)
    found = [
        (row.matchers[0]["value"], row.integration_id) for row in rows if state_of(row) != "expired"
    ]
    return sorted(found, key=str)


def sync() -> Upstream:
    Upstream.objects.update(due_at=clock.now())
    assert upstream_sync.sync_due(seconds=0.1) == 1
    upstream = Upstream.objects.get()
    assert upstream.problem == ""
    assert upstream.claimed_until is None
    return upstream


def test_what_is_made_on_one_side_is_there_on_the_other(site: Site, theirs: Theirs) -> None:
    silence(site, "A")
    theirs.post("B")
    upstream = sync()
    assert upstream.synced_at is not None
    assert [one[:2] for one in theirs.lasting()] == [("A", "ours"), ("B", "theirs")]
    assert ours(site) == theirs.lasting()
    before = list(UpstreamSilence.objects.order_by("pk").values_list("their_id", "agreed"))
    sync()
    assert list(UpstreamSilence.objects.order_by("pk").values_list("their_id", "agreed")) == before


def test_theirs_holds_for_their_alerts_alone(site: Site, theirs: Theirs) -> None:
    theirs.post("B")
    sync()
    row = Silence.objects.get()
    assert (row.integration, row.author, row.way) == (site.integration, "ops", "system")
    site.organization.refresh_from_db()
    rules = mutes_of(site.organization).silences
    now = clock.now()
    assert silenced_by(rules, {"alertname": "B"}, now, site.integration.pk)
    assert not silenced_by(rules, {"alertname": "B"}, now, make_site(0).integration.pk)


def test_what_is_changed_on_one_side_is_changed_on_the_other(site: Site, theirs: Theirs) -> None:
    mine, b = silence(site, "A"), theirs.post("B")
    sync()
    later = clock.now() + 3 * HOUR
    wanted = Wanted(mine.matchers, mine.starts_at, later, "longer", "anna")
    change_silence(COMMAND_LINE, mine, wanted)
    known = theirs.ask("GET", f"/silence/{b}")
    known = {name: known[name] for name in ("id", "matchers", "startsAt", "createdBy")}
    theirs.ask("POST", "/silences", {**known, "endsAt": later.isoformat(), "comment": "longer"})
    sync()
    assert [one[:2] for one in theirs.lasting()] == [("A", "longer"), ("B", "longer")]
    assert ours(site) == theirs.lasting()
    assert all(one[2] == later.isoformat()[:19] for one in ours(site))
    assert UpstreamSilence.objects.count() == 2


def test_one_that_is_changed_here_stays_the_same_one_there(site: Site, theirs: Theirs) -> None:
    mine = silence(site, "A")
    time.sleep(1.1)  # Alertmanager begins it when it hears of it, and compares starts by the second
    sync()
    before = UpstreamSilence.objects.get().their_id
    change_silence(
        COMMAND_LINE,
        Silence.objects.get(pk=mine.pk),
        Wanted(mine.matchers, mine.starts_at, mine.ends_at + HOUR, "longer", "anna"),
    )
    sync()
    assert UpstreamSilence.objects.get().their_id == before
    assert ours(site) == theirs.lasting() != []


def test_a_change_whose_answer_was_lost_ends_nothing(site: Site, theirs: Theirs) -> None:
    mine = silence(site, "A")
    sync()
    before = UpstreamSilence.objects.get().their_id
    wanted = Wanted('alertname="A"', mine.starts_at, mine.ends_at + HOUR, "longer", "anna")
    change_silence(COMMAND_LINE, mine, wanted)
    begins = (mine.starts_at - timedelta(seconds=5)).isoformat()
    again = theirs.post(
        "A",
        id=before,
        startsAt=begins,
        endsAt=wanted.ends_at.isoformat(),
        comment="longer",
        createdBy="anna",
    )
    assert again != before
    sync()
    assert lasting_for(site) == [("A", None)]
    assert UpstreamSilence.objects.get().their_id == again


@pytest.mark.parametrize("name", ["A", "B"])
def test_one_for_all_that_is_edited_there_stays_as_it_is(
    site: Site, theirs: Theirs, name: str
) -> None:
    silence(site, "A")
    sync()
    their_id = UpstreamSilence.objects.get().their_id
    edited = theirs.post(name, id=their_id, startsAt=(clock.now() - HOUR).isoformat())
    assert edited != their_id
    sync()
    assert lasting_for(site) == [("A", None), (name, site.integration.pk)]
    assert ours(site) == theirs.lasting()


def test_one_for_all_that_is_ended_there_is_told_again(site: Site, theirs: Theirs) -> None:
    silence(site, "A")
    sync()
    theirs.clear()
    sync()
    assert lasting_for(site) == [("A", None)]
    assert ours(site) == theirs.lasting()


def test_what_is_ended_on_one_side_is_ended_on_the_other(site: Site, theirs: Theirs) -> None:
    mine, b = silence(site, "A"), theirs.post("B")
    sync()
    expire_silence(COMMAND_LINE, mine)
    theirs.ask("DELETE", f"/silence/{b}")
    sync()
    assert (ours(site), theirs.lasting()) == ([], [])
    sync()
    assert not UpstreamSilence.objects.exists()


def test_one_with_other_matchers_replaces_the_old_one_there(site: Site, theirs: Theirs) -> None:
    mine = silence(site, "A")
    sync()
    change_silence(
        COMMAND_LINE, mine, Wanted('alertname="Z"', mine.starts_at, mine.ends_at, "ours", "anna")
    )
    sync()
    assert [one[0] for one in theirs.lasting()] == ["Z"]
    assert ours(site) == theirs.lasting()


def test_one_that_is_to_begin(site: Site, theirs: Theirs) -> None:
    begins = clock.now() + HOUR
    silence(site, "A", starts_at=begins, ends_at=begins + HOUR)
    sync()
    (there,) = theirs.ask("GET", "/silences")[:1]
    assert there["status"]["state"] == "pending"
    assert datetime.fromisoformat(there["startsAt"]).replace(microsecond=0) == begins.replace(
        microsecond=0
    )


def test_after_a_kill_between_the_two_sides_nothing_is_twice(site: Site, theirs: Theirs) -> None:
    silence(site, "A")
    theirs.post("B")
    sync()
    UpstreamSilence.objects.all().delete()
    sync()
    assert len(theirs.lasting()) == 2
    assert ours(site) == theirs.lasting()


def test_an_alertmanager_that_lost_its_disk_gets_them_again(
    site: Site, theirs: Theirs, tmp_path: Path
) -> None:
    silence(site, "A")
    with alertmanager(tmp_path / "one") as url:
        set_upstream(COMMAND_LINE, site.integration, url=url)
        sync()
        assert [one[0] for one in Theirs(url).lasting()] == ["A"]
    with alertmanager(tmp_path / "two", port=int(url.rpartition(":")[2])) as again:
        sync()
        assert [one[0] for one in Theirs(again).lasting()] == ["A"]
    assert theirs.lasting() == []


def test_another_organizations_silences_stay_where_they_are(site: Site, theirs: Theirs) -> None:
    silence(make_site(0), "Foreign")
    sync()
    assert theirs.lasting() == []


def test_a_change_of_ours_makes_it_due_at_once(site: Site, theirs: Theirs) -> None:
    upstream = sync()
    assert upstream.due_at is not None
    assert upstream.due_at > clock.now()
    silence(site, "A")
    assert upstream_sync.sync_due(seconds=0.1) == 1
    assert [one[0] for one in theirs.lasting()] == ["A"]


def test_what_cannot_be_reached_says_why_and_is_tried_again(site: Site, settings: Any) -> None:
    upstream = set_upstream(COMMAND_LINE, site.integration, url=f"http://127.0.0.1:{free_port()}")
    assert upstream_sync.sync_due(seconds=0.1) == 1
    upstream.refresh_from_db()
    assert upstream.problem
    assert upstream.synced_at is None
    assert upstream.due_at is not None
    assert upstream.due_at > clock.now() + timedelta(seconds=20)
    settings.OUTBOUND_ALLOWED_HOSTS = []
    Upstream.objects.update(due_at=clock.now())
    upstream_sync.sync_due(seconds=0.1)
    upstream.refresh_from_db()
    assert "127.0.0.1" in upstream.problem


def test_two_runs_do_not_ask_the_same_one(site: Site) -> None:
    Upstream.objects.update(claimed_until=clock.now() + HOUR)
    assert upstream_sync.sync_due(seconds=0.1) == 0


def test_what_one_side_cannot_have_is_told_and_stops_nothing(site: Site, theirs: Theirs) -> None:
    ten_years = (clock.now() + timedelta(days=5_000)).isoformat()
    theirs.post("A", endsAt=ten_years)
    theirs.post("B", comment="c" * 2_500)
    theirs.post("C", endsAt=ten_years)
    for _ in range(2):
        Upstream.objects.update(due_at=clock.now())
        assert upstream_sync.sync_due(seconds=0.1) == 1
        upstream = Upstream.objects.get()
        assert re.fullmatch(
            r'2 silences cannot be kept equal; the first: \{alertname="[AC]"\}; here: '
            "Choose an end within ten years of the start",
            upstream.problem,
        )
        assert upstream.due_at is not None
        assert upstream.due_at < clock.now() + 2 * upstream_sync.EVERY
        assert upstream.synced_at is not None
    assert [one[:2] for one in ours(site)] == [("B", "c" * 2_000)]
    assert ("B", "c" * 2_500) in [one[:2] for one in theirs.lasting()]
    theirs.clear()
    assert sync().synced_at is not None


def test_what_it_refuses_is_told_in_its_words(site: Site, theirs: Theirs) -> None:
    now = clock.now()
    wanted = Wanted('"ü"="y"', now, now + HOUR, "ours", "anna")
    create_silence(COMMAND_LINE, site.organization, wanted)
    Upstream.objects.update(due_at=clock.now())
    assert upstream_sync.sync_due(seconds=0.1) == 1
    problem = Upstream.objects.get().problem
    assert problem.startswith(
        '1 silence cannot be kept equal: {"ü"="y"}; there: it answers with HTTP 400: '
    )
    assert "invalid label name" in problem


def test_what_takes_too_long_is_left_for_the_next_run(site: Site, theirs: Theirs) -> None:
    """A claim must not end before its steps do: another worker would take them, too."""
    silence(site, "A")
    assert upstream_sync.sync_due(seconds=0.1, step_seconds=0) == 1
    upstream = Upstream.objects.get()
    assert (upstream.problem, upstream.synced_at, theirs.lasting()) == ("", None, [])
    assert sync().synced_at is not None
    assert [one[0] for one in theirs.lasting()] == ["A"]
    longest = upstream_sync.STEP_SECONDS + 2 * upstream_api.WITHIN_SECONDS
    assert longest < upstream_sync.CLAIM.total_seconds() - 20


def test_none_is_claimed_before_its_turn(site: Site, settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:  # it never answers
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        set_upstream(COMMAND_LINE, site.integration, url=url)
        for _ in range(5):
            set_upstream(COMMAND_LINE, make_site(0).integration, url=url)
        runs = [Thread(target=upstream_sync.sync_due, args=(1,)) for _ in range(2)]
        for run in runs:
            run.start()
        time.sleep(2)
        claimed = Upstream.objects.exclude(claimed_until=None).count()
        for run in runs:
            run.join()
    assert claimed == upstream_sync.SLOW_THREADS
    assert not Upstream.objects.exclude(claimed_until=None).exists()


def test_those_that_answer_do_not_wait_for_those_that_do_not(
    site: Site, theirs: Theirs, settings: Any
) -> None:
    assert sync().answers
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        for _ in range(6):
            set_upstream(COMMAND_LINE, make_site(0).integration, url=url)
        slow = Thread(target=upstream_sync.sync_due, args=(1,))
        slow.start()
        time.sleep(0.5)
        theirs.post("B")
        begun = clock.now()
        Upstream.objects.filter(answers=True).update(due_at=begun)
        assert upstream_sync.sync_due(seconds=0.1) == 1
        assert clock.now() - begun < timedelta(seconds=3)
        assert [one[0] for one in ours(site)] == ["B"]
        assert slow.is_alive(), "the others still wait"
        slow.join()
    set_upstream(COMMAND_LINE, site.integration, url=url)
    assert not Upstream.objects.get(integration=site.integration).answers


# --- setting it up -------------------------------------------------------------------------------


def test_another_url_needs_the_secret_again(site: Site) -> None:
    row = set_upstream(COMMAND_LINE, site.integration, secret="hidden")
    assert secret_of(row) == "hidden"
    assert "hidden" not in row.secret_encrypted
    for change in ({"url": "http://example.org"}, {"username": "me"}, {"kind": "grafana"}):
        with pytest.raises(UpstreamRefused, match="secret again"):
            set_upstream(COMMAND_LINE, site.integration, **change)
    moved = set_upstream(
        COMMAND_LINE,
        site.integration,
        secret="new",
        url="http://example.org/",
    )
    assert (moved.url, secret_of(moved)) == ("http://example.org", "new")
    upstreams.remove_upstream(COMMAND_LINE, moved)
    assert not Upstream.objects.exists()


def test_over_rest(site: Site) -> None:
    api = Api(site.organization, Role.ADMIN)
    path = f"integrations/{site.integration.pk}/upstream/"
    answer = api.ask("PUT", path, {"url": "http://am.example.org:9093", "secret": "token"})
    assert answer.status_code == 200, answer.json()
    shown = api.get(path).json()
    assert (shown["has_secret"], shown["problem"], "secret" in shown) == (True, "", False)
    assert "/secret" in places(api.ask("PUT", path, {"url": "http://other.example.org"}))
    assert "/url" in places(api.ask("PUT", path, {"url": "ftp://x", "secret": ""}))
    assert "/url" in places(api.ask("PUT", path, {"url": "http://x/?a=b", "secret": ""}))
    assert "/username" in places(
        api.ask("PUT", path, {"url": "http://x", "username": "a:b", "secret": ""})
    )
    viewer = Api(site.organization, Role.VIEWER)
    assert viewer.get(path).json()["url"] == "http://am.example.org:9093/…"
    assert viewer.ask("PUT", path, {"url": "http://x"}).status_code == 403
    assert Api().get(path).status_code == 404
    assert api.delete(path).status_code == 204
    problem_of(api.get(path), 404)
    assert api.ask("PUT", path, {"url": "http://am.example.org:9093"}).status_code == 201
