"""POSTs that arrive together are stored in one transaction, and their senders answered after it.

The web server (config/rsgi.py) puts a Gathering into the environ of each request of a batch. The
view adds its POST instead of storing it; `store_all` does once all of them were understood. What
a POST costs is mostly its transaction, so that many together cost little more than one.
"""

import logging
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db import OperationalError
from django.http import HttpResponse

from alerts.groups import Met, NotAlone
from alerts.ingest import Accepted, Understood, ingest, store
from deliveries.conflicts import is_unreachable

logger = logging.getLogger(__name__)

GATHERING = "tocsin.gathering"
"""Where in a request's environ its Gathering is."""

Stored = Accepted | Exception
Answer = Callable[[Stored], HttpResponse]


@dataclass(slots=True)
class Gathering:
    """The POSTs of a batch that wait to be stored."""

    _waiting: list[tuple[Understood, HttpResponse, Answer]] = field(default_factory=list)

    def add(self, one: Understood, answer: Answer) -> HttpResponse:
        """Store it with the others. What is returned becomes what `answer` makes of it then."""
        response = HttpResponse()
        self._waiting.append((one, response, answer))
        return response

    def __len__(self) -> int:
        return len(self._waiting)

    def store_all(self) -> Iterator[tuple[int, HttpResponse]]:
        """Each response with its number, by `add`, as soon as it is known."""
        numbers = {one.trace_id: number for number, (one, _, _) in enumerate(self._waiting)}
        for one, stored in store_together([one for one, _, _ in self._waiting]):
            number = numbers[one.trace_id]
            _, response, answer = self._waiting[number]
            final = answer(stored)
            response.status_code, response.content = final.status_code, final.content
            for name, text in final.items():
                response[name] = text
            yield number, response


def store_together(posts: Sequence[Understood]) -> Iterator[tuple[Understood, Stored]]:
    """Each POST as soon as it is stored, or as it is known why it is not. Those that cannot be
    stored together are tried alone, so that the bad one fails alone."""
    unreachable: Exception | None = None
    for some in _apart(posts):
        failed = unreachable or _try(some)
        if failed is None:
            yield from ((one, one.accepted) for one in some)
            continue
        for one in some:
            stored = unreachable or _alone(one)
            if isinstance(stored, OperationalError) and is_unreachable(stored):
                unreachable = stored  # or each would wait for it anew
            yield one, stored


def _apart(posts: Sequence[Understood]) -> list[list[Understood]]:
    """Transactions of POSTs that touch nothing in common; of those that do each comes after the one
    before it."""
    transactions: list[list[Understood]] = []
    free_from: dict[Hashable, int] = {}
    for one in posts:
        touched = set(one.touches())
        place = max((free_from.get(thing, 0) for thing in touched), default=0)
        if place == len(transactions):
            transactions.append([])
        transactions[place].append(one)
        free_from |= dict.fromkeys(touched, place + 1)
    return transactions


def _try(posts: Sequence[Understood]) -> Exception | None:
    """Store all of them, or none: then why not."""
    if len(posts) == 1:
        return Met()  # nothing to share
    try:
        store(posts)
    except (NotAlone, Met) as error:
        return error
    except Exception as error:  # noqa: BLE001  # whatever it is, it is told to whom it concerns
        logger.info("%d POSTs could not be stored together: %s", len(posts), type(error).__name__)
        return error
    return None


def _alone(one: Understood) -> Stored:
    try:
        return ingest(one)
    except Exception as error:  # noqa: BLE001  # as above
        return error
