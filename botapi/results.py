"""The Bot API's answers as far as they are read here, and the reading of them.

Unknown fields are ignored and optional ones may be missing. A field that is read must have its
documented type, or UnexpectedResult names it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botapi.errors import UnexpectedResult


@dataclass(frozen=True)
class User:
    """Bot API User; the last six fields come with getMe only."""

    id: int
    is_bot: bool
    first_name: str
    last_name: str = ""
    username: str = ""
    language_code: str = ""
    can_join_groups: bool = False
    can_read_all_group_messages: bool = False
    supports_inline_queries: bool = False
    has_main_web_app: bool = False
    has_topics_enabled: bool = False
    can_connect_to_business: bool = False


@dataclass(frozen=True)
class Chat:
    """Bot API Chat: `type` is private, group, supergroup or channel."""

    id: int
    type: str
    title: str = ""
    username: str = ""
    first_name: str = ""
    last_name: str = ""
    is_forum: bool = False


@dataclass(frozen=True)
class Permissions:
    """What somebody may send and do, from Bot API ChatPermissions, ChatMemberRestricted and
    ChatMemberAdministrator. None means that the answer does not say.
    """

    can_send_messages: bool | None = None
    can_send_photos: bool | None = None
    can_send_documents: bool | None = None
    can_send_other_messages: bool | None = None
    can_add_web_page_previews: bool | None = None
    can_post_messages: bool | None = None
    can_edit_messages: bool | None = None
    can_delete_messages: bool | None = None
    can_pin_messages: bool | None = None
    can_manage_topics: bool | None = None
    can_manage_chat: bool | None = None


@dataclass(frozen=True)
class ChatFullInfo(Chat):
    """Bot API ChatFullInfo. `permissions` are the default ones of a group's members."""

    description: str = ""
    permissions: Permissions | None = None
    linked_chat_id: int | None = None
    slow_mode_delay: int = 0
    has_protected_content: bool = False


@dataclass(frozen=True)
class ChatMember:
    """Bot API ChatMember.

    `status` is creator, administrator, member, restricted, left or kicked.
    """

    status: str
    user: User
    rights: Permissions
    is_member: bool
    until_date: int = 0


@dataclass(frozen=True)
class Message:
    """Bot API Message. `file_id` is that of its document or of its greatest photo."""

    message_id: int
    date: int
    chat: Chat
    message_thread_id: int | None = None
    is_topic_message: bool = False
    file_id: str = ""


@dataclass(frozen=True)
class WebhookInfo:
    """Bot API WebhookInfo; `url` is empty without a webhook, times are Unix seconds, 0 for never.

    `allowed_updates` is None where it is the default set.
    """

    url: str
    pending_update_count: int
    ip_address: str = ""
    last_error_date: int = 0
    last_error_message: str = ""
    last_synchronization_error_date: int = 0
    max_connections: int = 0
    allowed_updates: tuple[str, ...] | None = None


class _Fields:
    """One object of an answer, read field by field."""

    def __init__(self, method: str, value: object, place: str = "") -> None:
        if not isinstance(value, Mapping):
            raise UnexpectedResult(method, place.removesuffix(".") or "value", "an object")
        self._method = method
        self._value = value
        self._place = place

    def _fail(self, name: str, expected: str) -> UnexpectedResult:
        return UnexpectedResult(self._method, f"{self._place}{name}", expected)

    def integer(self, name: str) -> int:
        value = self.maybe_integer(name)
        if value is None:
            raise self._fail(name, "an integer")
        return value

    def maybe_integer(self, name: str) -> int | None:
        value = self._value.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._fail(name, "an integer")
        return value

    def text(self, name: str, default: str | None = None) -> str:
        value = self._value.get(name, default)
        if not isinstance(value, str):
            raise self._fail(name, "a string")
        return value

    def flag(self, name: str) -> bool:
        return self.maybe_flag(name) or False

    def maybe_flag(self, name: str) -> bool | None:
        value = self._value.get(name)
        if value is not None and not isinstance(value, bool):
            raise self._fail(name, "true or false")
        return value

    def maybe_texts(self, name: str) -> tuple[str, ...] | None:
        value = self._value.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self._fail(name, "a list of strings")
        return tuple(value)

    def has(self, name: str) -> bool:
        return self._value.get(name) is not None

    def object(self, name: str) -> "_Fields":
        return _Fields(self._method, self._value.get(name), f"{self._place}{name}.")

    def last_object(self, name: str) -> "_Fields":
        value = self._value.get(name)
        if not isinstance(value, list) or not value:
            raise self._fail(name, "a list of objects")
        return _Fields(self._method, value[-1], f"{self._place}{name}[{len(value) - 1}].")


def read_user(value: object, method: str = "getMe") -> User:
    """Read a User. Raises UnexpectedResult."""
    return _user(_Fields(method, value))


def read_chat_full_info(value: object, method: str = "getChat") -> ChatFullInfo:
    """Read a ChatFullInfo. Raises UnexpectedResult."""
    fields = _Fields(method, value)
    return ChatFullInfo(
        **vars(_chat(fields)),
        description=fields.text("description", ""),
        permissions=_permissions(fields.object("permissions"))
        if fields.has("permissions")
        else None,
        linked_chat_id=fields.maybe_integer("linked_chat_id"),
        slow_mode_delay=fields.maybe_integer("slow_mode_delay") or 0,
        has_protected_content=fields.flag("has_protected_content"),
    )


def read_chat_member(value: object, method: str = "getChatMember") -> ChatMember:
    """Read a ChatMember of any status. Raises UnexpectedResult."""
    fields = _Fields(method, value)
    status = fields.text("status")
    there = fields.flag("is_member") if status == "restricted" else status not in {"left", "kicked"}
    return ChatMember(
        status=status,
        user=_user(fields.object("user")),
        rights=_permissions(fields),
        is_member=there,
        until_date=fields.maybe_integer("until_date") or 0,
    )


def read_message(value: object, method: str = "sendMessage") -> Message:
    """Read a Message. Raises UnexpectedResult."""
    fields = _Fields(method, value)
    return Message(
        message_id=fields.integer("message_id"),
        date=fields.integer("date"),
        chat=_chat(fields.object("chat")),
        message_thread_id=fields.maybe_integer("message_thread_id"),
        is_topic_message=fields.flag("is_topic_message"),
        file_id=_file_id(fields),
    )


def read_true(value: object, method: str) -> bool:
    """Read the `true` of methods that return nothing else. Raises UnexpectedResult."""
    if value is not True:
        raise UnexpectedResult(method, "value", "true")
    return True


def read_updates(value: object, method: str = "getUpdates") -> list[Any]:
    """Read a list of Update, each as it came: chatops/incoming.py reads them one by one, so that
    one of a shape that nobody knows keeps none of the others away. Raises UnexpectedResult."""
    if not isinstance(value, list):
        raise UnexpectedResult(method, "value", "a list")
    return value


def read_webhook_info(value: object, method: str = "getWebhookInfo") -> WebhookInfo:
    """Read a WebhookInfo. Raises UnexpectedResult."""
    fields = _Fields(method, value)
    return WebhookInfo(
        url=fields.text("url"),
        pending_update_count=fields.integer("pending_update_count"),
        ip_address=fields.text("ip_address", ""),
        last_error_date=fields.maybe_integer("last_error_date") or 0,
        last_error_message=fields.text("last_error_message", ""),
        last_synchronization_error_date=fields.maybe_integer("last_synchronization_error_date")
        or 0,
        max_connections=fields.maybe_integer("max_connections") or 0,
        allowed_updates=fields.maybe_texts("allowed_updates"),
    )


def _user(fields: _Fields) -> User:
    return User(
        id=fields.integer("id"),
        is_bot=fields.flag("is_bot"),
        first_name=fields.text("first_name", ""),
        last_name=fields.text("last_name", ""),
        username=fields.text("username", ""),
        language_code=fields.text("language_code", ""),
        can_join_groups=fields.flag("can_join_groups"),
        can_read_all_group_messages=fields.flag("can_read_all_group_messages"),
        supports_inline_queries=fields.flag("supports_inline_queries"),
        has_main_web_app=fields.flag("has_main_web_app"),
        has_topics_enabled=fields.flag("has_topics_enabled"),
        can_connect_to_business=fields.flag("can_connect_to_business"),
    )


def _chat(fields: _Fields) -> Chat:
    return Chat(
        id=fields.integer("id"),
        type=fields.text("type"),
        title=fields.text("title", ""),
        username=fields.text("username", ""),
        first_name=fields.text("first_name", ""),
        last_name=fields.text("last_name", ""),
        is_forum=fields.flag("is_forum"),
    )


def _permissions(fields: _Fields) -> Permissions:
    names = Permissions.__dataclass_fields__
    return Permissions(**{name: fields.maybe_flag(name) for name in names})


def _file_id(fields: _Fields) -> str:
    if fields.has("document"):
        return fields.object("document").text("file_id", "")
    if fields.has("photo"):
        return fields.last_object("photo").text("file_id", "")
    return ""
