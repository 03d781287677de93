"""Who pressed a button sees what it did, however much waits; and what a press costs."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts import publish
from alerts.models import GroupMessage, Silence, TimelineEvent
from alerts.pressing import WAITS
from botapi.callback_data import pack
from chatops import processing
from chatops.incoming import read_update
from chatops.models import InboundUpdate
from chatops.receiving import inbox
from deliveries import clock, dispatcher
from deliveries.models import Delivery, SentMessage, Stream
from tests.chatops.alerting import ADA, BOB, Scene, make_scene
from tests.chatops.conftest import Talk
from tests.sandbox.process import Json

QUERIES_MAX = 40
"""Of one press of Acknowledge, from the claim of its update to the commit with the edit of the
message in it. The same however many alerts there are."""


@pytest.fixture
def scene(talk: Talk) -> Scene:
    """An alert in two groups."""
    scene = make_scene(talk)
    scene.post()
    return scene


def press(scene: Scene, data: str, update_id: int = 10**9) -> InboundUpdate:
    """Heard and handled, with nothing published and nothing sent afterwards."""
    body = scene.query(scene.message().message, data)
    hear(scene, body, update_id)
    return InboundUpdate.objects.get(bot=scene.talk.bot, update_id=update_id)


def hear(scene: Scene, body: Json, update_id: int) -> None:
    raw = {"update_id": update_id, "callback_query": body}
    assert inbox.store(scene.talk.bot, [(read_update(raw), raw)]) == 1
    assert processing.process_due() == 1


def edits(scene: Scene) -> list[Delivery]:
    rows = Delivery.objects.for_organization(scene.organization).filter(state="waiting")
    return list(rows.select_related("channel").order_by("turn_at"))


def fill(scene: Scene, count: int) -> None:
    """So many calls wait in the first chat, since long."""
    chat, owner = scene.channels[0].chat, scene.organization.pk
    past = clock.now() - timedelta(minutes=5)
    streams = Stream.objects.bulk_create(
        Stream(organization_id=owner, chat=chat, last_sequence=1) for _ in range(count)
    )
    messages = SentMessage.objects.bulk_create(
        SentMessage(organization_id=owner, chat=chat, stream=stream) for stream in streams
    )
    Delivery.objects.bulk_create(
        Delivery(
            organization_id=owner,
            bot=chat.bot,
            chat=chat,
            channel=scene.channels[0],
            stream=message.stream,
            sequence=1,
            purpose=Delivery.Purpose.GROUP,
            method="sendMessage",
            params={"v": 1, "text": "an older one"},
            target=message,
            due_at=past,
            not_before=past,
            turn_at=past,
        )
        for message in messages
    )


def test_the_edit_is_committed_with_what_was_done(scene: Scene) -> None:
    update = press(scene, scene.buttons()["Acknowledge"])
    assert (update.answer or {})["params"]["text"] == "Acknowledged."
    (edit,) = edits(scene)
    assert edit.channel == scene.channels[0]
    assert edit.priority == Delivery.Priority.INTERACTIVE
    assert "Acknowledged by Ada" in edit.params["text"]
    publish.publish_due()
    (_, other) = edits(scene)
    assert other.priority != Delivery.Priority.INTERACTIVE


def test_it_leaves_before_thousands_that_wait_in_its_chat(scene: Scene) -> None:
    """A crowded chat is told of alerts by digests, and its messages are changed when there is room:
    not so where a person waits."""
    fill(scene, 3_000)
    since = scene.talk.telegram.cursor()
    press(scene, scene.buttons()["Acknowledge"])
    dispatcher.dispatch(2.0)
    sent = scene.talk.telegram.calls(chat=scene.chats[0], since=since)
    places = [n for n, call in enumerate(sent) if call.method == "editMessageText"]
    assert places, "it left"
    assert places[0] < 20, f"after {places[0]} others"


def test_what_waits_in_its_own_stream_does_not_hold_it_up(scene: Scene) -> None:
    row = scene.row()
    Stream.objects.filter(pk=row.stream_id).update(last_sequence=9)
    Delivery.objects.create(
        organization=scene.organization,
        bot=scene.talk.bot,
        chat=scene.channels[0].chat,
        channel=scene.channels[0],
        stream=row.stream,
        sequence=9,
        purpose=Delivery.Purpose.NOTICE,
        priority=Delivery.Priority.LOW,
        method="sendMessage",
        params={"v": 1, "text": "a notice"},
        due_at=clock.now(),
        not_before=clock.now(),
        turn_at=clock.now() + timedelta(seconds=60),
    )
    press(scene, scene.buttons()["Acknowledge"])
    assert {one.priority for one in edits(scene)} == {Delivery.Priority.INTERACTIVE}


def test_while_another_run_has_the_message_it_follows_at_once(scene: Scene) -> None:
    row = GroupMessage.objects.filter(pk=scene.row().pk)
    row.update(claimed_until=clock.now() + timedelta(seconds=15))
    press(scene, scene.buttons()["Acknowledge"])
    assert edits(scene) == []
    row.update(claimed_until=None)
    publish.publish_due()
    urgent = [one.priority for one in edits(scene) if one.channel == scene.channels[0]]
    assert urgent == [Delivery.Priority.INTERACTIVE]
    row.update(pressed_at=clock.now() - WAITS - timedelta(seconds=1))


def test_what_a_press_costs(scene: Scene) -> None:
    body = scene.query(scene.message().message, scene.buttons()["Acknowledge"], BOB)
    raw = {"update_id": 10**9, "callback_query": body}
    inbox.store(scene.talk.bot, [(read_update(raw), raw)])
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert processing.process_due() == 1
    assert len(queries) <= QUERIES_MAX, "\n".join(one["sql"][:150] for one in queries)


def test_whatever_a_client_sends_is_answered_and_does_nothing(scene: Scene) -> None:
    """Telegram: "bear in mind that a bad client can send arbitrary data in this field"."""
    mine = scene.row().pk
    message = scene.message().message
    seen: list[int] = []
    near = st.builds(
        lambda verb, argument: f"1{verb}{pack('zz', mine)[3:]}{argument}",
        st.text("abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=2).filter(
            lambda verb: verb not in ("ak", "ua", "en", "si", "am", "mn", "de", "hi", "wh", "cl")
        ),
        st.text(max_size=10),
    )
    bodies = st.sampled_from(["mn", "de", "hi", "wh", "cl", "si"]).flatmap(
        lambda verb: st.text(max_size=38).map(
            lambda argument: f"1{verb}{pack('zz', mine)[3:]}!{argument}"
        )
    )

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(data=st.one_of(st.text(max_size=64), near, bodies), extra=_odd)
    def check(data: str, extra: dict[str, Any]) -> None:
        if "\0" in data:  # neither Telegram nor PostgreSQL's JSON knows it
            return
        seen.append(1)
        body = scene.query(message, data) | extra
        hear(scene, body, 10**9 + len(seen))
        update = InboundUpdate.objects.get(update_id=10**9 + len(seen))
        assert update.state == InboundUpdate.State.DONE
        assert (update.answer or {})["method"] == "answerCallbackQuery"

    check()
    assert not Silence.objects.for_organization(scene.organization).exists()
    events = TimelineEvent.objects.for_organization(scene.organization)
    assert not events.exclude(actor_name="").exists()


_odd = st.sampled_from(
    [
        {},
        {"message": {}},
        {"message": None},
        {"from": {}},
        {"data": None},
        {"game_short_name": "x", "data": 5},
        {"message": {"chat": {"id": 5, "type": "private"}, "message_id": 0, "date": 0}},
    ]
)


@pytest.mark.parametrize(
    ("label", "kind", "late"),
    [
        ("Acknowledge", "acknowledged", "Already acknowledged by"),
        ("Silence 1h", "silenced", "Already silenced by"),
        ("Resolve", "resolved", "Already resolved by"),
    ],
)
def test_of_two_who_press_at_once_the_second_learns_of_the_first(
    scene: Scene, label: str, kind: str, late: str
) -> None:
    for channel, person in enumerate((ADA, BOB)):
        body = scene.query(scene.message(channel).message, scene.buttons(channel)[label], person)
        raw = {"update_id": 10**9 + channel, "callback_query": body}
        inbox.store(scene.talk.bot, [(read_update(raw), raw)])
    together = threading.Barrier(2)

    def work() -> None:
        together.wait()
        processing.process_due()
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    processing.process_due()
    updates = InboundUpdate.objects.filter(update_id__gte=10**9)
    texts = [(one.answer or {})["params"]["text"] for one in updates]
    assert len([text for text in texts if text.startswith(late)]) == 1, texts
    events = TimelineEvent.objects.for_organization(scene.organization)
    assert events.filter(kind=kind).exclude(actor_name="").count() == 1
