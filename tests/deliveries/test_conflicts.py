"""Dispatch beside others who write to the same rows. Meant for PostgreSQL (DATABASE_URL)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from deliveries import outbox
from deliveries.models import Delivery
from tests import clock
from tests.deliveries.conftest import Stage

State = Delivery.State


@contextmanager
def writing_to(delivery: Delivery) -> Iterator[threading.Event]:
    """Somebody holds this row until the event, as a long publishing transaction does."""
    locked, enough = threading.Event(), threading.Event()

    def write() -> None:
        try:
            with transaction.atomic():
                Delivery.objects.filter(pk=delivery.pk).update(plain_text="written")
                locked.set()
                enough.wait(60)
        finally:
            connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    assert locked.wait(60)
    yield enough
    enough.set()
    thread.join()


def test_a_call_that_is_being_written_to_keeps_no_other_back(stage: Stage) -> None:
    held, held_chat = stage.channel()
    free, free_chat = stage.channel()
    stage.send(held, "held")
    stage.send(free, "free")
    with writing_to(Delivery.objects.get(channel=held)) as enough:
        run = stage.dispatch_in_background(20)
        if connection.vendor == "sqlite":  # which has one writer
            clock.sleep(0.6)
            enough.set()
        stage.telegram.wait_for_calls("sendMessage", 1, chat=free_chat)
    run.join()
    assert stage.texts(held_chat) == ["held"]


def test_dispatching_and_publishing_at_once_end_in_peace(stage: Stage) -> None:
    """Whoever publishes overwrites waiting calls in an order of his own."""
    stage.telegram.set_flood("off")
    messages = []
    for _ in range(12):
        channel, _ = stage.channel()
        messages.append((channel, stage.send(channel, "0")))
    failures: list[BaseException] = []

    def publish(order: int) -> None:
        try:
            for round_ in range(1, 6):
                with transaction.atomic():
                    for channel, message in messages[::order]:
                        stage.edit(channel, message, f"{order} {round_}")
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    run = stage.dispatch_in_background(15)
    publisher = threading.Thread(target=publish, args=(-1,))
    publisher.start()
    publisher.join()
    run.join()
    stage.dispatch(15)
    assert not failures
    assert set(Delivery.objects.values_list("state", flat=True)) <= {State.SENT, State.SUPERSEDED}
    assert outbox.pending_for(messages[0][1]) is None
