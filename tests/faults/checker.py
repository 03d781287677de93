"""What must hold after any fault, judged from outside. Pure: what the sender knows, what arrived.

What a sender has people read names the alert and its state, `token("Disk", 3)`: so each arrival
tells which state of which alert it shows.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from botapi.limits import CHAT_BURST

BOT_PER_SECOND = 30
GROUP_PER_MINUTE = 20
ROUNDING = 1e-6
IN_FLIGHT_GRACE = 3.0
"""Seconds for which an answer may not have been written down yet when its process was killed."""

ON_ITS_WAY_GRACE = 1.0
"""Seconds after its process was killed within which a call that had left may still be noted."""

_TOKEN = re.compile(r"\b([A-Za-z]\w*)-r(\d+)z")
Status = Literal["firing", "resolved"]


def token(name: str, revision: int) -> str:
    """How a text names a state of an alert."""
    return f"{name}-r{revision}z"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A state of an alert for which its sender heard 2xx; `chats` are those it is routed to."""

    name: str
    revision: int
    status: Status
    chats: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One Bot API call as Telegram saw it; times in seconds.

    `message_id`: of the message that it made or changed, 0 when it did neither. `text`: what the
    message shows from then on, of a document what is in it. `answered`: whether all of the answer
    left. `doubt`: how much earlier than `at` it may have come, because Telegram was busy.
    """

    at: float
    ended: float
    bot: int
    chat: int
    method: str
    message_id: int = 0
    text: str = ""
    reply_to: int = 0
    answered: bool = True
    doubt: float = 0.0

    @property
    def makes(self) -> bool:
        """Whether it made a new message."""
        return bool(self.message_id) and self.method.startswith("send")

    @property
    def counts(self) -> bool:
        """Whether it counts against the published limits."""
        return self.method.startswith(("send", "edit")) and self.method != "sendChatAction"


@dataclass(slots=True)
class Ledger:
    """What the sender knows, and what was done to the product.

    `kills`: when a process of it died. `marked`: (chat, message) of calls that the product says may
    have been made before. `moved`: a chat's new number by its former one.
    """

    accepted: list[Accepted] = field(default_factory=list)
    kills: list[float] = field(default_factory=list)
    marked: set[tuple[int, int]] = field(default_factory=set)
    moved: dict[int, int] = field(default_factory=dict)

    def final(self) -> dict[str, Accepted]:
        """The last state of each alert."""
        return {one.name: one for one in self.accepted}


def violations(ledger: Ledger, arrivals: Sequence[Arrival], slack: float = 0.0) -> list[str]:
    """Everything that is wrong, in words; nothing when all holds.

    `slack`: by how many seconds a call may come too early after one that came late.
    """
    in_order = sorted(arrivals, key=lambda one: one.at)
    return [
        *lost(ledger, in_order),
        *untrue(ledger, in_order),
        *duplicates(ledger, in_order),
        *disorder(in_order),
        *excess(in_order, slack),
    ]


def states(text: str) -> dict[str, int]:
    """Which state of each alert a text shows."""
    return {name: int(revision) for name, revision in _TOKEN.findall(text)}


def lost(ledger: Ledger, arrivals: Sequence[Arrival]) -> Iterator[str]:
    """Alerts that a chat does not show, or not as they are."""
    shown = _shown(arrivals)
    for name, state in ledger.final().items():
        for chat in state.chats:
            places = (chat, ledger.moved.get(chat, chat))
            texts = [text for place in places for text in shown[place] if name in states(text)]
            if not texts:
                yield f"lost: {name} is nowhere in chat {chat}"
            elif not any(_tells(text, state) for text in texts):
                known = max(states(text)[name] for text in texts)
                wanted = f"{state.status}, r{state.revision}"
                yield f"stale: chat {chat} shows {name} at r{known}, and not as it is ({wanted})"


def _places(ledger: Ledger, state: Accepted) -> set[int]:
    """Where an alert may be shown."""
    return {*state.chats, *(ledger.moved.get(chat, chat) for chat in state.chats)}


def _tells(text: str, state: Accepted) -> bool:
    return states(text)[state.name] == state.revision and state.status.upper() in text.upper()


def untrue(ledger: Ledger, arrivals: Sequence[Arrival]) -> Iterator[str]:
    """Messages that still show a former state of an alert.

    But for replies, which stay as they are; messages that the product may not know of; and those of
    a chat that moved, which nobody can edit any more.
    """
    final = ledger.final()
    made = {(one.chat, one.message_id): one for one in arrivals if one.makes}
    for chat, messages in _messages(arrivals).items():
        for message_id, text in messages.items():
            first = made.get((chat, message_id))
            if first is None or first.reply_to or chat in ledger.moved or _was_lost(ledger, first):
                continue
            for name, revision in states(text).items():
                state = final.get(name)
                if state and chat in _places(ledger, state) and not _tells(text, state):
                    yield (
                        f"untrue: message {message_id} of chat {chat} shows {name} at r{revision}, "
                        f"and it is {state.status}, r{state.revision}"
                    )


def _shown(arrivals: Sequence[Arrival]) -> Mapping[int, Collection[str]]:
    """The texts that each chat shows in the end."""
    found = _messages(arrivals)
    return defaultdict(tuple, {chat: tuple(texts.values()) for chat, texts in found.items()})


def _messages(arrivals: Sequence[Arrival]) -> Mapping[int, Mapping[int, str]]:
    """The messages that each chat shows in the end: chat → message → text."""
    messages: dict[int, dict[int, str]] = defaultdict(dict)
    for one in arrivals:
        if one.message_id and one.method.startswith("delete"):
            messages[one.chat].pop(one.message_id, None)
        elif one.message_id and one.counts and one.method != "editMessageReplyMarkup":
            messages[one.chat][one.message_id] = one.text  # another keyboard leaves the text
    return messages


def duplicates(ledger: Ledger, arrivals: Sequence[Arrival]) -> Iterator[str]:
    """Messages that came twice although the first answer was known, or without a mark.

    Of an alert there is one message in a chat, which is edited; a reply stays as it is, so two with
    the same words are the same one. What leaves once more tells what is true by then, so the copy
    that is marked may tell of fewer.
    """
    copies: dict[tuple[object, ...], list[Arrival]] = defaultdict(list)
    marked: dict[tuple[object, ...], list[Arrival]] = defaultdict(list)
    for one in arrivals:
        if one.makes and (one.reply_to or states(one.text)):
            about = one.text if one.reply_to else tuple(sorted(states(one.text)))
            copies[one.chat, one.method, one.reply_to, about].append(one)
            if (one.chat, one.message_id) in ledger.marked:
                marked[one.chat, one.method, one.reply_to].append(one)
    for (chat, method, reply_to, _), made in copies.items():
        for former in made[:-1]:
            if not _was_lost(ledger, former):
                yield f"double: {_named(former)} in chat {chat} was made twice, though answered"
        if len(made) > 1 and not _is_marked(made[-1], marked[chat, method, reply_to]):
            yield f"unmarked: {_named(made[-1])} in chat {chat} was made twice, and no mark says so"


def _is_marked(copy: Arrival, marked: Sequence[Arrival]) -> bool:
    """Whether it is one of these, or one of these followed it that tells of something it tells."""
    told = states(copy.text).keys()
    return any(
        one is copy or (one.at > copy.at and told & states(one.text).keys()) for one in marked
    )


def _named(one: Arrival) -> str:
    return ", ".join(states(one.text)) or repr(one.text[:80])


def _was_lost(ledger: Ledger, one: Arrival) -> bool:
    """Whether the product may not know what became of the call."""
    since, until = one.at - ON_ITS_WAY_GRACE, one.ended + IN_FLIGHT_GRACE
    in_flight = (since <= kill <= until for kill in ledger.kills)
    return not one.answered or any(in_flight)


def disorder(arrivals: Sequence[Arrival]) -> Iterator[str]:
    """Messages that showed an older state after a newer one."""
    newest: dict[tuple[int, int, str], int] = {}
    for one in arrivals:
        if not one.message_id:
            continue
        for name, revision in states(one.text).items():
            key = (one.chat, one.message_id, name)
            if revision < newest.get(key, 0):
                yield (
                    f"order: message {one.message_id} of chat {one.chat} showed {name} at "
                    f"r{newest[key]} and then at r{revision}"
                )
            newest[key] = max(revision, newest.get(key, 0))


def excess(arrivals: Sequence[Arrival], slack: float = 0.0) -> Iterator[str]:
    """Calls above the published limits: 30 a second to a bot, 20 a minute to a group, one a second
    to a chat after a burst of three. Refused calls and edits count. Each as early as it may have
    come, when the next one is judged: what is left is certain."""
    counted = [one for one in arrivals if one.counts]
    yield from _over([(f"bot {one.bot}", one) for one in counted], BOT_PER_SECOND, 1.0 - slack)
    groups = [(f"group {one.chat}", one) for one in counted if one.chat < 0]
    yield from _over(groups, GROUP_PER_MINUTE, 60.0 - slack)
    full_at: dict[tuple[int, int], float] = {}  # when a chat's burst is whole again
    for one in counted:
        key = (one.bot, one.chat)
        may_come = full_at.get(key, 0.0) - (CHAT_BURST - 1) - slack
        if one.at < may_come - ROUNDING:
            yield f"limit: chat {one.chat} was called {may_come - one.at:.3f} s early at {one.at}"
        full_at[key] = max(full_at.get(key, 0.0), one.at - one.doubt) + 1.0


def _over(calls: Sequence[tuple[str, Arrival]], limit: int, period: float) -> Iterator[str]:
    times: dict[str, list[float]] = defaultdict(list)
    for who, one in calls:
        last = times[who]
        if len(last) >= limit and one.at - last[-limit] < period - ROUNDING:
            yield f"limit: {who} had {limit + 1} calls within {one.at - last[-limit]:.3f} s"
        last.append(one.at - one.doubt)
