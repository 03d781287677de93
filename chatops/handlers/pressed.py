"""Buttons below the answers to commands. Each press is judged anew: who presses, and what the row
behind the button is to them. Buttons of others are left to the next handler."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from accounts.models import Organization
from alerts.models import Silence
from alerts.muting.silences import Wanted, create_silence, expire_silence
from alerts.muting.silencing import SilenceRefused
from botapi import callback_data
from botapi.callback_data import Pressed
from botapi.markup import code, filled, text
from chatops.context import Context
from chatops.conversations import state
from chatops.conversations.engine import pressed as question_pressed
from chatops.conversations.registry import DIALOGUES
from chatops.handled import Handled, toast
from chatops.handlers.commands import settings, silencing
from chatops.linking import preferences
from chatops.models import Conversation, Listing
from chatops.replies import put
from chatops.responding import acting, lists, pages, policy, told
from chatops.responding.acting import Done
from chatops.responding.pressing import actor_of
from chatops.responding.reach import group_of
from chatops.responding.silence_words import moment
from chatops.responding.silences_here import silences_here
from chatops.responding.wanted_groups import NotUnderstood
from languages.speaking import gettext, gettext_noop, speaking

GONE = gettext_noop("That is not there any more.")
OLD_LIST = gettext_noop("This list is too old. Ask for a new one.")
NOT_YOURS = gettext_noop("These are somebody else's settings.")
CANNOT_UNDO = gettext_noop("That cannot be taken back any more.")


def handle(context: Context) -> Handled | None:
    """None for buttons of others."""
    if context.incoming.kind != "callback_query":
        return None
    pressed = callback_data.unpack(context.incoming.text)
    press = VERBS.get(pressed.verb) if pressed else None
    return press(context, pressed) if press and pressed else None


def _turn(context: Context, pressed: Pressed) -> Handled:
    listing = _listing(context, pressed.row)
    if listing is None or not policy.may_read(context):
        return _no(context, gettext(OLD_LIST))
    number = int(pressed.argument) if pressed.argument.isdecimal() else 1
    try:
        shown = context.look("page", lambda: lists.show(context, listing, min(number, 10_000)))
    except NotUnderstood as why:
        return _no(context, str(why))
    put(context, shown.text, shown.keyboard)
    return Handled(f"turned a page of {listing.kind}", toast(context.incoming.query_id))


def _listing(context: Context, pk: UUID) -> Listing | None:
    if context.organization is None or context.chat is None:
        return None
    rows = Listing.objects.for_organization(context.organization)
    return rows.filter(pk=pk, chat=context.chat).first()


def _choose(context: Context, pressed: Pressed) -> Handled:
    action = acting.ACTIONS.get(pressed.argument)
    if not policy.may_act(context):
        return _no(context, policy.why_not(context))
    group = group_of(context, pressed.row)
    if action is None or group is None:
        return _no(context, gettext(GONE))
    return _done(context, action(context, group))


def _end(context: Context, pressed: Pressed) -> Handled:
    if not policy.is_member(context):
        return _no(context, policy.why_not(context))
    silence = next((one for one in silences_here(context) if one.pk == pressed.row), None)
    if silence is None:
        return _no(context, gettext(GONE))
    return _done(context, silencing.end(context, silence))


def _undo(context: Context, pressed: Pressed) -> Handled:
    if not policy.may_act(context) or context.organization is None:
        return _no(context, policy.why_not(context))
    what, _, more = pressed.argument.partition(".")
    done: Done | None = None
    if what in ("ack", "unack"):
        group = group_of(context, pressed.row)
        if group is not None:
            done = (
                acting.take_back(context, group, more)
                if what == "ack"
                else acting.ack(context, group)
            )
    elif what == "silence":
        done = _unsilence(context, pressed.row, context.organization)
    elif what == "unsilence" and more.isdecimal():
        done = _silence_again(context, pressed.row, int(more), context.organization)
    return _no(context, gettext(CANNOT_UNDO)) if done is None else _done(context, done)


def _stored(pk: UUID, organization: Organization) -> Silence | None:
    return Silence.objects.for_organization(organization).filter(pk=pk).first()


def _is_own(context: Context, silence: Silence) -> bool:
    """Whether somebody who is no member made it: by the name that Telegram shows."""
    return silence.created_by_id is None and silence.author == actor_of(context).name


def _unsilence(context: Context, pk: UUID, organization: Organization) -> Done | None:
    silence = _stored(pk, organization)
    if silence is None or not (policy.is_member(context) or _is_own(context, silence)):
        return None
    if not expire_silence(actor_of(context), silence):
        return None
    matchers = code(told.matchers_text(silence.matchers))
    line = filled(gettext("Not silenced: {matchers}"), matchers=matchers)
    return Done("took back a silence", told.html([text("↩️ "), *line]))


def _silence_again(
    context: Context, pk: UUID, until: int, organization: Organization
) -> Done | None:
    silence = _stored(pk, organization)
    if silence is None or silence.ends_at > context.now or not policy.is_member(context):
        return None
    wanted = Wanted(
        silence.matchers,
        context.now,
        datetime.fromtimestamp(min(until, 2**33), UTC),
        silence.comment,
        integration=silence.integration,
    )
    try:
        again = create_silence(actor_of(context), organization, wanted)
    except SilenceRefused:
        return None
    end = moment(again.ends_at, context.zone, context.now)
    matchers = code(told.matchers_text(again.matchers))
    line = filled(gettext("Silenced again: {matchers} until {end}."), matchers=matchers, end=end)
    return Done("silenced again", told.html([text("🔕 "), *line]))


def _answer(context: Context, pressed: Pressed) -> Handled:
    row = None
    if context.chat is not None:
        row = (
            Conversation.objects.filter(pk=pressed.row, chat=context.chat)
            .select_for_update(of=("self",))
            .select_related("prompt")
            .first()
        )
    dialogue = DIALOGUES.get(row.kind) if row else None
    return question_pressed(context, row, dialogue, pressed.argument)


def _settings(context: Context, pressed: Pressed) -> Handled:
    identity = context.identity
    if identity is None or identity.pk != pressed.row or not context.is_private:
        return _no(context, gettext(NOT_YOURS))
    what, _, value = pressed.argument.partition(".")
    if what == "direct":
        preferences.set_direct_messages(identity, wanted=value == "on")
    elif what == "assigned":
        preferences.set_tell_assigned(identity, wanted=value == "on")
    elif what == "lang":
        preferences.set_language(identity, value)
    elif what == "orgs":
        return Handled(
            "told which organization is which",
            toast(context.incoming.query_id, settings.legend(context), alert=True),
        )
    elif what == "org":
        own = [one for one in context.memberships if one.organization_id.hex == value]
        if not own:
            return _no(context, gettext(GONE))
        preferences.choose_organization(identity, own[0].organization)
        put(context, told.html([text(gettext("You chose an organization."))]), None)
        words = gettext("I mean {organization} from now on.").format(
            organization=told.name_of(own[0].organization.name)
        )
        return Handled("chose an organization", toast(context.incoming.query_id, words))
    page, buttons = settings.shown(context, identity)
    put(context, page, buttons)
    with speaking(context.language):
        changed = toast(context.incoming.query_id, gettext(settings.CHANGED))
    return Handled("changed settings", changed)


def _done(context: Context, done: Done) -> Handled:
    """What came of it stands in the place of the button."""
    put(context, done.text, done.keyboard)
    return Handled(done.outcome, toast(context.incoming.query_id))


def _no(context: Context, why: str) -> Handled:
    return Handled("a press that was refused", toast(context.incoming.query_id, why, alert=True))


VERBS: dict[str, Callable[[Context, Pressed], Handled]] = {
    pages.VERB: _turn,
    acting.CHOOSE: _choose,
    acting.UNDO: _undo,
    silencing.END: _end,
    state.VERB: _answer,
    settings.VERB: _settings,
}
