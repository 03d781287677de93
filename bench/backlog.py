"""Calls that wait, thousands of them, and channels to ask for a test in: made as the product's own
code makes them, but in one process, one transaction, and large parts."""

import json
from dataclasses import asdict, dataclass

from bench.product import Tocsin

_FILL = """
import json, sys
from django.db import connection, transaction
from django.utils import timezone
from channels_app.models import Bot, Chat, NotificationChannel
from deliveries import outbox
PART = 500
def make(load):
    model = NotificationChannel.objects.select_related("chat__bot").get(pk=load["channel_id"])
    owner, bot = model.organization_id, model.chat.bot
    kind = "private" if load["first_chat"] > 0 else "supergroup"
    sign = 1 if load["first_chat"] > 0 else -1
    numbers = [load["first_chat"] + sign * n for n in range(load["chats"])]
    known = {chat.chat_id: chat for chat in Chat.objects.filter(bot=bot)}
    Chat.objects.bulk_create([
        Chat(organization_id=owner, bot=bot, chat_id=number, type=kind)
        for number in numbers if number not in known
    ], batch_size=PART)
    known = {chat.chat_id: chat for chat in Chat.objects.filter(bot=bot)}
    chats = [known[number] for number in numbers]
    names = [f"Chat {chat.chat_id}" for chat in chats]
    places = chats + [chats[n % len(chats)] for n in range(len(load["asked"]))]
    mine = NotificationChannel.objects.filter(organization_id=owner).select_related("chat")
    there = {channel.name: channel for channel in mine}
    channels = []
    for name, chat in zip(names + load["asked"], places):
        channel = there.get(name) or NotificationChannel(
            organization_id=owner, name=name, chat=chat,
            verification=model.verification, verified_at=model.verified_at,
        )
        channels.append(channel)
    NotificationChannel.objects.bulk_create(
        [channel for channel in channels if channel._state.adding], batch_size=PART
    )
    waiting = [channel for channel in channels[:len(chats)] for _ in range(load["each"])]
    now = timezone.now()
    call = outbox.Call("sendMessage", {"text": "Waits"}, plain_text="Waits")
    for start in range(0, len(waiting), PART):
        part = waiting[start:start + PART]
        streams = outbox.open_streams(owner, [channel.chat for channel in part])
        outbox.send_many([
            outbox.Send(
                stream=stream, call=call, channel=channel, purpose="group", priority=1,
                kind="text", due_at=now,
            )
            for stream, channel in zip(streams, part)
        ])
if connection.vendor == "sqlite":  # its cache is small, and each part touches much of the file
    connection.cursor().execute("PRAGMA cache_size = -400000")
with transaction.atomic():
    for load in json.load(sys.stdin):
        make(load)
print(json.dumps(dict(NotificationChannel.objects.values_list("name", "id")), default=str))
"""


@dataclass(frozen=True, slots=True)
class Load:
    """Of the bot of this channel: so many chats from `first_chat` on (groups count down), made
    where there are none yet, `each` with so many calls waiting; channels with the names `asked`
    lead to those chats as well."""

    channel_id: str
    first_chat: int
    chats: int
    each: int
    asked: tuple[str, ...]


def fill(tocsin: Tocsin, *loads: Load) -> dict[str, str]:
    """Have this wait, while nobody sends; returns the channels' IDs by name."""
    data = json.dumps([asdict(load) for load in loads])
    found: dict[str, str] = json.loads(tocsin.manage("shell", "-v", "0", "-c", _FILL, data=data))
    return found
