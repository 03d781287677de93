"""A menu of commands that Telegram takes: pure."""

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from chatops.actions.changes import ACTIONS_MAX
from chatops.actions.listing import BYTES_MAX, COMMANDS_MAX, listing
from chatops.handlers.commands.table import menu

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,31}", fullmatch=True)
WORDS = st.text(min_size=1, max_size=100).filter(str.strip)
OWN = st.lists(
    st.builds(lambda name, words: {"command": name, "description": words}, NAMES, WORDS),
    max_size=ACTIONS_MAX,
)
USUAL = menu()["all_private_chats"]


def size(listed: Sequence[Mapping[str, str]]) -> int:
    return sum(len(text.encode()) for one in listed for text in one.values())


@given(OWN)
def test_whatever_there_is_fits_with_every_name(own: list[dict[str, str]]) -> None:
    listed = listing(own, USUAL)
    assert [one["command"] for one in listed] == [one["command"] for one in [*own, *USUAL]]
    assert len(listed) <= COMMANDS_MAX
    assert size(listed) <= BYTES_MAX
    assert all(one["description"].strip() for one in listed)
    if size([*own, *USUAL]) <= BYTES_MAX:
        assert listed == [*own, *USUAL]


def test_the_longest_are_cut_and_the_others_stay() -> None:
    own = [{"command": f"c{number:02}", "description": "x" * 100} for number in range(45)]
    own += [{"command": f"s{number}", "description": "short"} for number in range(5)]
    listed = listing(own, USUAL)
    lengths = {len(one["description"]) for one in listed[:45]}
    assert len(lengths) == 1
    assert all(one["description"] == "short" for one in listed[45:50])
    assert size(listed) > BYTES_MAX - 200, "no more than has to be"
    assert listed[0]["description"].endswith("x…")


def test_the_worst_that_an_organization_can_set_up() -> None:
    own = [{"command": "n" * 32, "description": "é" * 100}] * ACTIONS_MAX
    listed = listing(own, USUAL)
    assert size(listed) <= BYTES_MAX
    assert len(listed[0]["description"]) > 10, "it still says something"
