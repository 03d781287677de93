"""Values of alerts for people."""

import pytest

from alerts.sources.values import number_text, read_value_string


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (22.0, "22"),
        (-3.0, "-3"),
        (0.0, "0"),
        (18.98211314475876, "18.9821"),
        (14151.331895396988, "14151.3319"),
        (2.50, "2.5"),
        (0.1, "0.1"),
        (0.000123456, "0.0001235"),
        (1e-9, "1e-09"),
        (1e15, "1e+15"),
        (123456789012.0, "123456789012"),
        (-0.5, "-0.5"),
    ],
)
def test_number_text(number: float, text: str) -> None:
    assert number_text(number) == text


@pytest.mark.parametrize(
    ("given", "numbers", "text"),
    [
        (
            "[ metric='' labels={} value=14151.331895396988 ]",
            {"value": 14151.331895396988},
            "14151.3319",
        ),
        (
            "[ var='B' labels={a=[x], b=c} value=1 ], [ var='C' labels={} value=0 ]",
            {"B": 1.0, "C": 0.0},
            "B=1, C=0",
        ),
        ("[ var='A' metric='up' labels={x=value=3} value=4 ]", {"A": 4.0}, "A=4"),
        ("[ var='A' labels={} value=null ]", {}, "A=null"),
        ("something else", {}, "something else"),
        ("[ var='A'", {}, "[ var='A'"),
        ("", {}, ""),
    ],
)
def test_value_string(given: str, numbers: dict[str, float], text: str) -> None:
    assert read_value_string(given) == (numbers, text)
