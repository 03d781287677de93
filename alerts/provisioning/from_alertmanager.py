"""Alertmanager's configuration → items as a provisioning file names them, and what was lost. Pure.

Alertmanager knows receivers, we know channels: each Telegram chat of a receiver becomes one, and
receivers that tell the same chat in the same way share it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from alerts.importing.amconfig import Configuration, Node
from alerts.importing.amreceivers import TelegramReceiver
from alerts.importing.flatten import FlatRoute, flatten
from alerts.importing.values import Note
from alerts.importing.yaml_text import Document, Path, YamlError, place_of
from alerts.matchers import format_matchers
from alerts.provisioning.document import NAME_MAX
from alerts.provisioning.items import (
    BOT,
    CHANNEL,
    DEFAULT_ROUTE,
    INHIBIT_RULE,
    MUTE_TIMING,
    ROUTE,
    Elsewhere,
    Item,
    Secret,
)

TELEGRAM: Final = "https://api.telegram.org"
_NAMES: Final = {
    "channels": ("receiver",),
    "matchers": ("matchers", "match", "match_re"),
    "group_by": ("group_by",),
    "group_wait": ("group_wait",),
    "group_interval": ("group_interval",),
    "repeat_interval": ("repeat_interval",),
    "mute_timings": ("mute_time_intervals",),
    "active_timings": ("active_time_intervals",),
}
"""Of a route: what the file calls our settings."""
_MODES: Final = {"": "HTML", "HTML": "HTML", "MarkdownV2": "MarkdownV2", "Markdown": "MarkdownV2"}


@dataclass(frozen=True, slots=True)
class Converted:
    """`items` as alerts/provisioning takes them; `notes`: what was left out or is otherwise."""

    items: tuple[Item, ...]
    notes: tuple[Note, ...]


def convert(configuration: Configuration) -> Converted:
    """Raises YamlError for routes that cannot be put into a list."""
    document = configuration.document
    routes = _listed(configuration)
    used = {one.node.receiver for one in routes}
    names = _Names()
    notes = list(configuration.notes)
    receivers = [
        one for name, chats in configuration.receivers.items() if name in used for one in chats
    ]
    bots, bot_of = _bots(receivers, names, document, notes)
    told = [one for one in receivers if _bot_key(one) in bot_of]
    channels, channels_of = _channels(told, bot_of, names)
    notes += [note for one in told for note in _lost(one, document)]
    notes += [
        Note("receivers", None, f"{name}: no Telegram chat, so nobody is told.")
        for name in sorted(used - channels_of.keys())
    ]
    timing_of = {name: names.free(MUTE_TIMING, name) for name in configuration.timings}
    timings = [
        Item(MUTE_TIMING, timing_of[name], {"intervals": timing.intervals}, path=timing.path)
        for name, timing in configuration.timings.items()
    ]
    rules = _rules(configuration, names, notes)
    listed = [_route(one, channels_of, timing_of, names, document) for one in routes[:-1]]
    notes += _split(routes, document)
    root = routes[-1].node
    default = Item(
        DEFAULT_ROUTE,
        "",
        _timing(root, channels_of, timing_of),
        path=root.path,
        places=_places(document, root),
    )
    return Converted((*bots, *channels, *timings, *rules, *listed, default), tuple(notes))


def _listed(configuration: Configuration) -> list[FlatRoute]:
    try:
        return flatten(configuration.root)
    except YamlError as error:
        raise configuration.document.error(error.path, error.reason) from None


class _Names:
    """Names that are free yet."""

    def __init__(self) -> None:
        self._taken: set[tuple[str, str]] = set()

    def free(self, kind: str, wanted: str) -> str:
        """It, or it with a number."""
        number = 1
        name = wanted[:NAME_MAX]
        while (kind, name) in self._taken:
            number += 1
            end = f" ({number})"
            name = wanted[: NAME_MAX - len(end)] + end
        self._taken.add((kind, name))
        return name


def _bots(
    receivers: Sequence[TelegramReceiver], named: _Names, document: Document, notes: list[Note]
) -> tuple[list[Item], dict[tuple[str, str, str], str]]:
    """One for each bot; their names by (token, file, server)."""
    items: list[Item] = []
    names: dict[tuple[str, str, str], str] = {}
    for one in receivers:
        key = _bot_key(one)
        if key in names:
            continue
        if not (one.bot_token or one.token_file):
            notes.append(_note(document, one.path, "It has no bot_token: its chat is left out."))
            continue
        bot_id = one.bot_token.partition(":")[0]
        name = f"bot {bot_id}"
        if not bot_id.isdecimal():
            name = named.free(BOT, f"bot of {one.receiver}")
        elif name in names.values():
            names[key] = name
            text = f"{name} has another token or server before: that one is taken."
            notes.append(_note(document, one.places["token"], text))
            continue
        names[key] = name
        values: dict[str, Any] = {"token": Secret(clear=one.bot_token, file=one.token_file)}
        if key[2]:
            values["api_url"] = key[2]
        places = {**one.places, "name": one.path}
        items.append(Item(BOT, name, values, path=one.path, places=places))
    return items, names


def _bot_key(one: TelegramReceiver) -> tuple[str, str, str]:
    url = one.api_url.rstrip("/")
    return one.bot_token, one.token_file, "" if url == TELEGRAM else url


def _channels(
    receivers: Sequence[TelegramReceiver],
    bots: Mapping[tuple[str, str, str], str],
    names: _Names,
) -> tuple[list[Item], dict[str, list[str]]]:
    """And the channels of each receiver."""
    items: list[Item] = []
    found: dict[tuple[Any, ...], str] = {}
    of_receiver: dict[str, list[str]] = {}
    for one in receivers:
        bot = bots[_bot_key(one)]
        silent = "always" if one.is_silent else "never"
        chat = Elsewhere(file=one.chat_id_file) if one.chat_id_file else str(one.chat_id)
        mode = _MODES[one.parse_mode]
        key = (bot, chat, one.topic, mode, silent)
        if key not in found:
            found[key] = names.free(CHANNEL, one.receiver)
            values: dict[str, Any] = {
                "bot": bot,
                "chat_id": chat,
                "parse_mode": mode,
                "silent": silent,
            }
            if one.topic:
                values["message_thread_id"] = one.topic
            items.append(Item(CHANNEL, found[key], values, path=one.path, places=one.places))
        of_receiver.setdefault(one.receiver, []).append(found[key])
    return items, of_receiver


def _lost(one: TelegramReceiver, document: Document) -> Iterable[Note]:
    if one.message:
        yield _note(
            document,
            (*one.path, "message"),
            "Its template is Go's; messages look as they do by default. Templates, Convert a Go "
            "template (or POST /api/v1/templates/import/) makes a draft of it.",
        )
    if one.parse_mode == "Markdown":
        text = "Markdown is outdated; MarkdownV2 is used."
        yield _note(document, (*one.path, "parse_mode"), text)
    if not one.tells_resolved:
        yield _note(
            document,
            (*one.path, "send_resolved"),
            "send_resolved is off there; here the message that tells of an alert is edited when it "
            "ends. Set the channel's `silent` to resolved to hear no sound then.",
        )


def _note(document: Document, path: Path, text: str) -> Note:
    return Note(place_of(path), document.line(path), text)


def _rules(configuration: Configuration, names: _Names, notes: list[Note]) -> list[Item]:
    items: list[Item] = []
    for one in configuration.inhibitions:
        sides = {"source": one.source_matchers, "target": one.target_matchers}
        if missing := [side for side, matchers in sides.items() if not matchers]:
            text = (
                f"It has no {missing[0]} matchers, which stands for every alert there; here a rule "
                "has both, so it is left out."
            )
            notes.append(_note(configuration.document, one.path, text))
            continue
        items.append(
            Item(
                INHIBIT_RULE,
                names.free(
                    INHIBIT_RULE,
                    one.name.strip() or _rule_name(one.source_matchers, one.target_matchers),
                ),
                {
                    "source_matchers": list(map(str, one.source_matchers)),
                    "target_matchers": list(map(str, one.target_matchers)),
                    "equal": list(one.equal),
                },
                path=one.path,
                places=_sides(configuration.document, one.path),
            )
        )
    return items


def _sides(document: Document, path: Path) -> dict[str, Path]:
    """Where the file says each side of an inhibit rule."""
    kinds = ("matchers", "match", "match_re")
    found = {
        f"{side}_matchers": _written(document, path, [f"{side}_{kind}" for kind in kinds])
        for side in ("source", "target")
    }
    return {name: place or path for name, place in found.items()} | {"name": path}


def _places(document: Document, node: Node) -> dict[str, Path]:
    """Where the file says each setting of a route: at it, or at one around it."""
    found: dict[str, Path] = {"name": node.path}
    for name, theirs in _NAMES.items():
        path = node.path
        while path and not (place := _written(document, path, theirs)):
            path = path[:-2]
        found[name] = place or node.path
    return found


def _written(document: Document, path: Path, names: Iterable[str]) -> Path:
    """The first of these that is there; () for none."""
    return next(((*path, name) for name in names if (*path, name) in document.lines), ())


def _route(
    one: FlatRoute,
    channels: Mapping[str, Sequence[str]],
    timings: Mapping[str, str],
    names: _Names,
    document: Document,
) -> Item:
    title = f"{one.node.receiver}: {format_matchers(one.node.matchers)[1:-1] or 'all'}"
    values = {
        "matchers": list(map(str, one.matchers)),
        "continue": one.continues,
        **_timing(one.node, channels, timings),
    }
    places = _places(document, one.node)
    return Item(ROUTE, names.free(ROUTE, title), values, path=one.node.path, places=places)


def _timing(
    node: Node, channels: Mapping[str, Sequence[str]], timings: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "channels": sorted(set(channels.get(node.receiver, ()))),
        "group_by": list(node.group_by),
        "group_wait": node.group_wait,
        "group_interval": node.group_interval,
        "repeat_interval": node.repeat_interval,
        "mute_timings": sorted({timings[name] for name in node.mute_timings}),
        "active_timings": sorted({timings[name] for name in node.active_timings}),
    }


def _rule_name(source: Sequence[Any], target: Sequence[Any]) -> str:
    return f"{format_matchers(source)[1:-1]} mutes {format_matchers(target)[1:-1]}"


def _split(routes: Sequence[FlatRoute], document: Document) -> Iterable[Note]:
    """Alerts of one Alertmanager group may come in several of ours then."""
    for path, count in Counter(one.node.path for one in routes).items():
        if count > 1:
            text = f"It becomes {count} routes, because routes before it continue."
            yield _note(document, path, text)
