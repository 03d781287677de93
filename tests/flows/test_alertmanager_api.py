"""The same requests to a real Alertmanager and to us: the same answers."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.alertmanager_pair import Both, Step, at, pair, query, silence
from tests.flows.system import eventually

MISSING = shutil.which("prometheus-alertmanager") is None

pytestmark = [
    pytest.mark.peers,
    pytest.mark.django_db,
    pytest.mark.skipif(MISSING, reason="not installed: prometheus-alertmanager"),
]

NOBODYS = "6a1f2d4e-6f70-4a0e-9a37-0123456789ab"
ODD_VALUES: tuple[Any, ...] = (None, 5, "left out", {}, True)
ODD_MATCHERS: list[Any] = [
    [],
    "x",
    [5],
    [{}],
    [{"name": "a", "value": "b"}],
    [{"name": "a", "isRegex": False}],
    [{"value": "b", "isRegex": False}],
    [{"name": "a", "value": "b", "isRegex": "no"}],
    [{"name": "a", "value": 5, "isRegex": False}],
    [{"name": "a", "value": "b", "isRegex": False, "isEqual": 1}],
    [{"name": "", "value": "b", "isRegex": False}],
    [{"name": "a", "value": "", "isRegex": False}],
    [{"name": "a", "value": ".*", "isRegex": True}],
    [{"name": "a", "value": "b", "isRegex": False, "isEqual": False}],
    [{"name": "a", "value": "b", "isRegex": False}, {"name": "a", "value": "b"}],
]


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    """A new one of each."""
    with pair(tmp_path) as made:
        yield made


ALERTS = [
    {"labels": {"alertname": "X", "instance": "1", "job": "b"}},
    {
        "labels": {"alertname": "X", "instance": "2", "job": "a"},
        "generatorURL": "http://prometheus.example.org/graph?g0.expr=up&g0.tab=1",
    },
    {
        "labels": {"alertname": "Y", "path": 'C:\\x "quoted" <é>'},
        "annotations": {"summary": "two\nlines & <more>", "a": "1"},
        "startsAt": "2020-01-01T00:00:00.123456Z",
        "endsAt": "2030-01-01T00:00:00.999Z",
    },
    {"labels": {"alertname": "Gone"}, "startsAt": "2020-01-01T00:00:00Z", "endsAt": at(-60)},
    {"labels": {"alertname": "Z", "empty": ""}},
]


def test_what_is_refused(both: Both) -> None:
    """Requests that neither takes, and nothing is stored by them."""
    steps: list[Step] = [
        ("GET", "/nothing"),
        ("GET", "/"),
        ("GET", "/silence/"),
        ("GET", "/silence/a/b"),
        ("POST", "/nothing", b"{}", {"Content-Type": "text/plain"}),
        *((method, "/alerts") for method in ("PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")),
        *((method, "/silences") for method in ("PUT", "DELETE", "HEAD")),
        *((method, f"/silence/{NOBODYS}") for method in ("PUT", "POST")),
        *((method, path) for method in ("POST", "HEAD") for path in ("/status", "/receivers")),
        ("POST", "/alerts/groups", b"[]"),
        ("POST", "/silences", b"{}", {"Content-Type": "text/plain"}),
        ("POST", "/silences", b"{}", {"Content-Type": "application/json; charset=utf-8"}),
        ("POST", "/silences", b"", {"Content-Type": "text/plain"}),
        *(
            ("GET", path, None, {"Accept": accept})
            for path in ("/alerts", "/silences", "/status", f"/silence/{NOBODYS}")
            for accept in ("text/html", "text/html, image/png;q=0.5")
        ),
        ("GET", "/receivers", None, {"Accept": "text/html, */*;q=0.1"}),
        ("GET", "/receivers", None, {"Accept": "application/*"}),
        *(("GET", f"/silence/{pk}") for pk in ("x", NOBODYS)),
        ("DELETE", "/silence/x"),
        *(("POST", "/silences", body) for body in (b"", b"null", b"{}", b"[]", b"{", b"5", b'"x"')),
        *(
            ("POST", "/silences", silence(**{name: value}))
            for name in ("matchers", "startsAt", "endsAt", "createdBy", "comment")
            for value in ODD_VALUES
        ),
        *(("POST", "/silences", silence(matchers=matchers)) for matchers in ODD_MATCHERS),
        ("POST", "/silences", silence(startsAt="x")),
        ("POST", "/silences", silence(startsAt=at(3600), endsAt=at(3600))),
        ("POST", "/silences", silence(startsAt=at(7200))),
        ("POST", "/silences", silence(startsAt=at(-7200), endsAt=at(-3600))),
        ("POST", "/silences", silence(endsAt="0001-01-01T00:00:00Z")),
        *(("POST", "/silences", silence(id=pk)) for pk in ("x", NOBODYS, 5)),
        *(
            ("GET", query(path, filter=text))
            for path in ("/alerts", "/silences", "/alerts/groups")
            for text in ("alertname", "", "=x", 'a="b', 'a="b"c', 'a=b"c', "a b=c")
        ),
        *(("GET", query(path, receiver="(")) for path in ("/alerts", "/alerts/groups")),
        ("GET", "/silences"),
        ("GET", "/alerts"),
        ("GET", "/alerts/groups"),
        ("GET", "/receivers"),
    ]
    both.assert_alike(steps)


def test_expressions_that_do_not_compile(both: Both) -> None:
    """Only how it is said differs."""
    bad = silence(matchers=[{"name": "a", "value": "(", "isRegex": True}])
    steps: list[Step] = [
        ("GET", query("/alerts", filter="a=~(")),
        ("GET", query("/alerts", receiver="(")),
        ("POST", "/silences", bad),
    ]
    for step in steps:
        theirs, ours = both.theirs.told(*step), both.ours.told(*step)
        assert theirs == ours


def test_alerts_and_silences(both: Both) -> None:
    """A story: what fires is shown, silenced in many ways, and shown again."""
    steps: list[Step] = [
        ("GET", "/alerts"),
        ("GET", "/silences"),
        ("POST", "/silences", silence()),
        ("POST", "/silences", silence(("alertname", "=~", "X|Z"), comment="", endsAt=at(3500))),
        ("POST", "/silences", silence(("path", "!=", ""), createdBy="é <&>", endsAt=at(3400))),
        ("POST", "/silences", silence(startsAt=at(600), endsAt=at(7200))),
        ("POST", "/silences", silence(startsAt=at(300), endsAt=at(9999), more="unknown")),
        ("POST", "/silences", silence(startsAt="0001-01-01T00:00:00Z", id="", endsAt=at(3300))),
        ("POST", "/silences", silence(startsAt="2020-01-01 00:00:00", id=None, endsAt=at(3200))),
        (
            "POST",
            "/silences",
            silence(("instance", "!~", "1|"), ("job", "=", "a"), endsAt=at(3100)),
        ),
        ("GET", "/silences"),
        ("GET", "/silence/<0>"),
        ("GET", "/silence/<4>"),
        *(
            ("GET", query("/silences", filter=text))
            for text in ("alertname=X", 'alertname="X"', "alertname!=X", "alertname=~X|Z", "a=b")
        ),
        ("GET", query("/silences", filter=['job="a"', 'instance!~"1|"'])),
        ("GET", query("/silences", filter=['job="a"', 'alertname="X"'])),
        # Changed in place, and into another silence: Alertmanager's canUpdate.
        (
            "POST",
            "/silences",
            silence(id="<3>", startsAt=at(900), endsAt=at(5000), comment="Moved"),
        ),
        ("GET", "/silence/<3>"),
        ("POST", "/silences", silence(("alertname", "=", "W"), id="<1>")),
        ("GET", "/silence/<1>"),
        ("POST", "/silences", silence(id="<4>")),
        ("GET", "/silence/<4>"),
        ("DELETE", "/silence/<5>"),
        ("DELETE", "/silence/<5>"),
        ("GET", "/silence/<5>"),
        ("POST", "/silences", silence(id="<5>", endsAt=at(1800))),
        ("DELETE", "/silence/<3>"),
        ("GET", "/silence/<3>"),
    ]
    both.assert_alike(steps)
    for side in (both.theirs, both.ours):
        assert side.told("POST", "/alerts", ALERTS)[0] == 200
    again: list[Step] = [
        ("GET", "/alerts"),
        *(
            ("GET", query("/alerts", **{name: value}))
            for name in ("active", "silenced", "inhibited", "unprocessed")
            for value in ("true", "false", "1", "F", "", "x")
        ),
        ("GET", query("/alerts", active=["true", "false"])),
        ("GET", query("/alerts", silenced="false", active="false")),
        *(("GET", query("/alerts", receiver=text)) for text in ("hook", "hoo", "hoo.", ".*", "")),
        *(
            ("GET", query("/alerts", filter=text))
            for text in (
                "alertname=X",
                "alertname!=X",
                "alertname=~X|Y",
                'alertname=~"X|Y"',
                'instance!~"1.*"',
                'instance=""',
                'instance!=""',
                'path="C:\\\\x \\"quoted\\" <é>"',
                "alertname=X,instance=1",
                " alertname = X ",
            )
        ),
        ("GET", query("/alerts", filter=["alertname=X", "instance=2"])),
        ("GET", query("/alerts", nothing="known")),
    ]
    both.assert_alike(again)


def test_groups(both: Both) -> None:
    for side in (both.theirs, both.ours):
        side.told("POST", "/silences", silence(("instance", "=", "1")), {})
        side.told("POST", "/alerts", ALERTS, {})
    steps: list[Step] = [
        ("GET", "/alerts/groups"),
        ("GET", query("/alerts/groups", filter="alertname=X")),
        ("GET", query("/alerts/groups", silenced="false")),
        ("GET", query("/alerts/groups", active="false")),
        ("GET", query("/alerts/groups", receiver="hook")),
        ("GET", query("/alerts/groups", receiver="other")),
    ]
    both.assert_alike(steps)
    status, _, _, groups = both.ours.told("GET", "/alerts/groups")
    assert (status, len(groups)) == (200, 3)


def test_inhibition(both: Both) -> None:
    def labels(name: str, level: str, cluster: str) -> dict[str, Any]:
        return {"labels": {"alertname": name, "level": level, "cluster": cluster}}

    alerts = [
        labels("Down", "major", "a"),
        labels("Slow", "minor", "a"),
        labels("Slow", "minor", "b"),
        {"labels": {"alertname": "Alone", "level": "minor"}},
    ]
    for side in (both.theirs, both.ours):
        assert side.told("POST", "/alerts", alerts)[0] == 200

    def theirs_know() -> bool:
        return len(both.theirs.told("GET", query("/alerts", inhibited="false"))[3]) == 3

    eventually(theirs_know, what="the inhibition there")
    steps: list[Step] = [
        ("GET", "/alerts"),
        ("GET", query("/alerts", inhibited="false")),
        ("GET", query("/alerts", active="false")),
        ("GET", "/alerts/groups"),
    ]
    both.assert_alike(steps)
    suppressed = both.ours.told("GET", query("/alerts", active="false"))[3]
    assert len(suppressed) == 1
