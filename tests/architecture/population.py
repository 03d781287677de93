"""One row of every tenant-owned model, each with a mark that must not be seen elsewhere."""

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db.models import Model
from django.utils import timezone

from accounts.api_keys import create_key
from accounts.audit import COMMAND_LINE
from accounts.models import (
    AuditEntry,
    IdempotencyRecord,
    Organization,
    Role,
)
from alerts.integrations import create_integration
from alerts.models import (
    Alert,
    AlertGroup,
    Episode,
    GroupMember,
    GroupMessage,
    TimelineEvent,
    Trace,
)
from alerts.routes import create_route
from channels_app.bots import lend_bot
from deliveries.files import store
from deliveries.models import (
    Delivery,
    DeliveryAttempt,
    Probe,
    SentMessage,
    Stream,
)
from tests.factories import make_bot, make_channel, make_membership, make_organization

SHARED: dict[str, str] = {
    "accounts.Organization": "the tenant itself",
    "accounts.User": "a person may be in several organizations",
    "accounts.AuditEntry": "owned, but entries of the installation have no organization",
    "alerts.Trace": "owned, but a POST with an unknown key has no organization",
    "alerts.SweepMark": "one row for the whole installation: when it was last up",
    "deliveries.Lane": "one row a bot, seen through the bot alone",
    "deliveries.ChatClock": "one row a chat, seen through the chat alone",
}
"""First-party models that are not OrganizationOwned, and why. A new one fails the build."""

Rows = dict[type[Model], Model]


def first_party_models() -> list[type[Model]]:
    """Every concrete model of ours; through tables of many-to-many fields are not."""
    packages = ("accounts", "channels_app", "deliveries", "alerts", "chatops", "miniapp")
    return [model for model in apps.get_models() if model._meta.app_label in packages]


def populate(mark: str) -> tuple[Organization, Rows]:
    """An organization called `mark` with one row of everything."""
    now = timezone.now()
    organization = make_organization(name=mark, slug=mark.lower())
    member = make_membership(organization=organization, user__email=f"{mark.lower()}@example.org")
    bot = make_bot(organization, name=f"{mark} bot")
    channel = make_channel(bot, name=f"{mark} channel")
    integration, _ = create_integration(COMMAND_LINE, organization, f"{mark} integration")
    route = create_route(
        COMMAND_LINE, organization, f"{mark} route", channels=[channel], integrations=[integration]
    )
    owned: dict[str, Any] = {"organization": organization}
    stream = Stream.objects.create(**owned, chat=channel.chat)
    sent = SentMessage.objects.create(**owned, chat=channel.chat, stream=stream)
    delivery = Delivery.objects.create(
        **owned,
        bot=bot,
        chat=channel.chat,
        channel=channel,
        stream=stream,
        sequence=1,
        purpose=Delivery.Purpose.MESSAGE,
        state=Delivery.State.DEAD,
        method="sendMessage",
        params={"v": 1, "text": mark},
        description=mark,
        target=sent,
        due_at=now,
        not_before=now,
        turn_at=now,
    )
    attempt = DeliveryAttempt.objects.create(
        **owned,
        delivery=delivery,
        bot=bot,
        chat=channel.chat,
        number=1,
        fence=1,
        method="sendMessage",
        started_at=now,
        deadline=now,
        description=mark,
    )
    trace = Trace.objects.create(
        **owned, integration=integration, received_at=now, status=202, body=mark, summary=mark
    )
    alert = Alert.objects.create(
        **owned,
        integration=integration,
        fingerprint=mark,
        status="firing",
        name=mark,
        labels={"name": mark},
        starts_at=now,
        first_received_at=now,
        last_received_at=now,
    )
    Trace.objects.filter(pk=trace.pk).update(alerts=[[str(alert.pk), "fired", []]])
    group = AlertGroup.objects.create(
        **owned,
        route=route,
        key_hash=mark,
        key=mark,
        title=mark,
        status="firing",
        opened_at=now,
        changed_at=now,
    )
    rows: list[Model] = [
        organization,
        member.user,
        member,
        bot,
        channel,
        channel.chat,
        integration,
        route,
        stream,
        sent,
        delivery,
        attempt,
        trace,
        alert,
        group,
        create_key(COMMAND_LINE, Role.OWNER, organization, mark)[0],
        AuditEntry.objects.filter(organization=organization).latest("at"),
        IdempotencyRecord.objects.create(**owned, scope=mark, key_hash=mark, request_hash=mark),
        lend_bot(COMMAND_LINE, bot, make_organization(name=f"{mark} friend")),
        store(organization, f"{mark}.txt", mark.encode(), "text/plain"),
        Probe.objects.create(**owned, kind=Probe.Kind.TEST, bot=bot, channel=channel),
        Episode.objects.create(**owned, alert=alert, number=1, starts_at=now),
        GroupMember.objects.create(**owned, group=group, alert=alert, episode=1, joined_at=now),
        GroupMessage.objects.create(
            **owned,
            group=group,
            channel=channel,
            stream=stream,
            due_at=now + timedelta(days=300),
        ),
        TimelineEvent.objects.create(**owned, group=group, alert=alert, at=now, actor_name=mark),
    ]
    return organization, {type(row): row for row in rows}
