"""In which language the bot answers: in private the person's, in a chat of several the chat's."""

import pytest

from chatops.models import TelegramIdentity
from tests.chatops.conftest import Talk
from tests.chatops.stage import Stage, make_stage

IN_GERMAN = "Sprache: Deutsch"


@pytest.fixture
def stage(talk: Talk) -> Stage:
    return make_stage(talk)


@pytest.mark.parametrize("word", ["de", "Deutsch", "DEUTSCH"])
def test_a_person_chooses_a_language(stage: Stage, word: str) -> None:
    assert IN_GERMAN in stage.asks(stage.ada, f"/settings language {word}")
    assert IN_GERMAN in stage.asks(stage.ada, "/settings")
    assert TelegramIdentity.objects.get(telegram_id=stage.ada.id).language == "de"
    assert "Language: English" in stage.asks(stage.ada, "/settings language en")


def test_a_language_is_chosen_by_a_button(stage: Stage) -> None:
    stage.asks(stage.ada, "/settings")
    stage.press(stage.ada, stage.ada, "Deutsch")
    assert IN_GERMAN in stage.last(stage.ada).text
    stage.press(stage.ada, stage.ada, "English")
    assert "Language: English" in stage.last(stage.ada).text
