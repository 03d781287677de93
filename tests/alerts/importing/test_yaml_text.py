"""YAML: what means a text stays one, and what would be harmful is refused at once."""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.importing.yaml_text import MAX_CHARACTERS, YamlError, read_yaml

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", None),
        ("a: 1", {"a": 1}),
        ("a: 17:00", {"a": "17:00"}),
        ("a: 007", {"a": "007"}),
        ("a: 1e3", {"a": "1e3"}),
        ("a: 2026-11-26", {"a": "2026-11-26"}),
        ("a: yes", {"a": "yes"}),
        ("a: true", {"a": True}),
        ('a: "true"', {"a": "true"}),
        ("a: !!str 5", {"a": "5"}),
        ("a: ~", {"a": None}),
        ("a:", {"a": None}),
        ("1: b", {"1": "b"}),
        ("a: &x [1, 2]\nb: *x", {"a": [1, 2], "b": [1, 2]}),
        ("a: &x {b: 1, c: 1}\nd: {<<: *x, c: 2}", {"a": {"b": 1, "c": 1}, "d": {"b": 1, "c": 2}}),
        ("a: {<<: [{b: 1}, {b: 2, c: 3}]}", {"a": {"b": 1, "c": 3}}),
        ("a: |\n  b\n  c\n", {"a": "b\nc\n"}),
        ("a: -1001234567890", {"a": -1001234567890}),
    ],
)
def test_values(text: str, data: object) -> None:
    assert read_yaml(text).data == data


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", r"line \d: It is no valid YAML"),
        ("a: *b", "line 1: It is no valid YAML: found undefined alias"),
        ("a: 1\nb:\n  c: 1\n  c: 2", r"b\.c, line 4: This key stands here twice"),
        ("a: &a\n  b: *a", r"a\.b, line 1: An alias that stands within what it names"),
        ("a: !!python/object/apply:os.system [x]", "no plain value"),
        ("? [a, b]\n: c", "line 1: A key has to be a text"),
        ("a: 1\n---\nb: 2", "no valid YAML"),
        (LAUGHS, "More than 100,000 values, aliases written out"),
        ("[" * 200 + "]" * 200, "Nested more than 100 deep"),
        ("[" * 100_000, "Nested more than 100 deep"),
        ("a: " + "x" * MAX_CHARACTERS, "1,000,003 characters"),
        ("a: {<<: 5}", "Only mappings are merged"),
        ("a: \0", "no valid YAML"),
        ("a: 1\nb: \ud800", "line 2: It holds characters that are no text"),
        ('a: "\\ud800"', "no valid YAML"),
    ],
)
def test_refused_soon(text: str, message: str) -> None:
    began = time.process_time()
    with pytest.raises(YamlError, match=message):
        read_yaml(text)
    assert time.process_time() - began < 5


def test_many_merges_take_no_time() -> None:
    keys = ", ".join(f"k{number}: 1" for number in range(40_000))
    merges = ", ".join(["*a"] * 10_000)
    began = time.process_time()
    data = read_yaml(f"a: &a {{x: 1}}\nb: {{{keys}, <<: [{merges}]}}").data
    assert len(data["b"]) == 40_001
    assert time.process_time() - began < 4


def test_keys_that_are_merged_again_and_again_count_each_time() -> None:
    keys = ", ".join(f"k{number}: 1" for number in range(30_000))
    inner = "{<<: " * 5 + f"{{{keys}}}" + "}" * 5
    with pytest.raises(YamlError, match="More than 100,000 values"):
        read_yaml(f"a: {inner}")


def test_lines_of_values_and_of_what_is_missing() -> None:
    document = read_yaml("route:\n  receiver: a\n  routes:\n  - receiver: b\n")
    assert document.line(("route", "routes", 0, "receiver")) == 4
    assert document.line(("route", "routes", 0, "matchers", 3)) == 4
    error = document.error(("route", "routes", 0, "matchers", 3), "Wrong.")
    assert str(error) == "route.routes[0].matchers[3], line 4: Wrong."


@given(st.text(max_size=200) | st.text(alphabet="[]{}&*a:-? \n!|>'\"#%@,", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(YamlError):
        read_yaml(text)
