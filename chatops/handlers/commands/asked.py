"""A command as its handler gets it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from accounts.permissions import Capability
from chatops.context import Context
from chatops.handled import Handled


class Place(StrEnum):
    """Whose menu lists a command, as Bot API BotCommandScope names it."""

    PRIVATE = "all_private_chats"
    GROUPS = "all_group_chats"
    ADMINS = "all_chat_administrators"


EVERYWHERE = frozenset(Place)


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `description` and `usage` (what may follow its name) are English, marked for
    `gettext`; `needs`: what somebody's role has to include, None for nothing; `places`: whose menus
    list it. It works wherever it is typed."""

    name: str
    description: str
    handle: "Callable[[Asked], Handled]"
    usage: str = ""
    needs: Capability | None = None
    places: frozenset[Place] = EVERYWHERE


@dataclass(frozen=True, slots=True)
class Asked:
    """`rest`: what follows the name; `commands`: all there are."""

    context: Context
    rest: str
    commands: tuple[Command, ...] = ()
