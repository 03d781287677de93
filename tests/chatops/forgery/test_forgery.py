"""Whatever is forged, replayed, stolen or pressed by who may not changes nothing but the inbox, and
leaves something that a person sees."""

from collections.abc import Callable
from typing import Any

import pytest

from chatops.models import InboundUpdate
from tests.chatops.conftest import Talk
from tests.chatops.forgery import codes, neighbours, posts, presses
from tests.chatops.forgery.attacks import Attack
from tests.chatops.forgery.scene import Scene, make_scene, person, private
from tests.chatops.forgery.state import Watch, differences, read
from tests.chatops.linking import named
from tests.chatops.receiving.test_webhooks import post

ATTACKS = (*posts.ATTACKS, *presses.ATTACKS, *codes.ATTACKS, *neighbours.ATTACKS)


@pytest.fixture
def scene(make_talk: Callable[..., Talk], settings: Any, sandbox: Any) -> Scene:
    """Two organizations and what they have."""
    settings.TELEGRAM_API_URL = sandbox.url
    return make_scene(named(make_talk()))


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_changes_nothing_and_is_seen(scene: Scene, attack: Attack) -> None:
    attack.prepare(scene)
    watch = Watch(scene)
    told = watch.count(attack.trace)
    before = read(scene)
    attack.work(scene)
    changed = differences(before, read(scene))
    assert {name: rows for name, rows in changed.items() if name not in attack.spends} == {}
    assert watch.count(attack.trace) > told, "nobody sees that it was tried"


def test_what_somebody_may_do_is_a_change(scene: Scene) -> None:
    """The table would see it."""
    before = read(scene)
    scene.press(scene.home.ada, scene.button("Acknowledge"))
    scene.talk.settle()
    changed = differences(before, read(scene))
    assert {"alerts.AlertGroup", "alerts.TimelineEvent", "shown"} <= changed.keys()


def test_updates_out_of_order_are_handled_once_each_by_their_numbers(scene: Scene) -> None:
    """Of what waits in a chat the lowest number comes first; what comes late is handled then."""
    first = 6_000_000
    bot, order = scene.bot, (first + 7, first + 5, first + 6)
    for number in (*order, *order):
        assert post(bot, hello(scene, number)).status_code == 200
    scene.talk.settle()
    assert post(bot, hello(scene, first)).status_code == 200
    scene.talk.settle()
    for number in (*order, first):
        assert post(bot, hello(scene, number)).status_code == 200
    scene.talk.settle()
    rows = InboundUpdate.objects.filter(update_id__range=(first, first + 7)).order_by("handled_at")
    wanted = [first + 5, first + 6, first + 7, first]
    assert list(rows.values_list("update_id", flat=True)) == wanted
    said = [one.text for one in scene.talk.messages(scene.home.sam)]
    assert len(said) == len(wanted), "each is answered once"


def hello(scene: Scene, number: int) -> dict[str, Any]:
    """A stranger says so in private."""
    sam = scene.home.sam
    message = {"message_id": number, "date": 1, "chat": private(sam), "from": person(sam)}
    return {"update_id": number, "message": message | {"text": f"hello {number}"}}
