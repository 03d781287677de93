"""What own commands are called and told: pure."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops.actions import rules
from chatops.actions.rules import ActionRefused, Meant, Named, meant
from chatops.handlers.commands.table import BY_NAME

KNOWN = (
    *(Named("light", True), Named("light_all", True), Named("lights", False), Named("a", True)),
    Named("light_off", False),
)
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)
ARGUMENTS = st.from_regex(r"[a-z0-9_]{1,20}", fullmatch=True)


@pytest.mark.parametrize(
    ("typed", "rest", "expected"),
    [
        ("light", "", Meant("light", "")),
        ("light", " hall ", Meant("light", "hall")),
        ("light_hall", "", Meant("light", "hall")),
        ("light_hall", "now", Meant("light", "hall now")),
        ("light_all", "", Meant("light_all", "")),
        ("light_all_hall", "", Meant("light_all", "hall")),
        ("light_al", "", Meant("light", "al")),
        ("light_off", "", Meant("light_off", "")),
        ("light_off_hall", "", None),  # not /light with "off_hall"
        ("light_", "", Meant("light", "")),
        ("light_living_room", "", Meant("light", "living_room")),
        ("lights", "hall", Meant("lights", "hall")),
        ("lights_hall", "", None),
        ("lighter", "", None),
        ("_light", "", None),
        ("a_light_all", "", Meant("a", "light_all")),
        ("", "", None),
    ],
)
def test_the_longest_name_that_is_known_counts(
    typed: str, rest: str, expected: Meant | None
) -> None:
    assert meant(typed, rest, KNOWN) == expected


@given(st.sets(NAMES, min_size=1, max_size=6), ARGUMENTS, st.data())
def test_nothing_of_what_was_typed_is_lost(
    names: set[str], argument: str, data: st.DataObject
) -> None:
    known = [Named(name, True) for name in names]
    name = data.draw(st.sampled_from(sorted(names)))
    typed = f"{name}_{argument}"
    found = meant(typed, "", known)
    assert found is not None
    assert found.name in names
    assert typed in (f"{found.name}_{found.argument}", found.name)
    assert len(found.name) >= len(name), "no shorter one is meant"
    longer = [one for one in names if typed == one or typed.startswith(f"{one}_")]
    assert found.name == max(longer, key=len)
    assert meant(name, argument, known) == Meant(name, argument)


@given(NAMES, st.sets(NAMES, max_size=6))
def test_what_begins_with_no_name_is_nobodys(typed: str, names: set[str]) -> None:
    known = [Named(name, True) for name in names]
    begins = any(typed == one or typed.startswith(f"{one}_") for one in names)
    assert (meant(typed, "", known) is not None) == begins


@pytest.mark.parametrize(
    ("said", "expected"),
    [("hall", "Hall"), ("LIVING_room", "Living Room"), (" living  room ", "Living Room")],
)
def test_choices_are_found_however_they_are_written(said: str, expected: str) -> None:
    assert rules.chosen(said, ["Hall", "Living Room"]) == expected
    assert rules.chosen("attic", ["Hall", "Living Room"]) is None


@pytest.mark.parametrize("name", ["", "1a", "_a", "a-b", "ä", "a" * 33, "a b", "A", *BY_NAME])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(ActionRefused) as refused:
        rules.checked_name(name, BY_NAME)
    assert refused.value.field == "name"


@pytest.mark.parametrize("name", ["a", "lightson", "/lights_on2", "a" * 32])
def test_names_that_can(name: str) -> None:
    assert rules.checked_name(name, BY_NAME) == name.removeprefix("/")


@pytest.mark.parametrize(
    ("said", "parameter", "choices", "expected"),
    [
        ("", "none", [], ""),
        ("x", "none", [], ActionRefused),
        ("", "optional", [], ""),
        ("", "required", [], ActionRefused),
        (" a \n b ", "required", [], "a b"),
        ("x" * 301, "optional", [], ActionRefused),
        ("hall", "optional", ["Hall"], "Hall"),
        ("attic", "optional", ["Hall"], ActionRefused),
        ("a\0b", "optional", [], "ab"),
    ],
)
def test_arguments(said: str, parameter: str, choices: list[str], expected: Any) -> None:
    if isinstance(expected, str):
        assert rules.checked_argument(said, parameter, choices) == expected
        return
    with pytest.raises(expected) as refused:
        rules.checked_argument(said, parameter, choices)
    assert refused.value.field == "argument"
