"""Which alerts are muted, beside a real Alertmanager that is told the same alerts, silences and
inhibit rules.

All cases share one Alertmanager; a label keeps them apart.
"""

import json
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest
import yaml

from alerts.matchers import Matcher, MatchOp
from alerts.muting.decisions import Inhibition, SilenceRule, inhibited_by, silenced_by
from tests.ports import free_port

PROGRAM = "prometheus-alertmanager"
CASES = 150
NAMES = ("a", "b", "c")
VALUES = ("1", "2", "x y")
PATTERNS = ("1|2", ".*", ".+", "[^1]", "x.*", "")

pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(shutil.which(PROGRAM) is None, reason=f"needs {PROGRAM}"),
]

Labels = dict[str, str]


@dataclass
class Case:
    """`alerts`: labels, and whether they fire. Silences get their IDs from Alertmanager."""

    number: int
    alerts: list[tuple[Labels, bool]]
    rules: list[Inhibition]
    silences: list[SilenceRule]
    known: dict[str, SilenceRule] = field(default_factory=dict)

    def expected(self, labels: Labels, now: datetime) -> tuple[set[str], bool]:
        """(IDs of the silences that hold, whether it is inhibited)."""
        sources = {
            (rule.id, key)
            for rule in self.rules
            for other, fires in self.alerts
            if fires and (key := rule.source_key(other)) is not None
        }
        holding = silenced_by(self.known.values(), labels, now)
        ids = {pk for pk, one in self.known.items() if one in holding}
        return ids, inhibited_by(self.rules, labels, sources) is not None


class Generator:
    """Cases by chance, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def matcher(self) -> Matcher:
        op = self.chance.choice(list(MatchOp))
        is_text = op in (MatchOp.EQUAL, MatchOp.NOT_EQUAL)
        return Matcher(
            self.chance.choice(NAMES),
            op,
            self.chance.choice((*VALUES, "") if is_text else PATTERNS),
        )

    def matchers(self, case: int, most: int) -> tuple[Matcher, ...]:
        only = Matcher("case", MatchOp.EQUAL, str(case))
        return (only, *(self.matcher() for _ in range(self.chance.randint(1, most))))

    def case(self, number: int, now: datetime) -> Case:
        chance = self.chance
        alerts: dict[str, tuple[Labels, bool]] = {}
        for _ in range(chance.randint(2, 6)):
            labels = {"case": str(number), "alertname": chance.choice(("A", "B"))}
            labels |= {name: chance.choice(VALUES) for name in NAMES if chance.random() < 0.7}
            alerts.setdefault(json.dumps(labels, sort_keys=True), (labels, chance.random() < 0.8))
        rules = [
            Inhibition(
                uuid4(),
                "",
                self.matchers(number, 2),
                self.matchers(number, 2),
                tuple(chance.sample(NAMES, chance.randint(0, 2))),
            )
            for _ in range(chance.randint(0, 4))
        ]
        silences = [
            SilenceRule(
                uuid4(),
                self.matchers(number, 2),
                now + timedelta(hours=chance.choice((0, 0, 1))),
                now + timedelta(hours=chance.choice((2, 3))),
            )
            for _ in range(chance.randint(0, 2))
        ]
        return Case(number, list(alerts.values()), rules, silences)


class Alertmanager:
    """Its API."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}{path}", data, {"Content-Type": "application/json"})
        with urlopen(request, timeout=10) as answer:
            said = answer.read()
        return json.loads(said) if said else None

    def wait_until_ready(self) -> None:
        for _ in range(200):
            try:
                with urlopen(f"{self.url}/-/ready", timeout=1):
                    return
            except (URLError, OSError):
                time.sleep(0.1)
        raise AssertionError("Alertmanager does not start")


def configuration(cases: list[Case]) -> str:
    rules = [
        {
            "source_matchers": [str(one) for one in rule.sources],
            "target_matchers": [str(one) for one in rule.targets],
            "equal": list(rule.equal),
        }
        for case in cases
        for rule in case.rules
    ]
    return yaml.safe_dump(
        {"route": {"receiver": "none"}, "receivers": [{"name": "none"}], "inhibit_rules": rules}
    )


@pytest.fixture
def told(tmp_path: Path) -> Iterator[tuple[Alertmanager, list[Case]]]:
    now = datetime.now(UTC)
    generator = Generator(2026)
    cases = [generator.case(number, now) for number in range(CASES)]
    (tmp_path / "alertmanager.yml").write_text(configuration(cases))
    port = free_port()
    command = [
        PROGRAM,
        f"--config.file={tmp_path / 'alertmanager.yml'}",
        f"--storage.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        peer = Alertmanager(port)
        peer.wait_until_ready()
        for case in cases:
            tell(peer, case, now)
        yield peer, cases
    finally:
        process.terminate()
        process.wait(30)


def tell(peer: Alertmanager, case: Case, now: datetime) -> None:
    for one in case.silences:
        body = {
            "matchers": [matcher.to_alertmanager() for matcher in one.matchers],
            "startsAt": one.starts_at.isoformat(),
            "endsAt": one.ends_at.isoformat(),
            "createdBy": "anna",
            "comment": "because",
        }
        case.known[peer.ask("/api/v2/silences", body)["silenceID"]] = one
    hour = timedelta(hours=1)
    alerts = [
        {
            "labels": labels,
            "startsAt": (now - hour).isoformat(),
            "endsAt": (now + hour if fires else now - hour / 2).isoformat(),
        }
        for labels, fires in case.alerts
    ]
    peer.ask("/api/v2/alerts", alerts)


def differences(peer: Alertmanager, cases: list[Case]) -> list[str]:
    """What Alertmanager sees otherwise; alerts that are over it does not list."""
    now = datetime.now(UTC)
    found = {}
    for alert in peer.ask("/api/v2/alerts"):
        status = alert["status"]
        said = (set(status["silencedBy"]), bool(status["inhibitedBy"]))
        found[json.dumps(alert["labels"], sort_keys=True)] = said
    wrong = []
    for case in cases:
        for labels, fires in case.alerts:
            expected = case.expected(labels, now)
            seen = found.get(json.dumps(labels, sort_keys=True))
            if fires and seen != expected:
                wrong.append(f"{labels}: {seen}, not {expected}; {case.rules} {case.silences}")
    return wrong


def test_it_is_muted_as_alertmanager_mutes_it(told: tuple[Alertmanager, list[Case]]) -> None:
    peer, cases = told
    now = datetime.now(UTC)
    fates = [case.expected(labels, now) for case in cases for labels, fires in case.alerts if fires]
    assert sum(bool(silences) for silences, _ in fates) > CASES // 4, "too few are silenced"
    assert sum(inhibited for _, inhibited in fates) > CASES // 4, "too few are inhibited"
    assert sum(not silences and not inhibited for silences, inhibited in fates) > CASES // 4
    # It hears of alerts by and by.
    wrong = differences(peer, cases)
    for _ in range(100):
        if not wrong:
            break
        time.sleep(0.2)
        wrong = differences(peer, cases)
    assert wrong == []
