"""The commands that clients list in one chat: where an organization has some of its own, they stand
before those that everybody has. Telegram is told once, and again when they change.

Each look compares what a chat should list with the hash of what it was told, so nothing that
changes either (a command, its channels, a chat's ID, a bot's server) has to think of it.
"""

import hashlib
import json
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet

from botapi.errors import BotApiError, BotApiFailure
from botapi.guard import InvalidAddress
from botapi.methods import delete_my_commands, perform, set_my_commands
from channels_app.bots import client_for, token_of
from channels_app.encryption import CannotDecrypt
from channels_app.models import Bot, BotGrant, Chat, NotificationChannel
from chatops.actions.listing import listing
from chatops.linking.identities import speaks_for_telegram
from chatops.menus import CLAIM, RETRY_FIRST, RETRY_LAST, SECONDS, Menu, Menus
from chatops.models import ChatMenu, OwnAction, TelegramIdentity
from deliveries import clock
from languages.speaking import first_language

log = logging.getLogger(__name__)

AT_ONCE = 40
UNSURE = "?"
"""The version of a menu whose answer was lost: it may be there, so it is told or taken away."""
Commands = Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Own:
    """A command; `channels`: None for all."""

    pk: UUID
    name: str
    description: str
    channels: set[UUID] | None

    def is_in(self, channels: set[UUID]) -> bool:
        """Whether it is there in one of these."""
        return self.channels is None or not self.channels.isdisjoint(channels)


@dataclass(slots=True)
class Seen:
    """A chat of an organization with commands, or one that was told of some. `kind`: Telegram's;
    `where`: what it is called at which server; `language`: as the
    bot speaks there; `channels`: none where its bot was lent and is not
    any more."""

    owner: UUID
    bot: UUID
    kind: str
    where: str
    language: str
    channels: set[UUID] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Behind:
    """A chat whose menu is another one than Telegram was told; empty: none of its own."""

    chat: UUID
    owner: UUID
    commands: Commands
    version: str


def tell_all(menus: Menus) -> int:
    """Tell those bots' servers that do not know a chat's menu yet; how many chats. `menus`: what
    everybody has. Safe in several processes, as menus.tell_all is.

    A bot whose server does not answer is asked once: its other chats wait, those of others do not.
    """
    behind = _behind(menus)
    found = list(islice(_in_turns(behind), AT_ONCE))
    chats = Chat.objects.select_related("bot").in_bulk([one.chat for one in found])
    silent: set[UUID] = set()
    heard = 0
    for one in found:
        chat = chats.get(one.chat)
        if chat is None or chat.bot_id in silent or not _claim(chat):
            continue
        failure = _tell(chat, one)
        if failure is None:
            heard += 1
        elif _is_of_the_chat(failure):
            _put_off([one])
        else:
            silent.add(chat.bot_id)
            _put_off(behind[chat.bot_id])
    return heard


def _in_turns(behind: Mapping[UUID, Sequence[Behind]]) -> Iterator[Behind]:
    """One of each bot, then the next ones."""
    return (one for turn in zip_longest(*behind.values()) for one in turn if one is not None)


def _behind(menus: Menus) -> dict[UUID, list[Behind]]:
    """By bot."""
    actions = _commands_by_owner()
    known = dict(ChatMenu.objects.values_list("chat_id", "version"))
    waiting = set(ChatMenu.objects.filter(due_at__gt=clock.now()).values_list("chat_id", flat=True))
    lists: dict[tuple[Any, ...], tuple[Commands, str]] = {}
    found: dict[UUID, list[Behind]] = {}
    for chat, seen in _chats().items():
        own = [one for one in actions.get(seen.owner, ()) if one.is_in(seen.channels)]
        commands: Commands = []
        version = ""
        if own and seen.channels:
            # Most chats of an organization list the same.
            is_private = seen.kind == Chat.Type.PRIVATE
            which = (*(one.pk for one in own), str(is_private), seen.language)
            if which not in lists:
                commands = _listed(own, seen.kind, menus[seen.language])
                lists[which] = commands, json.dumps(commands)
            commands, written = lists[which]
            version = _hash(written + seen.where)
        if known.get(chat, "") != version and chat not in waiting:
            found.setdefault(seen.bot, []).append(Behind(chat, seen.owner, commands, version))
    return found


def _commands_by_owner() -> dict[UUID, list[Own]]:
    rows = OwnAction.objects.filter(enabled=True, is_command=True)
    places: dict[UUID, set[UUID]] = {}
    of_some = rows.filter(channels__isnull=False).values_list("pk", "channels")
    for pk, channel in of_some:
        places.setdefault(pk, set()).add(channel)
    found: dict[UUID, list[Own]] = {}
    fields = ("pk", "organization", "name", "description")
    for pk, owner, name, words in rows.order_by("name").values_list(*fields):
        found.setdefault(owner, []).append(Own(pk, name, words, places.get(pk)))
    return found


def _chats() -> dict[UUID, Seen]:
    owners = OwnAction.objects.filter(enabled=True, is_command=True).values("organization")
    told = ChatMenu.objects.exclude(version="").values("chat")
    bots = Bot.objects.filter(proven_at__isnull=False, enabled=True).exclude(updates="none")
    rows = Chat.objects.filter(Q(organization__in=owners) | Q(pk__in=told), bot__in=bots)
    rows = rows.exclude(type=Chat.Type.CHANNEL)
    fields = ("pk", "organization", "bot", "type", "bot__api_url", "chat_id", "username")
    firsts = _languages_of_channels(rows)
    own = _languages_of_people(rows)
    found: dict[UUID, Seen] = {}
    for pk, owner, bot, kind, server, number, name, spoken in rows.values_list(
        *fields, "organization__language"
    ):
        language = first_language(own.get(pk, ""), firsts.get((pk, owner), ""), spoken)
        found[pk] = Seen(owner, bot, kind, f"{server} {number or name}", language)
    lent = set(BotGrant.objects.values_list("bot_id", "grantee_id"))
    of_these = NotificationChannel.objects.filter(chat__in=rows.order_by().values("pk"))
    owned = of_these.values_list("pk", "chat_id", "chat__bot_id", "chat__bot__organization_id")
    for pk, chat, bot, owner in owned:
        seen = found.get(chat)  # none: connected at this moment
        if seen is not None and (owner == seen.owner or (bot, seen.owner) in lent):
            seen.channels.add(pk)
    return found


def _languages_of_channels(rows: QuerySet[Chat]) -> dict[tuple[UUID, UUID], str]:
    """Of an organization's first channel in a chat."""
    of_these = NotificationChannel.objects.filter(chat__in=rows.order_by().values("pk"))
    fields = ("chat_id", "organization_id", "language")
    found: dict[tuple[UUID, UUID], str] = {}
    for chat, owner, language in of_these.order_by("created_at").values_list(*fields):
        found.setdefault((chat, owner), language)
    return found


def _languages_of_people(rows: QuerySet[Chat]) -> dict[UUID, str]:
    """By the private chat: what its person chose, else their app's."""
    private = rows.filter(type=Chat.Type.PRIVATE).order_by()
    people = TelegramIdentity.objects.filter(
        telegram_id__in=private.values("chat_id"), user__is_active=True
    )
    fields = ("bot_id", "telegram_id", "language", "app_language")
    spoken = {
        (bot, number): language or app for bot, number, language, app in people.values_list(*fields)
    }
    bots = Bot.objects.filter(pk__in=private.values("bot"))
    realms = {bot.pk: None if speaks_for_telegram(bot) else bot.pk for bot in bots}
    return {
        pk: spoken.get((realms.get(bot), number or 0), "")
        for pk, bot, number in private.values_list("pk", "bot_id", "chat_id")
    }


def _listed(own: Sequence[Own], kind: str, menu: Menu) -> Commands:
    usual = menu["all_private_chats" if kind == Chat.Type.PRIVATE else "all_group_chats"]
    # Of one name everybody's counts: an organization may have had it first.
    everybodys = {one["command"] for commands in menu.values() for one in commands}
    listed = [
        {"command": one.name, "description": one.description}
        for one in own
        if one.name not in everybodys
    ]
    return listing(listed, usual)


def _hash(about: str) -> str:
    """Another one where Telegram has to be told."""
    return hashlib.blake2b(about.encode(), digest_size=15).hexdigest()


def _claim(chat: Chat) -> bool:
    now = clock.now()
    row, made = ChatMenu.objects.get_or_create(
        chat=chat, defaults={"due_at": now + CLAIM, "organization_id": chat.organization_id}
    )
    free = ChatMenu.objects.filter(pk=row.pk, due_at__lte=now)
    return made or bool(free.update(due_at=now + CLAIM))


def _tell(chat: Chat, one: Behind) -> Exception | None:
    """What went wrong, if anything did."""
    scope = {"type": "chat", "chat_id": chat.address}
    call = set_my_commands(one.commands, scope) if one.commands else delete_my_commands(scope)
    try:
        perform(client_for(chat.bot), token_of(chat.bot), call, timeout=SECONDS)
    except (BotApiFailure, InvalidAddress, CannotDecrypt) as failure:
        log.info("commands of chat %s: %s", chat.pk, failure)
        if isinstance(failure, BotApiFailure) and failure.maybe_sent:
            ChatMenu.objects.filter(chat=chat).update(version=UNSURE)
        return failure
    owner = chat.organization_id  # another one's by now, perhaps
    rows = ChatMenu.objects.filter(chat=chat)
    rows.update(version=one.version, failures=0, due_at=clock.now(), organization=owner)
    return None


def _is_of_the_chat(failure: Exception) -> bool:
    """Whether another chat of the bot may fare better."""
    return isinstance(failure, BotApiError) and failure.error_code in (400, 403)


def _put_off(these: Collection[Behind]) -> None:
    """Until later, and later each time."""
    now = clock.now()
    made = [ChatMenu(chat_id=one.chat, organization_id=one.owner, due_at=now) for one in these]
    ChatMenu.objects.bulk_create(made, ignore_conflicts=True)
    rows = ChatMenu.objects.filter(chat__in=[one.chat for one in these])
    rows.update(failures=F("failures") + 1)
    for failures in set(rows.values_list("failures", flat=True)):
        wait = min(RETRY_FIRST * 2 ** min(failures - 1, 12), RETRY_LAST)
        rows.filter(failures=failures).update(due_at=now + wait)
