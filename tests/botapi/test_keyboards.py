"""Keyboards, and which URLs Telegram's own parser takes for a button."""

import html
import json
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from botapi.keyboards import (
    CallbackButton,
    InlineKeyboard,
    InvalidKeyboard,
    UrlButton,
    acceptable_button_url,
    keyboard,
)

ACCEPTED = [
    "http://e.com",
    "https://E.com:3000/a?b=c#d",
    "HTTPS://grafana.example.com/d/abc?var-x=$__all",
    "http://prometheus.example:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
    "http://127.0.0.1:9093/#/alerts",
    "http://[::1]:8080/x",
    "http://[2001:db8::1]",
    "http://user:pw@e.com/",
    "http://bücher.example/ü",
    "http://my_host.example/",
    "http://1.2",
    "http://e.com/a b",
    "http://e.com?x",
    "http://e.com.",
    "http://.com",
    "http://e..com",
    "http://e%20.com",
    "http://e.com:000080/",
]
REFUSED = [
    "",
    "e.com",
    "//e.com/x",
    "http:/e.com",
    "http://",
    "http:///x",
    "http://.",
    "http://grafana:3000",
    "http://localhost/x",
    "http://alertmanager/#/a.b",
    "http://[::1",
    "http://[::x]/",
    "http://[fe80::1%25eth0]/",
    "http://e.com:0/",
    "http://e.com:99999/",
    "http://e.com:x/",
    "http://e.com:/",
    "http://e com/",
    "http://e.com\\x",
    "http://e.com%2/",
    "http://us er@e.com/",
    'http://"e.com"/',
    "http://{{host}}.example/",
    "http://e.com|x/",
    "ftp://e.com",
    "javascript:alert(1)//e.com",
    "mailto:a@b.c",
    "tg://user?id=1",
    "\nhttp://e.com",
]


@pytest.fixture(scope="module")
def telegram_takes() -> Callable[[str], bool]:
    """TDLib's verdict on a link's target; links and buttons go through the same check there."""
    tdjson = pytest.importorskip("tdjson", reason="TDLib has no wheel for this machine")
    verbosity = {"@type": "setLogVerbosityLevel", "new_verbosity_level": 0}
    tdjson.td_execute(json.dumps(verbosity).encode())

    def takes(url: str) -> bool:
        request = {
            "@type": "parseTextEntities",
            "text": f'<a href="{html.escape(url)}">x</a>',
            "parse_mode": {"@type": "textParseModeHTML"},
        }
        answer = json.loads(tdjson.td_execute(json.dumps(request).encode()))
        assert answer["@type"] == "formattedText", answer
        return bool(answer["entities"])

    return takes


@pytest.mark.parametrize("url", ACCEPTED)
def test_urls_that_buttons_can_have(url: str, telegram_takes: Callable[[str], bool]) -> None:
    assert acceptable_button_url(url)
    assert telegram_takes(url)


@pytest.mark.parametrize("url", REFUSED)
def test_urls_that_would_cost_the_message(url: str) -> None:
    assert not acceptable_button_url(url)


@pytest.mark.parametrize("url", [u for u in REFUSED if u.startswith("http://")])
def test_telegram_refuses_them_too(url: str, telegram_takes: Callable[[str], bool]) -> None:
    assert not telegram_takes(url)


PIECES = st.sampled_from(
    ["a", "e.com", ".", ":", "80", "0", "@", "[", "]", "::1", "%", "%2", "%41", "/", "?", "#", "-",
     "_", " ", "\t", "ü", "😀", "\\", '"', "<", "&", "{", "|", "~", "!", "'", "^", "1.2.3.4",
     "65536"]
)  # fmt: skip


@given(
    st.sampled_from(["http://", "https://", "HtTp://"]), st.lists(PIECES, max_size=7).map("".join)
)
@example("http://", "[::ffff:1.2.3.4]")
@example("http://", "[1::2::3]")
@example("http://", "a@b@e.com")
@example("http://", "e.com@")
@example("http://", "[::1]a.b")
@example("http://", "a[::1].b:5")
def test_the_rule_is_telegrams(
    telegram_takes: Callable[[str], bool], scheme: str, rest: str
) -> None:
    assert acceptable_button_url(scheme + rest) is telegram_takes(scheme + rest)


def test_a_url_too_long_for_anybody_is_refused() -> None:
    assert acceptable_button_url("http://e.com/" + "a" * 2000)
    assert not acceptable_button_url("http://e.com/" + "a" * 2048)


def test_a_keyboard_is_the_bot_apis_json() -> None:
    board = keyboard(
        [CallbackButton("Acknowledge", "a:1"), UrlButton("Runbook", "https://e.com/r")],
        [],
        [CallbackButton("😀", "é" * 32)],
    )
    assert board is not None
    assert board.as_json() == {
        "inline_keyboard": [
            [
                {"text": "Acknowledge", "callback_data": "a:1"},
                {"text": "Runbook", "url": "https://e.com/r"},
            ],
            [{"text": "😀", "callback_data": "é" * 32}],
        ]
    }
    assert keyboard([], []) is None


BUTTON = CallbackButton("x", "d")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: CallbackButton("x", ""), "1 to 64 bytes, not 0"),
        (lambda: CallbackButton("x", "é" * 33), "not 66"),
        (lambda: CallbackButton(" \n", "d"), "blank"),
        (lambda: UrlButton("", "http://e.com"), "blank"),
        (lambda: UrlButton("Graph", "http://grafana:3000"), "'Graph'.*grafana:3000"),
        (lambda: InlineKeyboard(((BUTTON,) * 9,)), "row 1.*not 9"),
        (lambda: InlineKeyboard(((BUTTON,), ())), "row 2.*not 0"),
        (lambda: InlineKeyboard(((BUTTON,) * 8,) * 13), "100 buttons, not 104"),
        (
            lambda: InlineKeyboard(((UrlButton("x", "http://e.com/" + "a" * 2000),) * 6,)),
            "10000 bytes of JSON",
        ),
    ],
)
def test_a_keyboard_that_telegram_would_refuse_or_cut_cannot_be_made(
    make: Callable[[], object], words: str
) -> None:
    with pytest.raises(InvalidKeyboard, match=words):
        make()


def test_the_greatest_keyboard_can_be_made() -> None:
    InlineKeyboard(((BUTTON,) * 8,) * 12 + ((BUTTON,) * 4,))
