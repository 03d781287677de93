"""/status and /oncall: how it stands, and who sees to it."""

from collections.abc import Sequence

from django.db.models import Count

from alerts.escalations.next_step import next_step
from alerts.models import AlertGroup
from alerts.rendering.headline import colour
from alerts.rendering.times import Times
from alerts.severity import Severity
from botapi.markup import Node, bold, text
from channels_app.models import NotificationChannel
from chatops.context import Context
from chatops.handled import Handled
from chatops.handlers.commands.asked import Asked
from chatops.replies import reply
from chatops.responding import told
from chatops.responding.reach import channels_here, open_here, sees_all
from chatops.responding.silences_here import silences_here
from languages.speaking import gettext, ngettext, pgettext

CHANNELS_SHOWN = 5
GROUPS_SHOWN = 10
REASON_MAX = 120


def status(asked: Asked) -> Handled:
    """What is open by severity, what is acknowledged and silenced, and channels that do not work:
    of this chat, or in private of the organization."""
    context = asked.context
    reply(context, context.look("status", lambda: _standing(context)))
    return Handled("told how it stands")


def _standing(context: Context) -> str:
    groups = open_here(context)
    free = groups.filter(acknowledged_at=None).count()
    rows = groups.order_by().values_list("severity").annotate(count=Count("pk", distinct=True))
    counts = dict(rows)
    head: list[Node] = [bold(_whose(context))]
    lines: list[list[Node]] = []
    if not counts:
        lines.append([text(gettext("✅ Nothing is open."))])
    else:
        each = [
            f"{colour('firing', severity)} {counts[severity.value]} "
            + pgettext("severity", severity.value)
            for severity in sorted(Severity, key=lambda one: -one.rank)
            if counts.get(severity.value)
        ]
        if unknown := counts.get(""):
            words = ngettext("{count} of unknown severity", "{count} of unknown severity", unknown)
            each.append("❗ " + words.format(count=unknown))
        total = gettext("Open: {count}").format(count=sum(counts.values()))
        lines.append([text(" · ".join((total, *each)))])
        lines.append([text(_how_many_are_free(free))])
    if silences := len(silences_here(context)):
        lines.append([text(gettext("🔕 Silences: {count}").format(count=silences))])
    lines += _channels(_told_of(context))
    return told.lines(head, lines)


def _how_many_are_free(count: int) -> str:
    if not count:
        return gettext("👀 All acknowledged.")
    return ngettext("Nobody is on {count} of them.", "Nobody is on {count} of them.", count).format(
        count=count
    )


def _whose(context: Context) -> str:
    name = told.name_of(context.organization.name if context.organization else "")
    return (
        name
        if sees_all(context)
        else gettext("{organization}, this chat").format(organization=name)
    )


def _told_of(context: Context) -> Sequence[NotificationChannel]:
    if not sees_all(context) or context.organization is None:
        return channels_here(context)
    return list(
        NotificationChannel.objects.for_organization(context.organization).order_by("name", "pk")
    )


def _channels(channels: Sequence[NotificationChannel]) -> list[list[Node]]:
    if not channels:
        return [[text(gettext("No alerts go anywhere yet: there is no channel."))]]
    ill = [one for one in channels if not one.enabled]
    well = len(channels) - len(ill)
    working = gettext("📣 Channels that work: {count} of {all}")
    lines: list[list[Node]] = [[text(working.format(count=well, all=len(channels)))]]
    for one in ill[:CHANNELS_SHOWN]:
        why = told.name_of(one.disabled_reason or pgettext("a channel", "switched off"))[
            :REASON_MAX
        ]
        lines.append([text(f"⚠️ {told.name_of(one.name)}: {why}")])
    if len(ill) > CHANNELS_SHOWN:
        more = len(ill) - CHANNELS_SHOWN
        words = ngettext("⚠️ and {count} more", "⚠️ and {count} more", more)
        lines.append([text(words.format(count=more))])
    return lines


def oncall(asked: Asked) -> Handled:
    """There is no rota here, so this says who is on each open group, whose it is, and who is told
    next unless somebody acknowledges it."""
    context = asked.context
    reply(context, context.look("oncall", lambda: _seers(context)))
    return Handled("told who is on call")


def _seers(context: Context) -> str:
    groups = open_here(context)
    count = groups.count()
    shown = list(groups.select_related("route__escalation")[:GROUPS_SHOWN])
    if not shown:
        words = gettext("✅ Nothing is open, so nobody has to see to anything.")
        return told.html([text(words)])
    times = Times(context.zone, context.now)
    more = ""
    if (rest := count - len(shown)) > 0:
        words = ngettext("and {count} more: /alerts", "and {count} more: /alerts", rest)
        more = words.format(count=rest)
    rows = [_seen_to(group, times) for group in shown]
    return told.lines([bold(gettext("Who sees to what"))], rows, more)


def _seen_to(group: AlertGroup, times: Times) -> list[Node]:
    severity = Severity(group.severity) if group.severity else None
    nodes: list[Node] = [text(f"{colour('firing', severity)} "), bold(told.name_of(group.title))]
    if group.assigned_name:
        nodes.append(text(f" · 👤 {told.name_of(group.assigned_name)}"))
    if group.acknowledged_at is not None:
        nodes.append(text(f" · 👀 {told.name_of(group.acknowledged_by)}"))
        return nodes
    step = next_step(group)
    if step is not None:
        words = gettext("⏫ step {number} at {time}: {name}").format(
            number=step.number, time=times.show(step.at), name=told.name_of(step.to)
        )
        nodes.append(text(f" · {words}"))
    elif not group.assigned_name:
        nobody = pgettext("who sees to an alert", "nobody")
        nodes.append(text(f" · {nobody}"))
    return nodes
