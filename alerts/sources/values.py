"""Measured values of an alert: numbers by name, and the same as one line for people."""

import re
from collections.abc import Iterable

from alerts.sources.incoming import MAX_LABEL_NAME, MAX_TEXT, MAX_VALUES
from alerts.sources.json_text import Json, clean, number_of, shorten, text_of

# One piece of Grafana's valueString: `[ var='B' labels={instance=a} value=22 ], [ metric='' … ]`.
_PIECE = re.compile(r"\[? ?(?:var|metric)='([^']{0,1000})' ")
_BETWEEN_PIECES = " ], [ "


def read_values(pairs: Iterable[tuple[str, Json]]) -> tuple[dict[str, float], str]:
    """`("A", 22), ("B", null)` → ({"A": 22.0}, "A=22, B=no value"); an empty name stands alone,
    as "value".

    A name that returns (several series under one query) is numbered: "A", "A #2".
    """
    values: dict[str, float] = {}
    texts: list[str] = []
    for name, value in pairs:
        if len(texts) == MAX_VALUES:
            break
        name = shorten(clean(name), MAX_LABEL_NAME)
        number = number_of(value)
        shown = number_text(number) if number is not None else text_of(value) or "no value"
        texts.append(f"{name}={shown}" if name else shown)
        if number is not None:
            values[_unused(name or "value", values)] = number
    return values, shorten(", ".join(texts), MAX_TEXT)


def read_value_string(text: str) -> tuple[dict[str, float], str]:
    """The same from Grafana's `valueString`; what does not look like one is shown as it is."""
    pairs: list[tuple[str, Json]] = []
    for piece in text.strip().removesuffix("]").split(_BETWEEN_PIECES):
        start = _PIECE.match(piece)
        before, found, value = piece.rpartition(" value=")
        if start is None or not found or start.end() > len(before) + 1:
            return {}, shorten(clean(text.strip()), MAX_TEXT)
        pairs.append((start[1], value.strip()))
    return read_values(pairs)


def number_text(number: float) -> str:
    """A number for a phone's screen: 22.0 → "22", 18.98211314 → "18.9821", 0.00012 → "0.00012"."""
    if number == int(number) and abs(number) < 1e15:
        return str(int(number))
    if abs(number) >= 1e15 or abs(number) < 1e-6:
        return f"{number:.4g}"
    if abs(number) >= 1:
        return f"{number:.4f}".rstrip("0").rstrip(".")
    return f"{float(f'{number:.4g}'):.10f}".rstrip("0")


def _unused(name: str, values: dict[str, float]) -> str:
    if name not in values:
        return name
    return next(n for i in range(2, MAX_VALUES + 2) if (n := f"{name} #{i}") not in values)
