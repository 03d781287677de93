"""What an update says of the bot's own place in a chat (Bot API ChatMemberUpdated). Pure."""

from dataclasses import dataclass

from chatops.incoming import Incoming, Json
from deliveries.advice import Problem

GONE = ("left", "kicked")


@dataclass(frozen=True, slots=True)
class Change:
    """`was_there` and `is_there`: a member before and now. `problem`: why nothing can be sent now;
    `may_pass`: it is a lost right, and only a refused call shows whether it matters."""

    was_there: bool
    is_there: bool
    problem: Problem | None = None
    may_pass: bool = False


def read_change(incoming: Incoming) -> Change | None:
    """None for what is no change of the bot's own membership."""
    if incoming.kind != "my_chat_member" or incoming.chat is None:
        return None
    before, after = incoming.body.get("old_chat_member"), incoming.body.get("new_chat_member")
    if not isinstance(before, dict) or not isinstance(after, dict):
        return None
    was_there, is_there = _is_there(before), _is_there(after)
    if not is_there:
        return Change(was_there, False, _why_gone(incoming.chat.type, after))
    problem = _lost_right(incoming.chat.type, after)
    return Change(was_there, True, problem, may_pass=problem == Problem.NOT_ADMIN)


def _is_there(member: Json) -> bool:
    status = member.get("status")
    if status == "restricted":
        return member.get("is_member") is True
    return isinstance(status, str) and status not in GONE


def _why_gone(chat_type: str, member: Json) -> Problem:
    if chat_type == "private":
        return Problem.BLOCKED
    return Problem.KICKED if member.get("status") == "kicked" else Problem.NOT_MEMBER


def _lost_right(chat_type: str, member: Json) -> Problem | None:
    """`can_post_messages` is told of channels alone, `can_send_messages` of the restricted."""
    if chat_type == "channel" and member.get("can_post_messages") is not True:
        return Problem.NOT_ADMIN if member.get("status") != "creator" else None
    if member.get("status") == "restricted" and member.get("can_send_messages") is False:
        return Problem.RESTRICTED
    return None
