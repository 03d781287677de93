"""Answers to questions: buttons under what a program asked."""

from botapi.callback_data import unpack
from chatops.approvals import changes, showing
from chatops.approvals.rules import ApprovalRefused
from chatops.context import Context
from chatops.handled import Handled, toast
from chatops.models import Approval
from chatops.responding import policy
from chatops.responding.pressing import UNNAMED, actor_of
from languages.speaking import gettext, gettext_noop

Who = Approval.Who
LINK = gettext_noop(
    "Only members may answer this. Link your Telegram account first: /start in private."
)


def handle(context: Context) -> Handled | None:
    """A press of one of its buttons, in the chat that it was asked in."""
    if context.incoming.kind != "callback_query":
        return None
    pressed = unpack(context.incoming.text)
    if pressed is None or pressed.verb != changes.VERB:
        return None
    query_id = context.incoming.query_id
    approval = None
    if context.organization is not None and context.channels:
        rows = Approval.objects.for_organization(context.organization)
        related = ("channel__chat", "channel__organization", "message__stream", "endpoint")
        approval = (
            rows.select_related(*related)
            .filter(pk=pressed.row, channel__in=context.channels)
            .first()
        )
    if approval is None:
        gone = gettext("This question is not there any more.")
        return Handled("no such question", toast(query_id, gone))
    if approval.state != Approval.State.OPEN:
        return Handled("settled already", toast(query_id, _settled(approval), alert=True))
    if problem := _why_not(context, approval):
        return Handled("may not answer", toast(query_id, problem, alert=True))
    number = int(pressed.argument) if pressed.argument.isdecimal() else -1
    try:
        done = changes.answer(actor_of(context), approval, number)
    except ApprovalRefused as refusal:
        return Handled("no such choice", toast(query_id, str(refusal), alert=True))
    if not done:
        approval.refresh_from_db()
        return Handled("settled already", toast(query_id, _settled(approval), alert=True))
    told = gettext("You answered: {answer}").format(
        answer=showing.labels_of(approval.choices)[number]
    )
    return Handled(f"answered {approval.choices[number]['label']}", toast(query_id, told))


def _why_not(context: Context, approval: Approval) -> str:
    lack = policy.lack_of(context, approval.who)
    if lack is None:
        return ""
    if lack is policy.Lack.NAME:
        return gettext(UNNAMED)
    if lack is policy.Lack.LINK:
        return gettext(LINK)
    who = {
        Who.RESPONDER: gettext("Only members who respond may answer this."),
        Who.ADMIN: gettext("Only admins may answer this."),
        Who.OWNER: gettext("Only owners may answer this."),
    }
    return who[Who(approval.who)]


def _settled(approval: Approval) -> str:
    if approval.state == Approval.State.ANSWERED:
        values = [choice["value"] for choice in approval.choices]
        labels = dict(zip(values, showing.labels_of(approval.choices), strict=True))
        label = labels.get(approval.answer, approval.answer)
        words = gettext("{who} answered already: {answer}")
        return words.format(who=approval.answered_by, answer=label)
    if approval.state == Approval.State.CANCELLED:
        return gettext("This question was taken back.")
    return gettext("This question has expired.")
