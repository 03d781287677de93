"""Alertmanager's receivers, read: whom they tell in Telegram, and what they have from `global`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from alerts.importing import amkeys
from alerts.importing.values import Values
from alerts.importing.yaml_text import Path

_OF_ALL: Final = {
    "api_url": "telegram_api_url",
    "bot_token": "telegram_bot_token",
    "bot_token_file": "telegram_bot_token_file",
}
"""What a receiver may say → what `global` calls it."""
_MODES: Final = ("", "Markdown", "MarkdownV2", "HTML")


@dataclass(frozen=True, slots=True)
class TelegramReceiver:
    """One of `telegram_configs`. `bot_token`: a secret, "" where a file holds it (`token_file`).
    `chat_id`: 0 where a file holds it. `topic`: 0 for none. `places`: where the file says what
    becomes a setting of ours, by its name."""

    receiver: str
    path: Path
    chat_id: int
    chat_id_file: str
    topic: int
    bot_token: str
    token_file: str
    api_url: str
    parse_mode: str
    message: str
    is_silent: bool
    tells_resolved: bool
    places: Mapping[str, Path] = field(repr=False)

    def __repr__(self) -> str:
        return f"TelegramReceiver({self.receiver!r}, {self.chat_id or self.chat_id_file})"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where something is set, for one receiver or for all of them; "" where it is not."""

    text: str
    path: Path


def read_receivers(
    values: Values, top: Mapping[str, Any]
) -> dict[str, tuple[TelegramReceiver, ...]]:
    """Name → its Telegram chats. Raises YamlError."""
    shared = _shared(values, top)
    found: dict[str, tuple[TelegramReceiver, ...]] = {}
    for n, value in enumerate(values.items(top.get("receivers"), ("receivers",))):
        path = ("receivers", n)
        given = values.mapping(value, path)
        name = values.text(given.get("name"), (*path, "name"))
        if not name:
            raise values.error(path, "It has no name.")
        if name in found:
            raise values.error(path, f"There are two receivers {name!r}.")
        _note_others(values, given, path, name)
        at = (*path, "telegram_configs")
        chats = enumerate(values.items(given.get("telegram_configs"), at))
        found[name] = tuple(_telegram(values, name, one, (*at, k), shared) for k, one in chats)
    return found


def _shared(values: Values, top: Mapping[str, Any]) -> dict[str, _Place]:
    """What `global` sets for every receiver that does not say it."""
    path: Path = ("global",)
    given = {} if top.get("global") is None else values.mapping(top["global"], path)
    values.pass_over(given, path, amkeys.GLOBAL, amkeys.GLOBAL_LEFT)
    found = {name: _set_at(values, given, path, key) for name, key in _OF_ALL.items()}
    if found["bot_token"].text and found["bot_token_file"].text:
        raise values.error(path, "Give telegram_bot_token or telegram_bot_token_file, not both.")
    return found


def _set_at(values: Values, given: Mapping[str, Any], path: Path, key: str) -> _Place:
    at = (*path, key)
    return _Place(values.text(given.get(key), at), at)


def _note_others(values: Values, given: Mapping[str, Any], path: Path, name: str) -> None:
    told = f"{amkeys.ONLY_TELEGRAM}, and {name} told others, too"
    others = dict.fromkeys(amkeys.OTHER_RECEIVERS, told)
    values.pass_over(given, path, amkeys.RECEIVER, {**amkeys.RECEIVER_LEFT, **others})


def _telegram(
    values: Values, receiver: str, value: Any, path: Path, shared: Mapping[str, _Place]
) -> TelegramReceiver:
    given = values.mapping(value, path)
    values.pass_over(given, path, amkeys.TELEGRAM, amkeys.TELEGRAM_LEFT)
    own = {key: _set_at(values, given, path, key) for key in (*_OF_ALL, "chat_id_file")}
    token, file = own["bot_token"], own["bot_token_file"]
    if token.text and file.text:
        raise values.error(path, "Give bot_token or bot_token_file, not both.")
    if not token.text and not file.text:
        token, file = shared["bot_token"], shared["bot_token_file"]
    api_url = own["api_url"] if own["api_url"].text else shared["api_url"]
    mode = values.text(given.get("parse_mode"), (*path, "parse_mode"))
    if mode not in _MODES:
        raise values.error((*path, "parse_mode"), f"{mode!r} is none of MarkdownV2 and HTML.")
    chat_id = _chat_id(values, given, path, own["chat_id_file"].text)
    silent, resolved = (*path, "disable_notifications"), (*path, "send_resolved")
    token_path = file.path if file.text else token.path
    return TelegramReceiver(
        receiver=receiver,
        path=path,
        chat_id=chat_id,
        chat_id_file=own["chat_id_file"].text,
        topic=_topic(values, given, (*path, "message_thread_id")),
        bot_token=token.text,
        token_file=file.text,
        api_url=api_url.text,
        parse_mode=mode,
        message=values.text(given.get("message"), (*path, "message")),
        is_silent=values.flag(given.get("disable_notifications"), silent, default=False),
        tells_resolved=values.flag(given.get("send_resolved"), resolved, default=True),
        places={
            "token": token_path,
            "bot": token_path,
            "api_url": api_url.path,
            "chat_id": (*path, "chat_id" if chat_id else "chat_id_file"),
            "silent": silent,
            "name": (*path[:2], "name"),
        },
    )


def _chat_id(values: Values, given: Mapping[str, Any], path: Path, file: str) -> int:
    """0 where a file holds it."""
    chat_id = given.get("chat_id")
    if chat_id is None and file:
        return 0
    if type(chat_id) is not int or not (chat_id or file):
        raise values.error(
            (*path, "chat_id"),
            "Give the chat's ID, a number other than 0, or chat_id_file, which holds it.",
        )
    if chat_id and file:
        raise values.error(path, "Give chat_id or chat_id_file, not both.")
    return chat_id


def _topic(values: Values, given: Mapping[str, Any], path: Path) -> int:
    topic = given.get("message_thread_id") or 0
    if type(topic) is not int or topic < 0:
        raise values.error(path, "Give the topic's ID, a number from 1 on; 0 is none.")
    return topic
