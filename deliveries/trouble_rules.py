"""When people are told of a trouble, and in which words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from deliveries.advice import in_words
from languages.speaking import gettext, gettext_noop, ngettext


class Kind(StrEnum):
    """What is wrong; the values are part of the API."""

    BOT_DISABLED = "bot_disabled"
    CHANNEL_DISABLED = "channel_disabled"
    BOT_UNREACHABLE = "bot_unreachable"
    LATE = "late"
    DEAD_LETTERS = "dead_letters"
    FALLBACK = "fallback"
    TEMPLATE = "template"
    PUBLISHING = "publishing"
    DISPATCHING = "dispatching"


class Trouble(Protocol):
    """What is told of one: fields of the model of this name."""

    kind: str
    name: str
    said: str
    advice: str
    number: int
    opened_at: datetime
    recovered_at: datetime | None


LABELS = {
    Kind.BOT_DISABLED: "Bot disabled",
    Kind.CHANNEL_DISABLED: "Channel disabled",
    Kind.BOT_UNREACHABLE: "No answer",
    Kind.LATE: "Messages late",
    Kind.DEAD_LETTERS: "Messages refused",
    Kind.FALLBACK: "Fallback used",
    Kind.TEMPLATE: "Template failed",
    Kind.PUBLISHING: "Publishing stalled",
    Kind.DISPATCHING: "Sending stalled",
}

LATE = timedelta(minutes=5)
"""How long a call may be due before that is a trouble."""
PATIENCE = {
    Kind.BOT_UNREACHABLE: timedelta(minutes=5),
    Kind.PUBLISHING: timedelta(minutes=1),
    Kind.DISPATCHING: timedelta(minutes=1),
}
"""How long it has to last before it is told; of the others not at all."""
HOURLY = timedelta(hours=1)
"""At most so often is one trouble told."""
DAILY = timedelta(days=1)
HAPPENS = frozenset({Kind.DEAD_LETTERS, Kind.FALLBACK, Kind.TEMPLATE})
"""These happen rather than last: told again only when they happened again."""
SHOWN_MAX = 20
"""Troubles that one message tells of."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A trouble that is there now. `since`: as far as is known; `number`, `again_at`: as the
    fields of Trouble."""

    organization_id: UUID | None
    kind: str
    subject: str = ""
    name: str = ""
    said: str = ""
    advice: str = ""
    bot_id: UUID | None = None
    since: datetime | None = None
    number: int = 0
    again_at: datetime | None = None

    @property
    def key(self) -> tuple[UUID | None, str, str]:
        """What makes it one and the same."""
        return self.organization_id, self.kind, self.subject


def first_telling(kind: str, opened_at: datetime) -> datetime:
    """When it is told first."""
    return opened_at + PATIENCE.get(Kind(kind), timedelta(0))


def next_telling(kind: str, times_told: int, now: datetime) -> datetime:
    """When it is told again, having been told so often: after an hour, two, four … a day."""
    if Kind(kind) in HAPPENS:
        return now + HOURLY
    return now + min(DAILY, HOURLY * (1 << min(times_told - 1, 10)))


_TITLES = {
    Kind.BOT_DISABLED: gettext_noop("Bot {name} was disabled"),
    Kind.CHANNEL_DISABLED: gettext_noop("Channel {name} was disabled"),
    Kind.BOT_UNREACHABLE: gettext_noop("Bot {name} gets no answer"),
    Kind.LATE: gettext_noop("Messages are late by {late}"),
    Kind.FALLBACK: gettext_noop("The fallback of {name} was used"),
    Kind.TEMPLATE: gettext_noop("The template {name} failed"),
    Kind.PUBLISHING: gettext_noop("Alerts are not put into messages: late by {late}"),
    Kind.DISPATCHING: gettext_noop("No worker sends messages"),
}
_ENDS = {
    Kind.BOT_DISABLED: gettext_noop("Bot {name} works again"),
    Kind.CHANNEL_DISABLED: gettext_noop("Channel {name} works again"),
    Kind.BOT_UNREACHABLE: gettext_noop("Bot {name} gets answers again"),
    Kind.LATE: gettext_noop("Messages leave on time again"),
    Kind.DEAD_LETTERS: gettext_noop("Telegram refused no message for an hour"),
    Kind.FALLBACK: gettext_noop("The fallback of {name} is no longer needed"),
    Kind.TEMPLATE: gettext_noop("The template {name} did not fail for an hour"),
    Kind.PUBLISHING: gettext_noop("Alerts are put into messages again"),
    Kind.DISPATCHING: gettext_noop("Messages are sent again"),
}
_ADVICE = {
    Kind.BOT_DISABLED: gettext_noop("Alerts for it wait, and none is lost."),
    Kind.CHANNEL_DISABLED: gettext_noop("Alerts for it wait, and none is lost."),
    Kind.BOT_UNREACHABLE: gettext_noop(
        "Check the server's address, the proxy and the network of this "
        "installation. Nothing is lost: sending goes on by itself."
    ),
    Kind.LATE: gettext_noop(
        "The pages of these messages, under Deliveries, say what each of them waits for."
    ),
    Kind.DEAD_LETTERS: gettext_noop(
        "Read Telegram's words under Deliveries, mend what they name, and press Retry there."
    ),
    Kind.FALLBACK: gettext_noop("See why its chat could not be reached."),
    Kind.TEMPLATE: gettext_noop(
        "Its alerts are told in the usual way meanwhile. Its page under Templates shows "
        "what it makes of them."
    ),
    Kind.PUBLISHING: gettext_noop(
        "Check that a worker runs with the queue publish, and that the database answers."
    ),
    Kind.DISPATCHING: gettext_noop("Check that a worker runs with the queue dispatch."),
}


def title(trouble: Trouble) -> str:
    """What is wrong, or, once it is over, what works again."""
    words = _TITLES if trouble.recovered_at is None else _ENDS
    values: dict[str, Any] = {
        "name": trouble.name,
        "number": trouble.number,
        "late": span(timedelta(seconds=trouble.number)),
    }
    if words is _TITLES and trouble.kind == Kind.DEAD_LETTERS:
        text = ngettext(
            "Telegram refused {number} message for good",
            "Telegram refused {number} messages for good",
            trouble.number,
        )
    else:
        text = gettext(words[Kind(trouble.kind)])
    return text.format(**values)


def advice(trouble: Trouble) -> str:
    """What to do about troubles of this kind."""
    return gettext(_ADVICE[Kind(trouble.kind)])


def story(trouble: Trouble, page: str) -> str:
    """One trouble, or its end, for a mail: what, since when, Telegram's words, what to do."""
    lines = [f"{title(trouble)}."]
    if trouble.recovered_at is None:
        lines.append(gettext("Since {time}.").format(time=moment(trouble.opened_at)))
        if trouble.said:
            lines.append(gettext("Telegram said: {words}").format(words=trouble.said))
        lines += [in_words(trouble.advice)] if trouble.advice else []
        lines.append(advice(trouble))
    else:
        lasted = span(trouble.recovered_at - trouble.opened_at)
        told = gettext("From {start} to {end}: {length}.")
        start, end = moment(trouble.opened_at), moment(trouble.recovered_at)
        lines.append(told.format(start=start, end=end, length=lasted))
        if trouble.kind in (Kind.LATE, Kind.PUBLISHING):
            late = span(timedelta(seconds=trouble.number))
            told = gettext("The latest was late by {length}; nothing was lost.")
            lines.append(told.format(length=late))
        elif trouble.kind in (Kind.BOT_DISABLED, Kind.CHANNEL_DISABLED):
            lines.append(gettext("What waited for it leaves now, as it stands."))
    return "\n".join([*lines, page])


def letter(name: str, troubles: Sequence[Trouble], pages: Sequence[str]) -> tuple[str, str]:
    """(subject, text) of one message about these; `name` is whose they are."""
    found = list(zip(troubles, pages, strict=True))
    stories = [story(trouble, page) for trouble, page in found[:SHOWN_MAX]]
    if len(found) > SHOWN_MAX:
        more = len(found) - SHOWN_MAX
        stories.append(ngettext("And {count} more.", "And {count} more.", more).format(count=more))
    news = title(troubles[0])
    if len(troubles) > 1:
        more = len(troubles) - 1
        told = ngettext("{news}, and {count} more", "{news}, and {count} more", more)
        news = told.format(news=news, count=more)
    subject = " ".join(f"[{name}] {news}".split())  # a header is one line
    return subject, "\n\n".join(stories)


def moment(at: datetime) -> str:
    """In UTC, as everywhere in mails."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def span(length: timedelta) -> str:
    """`40 s`, `12 min`, `3 h 5 min`, `2 d 4 h`."""
    seconds = max(0, int(length.total_seconds()))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, left = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (left, "s")]
    told = [f"{number} {unit}" for number, unit in parts if number]
    return " ".join(told[:2] if days or hours else told[:1]) or "0 s"
