"""Answers to questions: buttons under what a program asked."""

from accounts.models import Role
from accounts.permissions import RANK
from botapi.callback_data import unpack
from chatops.approvals import changes
from chatops.approvals.rules import ApprovalRefused
from chatops.context import Context
from chatops.handled import Handled, toast
from chatops.models import Approval
from chatops.responding.pressing import actor_of

Who = Approval.Who


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
        return Handled("no such question", toast(query_id, "This question is not there any more."))
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
    label = approval.choices[number]["label"]
    return Handled(f"answered {label}", toast(query_id, f"You answered: {label}"))


def _why_not(context: Context, approval: Approval) -> str:
    if approval.who == Who.ANYONE:
        return ""
    role = context.membership.role if context.membership else ""
    if role and RANK[Role(role)] >= RANK[Role(approval.who)]:
        return ""
    if context.user is None:
        return "Only members may answer this. Link your Telegram account first: /start in private."
    return f"Only {Who(approval.who).label.lower()} may answer this."


def _settled(approval: Approval) -> str:
    if approval.state == Approval.State.ANSWERED:
        labels = {choice["value"]: choice["label"] for choice in approval.choices}
        label = labels.get(approval.answer, approval.answer)
        return f"{approval.answered_by} answered already: {label}"
    if approval.state == Approval.State.CANCELLED:
        return "This question was taken back."
    return "This question has expired."
