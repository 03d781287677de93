"""Which part of what a template writes is a value, and which is its author's own markup.

A value stands between two marks, until all is written and its place is known (places.py). What
holds marks is a `Markup`: the result of a macro, of `{% set %}…{% endset %}`, of a filter such as
`bold`. The marks are noncharacters, which no text may hold; values that do lose them.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from jinja2 import Undefined
from markupsafe import Markup

from alerts.rendering.times import Times, duration
from alerts.templating.budget import current
from alerts.templating.faults import TemplateFault

BEGIN, END = "\ufdd0", "\ufdd1"
MARKS = re.compile(f"[{BEGIN}{END}]")
_DEPTH_MAX = 5


def text_of(value: Any) -> str:
    """A value as people read it: nothing for nothing, lists with commas. Without marks."""
    if isinstance(value, str):
        return MARKS.sub("", str(value))
    if value is None or isinstance(value, Undefined):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, datetime):
        return Times(current().zone, value).show(value)
    if isinstance(value, timedelta):
        return duration(value)
    if isinstance(value, list | tuple | dict):
        return _listed(value, 0)
    raise TemplateFault("value", f"A {kind_of(value)} can't be written.")


def _listed(value: Any, depth: int) -> str:
    current().spend(1 + len(value))
    if depth > _DEPTH_MAX:
        raise TemplateFault("limit", "A list within lists within lists can't be written.")
    if isinstance(value, dict):
        pairs = [f"{text_of(name)}={_inner(inner, depth)}" for name, inner in value.items()]
        return _bounded(", ".join(pairs))
    return _bounded(", ".join([_inner(inner, depth) for inner in value]))


def _inner(value: Any, depth: int) -> str:
    return _listed(value, depth + 1) if isinstance(value, list | tuple | dict) else text_of(value)


def _bounded(text: str) -> str:
    current().text(len(text))
    return text


def marked(value: Any) -> Markup:
    """A value as it is written: between marks, or as it is when it holds some."""
    if isinstance(value, Markup):
        return value
    text = text_of(value)
    return Markup(f"{BEGIN}{text}{END}") if text else Markup("")  # noqa: S704  # marks are no HTML


def joined(parts: Iterable[Any], separator: Any = "") -> str:
    """One text of all, with their markup where one has some. Raises TemplateFault when long."""
    values = list(parts)
    current().spend(len(values))
    if any(isinstance(one, Markup) for one in (separator, *values)):
        pieces, between = [str(marked(one)) for one in values], str(marked(separator))
    else:
        pieces, between = [text_of(one) for one in values], text_of(separator)
    length = sum(map(len, pieces)) + len(between) * max(len(pieces) - 1, 0)
    current().text(length)
    text = between.join(pieces)
    is_markup = any(isinstance(one, Markup) for one in (separator, *values))
    return Markup(text) if is_markup else text  # noqa: S704  # as above


def kind_of(value: Any) -> str:
    """What a value is called in messages."""
    names = {"str": "text", "Markup": "text", "int": "number", "float": "number", "dict": "mapping"}
    names |= {"MadeList": "list", "MadeDict": "mapping", "tuple": "list", "NoneType": "nothing"}
    names |= {"datetime": "time", "timedelta": "duration", "Macro": "macro", "bool": "yes or no"}
    return names.get(type(value).__name__, type(value).__name__)
