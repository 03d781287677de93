"""What the bot tells people in private of their own account."""

from botapi.markup_escape import escape_html
from chatops.incoming import SeenChat
from chatops.models import LinkCode, TelegramIdentity
from chatops.replies import tell


def linked_now(code: LinkCode, identity: TelegramIdentity) -> None:
    """The account that was just linked."""
    text = (
        f"This Telegram account is linked to {escape_html(identity.user.email)} from now on: what "
        "you do here is theirs. /unlink ends that."
    )
    _tell(code, identity, text)


def no_longer_linked(code: LinkCode, former: TelegramIdentity) -> None:
    """The one whose place it took."""
    text = (
        f"This Telegram account is not linked to {escape_html(former.user.email)} any more: "
        "another one was linked in its place."
    )
    _tell(code, former, text)


def _tell(code: LinkCode, identity: TelegramIdentity, text: str) -> None:
    seen = SeenChat(identity.telegram_id, "private", identity.name)
    tell(code.bot, seen, code.organization_id, text)
