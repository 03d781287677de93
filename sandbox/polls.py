"""sendPoll and stopPoll (telegram-bot-api Client.cpp, get_input_poll_options; TDLib PollOption.cpp
and MessageContent.cpp).
"""

from __future__ import annotations

import re
import secrets
from itertools import pairwise
from typing import Any

from sandbox import access, formatting, reply_markup, strict_json
from sandbox.access import Level
from sandbox.call import Call
from sandbox.errors import Refusal, bad_request
from sandbox.formatting import ParsedText
from sandbox.model import Content, Json
from sandbox.parameters import Parameters
from sandbox.sending import send

QUESTION_MAX = 300
OPTION_MAX = 100
OPTIONS_MAX = 12
EXPLANATION_MAX = 200
EXPLANATION_LINE_FEEDS_MAX = 2
DESCRIPTION_MAX = 1024
OPEN_MIN, OPEN_MAX = 5, 2_628_000
_COUNTRIES_MAX = 12


def send_poll(call: Call) -> Json:
    parameters = call.parameters
    question = _text(parameters, "question")
    options = _options(parameters.text("options"))
    kind = parameters.text("type") or "regular"
    if kind not in {"regular", "quiz"}:
        raise bad_request("Unsupported poll type specified")
    explanation, description = _text(parameters, "explanation"), _text(parameters, "description")
    correct = _correct(parameters) if kind == "quiz" else []

    def content() -> Content:
        poll: Json = {"id": str(secrets.randbits(62))}
        poll |= _short(call, question, "question", QUESTION_MAX, "Poll question")
        if not options:
            raise bad_request("Poll must have at least one answer option")
        if len(options) > OPTIONS_MAX:
            raise bad_request(f"Poll can't have more than {OPTIONS_MAX} options")
        poll["options"] = [_option(call, number, one) for number, one in enumerate(options)]
        poll["total_voter_count"] = 0
        poll |= _timing(parameters, call.world.clock())
        poll |= _settings(call, kind)
        if kind == "quiz":
            poll |= _quiz(call, len(options), correct, explanation)
        poll |= _optional(call, description, "description", DESCRIPTION_MAX)
        return Content("poll", {"poll": poll})

    return send(call, "poll", content)


def stop_poll(call: Call) -> Json:
    markup = reply_markup.parse(call.parameters)
    chat, message = access.find_message(
        call.world, call.bot, call.parameters, Level.EDIT, "message with poll to stop"
    )
    if message.content.kind != "poll":
        raise bad_request("Message is not a poll")
    poll: Json = message.content.fields["poll"]
    if message.bot_id != call.bot.id or poll["is_closed"]:
        raise bad_request("Poll can't be stopped")
    keyboard = reply_markup.accept(markup, chat, only_inline=True)
    reply_markup.check_on_server(keyboard, chat)
    call.admit(chat)
    closed = poll | {"is_closed": True}
    dialog = call.world.dialog(call.bot, chat)
    call.world.edit_message(dialog, message, Content("poll", {"poll": closed}), keyboard)
    return closed


def _text(parameters: Parameters, name: str) -> ParsedText:
    mode = parameters.text(f"{name}_parse_mode")
    return formatting.parse_text(parameters.text(name), mode, None)


def _options(text: str) -> list[ParsedText]:
    value = strict_json.decode(text, "Can't parse options JSON object")
    if not isinstance(value, list):
        raise bad_request("Expected an Array of String as options")
    return [_input_option(item) for item in value]


def _input_option(item: Any) -> ParsedText:
    if isinstance(item, str):
        return ParsedText(item, [])
    if not isinstance(item, dict):
        raise bad_request("Expected an Array of String as options")
    try:
        return formatting.parse_text(
            strict_json.required_string(item, "text"),
            strict_json.optional_string(item, "text_parse_mode"),
            item.get("text_entities"),
        )
    except Refusal as refusal:
        raise Refusal(f"Can't parse options: {refusal}") from None


def _option(call: Call, number: int, text: ParsedText) -> Json:
    try:
        fields = formatting.finished_text(call.world, text)
    except Refusal:
        raise bad_request("Poll option must be non-empty") from None
    if len(fields["text"]) > OPTION_MAX:
        raise bad_request(f"Poll options length must not exceed {OPTION_MAX}")
    if "entities" in fields:
        fields["text_entities"] = fields.pop("entities")
    return {"persistent_id": str(number)} | fields | {"voter_count": 0}


def _short(call: Call, text: ParsedText, name: str, limit: int, subject: str) -> Json:
    """A text under this name with its entities."""
    try:
        fields = formatting.finished_text(call.world, text)
    except Refusal:
        raise bad_request(f"{subject} must be non-empty") from None
    if len(fields["text"]) > limit:
        raise bad_request(f"{subject} length must not exceed {limit}")
    named: Json = {name: fields["text"]}
    if "entities" in fields:
        named[f"{name}_entities"] = fields["entities"]
    return named


def _optional(call: Call, text: ParsedText, name: str, limit: int) -> Json:
    if not text.text.strip():
        return {}
    return _short(call, text, name, limit, f"Poll {name}")


def _settings(call: Call, kind: str) -> Json:
    parameters = call.parameters
    anonymous = parameters.boolean("is_anonymous") if parameters.has("is_anonymous") else True
    chat = access.find_chat(call.world, call.bot, parameters.text("chat_id"), Level.WRITE)
    if chat.kind == "channel" and not anonymous:
        raise bad_request("Non-anonymous polls can't be sent to channel chats")
    if parameters.boolean("members_only") and chat.kind != "channel":
        raise bad_request("POLL_MEMBERS_ONLY_INVALID")  # simulated
    if parameters.boolean("allow_adding_options") and (anonymous or kind == "quiz"):
        raise bad_request("POLL_ADDING_OPTIONS_INVALID")  # simulated
    revoting = parameters.has("allows_revoting")
    return {
        "is_closed": parameters.boolean("is_closed"),
        "is_anonymous": anonymous,
        "type": kind,
        "allows_multiple_answers": parameters.boolean("allows_multiple_answers"),
        "allows_revoting": parameters.boolean("allows_revoting") if revoting else kind != "quiz",
        "members_only": parameters.boolean("members_only"),
        **_countries(parameters.text("country_codes")),
    }


def _countries(text: str) -> Json:
    value = strict_json.decode(text or "[]", "Can't parse country codes JSON object")
    codes = value if isinstance(value, list) else [value]
    if len(codes) > _COUNTRIES_MAX or not all(
        isinstance(code, str) and re.fullmatch("[A-Z]{2}", code) for code in codes
    ):
        raise bad_request("COUNTRY_CODES_INVALID")  # simulated
    return {"country_codes": codes} if codes else {}


def _timing(parameters: Parameters, now: float) -> Json:
    period, closes = parameters.integer("open_period"), parameters.integer("close_date")
    if period and closes:
        raise bad_request("POLL_PERIOD_INVALID")  # simulated
    if (period and not OPEN_MIN <= period <= OPEN_MAX) or (
        closes and not OPEN_MIN <= closes - int(now) <= OPEN_MAX
    ):
        raise bad_request("POLL_CLOSE_DATE_INVALID")  # simulated
    if period:
        return {"open_period": period, "close_date": int(now) + period}
    return {"close_date": closes} if closes else {}


def _correct(parameters: Parameters) -> list[int]:
    text = parameters.text("correct_option_ids") or f"[{parameters.text('correct_option_id')}]"
    value = strict_json.decode(text, "Can't parse correct option IDs JSON object")
    if not isinstance(value, list) or not all(type(one) is int for one in value):
        raise bad_request("Expected an Array of Integer as correct option IDs")
    return value


def _quiz(call: Call, options: int, correct: list[int], explanation: ParsedText) -> Json:
    rising = all(one < other for one, other in pairwise(correct))
    if not correct or not rising or not 0 <= correct[0] <= correct[-1] < options:
        raise bad_request("Wrong correct option ID specified")
    if len(correct) > 1 and not call.parameters.boolean("allows_multiple_answers"):
        raise bad_request("Wrong correct option ID specified")
    fields: Json = {"correct_option_ids": correct}
    if len(correct) == 1:
        fields = {"correct_option_id": correct[0]} | fields
    fields |= _optional(call, explanation, "explanation", EXPLANATION_MAX)
    if fields.get("explanation", "").count("\n") > EXPLANATION_LINE_FEEDS_MAX:
        raise bad_request("Poll explanation must have at most 2 line feeds")
    return fields
