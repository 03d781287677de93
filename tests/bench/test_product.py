"""The benchmark runs the product as its README says."""

from pathlib import Path

from bench.__main__ import QUICK_BATCHES, SCENARIOS
from bench.product import WEB

ROOT = Path(__file__).resolve().parents[2]


def test_the_web_is_started_as_the_readme_says() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f".venv/bin/python {WEB.format(port=8000)}\n" in readme


def test_every_scenario_is_explained() -> None:
    page = (ROOT / "docs/benchmarks/README.md").read_text(encoding="utf-8")
    assert [name for name in SCENARIOS if f"| `{name}` |" not in page] == []


def test_a_quick_run_leaves_no_scenario_out() -> None:
    assert sorted(name for batch in QUICK_BATCHES for name in batch) == sorted(SCENARIOS)
