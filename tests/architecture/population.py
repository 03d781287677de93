"""One row of every tenant-owned model, each with a mark that must not be seen elsewhere."""

from datetime import timedelta
from itertools import count
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
from alerts.escalations.changes import Step, create_policy
from alerts.heartbeats.changes import create_heartbeat
from alerts.integrations import create_integration, set_mapping
from alerts.models import (
    Alert,
    AlertGroup,
    ChannelTemplate,
    Episode,
    Fallback,
    FallbackCall,
    GroupMember,
    GroupMessage,
    HeartbeatPing,
    InhibitedGroup,
    InhibitSource,
    Integration,
    MessageTemplate,
    Payload,
    Silence,
    Storm,
    TakeOver,
    TimelineEvent,
    Trace,
    Upstream,
    UpstreamSilence,
)
from alerts.muting.inhibit_rules import create_inhibit_rule
from alerts.muting.mute_timings import create_mute_timing
from alerts.routes import create_route
from channels_app.loans import lend_bot
from channels_app.models import Bot
from chatops.actions.changes import create_action
from chatops.endpoints.changes import create_endpoint
from chatops.models import (
    ActionRun,
    Approval,
    AssignedNotice,
    ChatMenu,
    ChatOffer,
    Conversation,
    EndpointCall,
    InboundUpdate,
    InlineChoice,
    LinkCode,
    Listing,
    Reminder,
)
from deliveries.files import store
from deliveries.models import (
    Delivery,
    DeliveryAttempt,
    PollAnswer,
    Probe,
    SentMessage,
    SentPoll,
    Stream,
    Trouble,
)
from tests.factories import make_bot, make_channel, make_membership, make_organization

SHARED: dict[str, str] = {
    "accounts.Organization": "the tenant itself",
    "accounts.User": "a person may be in several organizations",
    "accounts.AuditEntry": "owned, but entries of the installation have no organization",
    "alerts.Trace": "owned, but a POST with an unknown key has no organization",
    "alerts.SweepMark": "one row for the whole installation: when it was last up",
    "deliveries.Lane": "one row a bot, seen through the bot alone",
    "deliveries.Trouble": "owned, but troubles of the installation have no organization",
    "deliveries.Tally": "counts of the whole installation; their keys name no tenant",
    "deliveries.Mark": "one row for each thing that the whole installation does",
    "deliveries.ChatClock": "one row a chat, seen through the chat alone",
    "chatops.InboundUpdate": "owned, but what nobody's chat says has no organization",
    "chatops.CommandMenu": "one row a bot, seen through the bot alone",
    "chatops.Reception": "one row a bot, seen through the bot alone",
    "chatops.LinkAttempt": "a wrong code that somebody in Telegram tried; it names no tenant",
    "chatops.UnclaimedChat": "a chat that no organization has yet",
    "chatops.TelegramIdentity": "a person's account, whatever organizations they are in",
}
"""First-party models that are not OrganizationOwned, and why. A new one fails the build."""

_chat_ids = count(100_500)

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
    set_mapping(COMMAND_LINE, integration, {"rules": {"title": {"expression": f"'{mark}'"}}})
    route = create_route(
        COMMAND_LINE,
        organization,
        f"{mark} route",
        channels=[channel],
        integrations=[integration],
        choose_by="team",
        choices={f"{mark} team": channel},
    )
    timing = create_mute_timing(COMMAND_LINE, organization, f"{mark} timing", [{"years": ["1999"]}])
    rule = create_inhibit_rule(
        COMMAND_LINE,
        organization,
        name=f"{mark} rule",
        source_matchers=f'name="{mark} source"',
        target_matchers=f'name="{mark} target"',
    )
    owned: dict[str, Any] = {"organization": organization}
    stream = Stream.objects.create(**owned, chat=channel.chat, last_sequence=1)
    sent = SentMessage.objects.create(
        **owned, chat=channel.chat, stream=stream, message_id=7, state=SentMessage.State.SHOWN
    )
    poll = SentPoll.objects.create(
        **owned,
        message=sent,
        bot=bot,
        poll_id=mark,
        question=mark,
        options=[{"text": mark, "voter_count": 1}],
    )
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
    message = GroupMessage.objects.create(
        **owned, group=group, channel=channel, stream=stream, due_at=now + timedelta(days=300)
    )
    fallback = Fallback.objects.create(
        **owned, channel=channel, kind="email", addresses=[f"{mark.lower()}@example.net"]
    )
    call = FallbackCall.objects.create(
        **owned,
        fallback=fallback,
        event="test",
        kind="email",
        created_at=now,
        not_before=now,
        answer=mark,
    )
    silence = Silence.objects.create(
        **owned,
        matchers=[{"name": "name", "op": "=", "value": mark}],
        starts_at=now,
        ends_at=now + timedelta(hours=1),
        comment=mark,
        author=mark,
        updated_at=now,
    )
    upstream = Upstream.objects.create(
        **owned, integration=integration, url="http://192.0.2.1:9093", enabled=False, username=mark
    )
    template = MessageTemplate.objects.create(
        **owned, name=mark, body=f"{mark} {{{{ name }}}}", updated_at=now, failed_at=now, fault=mark
    )
    heartbeat = create_heartbeat(COMMAND_LINE, organization, f"{mark} heartbeat", period=3600)
    policy = create_policy(COMMAND_LINE, organization, f"{mark} policy", steps=[Step(5, [channel])])
    bot.username = f"{mark}_bot"
    bot.save()
    link = LinkCode.objects.create(
        **owned,
        kind="group",
        bot=bot,
        bot_proven_at=bot.proven_at or now,
        code_hash=mark,
        made_by=member.user,
        created_at=now,
        expires_at=now + timedelta(minutes=10),
        used_at=now,
        name=mark,
    )
    source = Integration.objects.for_organization(organization).filter(kind="heartbeat")
    source.update(name=f"{mark} heartbeats")
    endpoint = create_endpoint(
        COMMAND_LINE, organization, name=f"{mark} endpoint", url=f"https://{mark.lower()}.test/"
    ).endpoint
    approval = Approval.objects.create(
        **owned,
        channel=channel,
        title=f"{mark} question",
        choices=[{"value": mark, "label": mark}, {"value": "no", "label": "No"}],
        created_at=now,
        created_by=mark,
        expires_at=now + timedelta(hours=1),
        endpoint=endpoint,
    )
    action = create_action(
        COMMAND_LINE,
        organization,
        name=mark.lower(),
        description=f"{mark} lights",
        endpoint=endpoint,
        button=f"{mark} button",
        channels=[channel],
    )
    run = ActionRun.objects.create(
        **owned,
        action=action,
        name=action.name,
        argument=mark,
        channel=channel,
        chat=channel.chat,
        group=group,
        asked_by=mark,
        text=mark,
        asked_at=now,
        expires_at=now + timedelta(hours=1),
    )
    Bot.objects.filter(pk=bot.pk).update(updates="polling")
    update = InboundUpdate.objects.create(
        **owned,
        bot=bot,
        update_id=1,
        kind="message",
        queue=1,
        payload={"update_id": 1, "message": {"text": mark}},
        received_at=now,
        not_before=now,
        state=InboundUpdate.State.DEAD,
        outcome=f"{mark} outcome",
    )
    rows: list[Model] = [
        update,
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
        poll,
        PollAnswer.objects.create(
            **owned, poll=poll, voter_id=5, voter_name=mark, option_ids=[0], answered_at=now
        ),
        attempt,
        Payload.objects.create(
            **owned, integration=integration, received_at=now, size=2, body=f'{{"a": "{mark}"}}'
        ),
        trace,
        alert,
        group,
        create_key(COMMAND_LINE, Role.OWNER, organization, mark)[0],
        AuditEntry.objects.filter(organization=organization).latest("at"),
        IdempotencyRecord.objects.create(**owned, scope=mark, key_hash=mark, request_hash=mark),
        lend_bot(COMMAND_LINE, bot, make_organization(name=f"{mark} friend")),
        store(organization, f"{mark}.txt", mark.encode(), "text/plain"),
        Probe.objects.create(**owned, kind=Probe.Kind.TEST, bot=bot, channel=channel),
        Trouble.objects.create(
            **owned,
            kind="late",
            subject=mark,
            name=mark,
            said=mark,
            opened_at=now,
            tell_at=now,
            told_at=now,
        ),
        Episode.objects.create(**owned, alert=alert, number=1, starts_at=now),
        GroupMember.objects.create(**owned, group=group, alert=alert, episode=1, joined_at=now),
        message,
        fallback,
        call,
        template,
        ChannelTemplate.objects.create(**owned, channel=channel, template=template),
        TakeOver.objects.create(
            **owned,
            fallback=fallback,
            group_message=message,
            undelivered_since=now,
            taken_at=now,
            told_until=now,
            looked_at=now,
            reason=mark,
            call=call,
        ),
        route.choices.get(),
        timing,
        rule,
        InhibitSource.objects.create(**owned, rule=rule, alert=alert, key=mark),
        InhibitedGroup.objects.create(**owned, group=group, key=mark),
        TimelineEvent.objects.create(**owned, group=group, alert=alert, at=now, actor_name=mark),
        policy,
        policy.steps.get(),
        heartbeat,
        HeartbeatPing.objects.create(
            **owned, heartbeat=heartbeat, slot=0, at=now, kind="success", body=mark
        ),
        Storm.objects.create(**owned, channel=channel, opened_at=now, absorbed_at=now),
        Conversation.objects.create(
            **owned,
            chat=channel.chat,
            telegram_user_id=1,
            kind="silence",
            step="which",
            data={"v": 1, "values": {"comment": mark}, "trail": [], "choices": []},
            started_at=now,
            expires_at=now,
        ),
        Listing.objects.create(**owned, chat=channel.chat, kind="alerts", query=mark, shown_at=now),
        upstream,
        UpstreamSilence.objects.create(
            **owned, upstream=upstream, silence=silence, their_id=mark, agreed=mark
        ),
        silence,
        link,
        ChatOffer.objects.create(
            **owned,
            bot=bot,
            code=link,
            user=member.user,
            telegram_id=1,
            name=mark,
            chat_id=-next(_chat_ids),
            type="supergroup",
            title=mark,
            offered_at=now,
        ),
        endpoint,
        action,
        run,
        ChatMenu.objects.create(**owned, chat=channel.chat, version=mark, due_at=now),
        approval,
        EndpointCall.objects.create(
            **owned,
            endpoint=endpoint,
            approval=approval,
            event="approval",
            content={"v": 1, "title": mark},
            created_at=now,
            not_before=now,
            give_up_at=now,
            said=mark,
        ),
        Reminder.objects.create(
            **owned,
            chat=channel.chat,
            text=mark,
            due_at=now + timedelta(days=300),
            telegram_user_id=1,
            made_by_name=mark,
            made_at=now,
        ),
        AssignedNotice.objects.create(
            **owned, group=group, user=member.user, by=mark, assigned_at=now, due_at=now
        ),
        InlineChoice.objects.create(**owned, words=mark.lower(), times=1),
    ]
    return organization, {type(row): row for row in rows}
