"""Which call of a lane leaves next, and when. Pure: in memory, with the time passed in.

Per chat there is at most one candidate, the head. A head waits for its chat's clock and budgets,
then for the bot's. Interactive heads go first; the others are taken from each organization in
turn, so that on a shared bot nobody gets more than his share; within an organization the smallest
`turn` leaves first.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from uuid import UUID

from deliveries.pacing import Pace


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """What a chat may be sent next: the first call of one of its streams."""

    delivery_id: UUID
    bot_id: UUID
    chat_id: UUID
    organization_id: UUID
    group: bool
    urgent: bool
    turn: float
    not_before: float


_Entry = tuple[float, int, Head]


class Schedule:
    """The heads of one lane's chats. Times are seconds since the epoch."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self._heads: dict[UUID, Head] = {}
        self._later: list[_Entry] = []
        self._urgent: list[_Entry] = []
        self._ready: dict[UUID, list[_Entry]] = {}
        self._served: dict[UUID, int] = {}
        self._numbers: Iterator[int] = count()

    def __len__(self) -> int:
        return len(self._heads)

    def __contains__(self, chat_id: UUID) -> bool:
        return chat_id in self._heads

    def put(self, head: Head, now: float, not_before: float = 0.0) -> None:
        """Make this the chat's candidate, in place of a former one."""
        known = self._heads.get(head.chat_id)
        if known is not None and known.delivery_id == head.delivery_id:
            return
        self._heads[head.chat_id] = head
        at = self.pace.chat_earliest(
            head.chat_id,
            group=head.group,
            now=max(now, head.not_before, not_before),
            urgent=head.urgent,
        )
        heapq.heappush(self._later, (at, next(self._numbers), head))

    def drop(self, chat_id: UUID) -> None:
        """Forget the chat's candidate."""
        self._heads.pop(chat_id, None)

    def pick(self, now: float, horizon: float) -> tuple[Head, float] | None:
        """Take out the next head that may leave within `horizon` seconds: (head, when), or None."""
        self._promote(now + horizon)
        queue = self._queue()
        if queue is None:
            return None
        head = queue[0][2]
        at = self.pace.bot_earliest(now, urgent=head.urgent)
        at = max(
            at,
            self.pace.chat_earliest(head.chat_id, group=head.group, now=at, urgent=head.urgent),
        )
        if at > now + horizon:
            return None
        heapq.heappop(queue)
        del self._heads[head.chat_id]
        self._served[head.organization_id] = self._served.get(head.organization_id, 0) + 1
        self.pace.take(head.chat_id, group=head.group, at=at)
        return head, at

    def next_time(self, now: float) -> float | None:
        """When `pick` may have something; None without candidates."""
        queue = self._queue()
        if queue is not None:
            return self.pace.bot_earliest(now, urgent=queue[0][2].urgent)
        self._clean(self._later)
        return max(now, self._later[0][0]) if self._later else None

    def _promote(self, until: float) -> None:
        while self._later and self._later[0][0] <= until:
            head = heapq.heappop(self._later)[2]
            if self._heads.get(head.chat_id) is not head:
                continue
            entry = (head.turn, next(self._numbers), head)
            if head.urgent:
                heapq.heappush(self._urgent, entry)
                continue
            owner = head.organization_id
            if owner not in self._ready:
                # Who comes back gets no credit for the time he had nothing to send.
                floor = min((self._served.get(other, 0) for other in self._ready), default=0)
                self._served[owner] = max(self._served.get(owner, 0), floor)
                self._ready[owner] = []
            heapq.heappush(self._ready[owner], entry)

    def _queue(self) -> list[_Entry] | None:
        """The queue whose first entry is next."""
        self._clean(self._urgent)
        if self._urgent:
            return self._urgent
        for owner in sorted(self._ready, key=lambda owner: self._served.get(owner, 0)):
            self._clean(self._ready[owner])
            if self._ready[owner]:
                return self._ready[owner]
            del self._ready[owner]
        self._served.clear()
        return None

    def _clean(self, queue: list[_Entry]) -> None:
        while queue and self._heads.get(queue[0][2].chat_id) is not queue[0][2]:
            heapq.heappop(queue)
