"""Clients list own commands in the chats where they are: told once, and again when they change."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.audit import COMMAND_LINE
from accounts.models import Organization
from channels_app.models import Bot, Chat, NotificationChannel
from chatops import chat_menus
from chatops.actions import changes
from chatops.actions.rules import ActionRefused
from chatops.handlers.commands.table import menu, menus
from chatops.menus import Menus
from chatops.models import ChatMenu, OwnAction, TelegramIdentity
from deliveries import clock
from languages.speaking import LANGUAGES
from tests.chatops.actions.stage import Stage
from tests.factories import make_channel


def listed(stage: Stage, chat_id: int) -> list[str]:
    answer = stage.talk.telegram.api(
        stage.talk.telegram_bot, "getMyCommands", scope={"type": "chat", "chat_id": chat_id}
    )
    return [command["command"] for command in answer["result"]]


def tell(stage: Stage) -> int:
    return chat_menus.tell_all(menus())


def calls(stage: Stage) -> int:
    bot = stage.talk.telegram_bot
    return sum(
        len(stage.talk.telegram.calls(method, bot=bot))
        for method in ("setMyCommands", "deleteMyCommands")
    )


def test_a_chat_lists_its_own_before_those_of_everybody(stage: Stage) -> None:
    assert tell(stage) == 0, "nothing of its own"
    assert not ChatMenu.objects.exists()
    stage.action("off", description="All off")
    stage.action("lightson")
    stage.action("hidden", is_command=False, button="Hidden")
    stage.action("gone", enabled=False)
    assert tell(stage) == 1
    usual = [one["command"] for one in menu()["all_group_chats"]]
    assert listed(stage, stage.group.id) == ["lightson", "off", *usual]
    assert tell(stage) == 0
    assert calls(stage) == 1


def test_what_changes_is_told_once(stage: Stage) -> None:
    action = stage.action()
    elsewhere = stage.talk.telegram.create_chat("supergroup", bot=stage.talk.telegram_bot)
    other = make_channel(stage.talk.bot, name="Elsewhere", chat_id=elsewhere.id)
    assert tell(stage) == 2
    changes.change_action(COMMAND_LINE, action, description="Other words")
    assert tell(stage) == 2
    changes.change_action(COMMAND_LINE, action, channels=[other])
    assert tell(stage) == 1, "the one that lists it goes on as it was"
    assert listed(stage, stage.group.id) == []
    assert "lightson" in listed(stage, elsewhere.id)
    changes.change_action(COMMAND_LINE, action, deadline=90)
    assert tell(stage) == 0
    changes.delete_action(COMMAND_LINE, action)
    assert tell(stage) == 1
    assert listed(stage, elsewhere.id) == []
    assert tell(stage) == 0
    assert calls(stage) == 6


def test_what_failed_is_tried_again_later(stage: Stage) -> None:
    stage.action()
    stage.talk.telegram.fault(
        "error",
        bot=stage.talk.telegram_bot,
        method="setMyCommands",
        code=400,
        description="Bad Request: chat not found",
    )
    assert tell(stage) == 0
    row = ChatMenu.objects.get()
    assert (row.version, row.failures) == ("", 1)
    assert row.due_at > clock.now()
    assert tell(stage) == 0, "not at once"
    ChatMenu.objects.update(due_at=clock.now() - timedelta(seconds=1))
    assert tell(stage) == 1


@pytest.mark.parametrize("values", [{"updates": "none"}, {"enabled": False}, {"proven_at": None}])
def test_a_bot_that_hears_nothing_lists_nothing(stage: Stage, values: dict[str, Any]) -> None:
    stage.action()
    Bot.objects.update(**values)
    assert tell(stage) == 0


def test_a_menu_has_room_for_all(stage: Stage) -> None:
    for number in range(changes.ACTIONS_MAX):
        stage.action(f"own{number:02}_{'x' * 26}", description="x" * 100)
    assert tell(stage) == 1
    assert len(listed(stage, stage.group.id)) == changes.ACTIONS_MAX + len(
        menu()["all_group_chats"]
    )
    with pytest.raises(ActionRefused):
        stage.action("more")


def test_a_command_that_everybody_has_by_now_is_listed_once(stage: Stage) -> None:
    """A later version of ours may bring a command of the same name, and then that one counts."""
    action = stage.action("lightson")
    stage.action("off")
    OwnAction.objects.filter(pk=action.pk).update(name="report")
    assert tell(stage) == 1
    names = listed(stage, stage.group.id)
    assert names[0] == "off"
    assert names.count("report") == 1
    assert stage.says(stage.ada, "/help").count("/report") == 1
    changes.change_action(COMMAND_LINE, action, enabled=False)
    with pytest.raises(ActionRefused):
        changes.change_action(COMMAND_LINE, action, name="ack")


def test_a_menu_whose_answer_was_lost_is_taken_away_as_well(stage: Stage) -> None:
    action = stage.action()
    stage.talk.telegram.fault("reset_after", bot=stage.talk.telegram_bot, method="setMyCommands")
    assert tell(stage) == 0
    assert "lightson" in listed(stage, stage.group.id), "it was told"
    changes.delete_action(COMMAND_LINE, action)
    ChatMenu.objects.update(due_at=clock.now())
    assert tell(stage) == 1
    assert listed(stage, stage.group.id) == []
    assert tell(stage) == 0


def test_a_bot_whose_server_does_not_answer_keeps_no_other_waiting(
    stage: Stage, make_talk: Any
) -> None:
    stage.action()
    for _ in range(chat_menus.AT_ONCE + 5):
        chat = stage.talk.telegram.create_chat("supergroup", bot=stage.talk.telegram_bot)
        make_channel(stage.talk.bot, chat_id=chat.id)
    other = make_talk()
    Bot.objects.filter(pk=other.bot.pk).update(updates="polling")
    theirs = other.telegram.create_chat("supergroup", bot=other.telegram_bot)
    make_channel(other.bot, chat_id=theirs.id)
    OwnAction.objects.create(
        organization=other.organization, name="theirs", description="x", endpoint=None
    )
    stage.talk.telegram.fault(
        "error",
        bot=stage.talk.telegram_bot,
        method="setMyCommands",
        code=500,
        description="Internal Server Error",
        count=None,
    )
    assert tell(stage) == 1
    assert ChatMenu.objects.filter(failures=0).get().chat.chat_id == theirs.id
    assert calls(stage) == 1, "one try of the bot, not one of each chat"
    assert tell(stage) == 0
    assert calls(stage) == 1, "nor another one at the next look"
    ChatMenu.objects.update(due_at=clock.now())
    assert tell(stage) == 0
    assert calls(stage) == 2


def test_a_shared_bot_lists_each_organizations_in_its_own_chats(
    stage: Stage, make_talk: Any
) -> None:
    other = make_talk()
    stage.action()
    theirs = stage.talk.telegram.create_chat("supergroup", bot=stage.talk.telegram_bot)
    grant = stage.talk.bot.grants.create(
        organization=stage.talk.organization, grantee=other.organization
    )
    make_channel(stage.talk.bot, organization=other.organization, chat_id=theirs.id)
    OwnAction.objects.create(
        organization=other.organization, name="theirs", description="x", endpoint=None
    )
    assert tell(stage) == 2
    assert listed(stage, theirs.id)[0] == "theirs"
    assert "lightson" not in listed(stage, theirs.id)
    assert "theirs" not in listed(stage, stage.group.id)
    grant.delete()
    assert tell(stage) == 1, "the loan has ended"
    assert listed(stage, theirs.id) == []
    NotificationChannel.objects.filter(organization=other.organization).delete()
    assert tell(stage) == 0


def described(stage: Stage, chat_id: int) -> list[str]:
    scope = {"type": "chat", "chat_id": chat_id}
    answer = stage.talk.telegram.api(stage.talk.telegram_bot, "getMyCommands", scope=scope)
    return [command["description"] for command in answer["result"]][1:]


def in_each_language() -> Menus:
    """Of one command, described by the code of the language."""
    scopes = ("all_private_chats", "all_group_chats")
    return {
        code: {scope: [{"command": "help", "description": code}] for scope in scopes}
        for code in LANGUAGES
    }


def test_a_chat_lists_all_in_its_language_and_anew_when_that_changes(stage: Stage) -> None:
    stage.action()
    told = in_each_language()
    channels, organizations = NotificationChannel.objects.all(), Organization.objects.all()
    for which, language in (
        (organizations, ""),
        (organizations, "de"),
        (channels, "es"),
        (channels, ""),
    ):
        which.update(language=language)
        expected = language or ("de" if which is channels else "en")
        chat_menus.tell_all(told)
        assert described(stage, stage.group.id) == [expected]
        assert chat_menus.tell_all(told) == 0, "once"


def test_a_private_chat_lists_them_in_the_persons_language(stage: Stage) -> None:
    stage.action()
    private = stage.ada.id
    make_channel(stage.talk.bot, name="Ada", chat_id=private)
    Chat.objects.filter(chat_id=private).update(type=Chat.Type.PRIVATE)
    told = in_each_language()
    for own, app, expected in (("", "", "en"), ("", "ru", "ru"), ("de", "ru", "de")):
        TelegramIdentity.objects.filter(telegram_id=private).update(language=own, app_language=app)
        chat_menus.tell_all(told)
        assert described(stage, private) == [expected]
