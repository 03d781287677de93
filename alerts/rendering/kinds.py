"""Which Bot API calls turn what a chat shows into what it should show: a table, as data.

What Telegram allows (TDLib MessagesManager.cpp, edit_message_text, edit_message_media,
edit_message_caption; Bot API "Updating messages"):

    from      to        call
    nothing   text      sendMessage
    nothing   photo     sendPhoto
    text      text      editMessageText
    text      photo     editMessageMedia ("or to add media to text messages")
    photo     photo     editMessageCaption, or editMessageMedia for another image
    photo     text      impossible ("there is no text in the message to edit")

So a message that became a photo stays one: without a newer image it keeps the one it has and its
caption goes on telling the truth. That is also the calmest for people: nothing is deleted or sent
anew. Every edit carries the keyboard, because an edit without one removes it. The document follows
the message as a reply of its own.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

MessageKind: TypeAlias = Literal["none", "text", "photo"]
Method: TypeAlias = Literal[
    "sendMessage",
    "sendPhoto",
    "editMessageText",
    "editMessageCaption",
    "editMessageMedia",
    "editMessageReplyMarkup",
    "sendDocument",
    "deleteMessage",
]
Target: TypeAlias = Literal["message", "document"]


@dataclass(frozen=True, slots=True)
class Form:
    """The group rendered for the kind of message that it becomes, see `kind_after`.

    `content`: its `content_hash`; `overflow`: it needs the document beside it.
    """

    content: str
    overflow: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a chat should show now.

    `image`: identifies the picture to show (its URL or hash), "" without one.
    `keyboard`: hash of the keyboard, "" without one; `document`: hash of the document's content.
    """

    form: Form
    image: str = ""
    keyboard: str = ""
    document: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a chat shows: in the same terms, "" for what is not there.

    `kind` is "none" before the first message, and again when the message is gone or not editable.
    """

    kind: MessageKind = "none"
    content: str = ""
    image: str = ""
    keyboard: str = ""
    document: str = ""


NOTHING = Shown()


@dataclass(frozen=True, slots=True)
class Call:
    """One Bot API call. What it carries follows from it:

    sendMessage, editMessageText: text and keyboard; editMessageCaption: caption and keyboard;
    sendPhoto, editMessageMedia of the message: photo, caption and keyboard;
    editMessageReplyMarkup: keyboard; sendDocument, editMessageMedia of the document: the file.
    """

    method: Method
    target: Target = "message"


def plan(shown: Shown, wanted: Wanted) -> tuple[Call, ...]:
    """The calls that are needed, in order; none when the chat shows it all already."""
    after = shown_after(shown, wanted)
    return (*_message_calls(shown, after), *_document_calls(shown, after))


def kind_after(shown: Shown, image: str) -> Literal["text", "photo"]:
    """What the message becomes: a photo's caption has 1,024 characters, a text 4,096."""
    return "photo" if image or shown.kind == "photo" else "text"


def shown_after(shown: Shown, wanted: Wanted) -> Shown:
    """What the chat shows once the planned calls are done."""
    kind = kind_after(shown, wanted.image)
    return Shown(
        kind=kind,
        content=wanted.form.content,
        image=wanted.image or (shown.image if kind == "photo" else ""),
        keyboard=wanted.keyboard,
        document=wanted.document if wanted.form.overflow else "",
    )


def _message_calls(shown: Shown, after: Shown) -> tuple[Call, ...]:
    if shown.kind == "none":
        return (Call("sendPhoto" if after.kind == "photo" else "sendMessage"),)
    if shown.image != after.image or shown.kind != after.kind:
        return (Call("editMessageMedia"),)
    if shown.content != after.content:
        return (Call("editMessageCaption" if after.kind == "photo" else "editMessageText"),)
    if shown.keyboard != after.keyboard:
        return (Call("editMessageReplyMarkup"),)
    return ()


def _document_calls(shown: Shown, after: Shown) -> tuple[Call, ...]:
    if shown.document == after.document:
        return ()
    if not after.document:
        return (Call("deleteMessage", "document"),)
    if not shown.document:
        return (Call("sendDocument", "document"),)
    return (Call("editMessageMedia", "document"),)
