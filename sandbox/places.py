"""Locations, live ones with their edits, venues, contacts and dice (telegram-bot-api Client.cpp,
TDLib Location.cpp, Venue.cpp, Contact.cpp).
"""

from __future__ import annotations

import math
import secrets

from sandbox import reply_markup
from sandbox.call import Call
from sandbox.editing import edit, message_to_edit
from sandbox.errors import Refusal, bad_request
from sandbox.model import Content, Json, Message
from sandbox.parameters import Parameters
from sandbox.sending import send

FOREVER = 0x7FFFFFFF
LIVE_MIN, LIVE_MAX = 60, 86_400
HEADING_MAX = 360
RADIUS_MAX = 100_000
ACCURACY_MAX = 1500
VCARD_MAX = 2048
DICE = {"🎲": 6, "🎯": 6, "🎳": 6, "🏀": 5, "⚽": 5, "🎰": 64}
"""Emoji → the largest value."""
_PLACE_IDS = ("foursquare_id", "foursquare_type", "google_place_id", "google_place_type")


def send_location(call: Call) -> Json:
    location = _location(call.parameters)
    live = _live(call.parameters)

    def content() -> Content:
        _check_live(live)
        shown = {name: value for name, value in live.items() if value}
        return Content("location", {"location": location | (shown if live["live_period"] else {})})

    return send(call, "location", content)


def send_venue(call: Call) -> Json:
    location = _location(call.parameters)
    venue: Json = {"location": location}
    venue |= {name: _required(call.parameters, name) for name in ("title", "address")}
    venue |= {name: text for name in _PLACE_IDS if (text := call.parameters.text(name))}
    return send(call, "venue", lambda: Content("venue", {"venue": venue, "location": location}))


def send_contact(call: Call) -> Json:
    contact: Json = {
        name: _required(call.parameters, name) for name in ("phone_number", "first_name")
    }
    contact |= {
        name: text for name in ("last_name", "vcard") if (text := call.parameters.text(name))
    }
    if len(contact.get("vcard", "").encode()) > VCARD_MAX:
        raise bad_request("VCARD_TOO_LONG")  # simulated
    return send(call, "contact", lambda: Content("contact", {"contact": contact}))


def send_dice(call: Call) -> Json:
    emoji = call.parameters.text("emoji") or "🎲"

    def content() -> Content:
        if emoji not in DICE:
            raise bad_request("EMOTICON_INVALID")  # simulated
        value = secrets.randbelow(DICE[emoji]) + 1
        return Content("dice", {"dice": {"emoji": emoji, "value": value}})

    return send(call, "dice", content)


def edit_message_live_location(call: Call) -> Json | bool:
    location = _location(call.parameters)
    live = _live(call.parameters)
    markup = reply_markup.parse(call.parameters)
    chat, message = message_to_edit(call)
    known = _live_location(call, message)
    _check_live(live)
    keyboard = reply_markup.accept(markup, chat, only_inline=True)
    live["live_period"] = live["live_period"] or known["live_period"]
    shown = {name: value for name, value in live.items() if value}
    return edit(call, chat, message, Content("location", {"location": location | shown}), keyboard)


def stop_message_live_location(call: Call) -> Json | bool:
    markup = reply_markup.parse(call.parameters)
    chat, message = message_to_edit(call)
    known = _live_location(call, message)
    keyboard = reply_markup.accept(markup, chat, only_inline=True)
    names = ("latitude", "longitude", "horizontal_accuracy")
    location = {name: known[name] for name in names if name in known}
    return edit(call, chat, message, Content("location", {"location": location}), keyboard)


def _live_location(call: Call, message: Message) -> Json:
    """The location as it is shown. Raises 400 when it is none, or no longer a live one."""
    if message.content.kind != "location":
        raise bad_request("There is no live location in the message to edit")
    location: Json = message.content.fields["location"]
    period = location.get("live_period", 0)
    if not period or (period != FOREVER and call.world.clock() > message.time + period):
        raise bad_request("Message can't be edited")
    return location


def _location(parameters: Parameters) -> Json:
    latitude = _coordinate(parameters, "latitude", 90)
    longitude = _coordinate(parameters, "longitude", 180)
    location: Json = {"latitude": latitude, "longitude": longitude}
    accuracy = _float(parameters.text("horizontal_accuracy") or "0")
    if accuracy is not None and accuracy > 0:
        location["horizontal_accuracy"] = min(accuracy, float(ACCURACY_MAX))
    return location


def _coordinate(parameters: Parameters, name: str, limit: int) -> float:
    text = parameters.text(name)
    if not text:
        raise bad_request(f"{name} is empty")
    value = _float(text)
    if value is None or abs(value) > limit:
        raise bad_request("Invalid location specified")
    return value


def _float(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return 0.0  # td::to_double of what is no number
    return value if math.isfinite(value) else None


def _live(parameters: Parameters) -> Json:
    return {
        name: parameters.integer(name)
        for name in ("live_period", "heading", "proximity_alert_radius")
    }


def _check_live(live: Json) -> None:
    """TDLib Location.cpp, process_input_message_location."""
    period = live["live_period"]
    if period not in {0, FOREVER} and not LIVE_MIN <= period <= LIVE_MAX:
        raise bad_request("Wrong live location period specified")
    if not 0 <= live["heading"] <= HEADING_MAX:
        raise bad_request("Wrong live location heading specified")
    if not 0 <= live["proximity_alert_radius"] <= RADIUS_MAX:
        raise bad_request("Wrong live location proximity alert radius specified")


def _required(parameters: Parameters, name: str) -> str:
    text = parameters.text(name)
    if not text.strip():
        raise Refusal(f'Parameter "{name}" is required')
    return text
