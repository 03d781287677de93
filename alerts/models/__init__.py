"""WHAT: where alerts come from, what is the case, and what each channel has been shown of it.

Django looks for models here and nowhere else.
"""

from alerts.models.alerts import Alert, Ended, Episode
from alerts.models.base import SEVERITIES, Status
from alerts.models.groups import AlertGroup, GroupMember, GroupMessage, TimelineEvent
from alerts.models.incoming import Integration, Trace
from alerts.models.routes import Route
from alerts.models.sweeps import SweepMark

__all__ = [
    "SEVERITIES",
    "Alert",
    "AlertGroup",
    "Ended",
    "Episode",
    "GroupMember",
    "GroupMessage",
    "Integration",
    "Route",
    "Status",
    "SweepMark",
    "TimelineEvent",
    "Trace",
]
