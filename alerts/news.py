"""What a chat sees first of a group's list: what began or ended since it was last told. Pure."""

from dataclasses import replace

from alerts.rendering.view_model import AlertView, GroupView
from alerts.sound import Heard, Told, muted_before


def with_news(group: GroupView, heard: Heard) -> GroupView:
    """The group with its news marked, for a chat that heard this. Where all of it is news nothing
    stands out, and of what is over nobody looks for news. What the chat knew before it was muted is
    not new."""
    told = heard.told
    if told is None or all(alert.status == "resolved" for alert in group.alerts):
        return group
    marked = [
        replace(alert, is_new=True)
        if _is_news(alert, told.get(alert.alert_id)) and not muted_before(alert, heard.muted)
        else alert
        for alert in group.alerts
    ]
    count = sum(alert.is_new for alert in marked)
    return replace(group, alerts=tuple(marked)) if 0 < count < len(marked) else group


def _is_news(alert: AlertView, known: Told | None) -> bool:
    if known is None:
        return alert.status != "resolved"
    return (alert.status, alert.episode) != (known.status, known.episode)
