"""Old and closed rows go; open ones never do."""

from datetime import timedelta

from django.utils import timezone

from deliveries.models import Attachment, Delivery, DeliveryAttempt, SentMessage, Stream
from deliveries.purge import purge
from tests.deliveries.conftest import Stage

LONG_AGO = timezone.now() - timedelta(days=400)


def test_open_state_is_never_purged(stage: Stage) -> None:
    channel, _ = stage.channel()
    for state in ("waiting", "in_flight", "parked"):
        stage.send(channel, state)
        Delivery.objects.filter(state="waiting").update(state=state)
    stage.store("open.txt", b"x")
    file = Attachment.objects.get()
    Delivery.objects.update(due_at=LONG_AGO, files={"document": {"attachment": str(file.pk)}})
    Attachment.objects.update(created_at=LONG_AGO)
    purge()
    assert Delivery.objects.count() == 3
    assert Attachment.objects.count() == 1


def test_settled_calls_go_and_the_messages_of_groups_stay(stage: Stage) -> None:
    channel, _ = stage.channel()
    stage.send(channel, "of a group")
    stage.send(channel, "by REST", purpose=Delivery.Purpose.MESSAGE)
    stage.send(channel, "recent", purpose=Delivery.Purpose.MESSAGE)
    stage.dispatch()
    old = Delivery.objects.exclude(params__text="recent")
    old.update(settled_at=LONG_AGO)
    DeliveryAttempt.objects.filter(delivery__in=old).update(started_at=LONG_AGO)
    purge()
    assert [row.params["text"] for row in Delivery.objects.all()] == ["recent"]
    assert DeliveryAttempt.objects.count() == 1
    assert SentMessage.objects.count() == 2, "the group's message may still be edited"
    assert Stream.objects.count() == 2


def test_what_must_stay_keeps_nothing_behind_it_alive(stage: Stage) -> None:
    """The oldest chunk is open state, and old rows follow."""
    channel, _ = stage.channel()
    kept, orphan = stage.store("kept.txt", b"x"), stage.store("orphan.txt", b"x")
    Attachment.objects.filter(pk=kept.pk).update(created_at=LONG_AGO - timedelta(days=1))
    Attachment.objects.filter(pk=orphan.pk).update(created_at=LONG_AGO)
    first = stage.send(channel, "own", purpose=Delivery.Purpose.MESSAGE)
    Delivery.objects.update(state="sent", settled_at=LONG_AGO - timedelta(days=1))
    stage.edit(channel, first, "waits")
    Delivery.objects.filter(settled_at=None).update(
        files={"document": {"attachment": str(kept.pk)}}, purpose=Delivery.Purpose.MESSAGE
    )
    gone = stage.send(channel, "done", purpose=Delivery.Purpose.MESSAGE)
    Delivery.objects.filter(target=gone).update(state="sent", settled_at=LONG_AGO)
    purge(first=1)
    assert list(Attachment.objects.values_list("filename", flat=True)) == ["kept.txt"]
    assert list(Stream.objects.all()) == [first.stream]


def test_more_than_a_chunk_goes_in_one_purge(stage: Stage) -> None:
    channel, _ = stage.channel()
    stage.send(channel)
    delivery = Delivery.objects.get()
    DeliveryAttempt.objects.bulk_create(
        DeliveryAttempt(
            organization=stage.organization,
            delivery=delivery,
            bot=stage.bot,
            chat=channel.chat,
            number=number,
            fence=1,
            method="sendMessage",
            started_at=LONG_AGO,
            deadline=LONG_AGO,
            finished_at=LONG_AGO,
        )
        for number in range(1200)
    )
    assert purge() == 1200
    assert DeliveryAttempt.objects.count() == 0
