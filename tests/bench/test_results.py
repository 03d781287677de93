"""What is kept of a run: written whole, read again, and mended by a run of some scenarios."""

import json
from dataclasses import replace
from pathlib import Path

from bench.report import BEGIN, END, markdown, write_into
from bench.results import Outcome, Results, earlier, write
from bench.rows import Peer, Plot, Row, at_least, at_most

MACHINE = {"CPU": "Some, 2 cores"}
ABOUT = {"when": "2026-11-26 06:00 UTC", "commit": "abc1234", "load before": "0.05"}
RATE = Row(
    *("delivery", 1200.0, "/s", at_least(900, 2000), Peer("Apprise", 15.0, "one by one")),
    n=12_000,
    stages={"worker": 1.5},
    shares={"POST until 202": 3.0, "call": 1.0},
)
STORM = Row("storm", 61.0, "s", at_most(60), plot=Plot("storm", "s", "%", {"a": [(1.0, 2.0)]}))
WHOLE = Results(
    MACHINE, False, {"delivery": Outcome([RATE], "", 70.0, ABOUT), "storm": Outcome([STORM])}
)
ORDER = ["delivery", "kill", "storm"]


def test_what_was_written_is_read_again_without_pictures(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write(path, WHOLE)
    known = earlier(path, MACHINE, quick=False)
    assert known.rows == [RATE, replace(STORM, plot=None)]
    assert known.outcomes["delivery"] == WHOLE.outcomes["delivery"]
    told = json.loads(path.read_text())["scenarios"]["delivery"]["rows"][0]
    assert (told["verdict"], told["ratio"]) == ("met", 80.0)
    assert [one.name for one in tmp_path.iterdir()] == ["results.json"]


def test_results_of_another_machine_or_kind_are_not_mixed_in(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    assert earlier(path, MACHINE, quick=False).outcomes == {}
    write(path, WHOLE)
    assert earlier(path, MACHINE, quick=True).outcomes == {}
    assert earlier(path, {"CPU": "Another"}, quick=False).outcomes == {}
    path.write_text('{"machine": {"CPU": "Some, 2 cores"}, "quick": false, "rows": []}')
    assert earlier(path, MACHINE, quick=False).outcomes == {}, "of an older form"


def test_a_run_of_some_scenarios_replaces_those_alone() -> None:
    newer = {"kill": Outcome(failure="it hung"), "storm": Outcome([replace(STORM, measured=50.0)])}
    merged = WHOLE.merged(newer, ORDER)
    assert list(merged.outcomes) == ORDER
    assert [row.measured for row in merged.rows] == [1200.0, 50.0]


def test_a_failure_and_a_missed_budget_are_no_success() -> None:
    assert Outcome([RATE]).is_success
    assert not Outcome([RATE, STORM]).is_success
    assert not Outcome([RATE], failure="it hung").is_success


def test_the_page_tells_machine_commit_table_notes_and_failures() -> None:
    failed = Outcome(failure="Failed: web: no answer\nits log", circumstances=ABOUT)
    page = markdown(WHOLE.merged({"kill": failed}, ORDER))
    for words in (
        "- CPU: Some, 2 cores",
        "2026-11-26, commit abc1234, load before 0.05, 70 s: delivery, kill",
        "| delivery | 1,200 /s | ≥ 900 → 2,000 | met | Apprise 15 | 80 × | 12,000 |",
        "| storm | 61 s | ≤ 60 | MISSED |",
        "- delivery: Apprise: one by one; 4.0 ms on average: POST until 202 3.0 (75 %), call 1.0",
        "- **`kill` failed**: Failed: web: no answer its log",
    ):
        assert words in page


def test_what_is_written_by_hand_stays(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    assert not write_into(page, WHOLE)
    page.write_text(f"# By hand\n\n{BEGIN}\nold\n{END}\n\nWhy.\n")
    assert write_into(page, WHOLE)
    (tmp_path / "storm.svg").touch()
    assert write_into(page, WHOLE)
    text = page.read_text()
    assert text.startswith("# By hand\n")
    assert text.endswith(f"{END}\n\nWhy.\n")
    assert "old" not in text
    assert text.count("| storm |") == 1
    assert "![storm](storm.svg)" in text


def test_the_page_of_this_repository_has_its_marks() -> None:
    page = Path(__file__).resolve().parents[2] / "docs/benchmarks/README.md"
    text = page.read_text(encoding="utf-8")
    assert 0 < text.index(BEGIN) < text.index(END)
