"""Every command, in the order in which menus and /help list them. A new one is a line here and a
function beside the others."""

from accounts.permissions import Capability
from chatops.handlers.commands import (
    about,
    linking,
    reading,
    reminding,
    reporting,
    responding,
    settings,
    silencing,
    status,
    talking,
)
from chatops.handlers.commands.asked import Command, Place
from chatops.menus import Menu, Menus
from languages.speaking import LANGUAGES, gettext, gettext_noop, speaking

PRIVATE = frozenset({Place.PRIVATE})
NO_MENU: frozenset[Place] = frozenset()
ALERT = gettext_noop("[alert]")
REPORTED = gettext_noop("[of what] [last 7 days]")
WHAT = gettext_noop("[me] [of what] [when]")
VIEW, RESPOND = Capability.VIEW, Capability.RESPOND

COMMANDS: tuple[Command, ...] = (
    Command(
        "alerts",
        gettext_noop("What is open"),
        reading.alerts,
        gettext_noop("[name, severity or matchers]"),
        VIEW,
    ),
    Command("ack", gettext_noop("Say that you are on it"), responding.ack, ALERT, RESPOND),
    Command("unack", gettext_noop("Nobody is on it any more"), responding.unack, ALERT, RESPOND),
    Command(
        "silence",
        gettext_noop("Keep an alert quiet"),
        silencing.silence,
        gettext_noop("[alert] [for 2 hours]"),
        RESPOND,
    ),
    Command("unsilence", gettext_noop("End a silence"), silencing.unsilence, ALERT, RESPOND),
    Command("silences", gettext_noop("What is kept quiet"), reading.silences, "", VIEW),
    Command("resolve", gettext_noop("It is over"), responding.resolve, ALERT, RESPOND),
    Command(
        "comment", gettext_noop("Say something about an alert"), talking.comment, ALERT, RESPOND
    ),
    Command("status", gettext_noop("How it stands"), status.status, "", VIEW),
    Command("oncall", gettext_noop("Who is on it, and who is told next"), status.oncall, "", VIEW),
    Command(
        "remind", gettext_noop("Remind me, somebody or this chat"), reminding.remind, WHAT, RESPOND
    ),
    Command(
        "reminders", gettext_noop("What is to come; change it"), reminding.reminders, "", RESPOND
    ),
    Command(
        "report",
        gettext_noop("Alerts and response times, as a file"),
        reporting.report,
        REPORTED,
        VIEW,
    ),
    Command(
        "settings",
        gettext_noop("Your time zone and messages"),
        settings.settings,
        "",
        None,
        PRIVATE,
    ),
    Command("newchannel", gettext_noop("Connect a chat"), linking.newchannel, "", None, PRIVATE),
    Command(
        "unlink", gettext_noop("Forget whose account this is"), linking.unlink, "", None, PRIVATE
    ),
    Command("cancel", gettext_noop("Leave a question open"), talking.cancel),
    Command("help", gettext_noop("What I can do"), about.help_),
    Command("start", gettext_noop("What I can do"), about.help_, places=NO_MENU),
)

BY_NAME = {command.name: command for command in COMMANDS}


def menu() -> Menu:
    """What clients list, by scope, in the language that is spoken."""
    return {
        place.value: [
            {"command": one.name, "description": gettext(one.description)}
            for one in COMMANDS
            if place in one.places
        ]
        for place in Place
    }


def menus() -> Menus:
    """The same in each language."""
    found: dict[str, Menu] = {}
    for language in LANGUAGES:
        with speaking(language):
            found[language] = menu()
    return found
