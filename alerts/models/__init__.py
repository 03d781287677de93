"""WHAT: where alerts come from, what is the case, and what each channel has been shown of it.

Django looks for models here and nowhere else.
"""

from alerts.models.alerts import Alert, Ended, Episode
from alerts.models.base import SEVERITIES, Status
from alerts.models.escalations import EscalationPolicy, EscalationStep
from alerts.models.fallbacks import Fallback, FallbackCall, TakeOver
from alerts.models.groups import (
    AlertGroup,
    GroupMember,
    GroupMessage,
    InhibitedGroup,
    TimelineEvent,
)
from alerts.models.heartbeats import Heartbeat, HeartbeatPing
from alerts.models.incoming import Integration, Payload, Trace
from alerts.models.muting import InhibitRule, InhibitSource, MuteTiming, Silence
from alerts.models.routes import Route, RouteChoice
from alerts.models.storms import Storm
from alerts.models.sweeps import SweepMark
from alerts.models.templates import ChannelTemplate, MessageTemplate
from alerts.models.upstreams import Upstream, UpstreamSilence

__all__ = [
    "SEVERITIES",
    "Alert",
    "AlertGroup",
    "ChannelTemplate",
    "Ended",
    "Episode",
    "EscalationPolicy",
    "EscalationStep",
    "Fallback",
    "FallbackCall",
    "GroupMember",
    "GroupMessage",
    "Heartbeat",
    "HeartbeatPing",
    "InhibitRule",
    "InhibitSource",
    "InhibitedGroup",
    "Integration",
    "MessageTemplate",
    "MuteTiming",
    "Payload",
    "Route",
    "RouteChoice",
    "Silence",
    "Status",
    "Storm",
    "SweepMark",
    "TakeOver",
    "TimelineEvent",
    "Trace",
    "Upstream",
    "UpstreamSilence",
]
