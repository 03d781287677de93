"""What is wrong and which Telegram menu mends it: one text for probe, REST and console. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from languages.speaking import gettext, gettext_noop


class Problem(StrEnum):
    """What stands between us and a chat; the values are part of the API."""

    WRONG_TOKEN = "wrong_token"  # noqa: S105  # the code of a problem
    LOGGED_OUT = "logged_out"
    BOT_TAKEN = "bot_taken"
    UNREACHABLE = "unreachable"
    UNCONFIRMED = "unconfirmed"
    RATE_LIMITED = "rate_limited"
    CHAT_NOT_FOUND = "chat_not_found"
    NOT_STARTED = "not_started"
    BLOCKED = "blocked"
    DEACTIVATED = "deactivated"
    IS_BOT = "is_bot"
    KICKED = "kicked"
    NOT_MEMBER = "not_member"
    CHAT_DELETED = "chat_deleted"
    MIGRATED = "migrated"
    NOT_ADMIN = "not_admin"
    NO_TEXT = "no_text"
    NO_PHOTOS = "no_photos"
    NO_DOCUMENTS = "no_documents"
    RESTRICTED = "restricted"
    TOPIC_MISSING = "topic_missing"
    TOPIC_CLOSED = "topic_closed"
    NOT_A_FORUM = "not_a_forum"
    BOT_DISABLED = "bot_disabled"
    NOT_LENT = "not_lent"
    FOREIGN_CHAT = "foreign_chat"
    FORBIDDEN = "forbidden"
    REFUSED = "refused"
    STILL_WAITING = "still_waiting"


@dataclass(frozen=True, slots=True)
class Advice:
    """`wrong` says what is the case, `mend` what to do about it, with Telegram's menu. `what`:
    the permission that is missing, as the menu calls it."""

    wrong: str
    mend: str
    what: str = ""

    def __str__(self) -> str:
        return f"{self.wrong} {self.mend.format(what=self.what)}"

    def spoken(self) -> str:
        """The same in the language that is spoken."""
        what = gettext(self.what) if self.what else ""
        return f"{gettext(self.wrong)} {gettext(self.mend).format(what=what)}"


_PERMISSIONS = gettext_noop(
    "In Telegram open the group, tap its name → Edit → Permissions, and allow {what}; "
    "or make the bot an administrator (group name → Edit → Administrators → Add Admin)."
)
_ADD = gettext_noop(
    "In Telegram open the chat, tap its name → Add Members (in a channel: Administrators → "
    "Add Admin), and choose the bot."
)

ADVICE = {
    Problem.WRONG_TOKEN: Advice(
        gettext_noop("Telegram does not accept the bot's token."),
        gettext_noop(
            "In Telegram open @BotFather → /mybots → the bot → API Token, and enter that token "
            "here."
        ),
    ),
    Problem.LOGGED_OUT: Advice(
        gettext_noop("The bot is logged out of this Bot API server."),
        gettext_noop(
            "Enter the address of the server on which it is logged in now, or wait ten minutes "
            "after a logOut before you use the former one again."
        ),
    ),
    Problem.BOT_TAKEN: Advice(
        gettext_noop("Another organization of this installation registered this bot."),
        gettext_noop(
            "Ask them to lend it to you (under Bot grants, to your organization's ID), or make a "
            "bot of your own with @BotFather."
        ),
    ),
    Problem.UNREACHABLE: Advice(
        gettext_noop("The Bot API server does not answer."),
        gettext_noop(
            "Nothing is lost: sending goes on by itself. Check the server's address, the proxy and "
            "the network of this installation."
        ),
    ),
    Problem.UNCONFIRMED: Advice(
        gettext_noop("The Bot API server says that it sent the message, but not as which one."),
        gettext_noop(
            "Look into the chat: the message may be there, more than once. Check the address of "
            "the bot's server, and the proxy on the way to it."
        ),
    ),
    Problem.RATE_LIMITED: Advice(
        gettext_noop("Telegram asks to wait before the next message."),
        gettext_noop("Nothing is lost: sending goes on by itself."),
    ),
    Problem.CHAT_NOT_FOUND: Advice(
        gettext_noop("Telegram knows no such chat, or the bot has never met it."),
        gettext_noop(
            "For a person: let them open the bot and press Start. For a group or channel: check "
            "the chat ID, and add the bot (chat name → Add Members; in a channel Administrators → "
            "Add Admin)."
        ),
    ),
    Problem.NOT_STARTED: Advice(
        gettext_noop("A bot may not write first: this person has never started it."),
        gettext_noop("Let them open the bot in Telegram and press Start."),
    ),
    Problem.BLOCKED: Advice(
        gettext_noop("This person has blocked the bot."),
        gettext_noop("Let them open the bot in Telegram and press Restart (or ⋮ → Unblock)."),
    ),
    Problem.DEACTIVATED: Advice(
        gettext_noop("This person's Telegram account was deleted."),
        gettext_noop("Choose another chat for this channel."),
    ),
    Problem.IS_BOT: Advice(
        gettext_noop("This chat is a bot, and bots may not write to it."),
        gettext_noop("Choose another chat."),
    ),
    Problem.KICKED: Advice(
        gettext_noop("The bot was removed from the chat."),
        gettext_noop(
            "In Telegram open the chat, tap its name → Edit → Removed Users, take the bot off the "
            "list, and add it again."
        ),
    ),
    Problem.NOT_MEMBER: Advice(gettext_noop("The bot is not a member of the chat."), _ADD),
    Problem.CHAT_DELETED: Advice(
        gettext_noop("The group was deleted."),
        gettext_noop("Choose another chat for this channel."),
    ),
    Problem.MIGRATED: Advice(
        gettext_noop("The group became a supergroup with a new chat ID."),
        gettext_noop("Nothing to do: the channel follows by itself."),
    ),
    Problem.NOT_ADMIN: Advice(
        gettext_noop("In a Telegram channel only administrators may post, and the bot is none."),
        gettext_noop(
            "In Telegram open the channel, tap its name → Edit → Administrators → Add Admin, "
            "choose the bot, and allow Post Messages."
        ),
    ),
    Problem.NO_TEXT: Advice(
        gettext_noop("The bot may not send messages to the chat."),
        _PERMISSIONS,
        gettext_noop("Send Text Messages"),
    ),
    Problem.NO_PHOTOS: Advice(
        gettext_noop("The bot may not send photos to the chat; alerts arrive without pictures."),
        _PERMISSIONS,
        gettext_noop("Send Media → Photos"),
    ),
    Problem.NO_DOCUMENTS: Advice(
        gettext_noop("The bot may not send files to the chat; long alerts arrive shortened."),
        _PERMISSIONS,
        gettext_noop("Send Media → Files"),
    ),
    Problem.RESTRICTED: Advice(
        gettext_noop("The bot has no right to write to the chat."),
        _PERMISSIONS,
        gettext_noop("Send Text Messages"),
    ),
    Problem.TOPIC_MISSING: Advice(
        gettext_noop("The topic does not exist any more; messages go to the chat itself."),
        gettext_noop(
            "Choose another topic for this channel: in Telegram open the topic, tap its name → "
            "Copy Link; the number after the chat in that link is the topic."
        ),
    ),
    Problem.TOPIC_CLOSED: Advice(
        gettext_noop("The topic is closed; messages go to the chat itself."),
        gettext_noop(
            "In Telegram open the topic, tap ⋮ → Reopen Topic, or let the bot manage topics (group "
            "name → Edit → Administrators → the bot → Manage Topics)."
        ),
    ),
    Problem.NOT_A_FORUM: Advice(
        gettext_noop("The group has no topics, so Telegram ignores the topic of this channel."),
        gettext_noop(
            "In Telegram tap the group's name → Edit → Topics, or leave the topic empty here."
        ),
    ),
    Problem.BOT_DISABLED: Advice(
        gettext_noop("The bot is disabled."),
        gettext_noop("Open the bot here, read why, and enable it."),
    ),
    Problem.NOT_LENT: Advice(
        gettext_noop("The loan of the bot was ended."),
        gettext_noop(
            "Ask the bot's owner to lend it again, or choose another bot for this channel."
        ),
    ),
    Problem.FOREIGN_CHAT: Advice(
        gettext_noop("The group became a supergroup that another organization uses with this bot."),
        gettext_noop("Use a bot of your own for this chat."),
    ),
    Problem.FORBIDDEN: Advice(
        gettext_noop("Telegram forbids the bot to write to this chat."),
        gettext_noop(
            "Read Telegram's words, and check the bot's membership and rights in the chat."
        ),
    ),
    Problem.REFUSED: Advice(
        gettext_noop("Telegram refused the message."),
        gettext_noop(
            "Read Telegram's words; where they speak of formatting, check the message template."
        ),
    ),
    Problem.STILL_WAITING: Advice(
        gettext_noop("The message is still waiting to be sent."),
        gettext_noop("Nothing is lost: it leaves as soon as it can."),
    ),
}


def verdict(problem: Problem, telegram: str = "") -> dict[str, str]:
    """What is stored and shown: the problem's code, Telegram's words, and our advice."""
    return {"problem": str(problem), "telegram": telegram, "advice": str(ADVICE[problem])}


_BY_WORDS = {str(advice): advice for advice in ADVICE.values()}


def in_words(stored: str) -> str:
    """Advice as it is stored, in the language that is spoken; other words as they are."""
    known = _BY_WORDS.get(stored)
    return known.spoken() if known is not None else stored
