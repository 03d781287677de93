"""Presses of buttons with data that was tampered with, under messages that are not theirs, and by
people who may not."""

from collections.abc import Callable
from uuid import uuid4

from botapi.callback_data import pack, short, unpack
from chatops.actions import telling
from chatops.linking import arrivals
from chatops.models import ActionRun, OwnAction, Reminder, UnclaimedChat
from chatops.reminders.text import END, UNDO
from deliveries import clock
from tests.chatops.forgery.attacks import Attack, updates
from tests.chatops.forgery.scene import Scene, named, private
from tests.chatops.linking import added
from tests.chatops.stage import buttons_of

Work = Callable[[Scene], object]
NOBODYS = updates("a button of nobody")
DELETED = updates("refused: This alert was deleted")
OTHER_CHAT = updates("refused: This button belongs to another chat")
STRANGER = updates("refused: Only members of the team may do this")
NO_MEMBER = updates("refused: Only members of the organization")
NO_SUCH = updates("no such question")


def tampered(change: Callable[[str], str]) -> Work:
    """Ada, who may, sends other data than the button's."""
    return lambda scene: scene.press(scene.home.ada, change(scene.button("Acknowledge")))


def flipped(at: int) -> Callable[[str], str]:
    """One character is another one."""
    return lambda data: data[:at] + ("A" if data[at] != "A" else "B") + data[at + 1 :]


def by(name: str, label: str = "Acknowledge") -> Work:
    """The button's own data, from somebody who may not."""
    return lambda scene: scene.press(named(scene, name), scene.button(label))


def in_a_forwarded_message(scene: Scene) -> None:
    """A copy in a chat of the stranger's; Telegram's own clients bring no buttons along."""
    message = scene.alert_message().message
    copy = message | {"chat": private(scene.home.sam), "forward_date": 1, "message_id": 1}
    scene.press(scene.home.sam, scene.button("Acknowledge"), copy)


def under_an_inline_copy(scene: Scene) -> None:
    """What is posted by an inline result has no chat that the bot is told."""
    scene.press(scene.home.sam, scene.button("Acknowledge"), {}, inline_message_id="AAAA")


def of_another_chat(scene: Scene) -> None:
    """The alert's button as the lobby has it."""
    scene.press(scene.home.ada, scene.button("Ack", scene.shown_in(scene.lobby, "DiskFull")))


def of_another_bot(scene: Scene) -> None:
    """The alert's button as the organization's other bot has it."""
    scene.press(scene.home.ada, scene.button("Ack", scene.shown_in(scene.elsewhere, "DiskFull")))


def of_another_message(scene: Scene) -> None:
    """The alert's data below a question, from somebody who only may look."""
    question = scene.shown_in(scene.home.group, "Deploy 2.4.1?")
    scene.press(scene.home.vic, scene.button("Acknowledge"), question.message)


def ada_left(scene: Scene) -> None:
    """She is linked still, and no member any more."""
    scene.home.member.delete()


def olga_left(scene: Scene) -> None:
    """The bot offered itself to a group that she administered, and she is in it no more."""
    chat = scene.talk.telegram.create_chat(
        "supergroup", bot=scene.talk.telegram_bot, title="Left", members=[scene.olga.id]
    )
    added(scene.talk, chat.id, scene.olga.id, title="Left")
    UnclaimedChat.objects.update(offer_at=clock.now())
    arrivals.sweep()
    scene.talk.settle()
    scene.talk.telegram.change_member(chat, scene.olga.id, "left")
    scene.talk.settle()


def connecting(scene: Scene) -> None:
    """What it offered, in the group that is nobody's."""
    row = UnclaimedChat.objects.get()
    shown = {
        "message_id": 1,
        "date": 1,
        "chat": {"id": row.chat_id, "type": "supergroup", "title": row.title},
    }
    scene.press(scene.olga, pack(arrivals.CONNECT, row.pk), shown)


def question(change: Callable[[str], str], name: str = "ada") -> Work:
    """Other data than that of the question's buttons."""

    def work(scene: Scene) -> None:
        asked = scene.shown_in(scene.home.group, "Deploy 2.4.1?")
        scene.press(named(scene, name), change(scene.button("Approve", asked)), asked.message)

    return work


def others_question_here(scene: Scene) -> None:
    """The neighbour's, pressed in home's group by home's owner."""
    asked = scene.shown_in(scene.theirs, "Their deploy?")
    scene.press(scene.olga, scene.button("Approve", asked))


def reminder(verb: str, name: str) -> Work:
    """A button of Ada's reminder."""

    def work(scene: Scene) -> None:
        row = Reminder.objects.get()
        argument = "" if verb == END else "4000000000"
        scene.press(named(scene, name), pack(verb, row.pk, argument))

    return work


def others_dialogue(scene: Scene) -> None:
    """Ada was asked which alert, and somebody else chooses."""
    asked = scene.shown_in(scene.home.group, "Which")
    scene.press(scene.olga, buttons_of(asked)[0]["callback_data"], asked.message)


def own_run(argument: str, name: str, change: Callable[[str], str] = str) -> Work:
    """A button below the run that Ada has yet to confirm."""

    def work(scene: Scene) -> None:
        data = pack(telling.VERB, ActionRun.objects.get().pk, argument)
        asked = scene.shown_in(scene.home.group, "/lights")
        scene.press(named(scene, name), change(data), asked.message)

    return work


def own_run_elsewhere(scene: Scene) -> None:
    """It is Ada's, and not of this chat."""
    lobby = scene.shown_in(scene.lobby, "DiskFull").message
    scene.press(scene.home.ada, pack(telling.VERB, ActionRun.objects.get().pk, "run"), lobby)


def own_button(name: str, code: Callable[[OwnAction], str]) -> Work:
    """What the organization added to the menu, under its alert."""

    def work(scene: Scene) -> None:
        pressed = unpack(scene.button("Acknowledge"))
        assert pressed is not None
        data = pack("ow", pressed.row, code(OwnAction.objects.get()))
        scene.press(named(scene, name), data)

    return work


def of_action(action: OwnAction) -> str:
    return short(action.pk)


REFUSED = updates("a press that was refused")

ATTACKS = (
    Attack("a flipped character of the row", tampered(flipped(12)), DELETED),
    Attack("a flipped character of the verb", tampered(flipped(1)), NOBODYS),
    Attack("a row by other letters", tampered(lambda data: f"{data[:-1]}B"), NOBODYS),
    Attack("truncated data", tampered(lambda data: data[:-1]), NOBODYS),
    Attack("data cut to its verb", tampered(lambda data: data[:3]), NOBODYS),
    Attack("data of another version", tampered(lambda data: f"2{data[1:]}"), NOBODYS),
    Attack("longer data", tampered(lambda data: f"{data}{'x' * 200}"), NOBODYS),
    Attack("data of other letters", tampered(lambda data: f"{data[:-1]}é"), NOBODYS),
    Attack(
        "a duration of nobody",
        tampered(lambda data: f"1si{data[3:]}900d"),
        updates("refused: duration"),
    ),
    Attack("another chat's button", of_another_chat, OTHER_CHAT),
    Attack("another bot's button", of_another_bot, OTHER_CHAT),
    Attack("another message's button", of_another_message, updates("refused: Your role, viewer")),
    Attack("a stranger's press", by("sam"), STRANGER),
    Attack("a stranger's press of More…", by("sam", "More"), STRANGER),
    Attack("a viewer's press", by("vic"), updates("refused: Your role, viewer")),
    Attack("a neighbour's press", by("neil"), NO_MEMBER),
    Attack(
        "a forwarded message's button",
        in_a_forwarded_message,
        updates("refused: This chat gets no alerts here any more"),
    ),
    Attack(
        "an inline copy's button",
        under_an_inline_copy,
        updates("refused: This button works only under the alert"),
    ),
    Attack("a press after leaving the organization", by("ada"), NO_MEMBER, prepare=ada_left),
    Attack(
        "a chat connected after leaving it",
        connecting,
        updates("not an administrator"),
        prepare=olga_left,
    ),
    Attack("a choice of nobody", question(lambda data: f"{data[:-1]}7"), updates("no such choice")),
    Attack(
        "a question without a choice", question(lambda data: data[:-1]), updates("no such choice")
    ),
    Attack("a stranger's answer", question(str, "sam"), updates("may not answer")),
    Attack("a viewer's answer", question(str, "vic"), updates("may not answer")),
    Attack("a neighbour's answer", question(str, "neil"), updates("may not answer")),
    Attack("the answer to a neighbour's question", others_question_here, NO_SUCH),
    Attack("the end of another's reminder", reminder(END, "olga"), REFUSED),
    Attack("a stranger's end of a reminder", reminder(END, "sam"), REFUSED),
    Attack("another time for another's reminder", reminder(UNDO, "vic"), REFUSED),
    Attack("another's run confirmed", own_run("run", "olga"), updates("somebody else's run")),
    Attack("a stranger's run", own_run("run", "sam"), updates("somebody else's run")),
    Attack("another's run cancelled", own_run("cancel", "vic"), updates("somebody else's run")),
    Attack("a run of nobody", own_run("run", "ada", flipped(12)), updates("no such run")),
    Attack("a run of another chat", own_run_elsewhere, updates("no such run")),
    Attack("a stranger's own button", own_button("sam", of_action), STRANGER),
    Attack("a viewer's own button", own_button("vic", of_action), updates("/lights: refused")),
    Attack("a neighbour's own button", own_button("neil", of_action), NO_MEMBER),
    Attack(
        "an own button of nobody",
        own_button("ada", lambda action: short(uuid4())),
        updates("refused: no such action"),
    ),
    Attack("another's question answered", others_dialogue, updates("somebody else's question")),
)
