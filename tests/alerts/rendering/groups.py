"""Groups of arbitrary content, and Telegram's own parser as their judge."""

import os
from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from alerts.flapping import Flapping
from alerts.rendering.view_model import AlertView, GroupView
from alerts.severity import Severity
from alerts.sources.incoming import Link, LinkKind
from botapi import tdlib
from botapi.limits import ENTITIES_MAX, RAW_TEXT_BYTES_MAX
from botapi.markup import ParseMode
from tests.alerts.rendering.cases import OPENED

# `HYPOTHESIS_EXAMPLES=20000 pytest tests/alerts/rendering/test_properties.py` for the long run.
EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "25"))
many_examples = settings(max_examples=EXAMPLES)

needs_tdlib = pytest.mark.skipif(not tdlib.available(), reason="tdjson is not installed")

characters = st.characters(codec="utf-8", exclude_characters="\x00")
_MEAN = (
    "*b*",
    "_",
    "<b>",
    "</code>",
    "&lt;",
    "`",
    "\\",
    ">",
    "||",
    "/var",
    " /a_b@some_bot ",
    "](",
    "\n",
    "\r\n",
    " ",
    "\u202e",
)
_SCRIPTS = (
    "שלום",
    "مرحبا",
    "мир",
    "磁盘",
    "👩\u200d👩\u200d👧",
    "e\u030a\u0301",
    "\ufeff",
    "\u2067",
    "\u3164",
)
pieces = st.one_of(characters, st.sampled_from((*_MEAN, *_SCRIPTS, "InstanceDown", "web-1:9100")))
words = st.lists(pieces, max_size=12).map("".join)
long_words = st.one_of(words, st.tuples(words, st.integers(1, 400)).map(lambda t: t[0] * t[1]))
names = st.one_of(st.sampled_from(("InstanceDown", "HighCPU")), words.filter(bool), long_words)
label_names = st.one_of(
    st.sampled_from(("alertname", "instance", "job", "severity", "pod", "team", "__x__")), words
)
labels = st.dictionaries(
    label_names, st.one_of(words, st.sampled_from(("node", "web-1"))), max_size=5
)
moments = st.one_of(
    st.integers(-(10**6), 10**6).map(lambda s: OPENED + timedelta(seconds=s)),
    st.datetimes(timezones=st.just(UTC)),
)
urls = st.one_of(
    st.sampled_from(("https://example.org/a?b=c", "http://grafana:3000/d", "?orgId=1", "")),
    long_words,
)
links = st.lists(st.builds(Link, st.sampled_from(LinkKind), urls, words), max_size=4).map(tuple)
zones = st.sampled_from(
    (UTC, timezone(timedelta(hours=5, minutes=45)), timezone(-timedelta(hours=11)))
)
parse_modes: st.SearchStrategy[ParseMode] = st.sampled_from(("HTML", "MarkdownV2", ""))


def _number(alerts: list[AlertView]) -> tuple[AlertView, ...]:
    return tuple(
        AlertView(**{f: getattr(a, f) for f in AlertView.__slots__} | {"alert_id": f"a{number}"})
        for number, a in enumerate(alerts)
    )


flaps = st.one_of(st.none(), st.builds(Flapping, moments, moments, st.integers(2, 10**6), moments))
alert_views = st.builds(
    AlertView,
    alert_id=st.just(""),
    name=names,
    status=st.sampled_from(("firing", "resolved", "event")),
    severity=st.one_of(st.none(), st.sampled_from(Severity)),
    labels=labels,
    annotations=st.dictionaries(words, words, max_size=3),
    starts_at=st.one_of(st.none(), moments),
    ends_at=st.one_of(st.none(), moments),
    value_text=words,
    summary=st.one_of(st.just(""), words, long_words),
    description=st.one_of(st.just(""), words, long_words),
    links=links,
    is_new=st.booleans(),
    flapping=flaps,
)
few = st.lists(alert_views, max_size=12)
# Hundreds of alerts by repeating some: what matters is their number.
many = st.tuples(st.lists(alert_views, min_size=1, max_size=8), st.integers(2, 50)).map(
    lambda drawn: drawn[0] * drawn[1]
)
optional: Any = {
    "closed_at": st.one_of(st.none(), moments),
    "acknowledged_at": st.one_of(st.none(), moments),
    "acknowledged_by": words,
    "silenced_note": long_words,
    "external_url": urls,
    "console_url": urls,
    "flapping": flaps,
    "truncated": st.integers(0, 20_000),
    "group_labels": labels,
    "integration": words,
    "organization": words,
}
groups = st.builds(
    GroupView,
    title=words,
    status=st.sampled_from(("firing", "resolved", "event")),
    alerts=st.one_of(few, few, many).map(_number),
    opened_at=moments,
    **optional,
)


def shown_by_telegram(text: str, parse_mode: ParseMode) -> str:
    """What Telegram makes of the text; raises ParseError where it refuses it."""
    assert len(text.encode()) <= RAW_TEXT_BYTES_MAX
    if not parse_mode:
        return text
    parsed = tdlib.parse(text, parse_mode)
    assert len(parsed.entities) <= ENTITIES_MAX
    return parsed.text
