"""Two lists of silences, ours and an upstream's, and what has to be done so that they agree. Pure.

A link says which two are the same, and what each of them said when they last agreed: an upstream
may write down what it is told in words of its own, trimmed or rounded, and has not changed by that.
Who says something else now has changed: the other follows; where both did, the later change counts.
What has ended on one side ends on the other; what we ended does not come back. What an upstream has
lost, because it lost its disk, is given to it again.

Whoever runs an upstream decides for its integration's alerts, and for no others: a silence of ours
for all integrations is told to it, and never follows it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, Literal

from alerts.matchers import Matcher, MatcherError, read_matchers
from alerts.muting.silencing import AUTHOR_MAX, COMMENT_MAX, SilenceState, state_at

ID_MAX: Final = 64
ALIKE: Final = timedelta(seconds=60)
"""By how much an upstream may round a time of which we never heard what became of it."""


@dataclass(frozen=True, slots=True)
class Saying:
    """A silence as one side has it. `id`: ours or theirs, as text. `for_all`: ours, and not for the
    upstream's integration alone. `is_over`: its side says so, whatever our clock says."""

    id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    comment: str
    author: str
    updated_at: datetime
    for_all: bool = False
    is_over: bool = False

    def state(self, now: datetime) -> SilenceState:
        """Where it stands."""
        if self.is_over:
            return SilenceState.EXPIRED
        return state_at(self.starts_at, self.ends_at, now)

    def was_ended(self, now: datetime) -> bool:
        """Whether somebody ended ours: its last change is its end, which no other change is."""
        return self.ends_at <= min(now, self.updated_at)

    def mark(self) -> str:
        """What it says, to be compared later: a digest, and the start in Unix seconds. Alertmanager
        cuts times to milliseconds: whole seconds count. We cut long texts."""
        parts = [*sorted(map(str, self.matchers)), "", str(int(self.ends_at.timestamp()))]
        text = "\0".join([*parts, self.comment[:COMMENT_MAX], self.author[:AUTHOR_MAX]])
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        return f"{digest}@{int(self.starts_at.timestamp())}"

    def says(self, mark: str, now: datetime) -> bool:
        """Whether it says the same. Alertmanager moves a start that is past: only one to come
        counts."""
        (said, _, began), (says, _, begins) = (one.partition("@") for one in (mark, self.mark()))
        if said != says or not began:
            return False
        past = int(now.timestamp())
        return max(int(began), past) == max(int(begins), past)

    def resembles(self, other: "Saying", now: datetime) -> bool:
        """Whether one may be what an upstream made of the other."""
        pairs = ((one.ends_at, max(one.starts_at, now)) for one in (self, other))
        (ends, starts), (other_ends, other_starts) = pairs
        return (
            self.words() == other.words()
            and abs(ends - other_ends) <= ALIKE
            and abs(starts - other_starts) <= ALIKE
        )

    def words(self) -> tuple[str, ...]:
        """What an upstream would hardly change: matchers in whatever order, and the comment."""
        return (*sorted(map(str, self.matchers)), "", *self.comment[:COMMENT_MAX].split())

    def same_matchers(self, other: "Saying") -> bool:
        """In whatever order."""
        return sorted(map(str, self.matchers)) == sorted(map(str, other.matchers))


@dataclass(frozen=True, slots=True)
class Link:
    """`ours` and `theirs` are IDs. `agreed`: the mark of ours when they last agreed; `answered`:
    that of theirs, "" while it was not heard."""

    ours: str
    theirs: str
    agreed: str
    answered: str = ""


Verb = Literal["link", "adopt", "follow", "end_ours", "give", "tell", "end_theirs", "forget"]


@dataclass(frozen=True, slots=True)
class Step:
    """`link`: note what both say, as they agree; `adopt`: make ours like theirs anew; `follow`:
    change ours to theirs; `end_ours`; `give`: make theirs like ours anew; `tell`: change theirs to
    ours; `end_theirs`; `forget`: drop a link of which nothing is left."""

    verb: Verb
    ours: Saying | None = None
    theirs: Saying | None = None
    link: Link | None = None


def steps(
    ours: Iterable[Saying], theirs: Iterable[Saying], links: Iterable[Link], now: datetime
) -> list[Step]:
    """In an order in which they can be taken. `ours`: those of us that hold for the upstream's
    alerts, linked ones even when they are over."""
    mine = {one.id: one for one in ours}
    other = {one.id: one for one in theirs}
    links = list(links)
    linked = {link.theirs for link in links}
    fresh = _Unlinked(one for one in other.values() if one.id not in linked and _lasts(one, now))
    found: list[Step] = []
    for link in links:
        one = mine.pop(link.ours, None)
        step = _replaced(one, other.get(link.theirs), fresh, link, now) or _linked(
            one, other.get(link.theirs), link, now
        )
        found += [step] if step else []
    alone = _Unlinked(one for one in mine.values() if _lasts(one, now))
    for one in fresh.left():
        twin = alone.take_twin(one, now)  # made before its link could be noted
        found.append(Step("link", twin, one) if twin else Step("adopt", theirs=one))
    found += [Step("give", one) for one in alone.left()]
    return found


class _Unlinked:
    """One side's that nothing is known of, found by their words."""

    def __init__(self, sayings: Iterable[Saying]) -> None:
        self._by_words: dict[tuple[str, ...], list[Saying]] = {}
        for one in sayings:
            self._by_words.setdefault(one.words(), []).append(one)

    def take_twin(self, one: Saying, now: datetime) -> Saying | None:
        """The one that says the same, else the first that resembles it; it is out then."""
        same_words = self._by_words.get(one.words(), [])
        alike = [other for other in same_words if other.resembles(one, now)]
        if not alike:
            return None
        twin = next((other for other in alike if other.says(one.mark(), now)), alike[0])
        same_words.remove(twin)
        return twin

    def left(self) -> list[Saying]:
        """Those that are still in."""
        return [one for same_words in self._by_words.values() for one in same_words]


def _replaced(
    ours: Saying | None, theirs: Saying | None, fresh: _Unlinked, link: Link, now: datetime
) -> Step | None:
    """Where what was told became another one there before that could be noted: link them, and take
    it out of `fresh`."""
    if ours is None or not _lasts(ours, now) or (theirs is not None and _lasts(theirs, now)):
        return None
    twin = fresh.take_twin(ours, now)
    return Step("link", ours, twin, link) if twin else None


def _linked(ours: Saying | None, theirs: Saying | None, link: Link, now: datetime) -> Step | None:
    if ours is None:  # purged: its end is long known
        is_left = theirs is not None and _lasts(theirs, now)
        return Step("end_theirs" if is_left else "forget", None, theirs, link)
    if theirs is None:
        verb: Verb = "give" if _lasts(ours, now) else "forget"
        return Step(verb, ours, None, link)
    lasting = (_lasts(ours, now), _lasts(theirs, now))
    if not any(lasting):
        return Step("forget", ours, theirs, link)
    is_same = (ours.says(link.agreed, now), theirs.says(link.answered, now))
    if all(is_same):
        return None if lasting[0] else Step("end_theirs", ours, theirs, link)
    is_unheard = is_same[0] and not link.answered and all(lasting)
    if is_unheard or theirs.says(ours.mark(), now):
        return Step("link", ours, theirs, link)
    if _is_ours_to_say(ours, theirs, is_same, now):
        return Step("tell" if lasting[0] else "end_theirs", ours, theirs, link)
    return Step("follow" if lasting[1] else "end_ours", ours, theirs, link)


def _is_ours_to_say(
    ours: Saying, theirs: Saying, is_same: tuple[bool, bool], now: datetime
) -> bool:
    """Whether ours counts where the two differ. `is_same`: which of them says what it did."""
    if ours.for_all or ours.was_ended(now):
        return True
    if is_same[0]:
        return False
    return is_same[1] or ours.updated_at >= theirs.updated_at


def _lasts(one: Saying, now: datetime) -> bool:
    return one.state(now) is not SilenceState.EXPIRED


def told(ours: Saying, theirs: Saying | None, now: datetime) -> Saying:
    """One side's, as it is told to the other, which has `theirs`: one that has begun keeps its
    start there, and its matchers their order, so that it stays the same one (silence/silence.go,
    canUpdate, compares both). A comment that was cut here stays whole there."""
    if theirs is None:
        return ours
    if theirs.comment[:COMMENT_MAX] == ours.comment:
        ours = replace(ours, comment=theirs.comment)
    if theirs.same_matchers(ours):
        ours = replace(ours, matchers=theirs.matchers)
    if {ours.state(now), theirs.state(now)} != {SilenceState.ACTIVE}:
        return ours
    return replace(ours, starts_at=theirs.starts_at)


# --- Alertmanager's words ------------------------------------------------------------------------


def read_theirs(payload: Any) -> tuple[list[Saying], list[str]]:
    """`GET /api/v2/silences` (openapi.yaml, gettableSilences), and why some that are not over
    cannot be read: the other side knows them, and we cannot say them. Raises ValueError for
    anything but a list."""
    if not isinstance(payload, list):
        raise ValueError("it does not answer with a list of silences")  # noqa: TRY004  # not ours
    read: list[Saying] = []
    reasons: list[str] = []
    for one in payload:
        try:
            read.append(_read(one))
        except MatcherError as error:
            reasons += [] if _is_over(one) else [str(error)]
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
            reasons += [] if _is_over(one) else ["it is not as Alertmanager writes it"]
    return read, reasons


def _is_over(one: Any) -> bool:
    status = one.get("status") if isinstance(one, dict) else None
    return isinstance(status, dict) and status.get("state") == SilenceState.EXPIRED


def _read(one: Any) -> Saying:
    found = Saying(
        id=str(one["id"])[:ID_MAX],
        matchers=read_matchers(one["matchers"]),
        starts_at=_time(one["startsAt"]),
        ends_at=_time(one["endsAt"]),
        comment=str(one.get("comment", "")),
        author=str(one.get("createdBy", "")),
        updated_at=_time(one["updatedAt"]),
        is_over=_is_over(one),
    )
    # A lone surrogate, which JSON may hold and no database takes, raises ValueError.
    "".join((found.id, *map(str, found.matchers), found.comment, found.author)).encode()
    return found


def _time(text: Any) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def as_posted(ours: Saying, upstream_id: str = "") -> Mapping[str, Any]:
    """`POST /api/v2/silences` (postableSilence)."""
    body: dict[str, Any] = {
        "matchers": [matcher.to_alertmanager() for matcher in ours.matchers],
        "startsAt": _text(ours.starts_at),
        "endsAt": _text(ours.ends_at),
        "createdBy": ours.author,
        "comment": ours.comment,
    }
    return {**body, "id": upstream_id} if upstream_id else body


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
