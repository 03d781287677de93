"""Groups whose messages were reviewed by eye: one golden file each."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from alerts.flapping import Flapping
from alerts.rendering.view_model import AlertView, GroupView
from alerts.severity import Severity
from alerts.sources.incoming import Link, LinkKind

OPENED = datetime(2026, 11, 23, 14, 2, 39, 487_696, tzinfo=UTC)
PROMETHEUS = "http://prometheus.example.org:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1"
FLAPS = Flapping(OPENED, OPENED + timedelta(minutes=12), 6, until=OPENED + timedelta(minutes=27))
RUNBOOK = "https://runbooks.example.org/InstanceDown"


def down(number: int, **overrides: object) -> AlertView:
    """An alert of Prometheus about one machine."""
    instance = f"web-{number}:9100"
    fields: dict[str, object] = {
        "alert_id": f"a{number}",
        "name": "InstanceDown",
        "status": "firing",
        "severity": Severity.CRITICAL,
        "fingerprint": f"{number:016x}",
        "labels": {
            "alertname": "InstanceDown",
            "instance": instance,
            "job": "node",
            "severity": "critical",
            "team": "core",
        },
        "annotations": {
            "summary": f"Instance {instance} is down",
            "description": f"{instance} of job node has been down for more than 5 minutes.",
            "runbook_url": RUNBOOK,
        },
        "starts_at": OPENED,
        "summary": f"Instance {instance} is down",
        "description": f"{instance} of job node has been down for more than 5 minutes.",
        "links": (Link(LinkKind.SOURCE, PROMETHEUS), Link(LinkKind.RUNBOOK, RUNBOOK)),
    }
    return AlertView(**(fields | overrides))  # type: ignore[arg-type]  # a test's shorthand


def alert(
    name: str, where: str, severity: Severity | None = None, **overrides: object
) -> AlertView:
    """An alert with little to say."""
    labels = {"alertname": name, "instance": where} | ({"severity": severity} if severity else {})
    fields: dict[str, object] = {
        "alert_id": f"{name} {where}",
        "name": name,
        "status": "firing",
        "severity": severity,
        "labels": labels,
        "starts_at": OPENED,
    }
    return AlertView(**(fields | overrides))  # type: ignore[arg-type]  # a test's shorthand


def group(*alerts: AlertView, **overrides: object) -> GroupView:
    """A group of these alerts."""
    fields: dict[str, object] = {
        "title": "a group",
        "status": "firing",
        "alerts": alerts,
        "opened_at": OPENED,
        "integration": "Prometheus",
        "organization": "Example",
    }
    return GroupView(**(fields | overrides))  # type: ignore[arg-type]  # a test's shorthand


def later(minutes: float) -> datetime:
    """So many minutes after the group opened."""
    return OPENED + timedelta(minutes=minutes)


def resolved(view: AlertView, minutes: float) -> dict[str, object]:
    """Overrides that resolve an alert after so many minutes."""
    assert view.starts_at is not None
    return {"status": "resolved", "ends_at": view.starts_at + timedelta(minutes=minutes)}


_GRAFANA_LINKS = (
    Link(LinkKind.SOURCE, "https://grafana.example.com/alerting/grafana/abc/view?orgId=1"),
    Link(LinkKind.DASHBOARD, "https://grafana.example.com/d/dash?orgId=1"),
    Link(LinkKind.PANEL, "https://grafana.example.com/d/dash?orgId=1&viewPanel=2"),
    Link(LinkKind.SILENCE, "https://grafana.example.com/alerting/silence/new?matcher=a%3Db"),
)


def grafana(zone: str, value: str, **overrides: object) -> AlertView:
    """An alert of Grafana with a value."""
    fields: dict[str, object] = {
        "alert_id": zone,
        "name": "High memory usage",
        "status": "firing",
        "severity": None,
        "labels": {
            "alertname": "High memory usage",
            "grafana_folder": "Infra",
            "team": "blue",
            "zone": zone,
        },
        "starts_at": OPENED,
        "summary": f"This alert was triggered for zone {zone}",
        "description": "The system has high memory usage",
        "value_text": value,
        "links": _GRAFANA_LINKS,
        "image_url": "https://grafana.example.com/render/1.png",
    }
    return AlertView(**(fields | overrides))  # type: ignore[arg-type]  # a test's shorthand


def _ten() -> tuple[AlertView, ...]:
    critical, high, warning, info = Severity
    return (
        alert(
            "DiskFull", "db-1", critical, summary="Disk /var on db-1 is 97 % full", value_text="97"
        ),
        alert(
            "DiskFull", "db-2", critical, summary="Disk /var on db-2 is 98 % full", value_text="98"
        ),
        alert("HighCPU", "web-1", warning, starts_at=later(3), value_text="A=93.1"),
        alert("HighCPU", "web-2", warning, starts_at=later(7)),
        alert("HighCPU", "web-3", warning),
        alert("TargetMissing", "node-exporter-17", high, starts_at=later(-60 * 20)),
        alert("BackupLate", "db-1", info, summary="No backup for 26 hours"),
        alert("CertificateExpires", "shop.example.com", warning, summary="in 6 days"),
        alert("QueueGrows", "mq-1", None),
        alert("LatencyHigh", "web-1", high, starts_at=later(1), value_text="p99=2.4 s"),
    )


def _many() -> tuple[AlertView, ...]:
    severities = (Severity.CRITICAL, Severity.WARNING, Severity.WARNING, Severity.INFO)
    names = ("DiskFull", "HighCPU", "HighCPU", "Restarted")
    return tuple(
        alert(names[n % 4], f"host-{n:03}", severities[n % 4], starts_at=later(n % 7))
        for n in range(200)
    )


_LONG = "\n".join(
    (
        "The replication of the orders database is more than ten minutes behind its primary.",
        "",
        "1. Look at the dashboard: is the primary under a bulk load?",
        "2. On the replica run `select * from pg_stat_wal_receiver` and compare the positions.",
        "3. If the receiver is gone, restart it with `systemctl restart postgresql@15-main`.",
        "4. If it stays behind for half an hour, take the replica out of the pool.",
        "5. Tell #databases what you did.",
        "",
        "Why it matters: reports read from the replica, and the shop shows stale stock.",
        "The last time it was a vacuum that held a lock for twenty minutes.",
        "Owner: databases. Escalate to the person on call there.",
        "Thank you.",
    )
)

CASES: Mapping[str, GroupView] = {
    "one": group(down(1)),
    "one_acknowledged": group(
        down(1),
        acknowledged_by="anna@example.org",
        acknowledged_at=later(4),
        silenced_note="Silenced until 16:00 UTC: replacing the switch",
    ),
    "one_flapping": group(down(1, flapping=FLAPS), flapping=FLAPS),
    "three_of_which_one_flaps": group(down(1), down(2, flapping=FLAPS), down(3)),
    "three_of_one_name": group(down(1), down(2), down(3, starts_at=later(2))),
    "ten_of_mixed_names": group(*_ten()),
    "resolved": group(down(1, **resolved(down(1), 14.4)), status="resolved"),
    "three_resolved": group(
        *(down(n, **resolved(down(n), 10 * n)) for n in (1, 2, 3)), status="resolved"
    ),
    "mixed": group(
        down(1, **resolved(down(1), 3)),
        down(2),
        down(3, starts_at=later(2)),
        down(4, **resolved(down(4), 95)),
        down(5),
    ),
    "event": group(
        AlertView(
            "e", "Backup finished", "event", description="42 GB in 3 minutes\n0 errors, 2 warnings"
        ),
        status="event",
    ),
    "event_with_severity": group(
        AlertView(
            "e",
            "Deploy of shop 1.4.2 failed",
            "event",
            Severity.WARNING,
            labels={"service": "shop", "stage": "production"},
            description="exit status 1: migration 0042 timed out",
            starts_at=OPENED,
            links=(Link(LinkKind.OTHER, "https://ci.example.com/jobs/17", "Job 17"),),
        ),
        status="event",
    ),
    "long_description": group(
        alert(
            "ReplicationLagTooHigh",
            "db-2.prod.example.com:9187",
            Severity.HIGH,
            summary="Replica is 14 minutes behind",
            description=_LONG,
            value_text="844 s",
        )
    ),
    "long_names": group(
        alert(
            "KubernetesHorizontalPodAutoscalerMaxedOutForTooLong",
            "checkout-service-canary-7d9f8b6c5-x2x9p.checkout.svc.cluster.local:8080",
            Severity.WARNING,
        )
    ),
    "prose": group(
        alert(
            "Certificate of shop expires soon and nobody has renewed it yet",
            "shop.example.org",
            Severity.WARNING,
            summary="It ends in 6 days",
        )
    ),
    "several_long": group(
        *(
            alert(
                "BackupLate",
                f"db-{number}",
                Severity.HIGH,
                summary=f"No backup of db-{number} for {20 * number} hours: the last one stopped "
                "because the bucket refused the upload, and each try since then has found the "
                "lock of the one before it",
            )
            for number in (1, 2)
        )
    ),
    "unicode": group(
        alert("Не хватает места на диске", "сервер-1", Severity.HIGH, summary="Занято 97 % 💾"),
        alert("磁盘空间不足", "服务器二", Severity.HIGH, summary="已用 98 % <b>&amp;"),
    ),
    "right_to_left": group(
        alert("השרת למטה", "web-1", Severity.CRITICAL, summary="השרת web-1 לא עונה"),
        alert("השרת למטה", "שרת-2", Severity.CRITICAL, summary="לא עונה"),
    ),
    "no_severity": group(alert("Something *odd* [here] <now>", "host_1.example.com")),
    "bad_links": group(
        grafana(
            "eu-1",
            "A=22",
            links=(
                Link(LinkKind.SOURCE, "http://grafana:3000/alerting/grafana/abc/view?orgId=1"),
                Link(LinkKind.DASHBOARD, "http://localhost:3000/d/dash"),
                Link(LinkKind.RUNBOOK, RUNBOOK),
                Link(LinkKind.PANEL, "?orgId=1"),
            ),
        )
    ),
    "two_hundred": group(*_many(), external_url="http://alertmanager.example.org:9093"),
    "grafana_values": group(grafana("us-1", "A=14151.33, C=1"), grafana("eu-1", "A=96.2, C=1")),
    "kube_state_metrics": group(
        *(
            alert(
                "KubePodCrashLooping",
                "10.2.3.4:8080",
                Severity.WARNING,
                alert_id=pod,
                labels={
                    "alertname": "KubePodCrashLooping",
                    "container": "app",
                    "instance": "10.2.3.4:8080",
                    "job": "kube-state-metrics",
                    "namespace": "shop",
                    "pod": pod,
                    "severity": "warning",
                    "uid": "483b197c-7fe8-11e6-b772-acb57db47f23",
                },
                summary="Pod is crash looping.",
                description=f"Pod shop/{pod} (app) is in waiting state (reason: CrashLoopBackOff).",
            )
            for pod in ("cart-7d9f8-x2x9p", "cart-7d9f8-k8s2m")
        )
    ),
    "truncated_by_sender": group(
        *(down(n, labels={**down(n).labels, "team": "trunc"}) for n in (1, 2, 3)), truncated=7
    ),
    "same_place": group(
        *(
            alert(
                "FilesystemFull",
                "db-1",
                Severity.WARNING,
                alert_id=path,
                labels={
                    "alertname": "FilesystemFull",
                    "instance": "db-1",
                    "mountpoint": path,
                    "severity": "warning",
                },
                summary=f"{path} on db-1 is filling up",
                value_text=value,
            )
            for path, value in (("/var", "91 %"), ("/srv/data", "96 %"), ("/", "90 %"))
        )
    ),
}
