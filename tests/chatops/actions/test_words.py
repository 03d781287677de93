"""What a chat shows of a run: pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botapi.entities import as_sent
from botapi.limits import MESSAGE_TEXT_MAX
from chatops.actions.reports import TEXT_MAX
from chatops.actions.rules import ARGUMENT_MAX
from chatops.actions.words import MARKS, Shown, shown


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (
            Shown("on", "", "Ada", "asked"),
            "❔ <code>/on</code>\nRun it, Ada?",
        ),
        (Shown("on", "a <b>", "Ada", "waiting"), "⏳ <code>/on a &lt;b&gt;</code> asked by Ada"),
        (
            Shown("on", "", "Ada", "running", "x", 100),
            "⏳ <code>/on</code> asked by Ada\n▓▓▓▓▓▓▓▓▓▓ 100 %\n<blockquote>x</blockquote>",
        ),
        (
            Shown("on", "", "Ada", "running", "", 9),
            "⏳ <code>/on</code> asked by Ada\n░░░░░░░░░░ 9 %",
        ),
        (
            Shown("on", "", "Ada", "done", "see /var", 50),
            "✅ <code>/on</code> done\n<blockquote>see <code>/var</code></blockquote>",
        ),
        (Shown("on", "", "Ada", "failed"), "❌ <code>/on</code> failed"),
        (Shown("on", "", "Ada", "timed_out"), "⌛ <code>/on</code> timed out"),
        (Shown("on", "", "Ada", "cancelled"), "🚫 <code>/on</code> cancelled"),
    ],
    ids=lambda one: one.state if isinstance(one, Shown) else "",
)
def test_what_is_shown(run: Shown, expected: str) -> None:
    assert shown(run) == expected


@given(
    argument=st.text(max_size=ARGUMENT_MAX),
    by=st.text(max_size=254),
    state=st.sampled_from(sorted(MARKS)),
    said=st.text(max_size=200).map(lambda text: (text * 20)[:TEXT_MAX]),
    progress=st.none() | st.integers(0, 100),
)
def test_whatever_is_said_is_valid_and_fits(
    argument: str, by: str, state: str, said: str, progress: int | None
) -> None:
    seen = as_sent(shown(Shown("on", argument, by, state, said, progress)), "HTML")
    assert 0 < len(seen.text) <= MESSAGE_TEXT_MAX
    assert "bot_command" not in {entity["type"] for entity in seen.entities}
