"""Clients list what there is: told to Telegram once, again when it changes or failed."""

import json
from datetime import timedelta
from itertools import chain

import pytest

from channels_app.models import Bot
from chatops import menus
from chatops.handlers.commands.table import COMMANDS, menu
from chatops.handlers.commands.table import menus as menus_of_all
from chatops.models import CommandMenu
from deliveries import clock
from languages.speaking import ENGLISH, LANGUAGES
from tests.chatops.conftest import Talk


@pytest.fixture
def listening(talk: Talk) -> Talk:
    talk.bot.updates = Bot.Updates.POLLING
    talk.bot.save()
    return talk


def listed(talk: Talk, scope: str, language: str = "") -> list[str]:
    """As Telegram has it."""
    answer = talk.telegram.api(
        talk.telegram_bot, "getMyCommands", scope={"type": scope}, language_code=language
    )
    return [command["command"] for command in answer["result"]]


def test_each_scope_lists_its_commands_once(listening: Talk) -> None:
    assert menus.tell_all(menus_of_all()) == 1
    private = listed(listening, "all_private_chats")
    assert private == [one.name for one in COMMANDS if one.name != "start"]
    assert listed(listening, "all_group_chats") == [
        one for one in private if one not in ("settings", "newchannel", "unlink")
    ]
    assert listed(listening, "all_chat_administrators") == listed(listening, "all_group_chats")
    assert menus.tell_all(menus_of_all()) == 0
    assert len(listening.telegram.calls("setMyCommands", bot=listening.telegram_bot)) == 3 * len(
        LANGUAGES
    )


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != ENGLISH])
def test_each_language_has_its_own(listening: Talk, language: str) -> None:
    menus.tell_all(in_two(language, "In it"))
    api = listening.telegram.api
    scope = {"type": "all_private_chats"}
    for code, description in (("", "All"), (language, "In it")):
        answer = api(listening.telegram_bot, "getMyCommands", scope=scope, language_code=code)
        assert answer["result"] == [{"command": "help", "description": description}]
    assert menus.tell_all(in_two(language, "In it")) == 0
    assert menus.tell_all(in_two(language, "Otherwise")) == 1


def test_a_language_that_is_refused_loses_no_other(listening: Talk) -> None:
    told = {**in_two("de", ""), "es": menu()}  # Telegram wants a description
    assert menus.tell_all(told) == 0
    assert listed(listening, "all_private_chats") == ["help"]
    assert listed(listening, "all_private_chats", "de") == []
    assert "help" in listed(listening, "all_private_chats", "es")
    assert CommandMenu.objects.get().failures == 1


def in_two(language: str, description: str) -> menus.Menus:
    """Of one command, in English and in another language."""
    return {
        code: {"all_private_chats": [{"command": "help", "description": words}]}
        for code, words in ((ENGLISH, "All"), (language, description))
    }


def test_another_menu_is_told_anew(listening: Talk) -> None:
    menus.tell_all(menus_of_all())
    changed = {ENGLISH: {"all_private_chats": [{"command": "help", "description": "All"}]}}
    assert menus.tell_all(changed) == 1
    assert listed(listening, "all_private_chats") == ["help"]


def test_a_bot_that_hears_nothing_or_is_not_proven_has_no_menu(talk: Talk) -> None:
    assert menus.tell_all(menus_of_all()) == 0, "it hears no updates"
    Bot.objects.update(updates=Bot.Updates.WEBHOOK, proven_at=None)
    assert menus.tell_all(menus_of_all()) == 0
    assert not CommandMenu.objects.exists()


def test_what_failed_is_tried_again_later(listening: Talk) -> None:
    listening.telegram.fault(
        "error",
        bot=listening.telegram_bot,
        method="setMyCommands",
        code=400,
        description="Bad Request: BOT_COMMAND_INVALID",
    )
    assert menus.tell_all(menus_of_all()) == 0
    row = CommandMenu.objects.get()
    assert (row.version, row.failures) == ("", 1)
    assert row.due_at > clock.now()
    assert menus.tell_all(menus_of_all()) == 0, "not at once"
    CommandMenu.objects.update(due_at=clock.now() - timedelta(seconds=1))
    assert menus.tell_all(menus_of_all()) == 1


def test_telegram_takes_every_name_and_description() -> None:
    for commands in chain.from_iterable(one.values() for one in menus_of_all().values()):
        assert len(commands) <= 100
        assert len(json.dumps(commands, ensure_ascii=False).encode()) < 4_000
        for one in commands:
            assert one["command"].isascii()
            assert one["command"].islower()
            assert len(one["command"]) <= 32
            assert 1 <= len(one["description"]) <= 256
