"""In which language presses and cards are answered: a group its own, a person theirs in private."""

from typing import Any, Literal

import pytest

from accounts.models import Organization
from chatops.models import InboundUpdate, TelegramIdentity
from chatops.responding import pressing
from languages.speaking import gettext, speaking
from tests.chatops.alerting import ADA, Scene, make_scene
from tests.chatops.conftest import Talk
from tests.chatops.responding.test_inline import ask

Kind = Literal["supergroup", "private"]
ROWS: list[tuple[Kind, str, str, str, str]] = [
    ("supergroup", "de", "en", "es", "de"),
    ("supergroup", "", "de", "es", "de"),
    ("supergroup", "", "en", "es", "en"),
    ("private", "de", "en", "es", "es"),
    ("private", "de", "en", "fr", "de"),
    ("private", "", "ru", "fr", "ru"),
]
"""Kind of chat, language of its channel, of the organization, of the presser's app; the one that is
spoken."""


def spoken_in(talk: Talk, kind: Kind, channel: str, organization: str) -> Scene:
    Organization.objects.filter(pk=talk.organization.pk).update(language=organization)
    scene = make_scene(talk, 1, kind, language=channel, actions="anyone")
    scene.post()
    return scene


@pytest.mark.parametrize(("kind", "channel", "organization", "app", "spoken"), ROWS)
def test_a_press_is_answered(
    talk: Talk, kind: Kind, channel: str, organization: str, app: str, spoken: str
) -> None:
    scene = spoken_in(talk, kind, channel, organization)
    ack = next(iter(scene.buttons().values()))
    said = scene.press(data=ack, by=ADA | {"language_code": app})
    with speaking(spoken):
        assert said == gettext("Acknowledged.")


def test_why_not_is_told_in_the_chats_language_and_noted_in_english(talk: Talk) -> None:
    scene = spoken_in(talk, "supergroup", "de", "en")
    ack = next(iter(scene.buttons().values()))
    scene.change(actions="none")
    said = scene.press(data=ack, by=ADA | {"language_code": "es"})
    with speaking("de"):
        assert said == gettext(pressing.NO_BUTTONS)
    outcome = InboundUpdate.objects.filter(bot=talk.bot).order_by("-update_id")[0].outcome
    assert outcome == f"refused: {pressing.NO_BUTTONS}"


@pytest.mark.parametrize(("own", "app", "spoken"), [("de", "es", "de"), ("", "es", "es")])
def test_a_query_is_answered_in_the_askers_language(
    talk: Talk, own: str, app: str, spoken: str
) -> None:
    scene = spoken_in(talk, "supergroup", "ru", "ru")
    talk.link(77)
    TelegramIdentity.objects.filter(telegram_id=77).update(language=own)
    found: dict[str, Any] = ask(talk, "", app=app)["results"][0]
    with speaking(spoken):
        since = gettext("since {time}").partition("{")[0]
    assert since in found["description"]
    assert scene.organization.name in found["description"]


def test_a_stranger_is_told_in_the_language_of_their_app(talk: Talk) -> None:
    button = ask(talk, "", app="de")["button"]
    with speaking("de"):
        assert button["text"] == gettext("Link your account to find your alerts")


def test_a_persons_name_keeps_its_letters_in_the_window(talk: Talk) -> None:
    scene = make_scene(talk, 1)
    scene.post()
    scene.press("Resolve")
    scene.press("More…")
    assert "Resolved by Ada (@ada_l)." in scene.press("Who")
