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
from chatops.menus import Menu

PRIVATE = frozenset({Place.PRIVATE})
NO_MENU: frozenset[Place] = frozenset()
REPORTED = "[of what] [last 7 days]"
WHAT = "[me] [of what] [when]"
VIEW, RESPOND = Capability.VIEW, Capability.RESPOND

COMMANDS: tuple[Command, ...] = (
    Command("alerts", "What is open", reading.alerts, "[name, severity or matchers]", VIEW),
    Command("ack", "Say that you are on it", responding.ack, "[alert]", RESPOND),
    Command("unack", "Nobody is on it any more", responding.unack, "[alert]", RESPOND),
    Command("silence", "Keep an alert quiet", silencing.silence, "[alert] [for 2 hours]", RESPOND),
    Command("unsilence", "End a silence", silencing.unsilence, "[alert]", RESPOND),
    Command("silences", "What is kept quiet", reading.silences, "", VIEW),
    Command("resolve", "It is over", responding.resolve, "[alert]", RESPOND),
    Command("comment", "Say something about an alert", talking.comment, "[alert]", RESPOND),
    Command("status", "How it stands", status.status, "", VIEW),
    Command("oncall", "Who is on it, and who is told next", status.oncall, "", VIEW),
    Command("remind", "Remind me, somebody or this chat", reminding.remind, WHAT, RESPOND),
    Command("reminders", "What is to come; change it", reminding.reminders, "", RESPOND),
    Command("report", "Alerts and response times, as a file", reporting.report, REPORTED, VIEW),
    Command("settings", "Your time zone and messages", settings.settings, "", None, PRIVATE),
    Command("newchannel", "Connect a chat", linking.newchannel, "", None, PRIVATE),
    Command("unlink", "Forget whose account this is", linking.unlink, "", None, PRIVATE),
    Command("cancel", "Leave a question open", talking.cancel),
    Command("help", "What I can do", about.help_),
    Command("start", "What I can do", about.help_, places=NO_MENU),
)

BY_NAME = {command.name: command for command in COMMANDS}


def menu() -> Menu:
    """What clients list, by scope."""
    return {
        place.value: [
            {"command": one.name, "description": one.description}
            for one in COMMANDS
            if place in one.places
        ]
        for place in Place
    }
