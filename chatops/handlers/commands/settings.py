"""/settings: a person's zone, what they are told in private, quiet hours, and which organization is
meant."""

from alerts.rendering.words import one_line, shorten_end
from botapi import callback_data
from botapi.keyboards import CallbackButton, InlineKeyboard, keyboard
from botapi.limits import CALLBACK_ANSWER_MAX
from botapi.markup import Node, bold, code, text
from chatops.context import Context
from chatops.handled import Handled
from chatops.handlers.commands.asked import Asked
from chatops.linking import preferences
from chatops.linking.preferences import PreferenceRefused
from chatops.models import TelegramIdentity
from chatops.replies import reply
from chatops.responding import told

VERB = "cs"
IN_PRIVATE = "Your settings are between us: ask me in private."
STRANGER = "I do not know you yet, so you have no settings here. /start says how to link yourself."
USAGE = "Write zone, direct, assigned or quiet: see below."
ON_OFF = "Write {0} on, or {0} off."
ENGLISH = "I speak English alone, so there is no language to choose."
HOW = (
    "/settings zone Europe/Berlin",
    "/settings direct off",
    "/settings assigned on",
    "/settings quiet 22:00-07:00",
)


def settings(asked: Asked) -> Handled:
    """Show them, or change one. A language is not among them: the bot speaks English alone."""
    context = asked.context
    if not context.is_private:
        reply(context, IN_PRIVATE)
        return Handled("/settings: in private")
    if context.identity is None:
        reply(context, STRANGER)
        return Handled("/settings: a stranger")
    lead = ""
    if asked.rest:
        try:
            lead = _change(context.identity, asked.rest)
        except PreferenceRefused as refusal:
            lead = str(refusal)
    page, buttons = shown(context, context.identity, lead)
    reply(context, page, buttons)
    return Handled("showed settings")


def _change(identity: TelegramIdentity, words: str) -> str:
    name, _, value = words.partition(" ")
    match name.lower():
        case "zone" | "timezone":
            zone = preferences.set_zone(identity, value)
            return f"Your zone is {zone}." if zone else "Your zone is the console's again."
        case "direct":
            if value.strip().lower() not in ("on", "off"):
                raise PreferenceRefused(ON_OFF.format("direct"))
            preferences.set_direct_messages(identity, wanted=value.strip().lower() == "on")
            return "Changed."
        case "assigned":
            if value.strip().lower() not in ("on", "off"):
                raise PreferenceRefused(ON_OFF.format("assigned"))
            preferences.set_tell_assigned(identity, wanted=value.strip().lower() == "on")
            return "Changed."
        case "quiet":
            preferences.set_quiet_hours(identity, value)
            return "Changed."
        case "language" | "lang":
            raise PreferenceRefused(ENGLISH)
        case _:
            raise PreferenceRefused(USAGE)


def shown(
    context: Context, identity: TelegramIdentity, lead: str = ""
) -> tuple[str, InlineKeyboard | None]:
    """As they are: HTML and the buttons that change them."""
    here = context.organization
    quiet = "none"
    if identity.quiet_from is not None and identity.quiet_until is not None:
        quiet = f"{identity.quiet_from:%H:%M} to {identity.quiet_until:%H:%M}"
    nodes: list[Node] = [text(f"{lead}\n\n")] if lead else []
    zone = identity.timezone or context.zone.key
    nodes += [
        bold("Your settings"),
        text(f"\nZone: {zone}\nDirect messages: {_on(identity.direct_messages)}"),
        text(f"\nWhat is assigned to you: {_on(_is_told(identity))}"),
        text(f"\nQuiet hours for them: {quiet}\nOrganization: "),
        text(_meant(context)),
        text("\n\nTo change them:"),
    ]
    for line in HOW:
        nodes += [text("\n"), code(line)]
    direct, assigned = _on(not identity.direct_messages), _on(not _is_told(identity))
    rows = [
        [_button(f"Direct messages {direct}", identity, f"direct.{direct}")],
        [_button(f"What is assigned to me {assigned}", identity, f"assigned.{assigned}")],
    ]
    if len(context.memberships) > 1:
        rows += [
            [_button(f"Mean {number}", identity, f"org.{one.organization_id.hex}")]
            for number, one in enumerate(context.memberships, 1)
            if here is None or one.organization_id != here.pk
        ]
        rows.append([_button("Which is which?", identity, "orgs")])
    return told.html(nodes), keyboard(*rows)


def _is_told(identity: TelegramIdentity) -> bool:
    return identity.tell_assigned and identity.direct_messages


def _on(is_on: bool) -> str:
    return "on" if is_on else "off"


def legend(context: Context) -> str:
    """Which organization is which number: for a toast, which no organization's outbox keeps, for
    none of them need know of the others."""
    room = CALLBACK_ANSWER_MAX // max(1, len(context.memberships)) - len("99: \n")
    return "\n".join(
        f"{number}: {shorten_end(one_line(one.organization.name), max(1, room))}"
        for number, one in enumerate(context.memberships, 1)
    )


def _meant(context: Context) -> str:
    here, own = context.organization, context.memberships
    if here is None:
        return "choose one below"
    if len(own) < 2:
        return told.name_of(here.name)
    numbers = {one.organization_id: number for number, one in enumerate(own, 1)}
    return f"{numbers.get(here.pk, 'another')} of {len(own)}"


def _button(label: str, identity: TelegramIdentity, argument: str) -> CallbackButton:
    return CallbackButton(label, callback_data.pack(VERB, identity.pk, argument))
