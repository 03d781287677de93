"""The bot in the languages of people, as they see it: typed, tapped and pressed."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import Installation
from tests.e2e.talking import Scene, set_stage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def stage(installation: Installation, open_windows: Callable[..., Page]) -> Scene:
    return set_stage(installation, open_windows)


@pytest.fixture
def scene(stage: Scene) -> Iterator[Scene]:
    """Her private chat with the bot; English again afterwards."""
    stage.chat.failures.clear()
    stage.chat.page.goto("/")
    stage.private()
    yield stage
    stage.chat.write("/settings language en")
    stage.chat.told("Language: English")


def test_a_language_is_chosen_by_a_button_and_spoken_from_then_on(scene: Scene) -> None:
    chat = scene.chat
    scene.installation.fire("Feuchte Halle", "critical", field="halle")
    chat.write("/settings")
    chat.press("Deutsch", chat.told("Language: English"))
    chat.shown("Sprache: Deutsch", "Zeitzone")
    chat.look("german-settings")
    chat.write("/alerts halle")
    chat.told("Feuchte Halle", "seit")
    chat.write("/silence Feuchte Halle bis morgen 9 Uhr wegen des Umzugs")
    silenced = chat.told("bis morgen 09:00 (UTC) stummgeschaltet")
    chat.look("german-silence")
    chat.press("↩️ Rückgängig", silenced)
    chat.shown("Nicht stummgeschaltet")
    chat.write("/remind mich in 2 Stunden an den Rückruf")
    chat.told("Ich erinnere dich heute um", "den Rückruf")
    chat.look("german-reminder")
    assert chat.failures == []


@pytest.mark.parametrize(
    ("name", "language", "asks", "wrong", "answer", "without", "said"),
    [
        (
            "Español",
            "es",
            "¿Por cuánto tiempo",
            "mañana quizás",
            "hasta mañana a las 9",
            "Sin comentario",
            "mañana a las 09:00",
        ),
        (
            "Русский",
            "ru",
            "На сколько",
            "когда-нибудь",
            "до завтра 9:00",
            "Без комментария",
            "завтра 09:00",
        ),
    ],
)
def test_a_dialogue_goes_to_its_end_with_a_wrong_answer_on_the_way(
    scene: Scene,
    name: str,
    language: str,
    asks: str,
    wrong: str,
    answer: str,
    without: str,
    said: str,
) -> None:
    chat = scene.chat
    scene.installation.fire(f"Silo {language}", "warning", field="silo")
    chat.write(f"/settings language {name}")
    chat.told(name)
    chat.write(f"/silence Silo {language}")
    chat.told(asks, answer)
    chat.look(f"{language}-until")
    chat.write(wrong)
    chat.told(wrong)
    chat.write(answer)
    chat.look(f"{language}-asked")
    chat.tap(without)
    chat.told("🔕", f"Silo {language}", said)
    chat.write("/help")
    chat.told("/silence", "/settings")
    chat.look(f"{language}-help")
    assert chat.failures == []
