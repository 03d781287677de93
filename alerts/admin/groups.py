"""Console pages of alert groups."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from accounts.console import ConsoleModelAdmin
from accounts.console_buttons import Button
from accounts.console_cells import label_chips, lasted, time_column
from accounts.console_requests import actor_of, can, organization_of
from accounts.console_site import confirm, site
from accounts.models import Membership, User
from accounts.permissions import Capability
from alerts import responding
from alerts.admin.group_actions import (
    acknowledge_many,
    assign_many,
    counted,
    members_of,
    resolve_many,
    silence_many,
    what_ends,
)
from alerts.admin.group_filters import AcknowledgedFilter, AssignedFilter, SilencedFilter
from alerts.admin.group_standing import mutings_of, shown_standing, what_is_done
from alerts.fallbacks.recipients import what_it_took, with_call
from alerts.group_flaps import flapping_in
from alerts.group_titles import entitle
from alerts.models import (
    Alert,
    AlertGroup,
    GroupMember,
    GroupMessage,
    Status,
    Storm,
    TimelineEvent,
)
from alerts.timeline import told
from deliveries.admin.outbox import Story
from deliveries.models import Delivery

SHOWN = 200
"""Rows of a page's tables; more are counted."""
STATUS_TONES = {Status.FIRING: "danger", Status.RESOLVED: "success", Status.EVENT: "info"}
SEVERITY_TONES = {"critical": "danger", "high": "danger", "warning": "warning", "info": "info"}


def badge(tone: str, word: str) -> SafeString:
    """A word in its colour."""
    return format_html('<span class="tocsin-state tocsin-state-{}">{}</span>', tone, word)


@admin.display(description="Status", ordering="status")
def status(row: Any) -> SafeString:
    """Firing, resolved or an event."""
    return badge(STATUS_TONES[Status(row.status)], row.get_status_display())


@admin.display(description="Severity", ordering="severity")
def severity(row: Any) -> SafeString:
    """How bad."""
    return badge(SEVERITY_TONES.get(row.severity, "quiet"), row.get_severity_display())


def acknowledge(request: HttpRequest, group: AlertGroup) -> HttpResponse | None:
    """The button Acknowledge."""
    responding.acknowledge(actor_of(request), group)
    return None


def unacknowledge(request: HttpRequest, group: AlertGroup) -> HttpResponse | None:
    """The button that takes it back."""
    responding.unacknowledge(actor_of(request), group)
    return None


def silence(request: HttpRequest, row: AlertGroup | Alert) -> HttpResponse:
    """The button Silence…: to the form, which is filled in for this group or alert."""
    name = "group" if isinstance(row, AlertGroup) else "alert"
    return redirect(f"{reverse(f'{site.name}:alerts_silence_add')}?{name}={row.pk}")


def assign_to_me(request: HttpRequest, group: AlertGroup) -> HttpResponse | None:
    """The button Assign to me."""
    responding.assign(actor_of(request), group, cast("User", request.user))
    return None


def resolve(request: HttpRequest, group: AlertGroup) -> HttpResponse:
    """The button Resolve…: to the page that says how many alerts end."""
    return redirect(f"{site.name}:alerts_alertgroup_resolve", group.pk)


def fires(group: AlertGroup) -> bool:
    """Whether there is something to resolve."""
    return group.is_open and group.status == Status.FIRING


SILENCE = Button("silence", "Silence…", silence, needs=Capability.RESPOND)


@admin.register(AlertGroup, site=site)
class GroupPage(ConsoleModelAdmin):
    """Alerts shown together."""

    buttons: ClassVar[tuple[Button, ...]] = (
        Button(
            "acknowledge",
            "Acknowledge",
            acknowledge,
            needs=Capability.RESPOND,
            offered=lambda group: group.is_open and group.acknowledged_at is None,
            in_list=True,
            primary=True,
        ),
        Button(
            "unacknowledge",
            "Take the acknowledgement back",
            unacknowledge,
            needs=Capability.RESPOND,
            offered=lambda group: group.acknowledged_at is not None,
        ),
        Button(
            "mine",
            "Assign to me",
            assign_to_me,
            needs=Capability.RESPOND,
            offered=lambda group: group.is_open and not group.assigned_name,
            in_list=True,
        ),
        SILENCE,
        Button("resolve", "Resolve…", resolve, needs=Capability.RESPOND, offered=fires),
    )
    actions = (acknowledge_many, assign_many, silence_many, resolve_many)
    can_add = can_change = can_delete = False
    change_form_template = "alerts/group.html"
    fieldsets = ((None, {"fields": ()}),)
    list_display = (
        "title",
        "state",
        severity,
        time_column("opened_at", "Opened"),
        "count",
        "shown_in",
    )
    list_filter = (
        *("status", "severity", AcknowledgedFilter, AssignedFilter, SilencedFilter),
        *("is_open", "route"),
    )
    search_fields = ("title",)
    list_select_related = ("route",)
    empty_text = "No alert has come in yet. Add an integration and paste its URL into a sender."
    empty_link = ("Open integrations", "alerts_integration_changelist")

    def decorate(self, request: HttpRequest, rows: list[Any]) -> None:
        """Name, alerts and channels of each group, and what keeps it quiet."""
        organization = organization_of(request)
        entitle(organization, rows)
        mutings = mutings_of(organization, rows)
        members = GroupMember.objects.for_organization(organization).filter(group__in=rows)
        counts = dict(members.values_list("group").annotate(Count("pk")).order_by())
        sent = GroupMessage.objects.for_organization(organization).filter(group__in=rows)
        names: dict[Any, list[str]] = {}
        for group_id, name in sent.values_list("group_id", "channel__name").order_by(
            "channel__name"
        ):
            names.setdefault(group_id, []).append(name)
        for row in rows:
            row.member_count = counts.get(row.pk, 0)
            row.channel_names = names.get(row.pk, [])
            row.muting = mutings.get(row.pk)

    @admin.display(description="Status", ordering="status")
    def state(self, group: AlertGroup) -> SafeString:
        """Firing or over, and what people did about it."""
        done = what_is_done(group, cast("Any", group).muting)
        lines = format_html_join("", '<div class="tocsin-quiet">{}</div>', ([one] for one in done))
        return format_html('<div class="tocsin-standing">{}{}</div>', status(group), lines)

    def has_respond_permission(self, request: HttpRequest) -> bool:
        """For the list's actions."""
        return can(request, Capability.RESPOND)

    @admin.display(description="Alerts")
    def count(self, group: AlertGroup) -> int:
        """How many."""
        return int(cast("Any", group).member_count)

    @admin.display(description="Channels")
    def shown_in(self, group: AlertGroup) -> SafeString:
        """Where it is shown."""
        names = ", ".join(cast("Any", group).channel_names)
        return format_html("{}", names) if names else badge("warning", "nowhere")

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Its alerts, where it is shown, and what happened."""
        group = cast("AlertGroup", row)
        organization = organization_of(request)
        entitle(organization, [group])
        members = (
            GroupMember.objects.for_organization(organization)
            .filter(group=group)
            .select_related("alert__integration")
            .order_by("alert__status", "-joined_at")
        )
        sent = list(
            GroupMessage.objects.for_organization(organization)
            .filter(group=group)
            .select_related("channel__chat", "message")
            .prefetch_related(with_call())
        )
        last = latest_deliveries(organization.pk, [message.stream_id for message in sent])
        shown = [member.alert for member in members[:SHOWN]]
        timeline = TimelineEvent.objects.for_organization(organization).filter(group=group)
        return {
            "subtitle": group.title,
            "group": group,
            "status_badge": status(group),
            "severity_badge": severity(group),
            "flapping_badge": badge("warning", "Flapping")
            if flapping_in(group, timezone.now())
            else "",
            "labels": label_chips(group.labels),
            "lasted": lasted(group.opened_at, group.closed_at),
            "members": [
                (alert, own, status(alert), severity(alert))
                for alert, own in zip(shown, own_labels(shown), strict=True)
            ],
            "member_count": members.count(),
            "sent": [
                (
                    message,
                    *standing(message, last.get(message.stream_id, [])),
                    [what_it_took(one) for one in message.take_overs.all()],
                )
                for message in sent
            ],
            "timeline": [(event, *told(event)) for event in timeline.order_by("-id")[:SHOWN]],
            **shown_standing(group, mutings_of(organization, [group]).get(group.pk)),
            **self._for_responders(request, group),
        }

    def _for_responders(self, request: HttpRequest, group: AlertGroup) -> dict[str, Any]:
        """What the page's own forms need."""
        may_respond = can(request, Capability.RESPOND)
        shown: dict[str, Any] = {"may_respond": may_respond}
        if may_respond and group.is_open:
            shown["people"] = members_of(request)
            rows = Membership.objects.for_organization(organization_of(request))
            owner = rows.filter(user=group.assigned_to_id).first() if group.assigned_to_id else None
            shown["owner_id"] = str(owner.pk) if owner else ""
        return shown

    def more_urls(self) -> list[URLPattern]:
        """The page's own forms, and the question before a group is resolved."""
        views = {
            "comment": require_POST(self.comment),
            "assign": require_POST(self.assign),
            "resolve": self.resolve,
        }
        return [
            path(
                f"<str:object_id>/{name}/",
                self.admin_site.admin_view(partial(self._of_responders, view)),
                name=f"alerts_alertgroup_{name}",
            )
            for name, view in views.items()
        ]

    def _of_responders(
        self, view: Callable[..., HttpResponse], request: HttpRequest, object_id: str
    ) -> HttpResponse:
        """403 without the capability, 404 for a foreign group. Refusals are told on its page."""
        group = self.row_or_404(request, object_id)
        if not can(request, Capability.RESPOND):
            raise PermissionDenied
        try:
            return view(request, group)
        except responding.ResponseRefused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return redirect(self.url_of(group))

    def assign(self, request: HttpRequest, group: AlertGroup) -> HttpResponse:
        """Somebody's, or nobody's. Raises ResponseRefused."""
        chosen = request.POST.get("member", "")
        if chosen and chosen not in dict(members_of(request)):
            raise responding.ResponseRefused("Choose a member of the organization.", "member")
        rows = Membership.objects.for_organization(organization_of(request))
        member = rows.select_related("user").get(pk=chosen) if chosen else None
        responding.assign(actor_of(request), group, member.user if member else None)
        return redirect(self.url_of(group))

    def resolve(self, request: HttpRequest, group: AlertGroup) -> HttpResponse:
        """Asks first, with how many alerts end. Raises ResponseRefused."""
        entitle(organization_of(request), [group])
        detail, back = what_ends(request, [group]), self.url_of(group)
        question = f"Resolve {group.title}?"
        if detail and (asked := confirm(request, question, "Resolve", back, detail)):
            return asked
        ended = responding.resolve(actor_of(request), group)
        self.message_user(request, f"{counted(ended, 'alert')} ended.", messages.SUCCESS)
        return redirect(back)

    def comment(self, request: HttpRequest, group: AlertGroup) -> HttpResponse:
        """Somebody said something. Raises ResponseRefused."""
        responding.comment(actor_of(request), group, request.POST.get("text", ""))
        return redirect(f"{self.url_of(group)}#timeline")


def own_labels(alerts: Sequence[Alert]) -> list[SafeString]:
    """Of each alert the labels that not all of them have alike: "" for one alone."""
    shared = set.intersection(*(set(alert.labels.items()) for alert in alerts)) if alerts else set()
    own = [
        dict(set(alert.labels.items()) - shared - {("alertname", alert.name)}) for alert in alerts
    ]
    return [label_chips(labels) if labels else SafeString("") for labels in own]


def standing(message: GroupMessage, calls: list[Delivery]) -> tuple[SafeString, list[Delivery]]:
    """How a channel stands to its group, in words; and the calls."""
    states = {call.state for call in calls}
    if not message.channel.enabled or message.parked_at is not None:
        words = badge("warning", "waits: the channel is disabled")
    elif message.storm_id is not None and message.message_id is None:
        url = reverse(f"{site.name}:alerts_storm_change", args=[message.storm_id])
        words = format_html('{} <a href="{}">the digest</a>', badge("success", "told in"), url)
    elif message.muted:
        words = badge("quiet", f"kept quiet: {message.get_muted_display().lower()}")
    elif message.owed_at is not None:
        words = badge("info", "behind: the chat is told of more than it may be")
    elif message.due_at is not None or states & {"waiting", "in_flight"}:
        words = badge("info", "on its way")
    elif calls and calls[0].state == "dead":
        words = badge("danger", "undeliverable")
    else:
        words = badge("success", "up to date")
    return words, calls


def latest_deliveries(organization_id: Any, streams: list[Any]) -> dict[Any, list[Delivery]]:
    """The last five calls of each stream, newest first, in one query."""
    found: dict[Any, list[Delivery]] = {}
    rows = (
        Delivery.objects.for_organization(organization_id)
        .filter(stream__in=streams)
        .order_by("-sequence")[:SHOWN]
    )
    for delivery in rows:
        calls = found.setdefault(delivery.stream_id, [])
        if len(calls) < 5:
            calls.append(delivery)
    return found


def group_of(delivery: Delivery) -> Story | None:
    """The group that a call tells of; its stream is the group's in one channel."""
    shown = GroupMessage.objects.for_organization(delivery.organization_id)
    message = shown.filter(stream=delivery.stream_id).select_related("group").first()
    if message is None:
        return _storm_of(delivery)
    entitle(delivery.organization_id, [message.group])
    url = reverse(f"{site.name}:alerts_alertgroup_change", args=[message.group_id])
    return Story("Group", message.group.title, url)


def _storm_of(delivery: Delivery) -> Story | None:
    storms = Storm.objects.for_organization(delivery.organization_id)
    storm = storms.filter(stream=delivery.stream_id).first()
    if storm is None:
        return None
    url = reverse(f"{site.name}:alerts_storm_change", args=[storm.pk])
    return Story("Storm", str(storm), url)
