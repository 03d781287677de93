"""People vote in polls that bots sent (Bot API, Poll and PollAnswer)."""

from __future__ import annotations

from typing import Any

from sandbox.audience import tell
from sandbox.membership import Refused
from sandbox.model import Content, Dialog, Json, Message, User
from sandbox.shapes import user_json
from sandbox.world import World


def vote(world: World, dialog: Dialog, message: Message, user: User, option_ids: list[int]) -> Json:
    """The person's vote becomes these options, counted from 0; none takes it back. The bot that
    sent the poll gets its new state, and of polls that are not anonymous the answer. Gives the
    Poll.
    """
    poll: Json | None = message.content.fields.get("poll")
    if poll is None:
        raise Refused(f"message {message.message_id} is no poll")
    _check(poll, message, user, option_ids)
    votes = dict(message.votes)
    if option_ids:
        votes[str(user.id)] = sorted(set(option_ids))
    else:
        votes.pop(str(user.id), None)
    message.votes = votes
    counted = _counted(poll, list(votes.values()))
    message.content = Content(message.content.kind, message.content.fields | {"poll": counted})
    world.note_message(dialog, message.message_id)
    world.feed.publish({"type": "edit", "dialog": dialog.key, "id": message.message_id})
    bot = world.bots.get(message.bot_id)
    if bot is not None:
        lane = f"poll {poll['id']}"
        tell(world, bot, "poll", counted, lane)
        if not poll["is_anonymous"]:
            tell(world, bot, "poll_answer", _answer(poll, user, votes), lane)
    return counted


def _check(poll: Json, message: Message, user: User, option_ids: list[int]) -> None:
    if poll["is_closed"]:
        raise Refused("the poll is closed")
    if any(not 0 <= option_id < len(poll["options"]) for option_id in option_ids):
        raise Refused(f"option_ids: the poll has {len(poll['options'])} options, from 0 on")
    if len(set(option_ids)) > 1 and not poll["allows_multiple_answers"]:
        raise Refused("option_ids: the poll takes one answer")
    if poll["type"] == "quiz" and str(user.id) in message.votes:
        raise Refused("an answer to a quiz stays")


def _counted(poll: Json, votes: list[list[int]]) -> Json:
    options = [
        option | {"voter_count": sum(number in vote for vote in votes)}
        for number, option in enumerate(poll["options"])
    ]
    return poll | {"options": options, "total_voter_count": len(votes)}


def _answer(poll: Json, user: User, votes: dict[str, list[int]]) -> Json:
    chosen = votes.get(str(user.id), [])
    answer: Json = {"poll_id": poll["id"], "user": user_json(user), "option_ids": chosen}
    names: list[Any] = [poll["options"][number].get("persistent_id") for number in chosen]
    return answer | ({"option_persistent_ids": names} if all(names) else {})
