"""Two organizations on one bot: what members of one do where only the other one's count, by
commands, buttons, replies and inline; and what strangers do."""

from collections.abc import Callable
from functools import partial

from tests.chatops.forgery.attacks import Attack, updates
from tests.chatops.forgery.scene import Scene, named, person, private
from tests.chatops.forgery.state import Whose

Work = Callable[[Scene], object]
COMMANDS = ("ack", "unack", "silence", "unsilence", "resolve", "comment")


def says(name: str, where: str, text: str) -> Work:
    """They write it there."""
    return lambda scene: scene.write(named(scene, name), named(scene, where), text)


def answers(name: str, where: str, alert: str, text: str) -> Work:
    """They reply to the alert's message."""

    def work(scene: Scene) -> None:
        chat = named(scene, where)
        number = scene.shown_in(chat, alert).message_id
        scene.write(named(scene, name), chat, text, reply_to_message_id=number)

    return work


def presses_theirs(name: str) -> Work:
    """The button under the neighbour's alert, in the neighbour's chat."""

    def work(scene: Scene) -> None:
        shown = scene.shown_in(scene.theirs, "Secret")
        scene.press(named(scene, name), scene.button("Ack", shown), shown.message)

    return work


def presses_own_there(name: str) -> Work:
    """A button of home's, in the neighbour's chat."""

    def work(scene: Scene) -> None:
        shown = scene.shown_in(scene.theirs, "Secret")
        scene.press(named(scene, name), scene.button("Ack"), shown.message)

    return work


def looks_inline(name: str, words: str) -> Work:
    """`@bot words`; nothing of the other organization is found."""

    def work(scene: Scene) -> None:
        who = person(named(scene, name))
        query = {"id": "4241234567890123457", "from": who, "query": words, "offset": ""}
        row = scene.hear("inline_query", query)
        assert row.answer is not None
        assert row.answer["params"]["results"] == []

    return work


def chooses_theirs(scene: Scene) -> None:
    """Telegram tells, as any client can have it tell, that a result was chosen."""
    who = person(scene.home.ada)
    chosen = {"from": who, "query": "Secret", "result_id": scene.result_of_theirs()}
    scene.hear("chosen_inline_result", chosen)


def chooses_their_chat(scene: Scene) -> None:
    """What /newchannel would have them choose, which they administer as well."""
    shared = {"request_id": 1, "chat_id": scene.theirs.id, "title": "Theirs"}
    scene.hear(
        "message",
        {
            "message_id": 77,
            "date": 1,
            "chat": private(scene.olga),
            "from": person(scene.olga),
            "chat_shared": shared,
        },
    )


def olga_administers_theirs(scene: Scene) -> None:
    scene.talk.telegram.change_member(scene.theirs, scene.olga.id, "administrator")


def _refused(name: str, where: str, alert: str, whose: Whose, command: str) -> Attack:
    return Attack(
        f"/{command} of {name} in {where}",
        says(name, where, f"/{command} {alert}"),
        updates(f"/{command}: refused", whose),
    )


MAY_NOT_COMMENT = "a reply of somebody who may not comment"

ATTACKS = (
    *map(partial(_refused, "ada", "theirs", "Secret", "neighbour"), COMMANDS),
    *map(partial(_refused, "neil", "group", "DiskFull", "home"), COMMANDS),
    *map(partial(_refused, "sam", "group", "DiskFull", "home"), COMMANDS),
    Attack(
        "another's reminder cancelled",
        says("olga", "group", "/reminders 1 cancel"),
        updates("/reminders: somebody else's"),
    ),
    Attack(
        "a neighbour's alert acknowledged in private",
        says("ada", "ada", "/ack Secret"),
        updates("/ack: nothing meant"),
    ),
    Attack(
        "a neighbour's alert silenced in private",
        says("ada", "ada", "/silence Secret 2h"),
        updates("/silence: not understood"),
    ),
    Attack(
        "an alert acknowledged from the neighbour's side",
        says("neil", "neil", "/ack DiskFull"),
        updates("/ack: nothing meant", "neighbour"),
    ),
    Attack(
        "a comment in the neighbour's chat",
        answers("ada", "theirs", "Secret", "I was here"),
        updates(MAY_NOT_COMMENT, "neighbour"),
    ),
    Attack(
        "a neighbour's comment",
        answers("neil", "group", "DiskFull", "I was here"),
        updates(MAY_NOT_COMMENT),
    ),
    Attack(
        "a stranger's comment",
        answers("sam", "group", "DiskFull", "I was here"),
        updates(MAY_NOT_COMMENT),
    ),
    Attack(
        "a press in the neighbour's chat",
        presses_theirs("ada"),
        updates("refused: Only members of the organization", "neighbour"),
    ),
    Attack(
        "one's own button in the neighbour's chat",
        presses_own_there("neil"),
        updates("refused: This alert was deleted", "neighbour"),
    ),
    Attack("a neighbour's alert looked for", looks_inline("ada", "Secret"), updates("found 0")),
    Attack(
        "an alert looked for from the neighbour's side",
        looks_inline("neil", "DiskFull"),
        updates("found 0", "neighbour"),
    ),
    Attack("a stranger who looks", looks_inline("sam", ""), updates("asked by a stranger")),
    Attack("a neighbour's alert chosen", chooses_theirs, updates("chose nothing of ours")),
    Attack(
        "a neighbour's chat chosen",
        chooses_their_chat,
        updates("another organization's chat"),
        prepare=olga_administers_theirs,
    ),
)
