"""Cleaning and shortening of single texts."""

import pytest

from alerts.rendering.words import (
    isolate,
    lines_of,
    one_line,
    shorten_end,
    shorten_middle,
    shorten_name,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        ("  a \t b\n\nc  ", "a b c"),
        ("a\x00b\x07c", "a b c"),
        ("a\u202eevil\u202c", "aevil"),
        ("a\u2067b\u2069", "ab"),
        ("\ufeffa\u200bb", "ab"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("a\u2028b", "a b"),
        ("\u3000", ""),
    ],
)
def test_one_line(value: str, expected: str) -> None:
    assert one_line(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a\nb", ["a", "b"]),
        ("\n\n a \r\n\n b\rc\n\n", ["a", "", "b", "c"]),
        ("a\u2028b", ["a", "b"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_lines(value: str, expected: list[str]) -> None:
    assert lines_of(value) == expected


@pytest.mark.parametrize(
    ("value", "limit", "expected"),
    [
        ("abcdefghij", 10, "abcdefghij"),
        ("abcdefghij", 7, "abc…hij"),
        ("abcdefghij", 6, "abc…ij"),
        ("ab   cdefghij", 7, "ab…hij"),
        ("abce\u0301efghij", 8, "abc…hij"),
        ("ab👩\u200d👧cdefghi", 7, "ab…ghi"),
        ("abcdefghi\u0301j", 6, "abc…j"),
        ("\U0001f3fb" * 65, 21, "\U0001f3fb" * 10 + "…" + "\U0001f3fb" * 10),
        ("a" + "\u0301" * 40, 21, "a" + "\u0301" * 9 + "…" + "\u0301" * 10),
    ],
)
def test_shorten_middle(value: str, limit: int, expected: str) -> None:
    assert shorten_middle(value, limit) == expected


@pytest.mark.parametrize(
    ("value", "limit", "expected"),
    [
        ("short", 5, "short"),
        ("one two three four", 12, "one two…"),
        ("one two, three four", 12, "one two…"),
        ("unbreakable", 6, "unbre…"),
        ("one two three four", 8, "one two…"),
        ("one two three four", 9, "one two…"),
        ("a wordwithoutanend", 12, "a wordwitho…"),
    ],
)
def test_shorten_end(value: str, limit: int, expected: str) -> None:
    assert shorten_end(value, limit) == expected


@pytest.mark.parametrize(
    ("value", "limit", "expected"),
    [
        ("Disk is nearly full", 30, "Disk is nearly full"),
        ("Disk is nearly full", 12, "Disk is…"),
        ("web-1.example.org", 9, "web-….org"),
    ],
)
def test_prose_loses_its_end_and_an_identifier_its_middle(
    value: str, limit: int, expected: str
) -> None:
    assert shorten_name(value, limit) == expected


@pytest.mark.parametrize("value", ["abc", "мир", "磁盘"])
def test_left_to_right_needs_no_isolation(value: str) -> None:
    assert isolate(value) == value


@pytest.mark.parametrize("value", ["שלום", "web-1 مرحبا"])
def test_right_to_left_is_isolated(value: str) -> None:
    assert isolate(value) == f"\u2068{value}\u2069"
