"""Which call of a lane leaves next, and when. Pure: in memory, with the time passed in.

Per chat there are at most two candidates, what is next by its turn and what is interactive. A head
waits for its chat's clock and budgets, then for the bot's. Interactive heads go first as far as
`Pace` lets them; the others, and those beyond that, are taken from each organization in turn, so
that on a shared bot nobody gets more than his share; within an organization the smallest `turn`
leaves first.
"""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from uuid import UUID

from deliveries.pacing import Pace


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """What a chat may be sent next: the first call of one of its streams.

    `passes`: it is interactive, and older calls wait in its chat. `weight`: how many messages the
    limits count.
    """

    delivery_id: UUID
    bot_id: UUID
    chat_id: UUID
    organization_id: UUID
    group: bool
    urgent: bool
    turn: float
    not_before: float
    passes: bool = False
    weight: int = 1


_Entry = tuple[float, int, Head]
_Slot = tuple[UUID, bool]


class _Turns:
    """Heads that may leave as far as their chats are concerned, of each organization in turn."""

    def __init__(self, heads: Mapping[_Slot, Head]) -> None:
        self._heads = heads  # the candidates: entries of others are passed over
        self._ready: dict[UUID, list[_Entry]] = {}
        self._served: dict[UUID, int] = {}

    def push(self, entry: _Entry) -> None:
        owner = entry[2].organization_id
        if owner not in self._ready:
            # Who comes back gets no credit for the time he had nothing to send.
            floor = min((self._served.get(other, 0) for other in self._ready), default=0)
            self._served[owner] = max(self._served.get(owner, 0), floor)
            self._ready[owner] = []
        heapq.heappush(self._ready[owner], entry)

    def first(self) -> Head | None:
        """Whose turn it is."""
        for owner in sorted(self._ready, key=lambda owner: self._served.get(owner, 0)):
            ready = self._ready[owner]
            while ready and not _is_candidate(ready[0], self._heads):
                heapq.heappop(ready)
            if ready:
                return ready[0][2]
            del self._ready[owner]
        self._served.clear()
        return None

    def serve(self, head: Head) -> None:
        """It leaves."""
        self._served[head.organization_id] = self._served.get(head.organization_id, 0) + 1


class Schedule:
    """The heads of one lane's chats. Times are seconds since the epoch."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self._heads: dict[_Slot, Head] = {}
        self._later: list[_Entry] = []
        self._leading = _Turns(self._heads)
        self._all = _Turns(self._heads)
        self._numbers: Iterator[int] = count()

    def __len__(self) -> int:
        return len(self._heads)

    def __contains__(self, chat_id: UUID) -> bool:
        return (chat_id, False) in self._heads or (chat_id, True) in self._heads

    def put(self, head: Head, now: float, not_before: float = 0.0) -> None:
        """Make this the chat's candidate, in place of a former one of its kind."""
        if head.passes and not self.pace.may_lead_chat(head.chat_id, now):
            return
        slot = (head.chat_id, head.urgent)
        known = self._heads.get(slot)
        if known is not None and known.delivery_id == head.delivery_id:
            return
        self._heads[slot] = head
        at = self.pace.chat_earliest(
            head.chat_id,
            group=head.group,
            now=max(now, head.not_before, not_before),
            urgent=head.urgent,
            weight=head.weight,
        )
        heapq.heappush(self._later, (at, next(self._numbers), head))

    def drop(self, chat_id: UUID) -> None:
        """Forget the chat's candidates."""
        self._heads.pop((chat_id, False), None)
        self._heads.pop((chat_id, True), None)

    def pick(self, now: float, horizon: float) -> tuple[Head, float] | None:
        """Take out the next head that may leave within `horizon` seconds: (head, when), or None."""
        self._promote(now + horizon)
        for head, at, leads in self._next(now):
            if at > now + horizon:
                continue
            self.drop(head.chat_id)
            (self._leading if leads else self._all).serve(head)
            self.pace.take(head.chat_id, group=head.group, at=at, weight=head.weight)
            if head.urgent:
                self.pace.lead(head.chat_id, group=head.group, at=now, passes=head.passes)
            return head, at
        return None

    def next_time(self, now: float) -> float | None:
        """When `pick` may have something; None without candidates."""
        self._promote(now)
        at = min((at for _, at, _ in self._next(now)), default=None)
        if at is not None:
            return at
        while self._later and not _is_candidate(self._later[0], self._heads):
            heapq.heappop(self._later)
        return max(now, self._later[0][0]) if self._later else None

    def _next(self, now: float) -> Iterator[tuple[Head, float, bool]]:
        """(head, when its limits let it go, whether it leads): who leads before the rest."""
        for turns, leads in ((self._leading, True), (self._all, False)):
            head = None if leads and not self.pace.may_lead(now) else turns.first()
            if head is None:
                continue
            at = self.pace.bot_earliest(now, urgent=leads, weight=head.weight)
            at = self.pace.chat_earliest(
                head.chat_id, group=head.group, now=at, urgent=head.urgent, weight=head.weight
            )
            yield head, at, leads

    def _promote(self, until: float) -> None:
        while self._later and self._later[0][0] <= until:
            entry = heapq.heappop(self._later)
            if not _is_candidate(entry, self._heads):
                continue
            head = entry[2]
            ready = (head.turn, next(self._numbers), head)
            self._all.push(ready)
            if head.urgent:
                self._leading.push(ready)


def _is_candidate(entry: _Entry, heads: Mapping[_Slot, Head]) -> bool:
    head = entry[2]
    return heads.get((head.chat_id, head.urgent)) is head
