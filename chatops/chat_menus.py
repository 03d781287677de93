"""The commands that clients list in one chat: where an organization has some of its own, they stand
before those that everybody has. Telegram is told once, and again when they change.

Each look compares what a chat should list with the hash of what it was told, so nothing that
changes either (a command, its channels, a chat's ID, a bot's server) has to think of it.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from botapi.errors import BotApiFailure
from botapi.guard import InvalidAddress
from botapi.methods import delete_my_commands, perform, set_my_commands
from channels_app.bots import client_for, token_of
from channels_app.encryption import CannotDecrypt
from channels_app.models import Bot, BotGrant, Chat, NotificationChannel
from chatops.actions.known import is_in
from chatops.menus import CLAIM, RETRY_FIRST, RETRY_LAST, SECONDS, Menu
from chatops.models import ChatMenu, OwnAction
from deliveries import clock

log = logging.getLogger(__name__)

AT_ONCE = 40
COMMANDS_MAX = 100
"""Bot API, setMyCommands."""
Commands = Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Behind:
    """A chat whose menu is another one than Telegram was told; empty: none of its own."""

    chat: Chat
    commands: Commands

    @property
    def version(self) -> str:
        """Another one where Telegram has to be told."""
        if not self.commands:
            return ""
        about = json.dumps([self.commands, self.chat.bot.api_url, self.chat.address])
        return hashlib.blake2b(about.encode(), digest_size=15).hexdigest()


def tell_all(menu: Menu) -> int:
    """Tell those bots' servers that do not know a chat's menu yet; how many chats. `menu`: what
    everybody has, by scope. Safe in several processes, as menus.tell_all is."""
    return sum(_tell(one) for one in _behind(menu) if _claim(one.chat))


def _behind(menu: Menu) -> list[Behind]:
    actions = _commands_by_owner()
    known = dict(ChatMenu.objects.values_list("chat_id", "version"))
    waiting = set(ChatMenu.objects.filter(due_at__gt=clock.now()).values_list("chat_id", flat=True))
    found: list[Behind] = []
    for chat, own in _chats().values():
        wanted = _wanted(chat, own, actions.get(chat.organization_id, ()), menu)
        one = Behind(chat, wanted)
        if chat.pk not in waiting and known.get(chat.pk, "") != one.version:
            found.append(one)
    return found[:AT_ONCE]


def _commands_by_owner() -> dict[UUID, list[OwnAction]]:
    found: dict[UUID, list[OwnAction]] = {}
    rows = OwnAction.objects.filter(enabled=True, is_command=True).order_by("name")
    for action in rows.prefetch_related("channels"):
        found.setdefault(action.organization_id, []).append(action)
    return found


def _chats() -> dict[UUID, tuple[Chat, set[UUID]]]:
    """Chats of organizations with commands, and those that were told of some: each with its
    channels, none where its bot was lent and is not any more."""
    owners = OwnAction.objects.filter(enabled=True, is_command=True).values("organization")
    told = ChatMenu.objects.exclude(version="").values("chat")
    bots = Bot.objects.filter(proven_at__isnull=False, enabled=True).exclude(updates="none")
    chats = Chat.objects.filter(Q(organization__in=owners) | Q(pk__in=told), bot__in=bots)
    rows = chats.exclude(type=Chat.Type.CHANNEL).select_related("bot")
    found: dict[UUID, tuple[Chat, set[UUID]]] = {chat.pk: (chat, set()) for chat in rows}
    lent = set(BotGrant.objects.values_list("bot_id", "grantee_id"))
    of_these = NotificationChannel.objects.filter(chat__in=rows.order_by().values("pk"))
    for pk, chat_id in of_these.values_list("pk", "chat_id"):
        if chat_id not in found:
            continue  # connected at this moment
        chat, own = found[chat_id]
        is_own = chat.bot.organization_id == chat.organization_id
        if is_own or (chat.bot_id, chat.organization_id) in lent:
            own.add(pk)
    return found


def _wanted(chat: Chat, channels: set[UUID], actions: Iterable[OwnAction], menu: Menu) -> Commands:
    own = [one for one in actions if channels and is_in(one, channels)]
    if not own:
        return []
    usual = menu["all_private_chats" if chat.type == "private" else "all_group_chats"]
    listed = [{"command": one.name, "description": one.description} for one in own]
    return [*listed, *usual][:COMMANDS_MAX]


def _claim(chat: Chat) -> bool:
    now = clock.now()
    row, made = ChatMenu.objects.get_or_create(
        chat=chat, defaults={"due_at": now + CLAIM, "organization_id": chat.organization_id}
    )
    free = ChatMenu.objects.filter(pk=row.pk, due_at__lte=now)
    return made or bool(free.update(due_at=now + CLAIM))


def _tell(one: Behind) -> int:
    chat, rows = one.chat, ChatMenu.objects.filter(chat=one.chat)
    scope = {"type": "chat", "chat_id": chat.address}
    call = set_my_commands(one.commands, scope) if one.commands else delete_my_commands(scope)
    try:
        perform(client_for(chat.bot), token_of(chat.bot), call, timeout=SECONDS)
    except (BotApiFailure, InvalidAddress, CannotDecrypt) as failure:
        log.info("commands of chat %s: %s", chat.pk, failure)
        failures = (rows.values_list("failures", flat=True).first() or 0) + 1
        wait = min(RETRY_FIRST * 2 ** min(failures - 1, 12), RETRY_LAST)
        rows.update(failures=failures, due_at=clock.now() + wait)
        return 0
    owner = chat.organization_id  # another one's by now, perhaps
    rows.update(version=one.version, failures=0, due_at=clock.now(), organization=owner)
    return 1
