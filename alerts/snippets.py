"""What to paste into a sender so that its alerts come here. Pure: texts from a URL and a key.

Sources: Alertmanager's `webhook_configs` and `http_config`; Prometheus' `alerting.alertmanagers`;
amtool's `--help`; Karma's `alertmanager.servers` (its docs/CONFIGURATION.md); Grafana's contact
points and their file provisioning; Home Assistant's `rest_command` and `notify` (platform rest);
Node-RED's `http request` node.
"""

import json
import shlex
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Snippet:
    """One tab: where the code goes (`steps`, in order), and the code."""

    name: str
    title: str
    steps: tuple[str, ...]
    code: str
    language: str


def snippets(site_url: str, key: str) -> tuple[Snippet, ...]:
    """All of them. `site_url`: this installation without a slash at its end."""
    base = f"{site_url}/hooks/v1/"
    url = f"{base}{key}/"
    return (
        _alertmanager(base, key),
        _prometheus(site_url, key),
        _amtool(url),
        _karma(site_url, url),
        _grafana(url),
        _home_assistant(url),
        _node_red(url),
        _shell(url),
    )


def tab_for(kind: str) -> str:
    """The tab that fits an integration's kind."""
    tabs = {"prometheus": "prometheus", "grafana": "grafana", "generic": "shell", "mapped": "shell"}
    return tabs.get(kind, "alertmanager")


def _alertmanager(base: str, key: str) -> Snippet:
    code = f"""\
route:
  receiver: tocsin
  group_by: [alertname]
receivers:
  - name: tocsin
    webhook_configs:
      - url: {json.dumps(base)}
        send_resolved: true
        http_config:
          authorization:
            type: Bearer
            credentials: {json.dumps(key)}
"""
    steps = (
        (
            "Put this into alertmanager.yml. Where you have routes already, add the receiver alone "
            "and name it in a route."
        ),
        (
            "Each of Alertmanager's groups is one message. Without group_by everything is one "
            "group; a short group_interval is no noise, as the message is edited."
        ),
        "Reload: systemctl reload prometheus-alertmanager, or POST to its /-/reload.",
    )
    return Snippet("alertmanager", "Alertmanager", steps, code, "yaml")


def _prometheus(site_url: str, key: str) -> Snippet:
    parts = urlsplit(site_url)
    prefix = f"{parts.path}/hooks/v1/{key}"
    code = f"""\
alerting:
  alertmanagers:
    - scheme: {parts.scheme}
      path_prefix: {json.dumps(prefix)}
      static_configs:
        - targets: [{json.dumps(parts.netloc)}]
"""
    steps = (
        "Put this into prometheus.yml: Prometheus then sends here, without an Alertmanager.",
        "Where you have an alerting section already, add the entry to its alertmanagers.",
        "Reload: systemctl reload prometheus, or POST to its /-/reload.",
    )
    return Snippet("prometheus", "Prometheus", steps, code, "yaml")


def _amtool(url: str) -> Snippet:
    code = f"alertmanager.url: {json.dumps(url.rstrip('/'))}\n"
    steps = (
        (
            "Put this into ~/.config/amtool/config.yml (Debian: ~/.config/prometheus/amtool.yml): "
            "amtool then shows this integration's alerts, and silences."
        ),
        "Try: amtool alert query",
        "Then: amtool silence add alertname=DiskFull --duration=2h --comment='Disk replaced'",
    )
    return Snippet("amtool", "amtool", steps, code, "yaml")


def _karma(site_url: str, url: str) -> Snippet:
    code = f"""\
alertmanager:
  servers:
    - name: tocsin
      uri: {json.dumps(url.rstrip("/"))}
      external_uri: {json.dumps(site_url)}
      proxy: true
"""
    steps = (
        "Put this into karma.yaml. With proxy the key stays in Karma: browsers do not see it.",
        "Whoever may use that Karma may then silence. With readonly: true beside it nobody may.",
    )
    return Snippet("karma", "Karma", steps, code, "yaml")


def _grafana(url: str) -> Snippet:
    code = f"""\
apiVersion: 1
contactPoints:
  - orgId: 1
    name: Tocsin
    receivers:
      - uid: tocsin
        type: webhook
        disableResolveMessage: false
        settings:
          url: {json.dumps(url)}
          httpMethod: POST
"""
    steps = (
        (
            "In Grafana open Alerting → Contact points → Create contact point, choose the "
            f"integration Webhook, and paste the URL {url}"
        ),
        "Press Test there, then name the contact point in a notification policy.",
        "Or put this file into provisioning/alerting/ and restart Grafana.",
    )
    return Snippet("grafana", "Grafana", steps, code, "yaml")


def _home_assistant(url: str) -> Snippet:
    code = f"""\
notify:
  - name: tocsin
    platform: rest
    resource: {json.dumps(url)}
    method: POST_JSON
    title_param_name: title
    message_param_name: message

rest_command:
  tocsin_alert:
    url: {json.dumps(url)}
    method: post
    content_type: "application/json"
    payload: >-
      {{{{ {{"title": title, "message": message | default(title),
      "status": status | default("firing"),
      "severity": severity | default("warning")}} | to_json }}}}
"""
    steps = (
        "Put this into configuration.yaml and restart Home Assistant.",
        (
            "notify.tocsin sends a notice. rest_command.tocsin_alert opens an alert with a title, "
            'and closes it when it is called again with the same title and status "resolved".'
        ),
    )
    return Snippet("home-assistant", "Home Assistant", steps, code, "yaml")


def _node_red(url: str) -> Snippet:
    example = {"title": "Hello from Node-RED", "message": "It works.", "severity": "info"}
    flow = [
        {
            "id": "70c5111000000001",
            "type": "inject",
            "name": "Try it",
            "props": [{"p": "payload"}],
            "repeat": "",
            "once": False,
            "payload": json.dumps(example),
            "payloadType": "json",
            "x": 130,
            "y": 80,
            "wires": [["70c5111000000002"]],
        },
        {
            "id": "70c5111000000002",
            "type": "http request",
            "name": "Tocsin",
            "method": "POST",
            "ret": "obj",
            "paytoqs": "ignore",
            "url": url,
            "persist": False,
            "headers": [],
            "x": 310,
            "y": 80,
            "wires": [["70c5111000000003"]],
        },
        {
            "id": "70c5111000000003",
            "type": "debug",
            "name": "Answer",
            "active": True,
            "tosidebar": True,
            "complete": "payload",
            "targetType": "msg",
            "x": 480,
            "y": 80,
            "wires": [],
        },
    ]
    steps = (
        "In Node-RED open the menu → Import, paste this, and press Import and Deploy.",
        "Send msg.payload as an object with title, message, status, severity and labels.",
    )
    return Snippet("node-red", "Node-RED", steps, json.dumps(flow, indent=2) + "\n", "json")


def _shell(url: str) -> Snippet:
    alert = {
        "title": "Disk full",
        "message": "/var has 2 % left",
        "status": "firing",
        "severity": "critical",
        "labels": {"host": "db1"},
    }
    address = shlex.quote(url)
    fires = shlex.quote(json.dumps(alert))
    ends = shlex.quote(
        json.dumps({"title": alert["title"], "status": "resolved", "labels": alert["labels"]})
    )
    header = "-H 'Content-Type: application/json'"
    code = f"""\
# An alert that fires, and the same one resolved:
curl -fsS {header} -d {fires} {address}
curl -fsS {header} -d {ends} {address}

# A notice, from any text:
echo 'Backup finished' | curl -fsS -H 'Content-Type: text/plain' --data-binary @- {address}
"""
    steps = (
        (
            "Paste this into a terminal or script. An alert resolves when title and labels come "
            'again with the status "resolved"; without a status it is a notice.'
        ),
    )
    return Snippet("shell", "Shell", steps, code, "sh")
