"""In which language the bot answers: in private the person's, in a chat of several the chat's."""

import pytest

from channels_app.models import Bot
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


def test_a_chat_of_several_speaks_its_own_and_a_person_theirs(stage: Stage) -> None:
    """The alert, its buttons and what is answered in the group; in private what a person chose."""
    stage.channel.language = "es"
    stage.channel.save()
    Bot.objects.update(updates=Bot.Updates.POLLING)  # without it there are no buttons
    stage.asks(stage.ada, "/settings language de")
    stage.fire("HighCPU")
    assert stage.last(stage.group).text.startswith("🟡 ACTIVA advertencia · HighCPU")
    assert stage.press(stage.ada, stage.group, "Reconocer") == "Reconocida."
    said = stage.says(stage.ada, "/silence HighCPU hasta mañana 9:00")
    assert 'Silencio para alertname="HighCPU" hasta mañana a las 09:00 (UTC)' in said
    assert "bis morgen 09:00" in stage.asks(stage.ada, "/silence HighCPU bis morgen 9 Uhr")
    assert "bis morgen 09:00" in stage.asks(stage.ada, "/silence HighCPU until tomorrow 9:00")
