"""REST: what groups look like, and what is asked of them."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema_field,
)
from rest_framework import serializers

from accounts.rest import OrganizationRows
from accounts.rest_serializers import Strict
from alerts import responding
from alerts.api.alerts import AlertSerializer
from alerts.api.fields import LabelsField
from alerts.api.silences import (
    Times,
)
from alerts.fallbacks.recipients import what_it_took
from alerts.group_flaps import flapping_in
from alerts.models import AlertGroup, GroupMember, GroupMessage, TakeOver, TimelineEvent
from alerts.responding import Outcome

ALERTS_SHOWN = 200
TIMELINE_SHOWN = 200


class TimelineSerializer(serializers.ModelSerializer[TimelineEvent]):
    """One line of a group's history."""

    class Meta:
        model = TimelineEvent
        fields = ("at", "kind", "alert", "actor_name", "way", "data")
        read_only_fields = fields


class TakeOverSerializer(serializers.ModelSerializer[TakeOver]):
    """That the channel's fallback took the group over."""

    told = serializers.SerializerMethodField(help_text="In words.")

    class Meta:
        model = TakeOver
        fields = ("undelivered_since", "taken_at", "reason", "told", "end", "ended_at")
        read_only_fields = fields

    def get_told(self, row: TakeOver) -> str:
        """Such as "Undelivered for 5 min; sent by e-mail to …"."""
        return what_it_took(row)


class GroupMessageSerializer(serializers.ModelSerializer[GroupMessage]):
    """The group in one channel."""

    message_id = serializers.IntegerField(
        source="message.message_id", default=None, allow_null=True, read_only=True
    )

    take_overs = TakeOverSerializer(many=True, read_only=True)
    digest_message_id = serializers.IntegerField(
        source="storm.message.message_id",
        default=None,
        allow_null=True,
        read_only=True,
        help_text="Of the digest that tells of the group, while it has no message of its own.",
    )
    muted = serializers.ChoiceField(
        choices=GroupMessage.Muted.choices,
        allow_blank=True,
        read_only=True,
        help_text="Why the channel is told nothing of it just now; empty: it is told.",
    )

    class Meta:
        model = GroupMessage
        fields = (
            "channel",
            "message_id",
            "digest_message_id",
            "due_at",
            "sounded_at",
            "repeat_at",
            "routed",
            "muted",
            "take_overs",
        )
        read_only_fields = fields


class GroupSerializer(serializers.ModelSerializer[AlertGroup]):
    """Alerts of one route and group key shown together."""

    labels = LabelsField(read_only=True)
    alert_count = serializers.IntegerField(read_only=True)
    flapping = serializers.SerializerMethodField(
        help_text="Whether it, or an alert in it, flips too often to ring each time."
    )

    class Meta:
        model = AlertGroup
        fields = (
            "id",
            "route",
            "title",
            "labels",
            "status",
            "severity",
            "is_open",
            "alert_count",
            "flapping",
            "opened_at",
            "changed_at",
            "closed_at",
            "acknowledged_at",
            "acknowledged_by",
            "assigned_name",
        )
        read_only_fields = fields

    def get_flapping(self, group: AlertGroup) -> bool:
        """Now."""
        return bool(flapping_in(group, timezone.now()))


class CommentSerializer(Strict):
    """What to say."""

    text = serializers.CharField(max_length=responding.COMMENT_MAX)


class AssignSerializer(Strict):
    """Whose it is to be."""

    member = serializers.UUIDField(allow_null=True, help_text="A member's ID; null: nobody's.")


class GroupsSerializer(Strict):
    """Which ones."""

    groups = OrganizationRows(AlertGroup, help_text="IDs.")


SEVERAL = OpenApiExample(
    "One", {"groups": ["0190a000-0000-7000-8000-000000000000"]}, request_only=True
)


class SilencingManySerializer(Times):
    """Which ones, and for how long."""

    groups = OrganizationRows(AlertGroup, help_text="IDs.")


class RefusedSerializer(serializers.Serializer[Any]):
    """A group to which it was not done."""

    id = serializers.UUIDField()
    reason = serializers.CharField()


class DoneSerializer(serializers.Serializer[Any]):
    """What was done."""

    done = serializers.ListField(child=serializers.UUIDField())
    refused = RefusedSerializer(many=True)


class SilencedManySerializer(DoneSerializer):
    """And what that made."""

    silences = serializers.ListField(
        child=serializers.UUIDField(), help_text="IDs, one for each group that is done."
    )


def done_json(outcome: Outcome) -> dict[str, Any]:
    """As DoneSerializer says."""
    return {
        "done": [group.pk for group, _ in outcome.done],
        "refused": [{"id": group.pk, "reason": reason} for group, reason in outcome.refused],
    }


class GroupDetailSerializer(GroupSerializer):
    """With its alerts, channels and timeline."""

    alerts = serializers.SerializerMethodField(
        help_text=f"The first {ALERTS_SHOWN}; all of them at /alerts/?group=…"
    )
    messages = GroupMessageSerializer(many=True, read_only=True)
    timeline = serializers.SerializerMethodField(help_text=f"The last {TIMELINE_SHOWN} lines.")

    class Meta(GroupSerializer.Meta):
        fields = (*GroupSerializer.Meta.fields, "alerts", "messages", "timeline")  # type: ignore[assignment]  # more
        read_only_fields = fields  # type: ignore[assignment]  # more

    @extend_schema_field(AlertSerializer(many=True))
    def get_alerts(self, group: AlertGroup) -> Any:
        """The alerts in it."""
        members = GroupMember.objects.for_organization(group.organization_id).filter(group=group)
        shown = members.select_related("alert").order_by("alert_id")[:ALERTS_SHOWN]
        return AlertSerializer([member.alert for member in shown], many=True).data

    @extend_schema_field(TimelineSerializer(many=True))
    def get_timeline(self, group: AlertGroup) -> Any:
        """Its history, oldest first."""
        events = TimelineEvent.objects.for_organization(group.organization_id).filter(group=group)
        last = events.order_by("-id")[:TIMELINE_SHOWN]
        return TimelineSerializer(list(last)[::-1], many=True).data
