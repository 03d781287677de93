"""What the bot says to people in a chat: interactive deliveries, by the engine as all others."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from botapi.entities import ParseError, as_sent
from botapi.keyboards import InlineKeyboard, Keyboard
from channels_app.models import Bot, Chat
from chatops.context import Context
from chatops.incoming import SeenChat
from deliveries import clock, files, outbox
from deliveries.models import Delivery, SentMessage

NO_PREVIEW = {"is_disabled": True}


def plain_of(html: str) -> str:
    """The same words without markup, for the ladder's plain-text step."""
    try:
        return as_sent(html, "HTML", force_python=True).text
    except ParseError:
        return html


def reply(
    context: Context,
    text: str,
    keyboard: Keyboard | Mapping[str, Any] | None = None,
    *,
    quote: bool = True,
    plain: str = "",
    to: int = 0,
    owner: UUID | None = None,
) -> SentMessage:
    """Answer in the update's chat and topic. `text` is HTML; `plain` what is sent where its markup
    is refused. In groups it quotes the message that it answers, which is `to` unless that is 0: who
    presses a button answers a message of ours. `owner`: the organization whom it concerns, where
    that is not the context's; no other one reads it in its outbox."""
    chat = chat_of(context)
    params: dict[str, Any] = {
        "text": text,
        "parse_mode": "HTML",
        "link_preview_options": NO_PREVIEW,
    }
    incoming = context.incoming
    if incoming.message_thread_id:
        params["message_thread_id"] = incoming.message_thread_id
    if quote and not context.is_private and (to or incoming.message_id):
        params["reply_parameters"] = {
            "message_id": to or incoming.message_id,
            "allow_sending_without_reply": True,
        }
    if keyboard is not None:
        params["reply_markup"] = _markup(keyboard)
    stream = outbox.open_stream(owner or _owner(context), chat)
    return outbox.send(
        stream,
        outbox.Call("sendMessage", params, plain_text=plain or plain_of(text)),
        channel=None,
        purpose=Delivery.Purpose.ANSWER,
        priority=Delivery.Priority.INTERACTIVE,
        kind=SentMessage.Kind.TEXT,
        due_at=clock.now(),
    )


def send_document(
    context: Context, filename: str, content: bytes, content_type: str, caption: str
) -> SentMessage:
    """Send a file to the update's chat and topic. `caption`: plain text."""
    owner = context.organization
    if owner is None:
        raise ValueError("files are an organization's")
    params: dict[str, Any] = {"caption": caption}
    if context.incoming.message_thread_id:
        params["message_thread_id"] = context.incoming.message_thread_id
    file = files.store(owner, filename, content, content_type)
    return outbox.send(
        outbox.open_stream(owner, chat_of(context)),
        outbox.Call("sendDocument", params, {"document": {"attachment": str(file.pk)}}, caption),
        channel=None,
        purpose=Delivery.Purpose.ANSWER,
        priority=Delivery.Priority.INTERACTIVE,
        kind=SentMessage.Kind.DOCUMENT,
        due_at=clock.now(),
    )


def edit(
    context: Context, message: SentMessage, text: str, keyboard: InlineKeyboard | None = None
) -> None:
    """Put this in the place of what the bot said. Raises outbox.MessageGone."""
    params: dict[str, Any] = {
        "text": text,
        "parse_mode": "HTML",
        "link_preview_options": NO_PREVIEW,
    }
    if keyboard is not None:
        params["reply_markup"] = keyboard.as_json()
    outbox.change(
        message,
        outbox.Call("editMessageText", params, plain_text=plain_of(text)),
        channel=None,
        purpose=Delivery.Purpose.ANSWER,
        priority=Delivery.Priority.INTERACTIVE,
        due_at=clock.now(),
    )


def tell_chat(
    organization: UUID, chat: Chat, thread: int, text: str, keyboard: Keyboard | None, to: int = 0
) -> SentMessage:
    """Say something that answers no update: in a chat and topic (0: none), to the message `to`."""
    params: dict[str, Any] = {
        "text": text,
        "parse_mode": "HTML",
        "link_preview_options": NO_PREVIEW,
    }
    if keyboard is not None:
        params["reply_markup"] = keyboard.as_json()
    if thread:
        params["message_thread_id"] = thread
    if to:
        params["reply_parameters"] = {"message_id": to, "allow_sending_without_reply": True}
    return outbox.send(
        outbox.open_stream(organization, chat),
        outbox.Call("sendMessage", params, plain_text=plain_of(text)),
        channel=None,
        purpose=Delivery.Purpose.ANSWER,
        priority=Delivery.Priority.INTERACTIVE,
        kind=SentMessage.Kind.TEXT,
        due_at=clock.now(),
    )


def put(context: Context, words: str, buttons: InlineKeyboard | None) -> None:
    """Put this in the place of the answer whose button was pressed; a new message where that one is
    gone, or was no answer."""
    message = answer_here(context)
    try:
        if message is not None:
            edit(context, message, words, buttons)
            return
    except outbox.MessageGone:
        pass
    reply(context, words, buttons)


def tell(
    bot: Bot, seen: SeenChat, owner: UUID, text: str, keyboard: Keyboard | None = None
) -> SentMessage:
    """The same, in a chat that may have no row yet."""
    return tell_chat(owner, _get_or_make(bot, seen), 0, text, keyboard)


def said_here(context: Context) -> SentMessage | None:
    """The message of ours that the update is about: whose button was pressed, or that it replies
    to. None for what we did not send, or forgot."""
    incoming = context.incoming
    number = incoming.message_id if incoming.kind == "callback_query" else incoming.replied_to
    if context.chat is None or not number:
        return None
    return (
        SentMessage.objects.filter(chat=context.chat, message_id=number)
        .select_related("stream", "chat")
        .first()
    )


def answered_by(message: SentMessage) -> SentMessage | None:
    """The message of ours that this one of ours was sent in reply to; None where it was to nobody,
    or to a person."""
    calls = Delivery.objects.for_organization(message.organization_id).filter(target=message)
    sent = calls.order_by("sequence").select_related("reply_to").first()
    if sent is None or sent.reply_to is not None:
        return sent.reply_to if sent is not None else None
    number = (sent.params.get("reply_parameters") or {}).get("message_id")
    rows = SentMessage.objects.for_organization(message.organization_id)
    return rows.filter(chat=message.chat_id, message_id=number).first() if number else None


def answer_here(context: Context, *owners: UUID) -> SentMessage | None:
    """The same, where it is an answer to a person, of one of these organizations, by default of the
    one that is talked with: a client chooses both the message and the data of a press, and nothing
    else that the bot said may be written over."""
    message = said_here(context)
    if message is None or message.organization_id not in (owners or (_owner(context),)):
        return None
    if message.state == SentMessage.State.FORGOTTEN:
        return None
    calls = Delivery.objects.for_organization(message.organization_id).filter(target=message)
    answers = calls.filter(purpose=Delivery.Purpose.ANSWER, channel=None)
    is_other = calls.exclude(purpose=Delivery.Purpose.ANSWER, channel=None).exists()
    return message if answers.exists() and not is_other else None


def chat_of(context: Context) -> Chat:
    """The row of the update's chat. One that no channel uses belongs to the bot's owner until an
    organization makes it a channel; what is said there belongs to whom it concerns."""
    if context.chat is not None:
        return context.chat
    seen = context.incoming.chat
    if seen is None:
        raise ValueError("the update is from no chat")
    return _get_or_make(context.bot, seen)


def _get_or_make(bot: Bot, seen: SeenChat) -> Chat:
    chat, _ = Chat.objects.get_or_create(
        bot=bot,
        chat_id=seen.id,
        defaults={
            "organization_id": bot.organization_id,
            "type": seen.type if seen.type in Chat.Type.values else "",
            "title": seen.title[:255],
            "username": "",
        },
    )
    return chat


def _owner(context: Context) -> UUID:
    return context.organization.pk if context.organization else context.bot.organization_id


def _markup(keyboard: Keyboard | Mapping[str, Any]) -> Mapping[str, Any]:
    return keyboard if isinstance(keyboard, Mapping) else keyboard.as_json()
