"""Mappings for senders whose JSON is known: a start to go on from.

Sources: Zabbix' macros (manual, appendix "Supported macros"); Uptime Kuma's
`notification-providers/webhook.js`; Sentry's "Integration Platform / Webhooks"; GitHub's webhook
event `workflow_run`. What Zabbix and Home Assistant send is said by docs/guide/any-json.md, for
there people write it themselves.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Preset:
    """`mapping` as `mapping.read_mapping` takes it; `hint`: what the sender must be told."""

    name: str
    title: str
    hint: str
    mapping: dict[str, Any]


def _rules(
    expressions: dict[str, str], values: dict[str, dict[str, str]] | None = None
) -> dict[str, Any]:
    return {
        name: {"expression": text, "values": (values or {}).get(name, {})}
        for name, text in expressions.items()
    }


ZABBIX = Preset(
    "zabbix",
    "Zabbix",
    "A media type of the type Webhook; its parameters and script are in the guide.",
    {
        "items": "",
        "rules": _rules(
            {
                "title": "event_name",
                "message": "event_opdata",
                "severity": "event_nseverity",
                "status": "event_value",
                "fingerprint": "event_id",
                "labels": "merge({host: host_name}, from_items(event_tags[*].[tag, value]))",
                "url": "zabbix_url && concat(zabbix_url, '/tr_events.php?triggerid=', trigger_id,"
                " '&eventid=', event_id)",
            },
            {
                "severity": {
                    "0": "info",
                    "1": "info",
                    "2": "warning",
                    "3": "warning",
                    "4": "high",
                    "5": "critical",
                },
                "status": {"1": "firing", "0": "resolved"},
            },
        ),
    },
)
UPTIME_KUMA = Preset(
    "uptime-kuma",
    "Uptime Kuma",
    "Notification type Webhook with this URL; either content type.",
    {
        "items": "",
        "rules": _rules(
            {
                "title": "monitor.name || msg",
                "message": "heartbeat.msg || msg",
                "severity": "heartbeat.status == `0` && 'critical' || `null`",
                "status": "heartbeat.status",
                "fingerprint": "monitor.id && concat('monitor-', monitor.id)",
                "labels": "{monitor: monitor.name, type: monitor.type, host: monitor.hostname}",
                "url": "contains(['http', 'keyword', 'json-query'], monitor.type)"
                " && monitor.url || `null`",
                "starts_at": "heartbeat.status == `0` && heartbeat.time || `null`",
                "ends_at": "heartbeat.time",
            },
            # Of its heartbeats: down, up, pending, maintenance.
            {"status": {"0": "firing", "1": "resolved", "2": "firing", "3": "resolved"}},
        ),
    },
)
HOME_ASSISTANT = Preset(
    "home-assistant",
    "Home Assistant",
    "A rest_command that tells an entity's state; it is in the guide.",
    {
        "items": "",
        "rules": _rules(
            {
                "title": "name || entity_id",
                "message": "concat('is ', state)",
                "status": "state",
                "fingerprint": "entity_id",
                "labels": "{entity_id: entity_id, device_class: device_class}",
            },
            {
                "status": {
                    "on": "firing",
                    "off": "resolved",
                    "open": "firing",
                    "closed": "resolved",
                    "problem": "firing",
                    "ok": "resolved",
                    "triggered": "firing",
                    "disarmed": "resolved",
                    "unavailable": "firing",
                    "*": "event",
                }
            },
        ),
    },
)
SENTRY = Preset(
    "sentry",
    "Sentry",
    "An internal integration with this URL, its alert rule action and the issue webhooks. "
    "Signature header: Sentry-Hook-Signature.",
    {
        "items": "(data.event || data.issue || data.metric_alert) && [@] || `[]`",
        "rules": _rules(
            {
                "title": "data.event.title || data.issue.title || data.metric_alert.alert_rule.name"
                " || data.description_title",
                "message": "data.event.culprit || data.issue.culprit || data.description_text",
                "severity": "data.event.level || data.issue.level || action",
                "status": "action",
                "fingerprint": "data.event.issue_id || data.issue.id"
                " || concat('metric-', data.metric_alert.id)",
                "labels": "{project: data.issue.project.slug || data.metric_alert.projects[0]"
                " || data.event.project, rule: data.triggered_rule}",
                "url": "data.event.web_url || data.issue.web_url || data.issue.permalink"
                " || data.web_url",
            },
            {
                "status": {
                    "resolved": "resolved",
                    "archived": "resolved",
                    "ignored": "resolved",
                    "*": "firing",
                }
            },
        ),
    },
)
GITHUB_ACTIONS = Preset(
    "github-actions",
    "GitHub Actions",
    "A webhook of the repository or organization: content type application/json, event Workflow "
    "runs. Signature header: X-Hub-Signature-256.",
    {
        "items": "action == 'completed' && contains(['success', 'failure', 'timed_out',"
        " 'startup_failure', 'action_required'], workflow_run.conclusion) && [@]",
        "rules": _rules(
            {
                "title": "concat(workflow_run.name || workflow.name, ' failed on ',"
                " workflow_run.head_branch)",
                "message": "concat(repository.full_name, ' #', workflow_run.run_number, ': ',"
                " workflow_run.display_title || workflow_run.head_commit.message)",
                "severity": "'high'",
                "status": "workflow_run.conclusion",
                "fingerprint": "concat(repository.full_name, '/', workflow_run.workflow_id, '/',"
                " workflow_run.head_branch)",
                "labels": "{repository: repository.full_name, branch: workflow_run.head_branch,"
                " workflow: workflow_run.name || workflow.name,"
                " actor: workflow_run.actor.login || sender.login}",
                "url": "workflow_run.html_url",
            },
            {"status": {"success": "resolved", "*": "firing"}},
        ),
    },
)
PRESETS = {
    preset.name: preset for preset in (ZABBIX, UPTIME_KUMA, HOME_ASSISTANT, SENTRY, GITHUB_ACTIONS)
}
