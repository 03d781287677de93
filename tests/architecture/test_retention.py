"""No table grows for ever: each is purged, or is as large as what people set up."""

import ast
from pathlib import Path

from django.apps import apps

ROOT = Path(__file__).parents[2]
PURGED = {
    "accounts": {"AuditEntry", "IdempotencyRecord", "Session"},
    "deliveries": {"Attachment", "Delivery", "DeliveryAttempt", "Probe", "Stream", "Trouble"},
    "alerts": {
        "Alert",
        "AlertGroup",
        "Episode",
        "FallbackCall",
        "GroupMember",
        "GroupMessage",
        "Silence",
        "Payload",
        "Storm",
        "TakeOver",
        "TimelineEvent",
        "Trace",
    },
    "chatops": {
        *("Approval", "EndpointCall", "InboundUpdate", "InlineChoice", "Listing", "Reminder"),
        *("ActionRun", "ChatOffer", "LinkAttempt", "LinkCode", "UnclaimedChat"),
    },
}
"""By the package's `purge.py`."""
GOES_WITH = {
    "SentMessage": "Stream",
    "SentPoll": "SentMessage",
    "PollAnswer": "SentPoll",
    "InhibitSource": "Alert",
    "InhibitedGroup": "AlertGroup",
    "UpstreamSilence": "Silence",
}
"""Deleted by the database when that is."""
SET_UP = {
    *("Organization", "User", "Membership", "ApiKey", "User_groups", "User_user_permissions"),
    *("Bot", "BotGrant", "Chat", "NotificationChannel", "Integration", "Route"),
    "RouteChoice",
    *("Route_integrations", "Route_channels", "Fallback", "Upstream", "Heartbeat"),
    *("MessageTemplate", "ChannelTemplate"),
    *("MuteTiming", "InhibitRule", "Route_mute_timings", "Route_active_timings"),
    *("EscalationPolicy", "EscalationStep", "EscalationStep_channels"),
    *("TelegramIdentity", "Endpoint", "OwnAction", "OwnAction_channels"),
    *("Permission", "Group", "Group_permissions", "ContentType"),
}
"""Made by people, one by one."""
ONE_EACH = {
    "Lane": "Bot",
    "Reception": "Bot",
    "ChatClock": "Chat",
    "SweepMark": "installation",
    "HeartbeatPing": "slot of a heartbeat",
    "Mark": "name in the code",
    "Conversation": "person in a chat; ends after ten minutes",
    "ChatMenu": "Chat",
    "CommandMenu": "Bot",
    "AssignedNotice": "group of somebody's; goes when it is told, within a day",
    "Tally": "what is counted",
}
UNUSED = {"LogEntry"}
"""The console's history is the audit."""


def test_every_model_has_its_retention_or_a_reason() -> None:
    purged = set().union(*PURGED.values())
    explained = purged | GOES_WITH.keys() | SET_UP | ONE_EACH.keys() | UNUSED
    models = {model.__name__ for model in apps.get_models(include_auto_created=True)}
    assert models == explained


def test_what_is_said_to_be_purged_is_named_in_the_purge() -> None:
    for package, models in PURGED.items():
        source = (ROOT / package / "purge.py").read_text()
        if package == "deliveries":
            source += (ROOT / package / "files.py").read_text()
        names = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
        assert models <= names, models - names
