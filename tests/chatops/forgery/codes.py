"""Codes of links: expired, used before, stolen, and opened where they do not belong."""

from collections.abc import Callable

from chatops.linking.link_codes import WRONG_MAX
from chatops.models import LinkCode, TelegramIdentity
from deliveries import clock
from tests.chatops.forgery.attacks import Attack, audit, updates
from tests.chatops.forgery.scene import Scene, named, over
from tests.sandbox.process import SandboxChat

Work = Callable[[Scene], object]
PAGES = "/chatops/linkcode/"


def opened(code: str, name: str, where: str = "") -> Work:
    """This person opens that code: in private, or in a chat."""
    return lambda scene: open_code(
        scene, getattr(scene, code), named(scene, name), named(scene, where or name)
    )


def open_code(scene: Scene, code: str, who: SandboxChat, chat: SandboxChat) -> None:
    """As their Telegram says it for them."""
    to = "" if chat.kind == "private" else f"@{scene.talk.telegram_bot.username}"
    scene.write(who, chat, f"/start{to} {code}")


def expired(code: str) -> Work:
    """Ten minutes have passed."""
    return lambda scene: over(getattr(scene, code))


def withdrawn(scene: Scene) -> None:
    """Whoever made it has another one since."""
    LinkCode.objects.filter(kind="person").update(closed_at=clock.now())


def for_another_bot(scene: Scene) -> None:
    """It was made for the organization's other bot."""
    LinkCode.objects.filter(kind="person").update(bot=scene.other_bot)


def guessed(scene: Scene) -> None:
    open_code(scene, f"link-{'x' * 32}", scene.home.sam, scene.home.sam)


def guessed_often(scene: Scene) -> None:
    for number in range(WRONG_MAX):
        scene.talk.telegram.say(
            scene.home.sam, f"/start link-{number}", bot_id=scene.talk.telegram_bot.id
        )
    scene.talk.settle()


def stolen(scene: Scene) -> None:
    """A thief is first with a person's link. It is answered by whom it was made for, and by nobody
    else at the console; they say that it was not they."""
    opened("person_code", "sam")(scene)
    page = f"{PAGES}{LinkCode.objects.get(kind='person').pk}"
    for other, status in ((scene.paul, 403), (scene.nadia, 404)):
        other.send(f"{page}/press/refuse/", status)
        other.client.post(f"{page}/press/confirm/")
    assert "opened the link just now" in scene.nora.read(f"{page}/state/")
    scene.nora.send(f"{page}/press/refuse/")
    assert not TelegramIdentity.objects.filter(telegram_id=scene.home.sam.id).exists()


def stolen_for_a_group(scene: Scene) -> None:
    """A thief shows a group of theirs with somebody's link, who says that it is not the chat."""
    chat = scene.talk.telegram.create_chat(
        "supergroup", bot=scene.talk.telegram_bot, title="Trap", members=[scene.home.sam.id]
    )
    open_code(scene, scene.group_code, scene.home.sam, chat)
    page = f"{PAGES}{LinkCode.objects.get(kind='group', made_by=scene.nora.membership.user).pk}"
    for other in (scene.paul, scene.nadia):
        other.send(f"{page}/connect/", 404, name="Trap")
    assert "Trap" in scene.nora.read(f"{page}/state/")
    scene.nora.send(f"{page}/press/refuse/")


def spent(scene: Scene) -> None:
    """It was used, by whom it was made for."""
    opened("person_code", "sam")(scene)


ATTACKS = (
    Attack(
        "an expired link of a person",
        opened("person_code", "sam"),
        audit("refuse link: its time was over"),
        prepare=expired("person_code"),
    ),
    Attack(
        "an expired link of a group",
        opened("group_code", "sam", "lobby"),
        audit("refuse link: its time was over"),
        prepare=expired("group_code"),
    ),
    Attack(
        "a withdrawn link",
        opened("person_code", "sam"),
        audit("refuse link: it was used before"),
        prepare=withdrawn,
    ),
    Attack(
        "a link that was used",
        opened("person_code", "sam"),
        audit("refuse link: it was used before"),
        prepare=spent,
    ),
    Attack(
        "another bot's link",
        opened("person_code", "sam"),
        audit("refuse link: it was for another bot"),
        prepare=for_another_bot,
    ),
    Attack(
        "a person's link in a group",
        opened("person_code", "sam", "group"),
        audit("refuse link: it was for another kind of chat"),
    ),
    Attack(
        "a group's link in private",
        opened("group_code", "sam"),
        updates("a group's link in private"),
    ),
    Attack(
        "a person's link opened by an account that is another's",
        opened("person_code", "ada"),
        audit("refuse link: the Telegram account is another person's"),
    ),
    Attack(
        "an organization's link in another's chat",
        opened("their_code", "neil", "group"),
        audit("refuse link: the chat is another organization's", "neighbour"),
    ),
    Attack(
        "a neighbour's stolen link in one's own chat",
        opened("their_code", "olga", "group"),
        audit("refuse link: the chat is another organization's", "neighbour"),
    ),
    Attack("a guessed link", guessed, audit("refuse link: no such link")),
    Attack(
        "a right link after many wrong ones",
        opened("person_code", "sam"),
        updates("too many wrong links"),
        prepare=guessed_often,
    ),
    Attack("a stolen link of a person", stolen, audit("refuse link"), spends=("chatops.LinkCode",)),
    Attack(
        "a stolen link of a group",
        stolen_for_a_group,
        audit("refuse link"),
        spends=("chatops.LinkCode", "chatops.ChatOffer"),
    ),
)
