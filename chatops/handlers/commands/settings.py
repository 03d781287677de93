"""/settings: a person's zone and language, what they are told in private, quiet hours, and which
organization is meant."""

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
from languages.speaking import LANGUAGES, gettext, gettext_noop, pgettext, speaking, spoken

VERB = "cs"
IN_PRIVATE = gettext_noop("Your settings are between us: ask me in private.")
STRANGER = gettext_noop(
    "I do not know you yet, so you have no settings here. /start says how to link yourself."
)
USAGE = gettext_noop("Write zone, language, direct, assigned or quiet: see below.")
ON_OFF = gettext_noop("Write {setting} on, or {setting} off.")
CHANGED = gettext_noop("Changed.")
HOW = (
    "/settings zone Europe/Berlin",
    "/settings language Deutsch",
    "/settings direct off",
    "/settings assigned on",
    "/settings quiet 22:00-07:00",
)


def settings(asked: Asked) -> Handled:
    """Show them, or change one."""
    context = asked.context
    if not context.is_private:
        reply(context, gettext(IN_PRIVATE))
        return Handled("/settings: in private")
    if context.identity is None:
        reply(context, gettext(STRANGER))
        return Handled("/settings: a stranger")
    lead = ""
    if asked.rest:
        try:
            lead = _change(context, context.identity, asked.rest)
        except PreferenceRefused as refusal:
            lead = str(refusal)
    page, buttons = shown(context, context.identity, lead)
    reply(context, page, buttons)
    return Handled("showed settings")


def _change(context: Context, identity: TelegramIdentity, words: str) -> str:
    name, _, value = words.partition(" ")
    match name.lower():
        case "zone" | "timezone":
            zone = preferences.set_zone(identity, value)
            if zone:
                return gettext("Your zone is {zone}.").format(zone=zone)
            return gettext("Your zone is the console's again.")
        case "direct":
            preferences.set_direct_messages(identity, wanted=_switch("direct", value))
        case "assigned":
            preferences.set_tell_assigned(identity, wanted=_switch("assigned", value))
        case "quiet":
            preferences.set_quiet_hours(identity, value)
        case "language" | "lang":
            preferences.set_language(identity, value)
            with speaking(context.language):
                return gettext(CHANGED)
        case _:
            raise PreferenceRefused(gettext(USAGE))
    return gettext(CHANGED)


def _switch(setting: str, value: str) -> bool:
    word = value.strip().lower()
    if word not in ("on", "off"):
        raise PreferenceRefused(gettext(ON_OFF).format(setting=setting))
    return word == "on"


def shown(
    context: Context, identity: TelegramIdentity, lead: str = ""
) -> tuple[str, InlineKeyboard | None]:
    """As they are: HTML and the buttons that change them. In the person's language as it is now,
    which may be another one than when they asked."""
    with speaking(context.language):
        nodes: list[Node] = [text(f"{lead}\n\n")] if lead else []
        nodes += [bold(gettext("Your settings")), text(f"\n{_facts(context, identity)}\n\n")]
        nodes.append(text(gettext("To change them:")))
        for line in HOW:
            nodes += [text("\n"), code(line)]
        return told.html(nodes), keyboard(*_buttons(context, identity))


def _facts(context: Context, identity: TelegramIdentity) -> str:
    quiet = pgettext("quiet hours", "none")
    if identity.quiet_from is not None and identity.quiet_until is not None:
        quiet = f"{identity.quiet_from:%H:%M}–{identity.quiet_until:%H:%M}"
    return gettext(
        "Zone: {zone}\n"
        "Language: {language}\n"
        "Direct messages: {direct}\n"
        "What is assigned to you: {assigned}\n"
        "Quiet hours for them: {quiet}\n"
        "Organization: {organization}"
    ).format(
        zone=identity.timezone or context.zone.key,
        language=LANGUAGES[spoken()],
        direct=_on(identity.direct_messages),
        assigned=_on(_is_told(identity)),
        quiet=quiet,
        organization=_meant(context),
    )


def _buttons(context: Context, identity: TelegramIdentity) -> list[list[CallbackButton]]:
    switches = (
        (
            "direct",
            identity.direct_messages,
            gettext("Direct messages off"),
            gettext("Direct messages on"),
        ),
        (
            "assigned",
            _is_told(identity),
            gettext("What is assigned to me off"),
            gettext("What is assigned to me on"),
        ),
    )
    rows = [
        [_button(off if is_on else on, identity, f"{name}.{'off' if is_on else 'on'}")]
        for name, is_on, off, on in switches
    ]
    others = [(code, name) for code, name in LANGUAGES.items() if code != spoken()]
    rows.append([_button(name, identity, f"lang.{code}") for code, name in others])
    if len(context.memberships) > 1:
        here = context.organization
        rows += [
            [
                _button(
                    gettext("Mean {number}").format(number=number),
                    identity,
                    f"org.{one.organization_id.hex}",
                )
            ]
            for number, one in enumerate(context.memberships, 1)
            if here is None or one.organization_id != here.pk
        ]
        rows.append([_button(gettext("Which is which?"), identity, "orgs")])
    return rows


def _is_told(identity: TelegramIdentity) -> bool:
    return identity.tell_assigned and identity.direct_messages


def _on(is_on: bool) -> str:
    return pgettext("switch", "on") if is_on else pgettext("switch", "off")


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
        return gettext("choose one below")
    if len(own) < 2:
        return told.name_of(here.name)
    numbers = {one.organization_id: number for number, one in enumerate(own, 1)}
    number = str(numbers[here.pk]) if here.pk in numbers else gettext("another")
    return gettext("{number} of {count}").format(number=number, count=len(own))


def _button(label: str, identity: TelegramIdentity, argument: str) -> CallbackButton:
    return CallbackButton(label, callback_data.pack(VERB, identity.pk, argument))
