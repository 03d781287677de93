"""What the bot tells people in private of their own account."""

from botapi.markup_escape import escape_html
from chatops.incoming import SeenChat
from chatops.linking.preferences import language_with
from chatops.models import LinkCode, TelegramIdentity
from chatops.replies import tell
from languages.speaking import gettext, gettext_noop, speaking

LINKED = gettext_noop(
    "This Telegram account is linked to {email} from now on: what you do here is theirs. /unlink "
    "ends that."
)
REPLACED = gettext_noop(
    "This Telegram account is not linked to {email} any more: another one was linked in its place."
)


def linked_now(code: LinkCode, identity: TelegramIdentity) -> None:
    """The account that was just linked."""
    _tell(code, identity, LINKED)


def no_longer_linked(code: LinkCode, former: TelegramIdentity) -> None:
    """The one whose place it took."""
    _tell(code, former, REPLACED)


def _tell(code: LinkCode, identity: TelegramIdentity, text: str) -> None:
    seen = SeenChat(identity.telegram_id, "private", identity.name)
    with speaking(language_with(identity, code.organization)):
        words = gettext(text).format(email=escape_html(identity.user.email))
        tell(code.bot, seen, code.organization_id, words)
