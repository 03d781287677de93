"""Whatever we accept, Telegram's stand-in accepts: drafts of every kind, wild ones too."""

import json
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from botapi.spec import fields_of
from deliveries.drafts import Draft, DraftRefused, draft
from deliveries.kinds import KINDS, LIVE_FOREVER, Circumstances
from tests.pictures import png
from tests.sandbox.process import SandboxBot, SandboxChat, SandboxHandle

NOW = 1_800_000_000.0
EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "40"))
FILES = ("photo", "document", "audio", "video", "voice", "video_note", "animation", "sticker")

words = st.sampled_from(["a", "", " ", "<b>x</b>", "*x*", "x_y", "é😀\n", "x" * 101, "x" * 301])
modes = st.sampled_from(["", "HTML", "MarkdownV2"])
numbers = st.one_of(
    st.sampled_from([0, 1, 5, 59, 60, 360, 361, 86_400, 86_401, LIVE_FOREVER, -1]),
    st.integers(-(2**33), 2**33),
)
coordinates = st.floats(-181, 181, allow_nan=False)
booleans = st.booleans()
buttons = st.fixed_dictionaries(
    {"text": st.sampled_from(["go", "", " ", "🔥"])},
    optional={
        "url": st.sampled_from(["https://e.org", "http://grafana:3000", "e.org", "ftp://e.org"]),
        "copy_text": st.fixed_dictionaries({"text": words}),
        "switch_inline_query": words,
        "web_app": st.fixed_dictionaries({"url": st.sampled_from(["https://e.org", "x"])}),
        "style": st.sampled_from(["primary", "pink"]),
    },
)
keys = st.fixed_dictionaries(
    {"text": words}, optional={"request_contact": booleans, "request_location": booleans}
)
markups: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries({"inline_keyboard": st.lists(st.lists(buttons, max_size=9), max_size=3)}),
    st.fixed_dictionaries({"keyboard": st.lists(st.lists(keys, max_size=3), max_size=3)}),
    st.fixed_dictionaries({"remove_keyboard": booleans}),
    st.fixed_dictionaries({"force_reply": booleans, "input_field_placeholder": words}),
    st.just({}),
)


@pytest.fixture(scope="module")
def stand_in(sandbox_process: SandboxHandle) -> tuple[SandboxHandle, SandboxBot, SandboxChat]:
    sandbox_process.clear_faults()  # of whoever used it before
    sandbox_process.set_flood("off")
    sandbox_process.set_latency(0)
    bot = sandbox_process.create_bot()
    return sandbox_process, bot, sandbox_process.create_chat("private", bot=bot)


@pytest.fixture(scope="module")
def file_ids(
    stand_in: tuple[SandboxHandle, SandboxBot, SandboxChat],
) -> dict[str, str]:
    """One file of each kind that the bot has."""
    telegram, bot, chat = stand_in
    found = {}
    for name in FILES:
        files = {name: ("a.png" if name == "photo" else "a.bin", png(9, 9))}
        sent = telegram.upload(bot, KINDS[name].method, files, chat_id=chat.id)["result"][name]
        found[name] = (sent[-1] if name == "photo" else sent)["file_id"]
    return found


def bodies(kind: str, file_ids: dict[str, str]) -> st.SearchStrategy[dict[str, Any]]:
    """Bodies of this kind: each parameter that it takes, or not."""
    fields = fields_of(KINDS[kind].method)
    known: dict[str, st.SearchStrategy[Any]] = {
        "latitude": coordinates,
        "longitude": coordinates,
        "horizontal_accuracy": st.floats(-1, 1501),
        "options": st.lists(
            st.fixed_dictionaries({"text": words}, optional={"text_parse_mode": modes}), max_size=14
        ),
        "correct_option_ids": st.lists(st.integers(-1, 3), max_size=3),
        "type": st.sampled_from(["regular", "quiz"]),
        "open_period": st.sampled_from([4, 5, 600, 2_628_000, 2_628_001]),
        "close_date": st.just(0),
        "country_codes": st.lists(st.sampled_from(["AT", "at", "A"]), max_size=13),
        "emoji": st.sampled_from(["🎲", "🎰", "⚽", "🙂"]),
        "action": st.sampled_from(["typing", "find_location", "dancing"]),
        "reply_markup": markups,
        "media": albums(file_ids),
        **{name: st.just(file_ids[name]) for name in FILES},
    }
    strategies = {name: known.get(name, _by_type(field.types)) for name, field in fields.items()}
    offered = {name: one for name, one in strategies.items() if one is not None}
    required = {name: one for name, one in offered.items() if fields[name].required}
    optional = {name: one for name, one in offered.items() if name not in required}
    left_out = {"chat_id", "close_date", "thumbnail", "cover"}
    return st.fixed_dictionaries(
        {name: one for name, one in required.items() if name not in left_out},
        optional={name: one for name, one in optional.items() if name not in left_out},
    )


def albums(file_ids: dict[str, str]) -> st.SearchStrategy[Any]:
    items = {
        name: st.fixed_dictionaries(
            {"type": st.just(name), "media": st.just(file_ids[name])},
            optional={"caption": st.sampled_from(["", "a", "<b>x</b>", "*x"]), "parse_mode": modes},
        )
        for name in ("photo", "video", "audio", "document", "animation")
    }
    fitting = [(items["photo"], items["video"]), (items["audio"],), (items["document"],)]
    lists = [st.lists(st.one_of(*kinds), min_size=1, max_size=11) for kinds in fitting]
    return st.one_of(*lists, st.lists(st.one_of(*items.values()), max_size=11))


def _by_type(types: tuple[str, ...]) -> st.SearchStrategy[Any] | None:
    found = {"String": words, "Boolean": booleans, "Integer": numbers}
    return next((found[kind] for kind in types if kind in found), None)


def accepted(kind: str, body: dict[str, Any]) -> Draft | None:
    body = {name: body[name] for name in body if not name.startswith(("message_", "direct_"))}
    for name in ("business_connection_id", "disable_notification", "allow_paid_broadcast"):
        body.pop(name, None)
    for name in [name for name in body if name.endswith("parse_mode") and body[name] == ""]:
        del body[name]
    try:
        return draft(KINDS[kind], body, {}, Circumstances("private", NOW))
    except DraftRefused:
        return None


@pytest.mark.parametrize("kind", KINDS)
def test_what_we_accept_is_accepted(
    kind: str,
    stand_in: tuple[SandboxHandle, SandboxBot, SandboxChat],
    file_ids: dict[str, str],
) -> None:
    telegram, bot, chat = stand_in
    taken = 0

    @settings(
        max_examples=4 * EXAMPLES,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(bodies(kind, file_ids))
    def check(body: dict[str, Any]) -> None:
        nonlocal taken
        message = accepted(kind, body)
        if message is None:
            return
        taken += 1
        answer = telegram.api(bot, KINDS[kind].method, chat_id=chat.id, **message.params)
        assert answer["ok"], (answer, json.dumps(dict(message.params)))

    check()
    assert taken > 0, "none of them was right"
