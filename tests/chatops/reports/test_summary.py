"""What a chat reads of a report, in its language."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from chatops.replies import plain_of
from chatops.reports.document import Line, as_csv
from chatops.reports.periods import Period
from chatops.reports.summary import summary
from languages.speaking import LANGUAGES, gettext, ngettext, speaking

ZONE = ZoneInfo("UTC")
START = datetime(2026, 11, 1, tzinfo=UTC)
PERIOD = Period(START, START + timedelta(days=14))
TOOK = timedelta(minutes=4)


def line(title: str = "HighCPU", severity: str = "critical", *, over: bool = True) -> Line:
    ended = START + TOOK if over else None
    return Line(title, severity, 1, START, ended, ended, "Ada" if over else "")


OF_ONE = """\
Report of cpu: 2026-11-01 to 2026-11-14 (UTC)
1 group: 🔴 1
Acknowledged: 0
Over: 0"""
OF_MANY = """\
Report: 2026-11-01 to 2026-11-14 (UTC)
1,200 groups (the first 3 of 1,200 are in the file): 🔴 2  unknown 1
Acknowledged: 2, after 4 min in the middle, 4 min at most
Over: 2, after 4 min in the middle, 4 min at most
Most often: HighCPU ×2"""


@pytest.mark.parametrize(
    ("lines", "about", "total", "expected"),
    [
        ([], "", 0, "Report: 2026-11-01 to 2026-11-14 (UTC)\n0 groups"),
        ([line(over=False)], "cpu", 1, OF_ONE),
        ([line(), line(), line("Slow", "", over=False)], "", 1_200, OF_MANY),
    ],
)
def test_in_english(lines: list[Line], about: str, total: int, expected: str) -> None:
    assert plain_of(summary(lines, PERIOD, ZONE, about, total)) == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_in_the_language_that_is_spoken(language: str) -> None:
    with speaking(language):
        said = plain_of(summary([line()] * 2, PERIOD, ZONE, "", 2))
        count = ngettext("{count} group", "{count} groups", 2).format(count=2)
        often = gettext("Most often: {titles}").format(titles="HighCPU ×2")
        file = as_csv([line()], ZONE).decode("utf-8-sig")
    assert f"\n{count}: " in said
    assert said.endswith(often)
    assert file.startswith("opened,closed,severity,"), "programs read it"
