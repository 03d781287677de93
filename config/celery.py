"""Celery: queues, routes and the beat. A message is a wake-up; it carries no facts."""

import os
from datetime import datetime

from celery import Celery, Task
from kombu import Queue

from config.pending import pending
from deliveries import clock

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

QUEUES = ("updates", "publish", "dispatch", "probes", "fallbacks", "sync", "receive", "maintenance")

ROUTES = {
    "alerts.publish": "publish",
    "alerts.sweep": "maintenance",
    "alerts.mute": "maintenance",
    "alerts.escalate": "maintenance",
    "alerts.fallback-watch": "maintenance",
    "alerts.fallback": "fallbacks",
    "alerts.sync": "sync",
    "alerts.purge": "maintenance",
    "deliveries.dispatch": "dispatch",
    "deliveries.probe": "probes",
    "deliveries.sweep": "maintenance",
    "deliveries.purge": "maintenance",
    "accounts.purge": "maintenance",
    "chatops.process": "updates",
    "chatops.sweep": "maintenance",
    "chatops.call": "receive",
    "chatops.agree": "receive",
    "chatops.leave": "receive",
    "chatops.purge": "maintenance",
    "chatops.commands": "receive",
}
"""Task → queue; a test fails when a task is missing here."""


class WakeUpTask(Task):  # type: ignore[type-arg]  # Celery's own is not generic at run time
    """A task whose messages are taken up as config/taken_up.py says."""

    Request = "config.taken_up:TakenUp"

    def before_start(self, *_: object) -> None:
        """On the thread that runs it, before it looks for work."""
        pending.begins(self.name)


class App(Celery):
    """Celery by the database's clock: `now` dates what is sent."""

    def now(self) -> datetime:
        """The time in UTC."""
        return clock.now()


app = App("tocsin", task_cls=WakeUpTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    task_acks_late=False,  # a lost wake-up is repaired by the sweep; a repeated one costs nothing
    # 0: no window. A full one pauses the read of the queue, and nothing resumes it for a second or
    # two (kombu 5.7, transport/redis.py); wake-ups are small and coalesced, so nothing piles up.
    worker_prefetch_multiplier=0,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_connection_timeout=2,
    # Not socket_timeout: the worker's own blocking read would run into it.
    broker_transport_options={"socket_connect_timeout": 2, "visibility_timeout": 3600},
    task_queues=[Queue(name) for name in QUEUES],
    task_default_queue="maintenance",
    task_routes={name: {"queue": queue} for name, queue in ROUTES.items()},
    beat_schedule={
        "publish": {"task": "alerts.publish", "schedule": 2.0, "options": {"expires": 4}},
        "dispatch": {"task": "deliveries.dispatch", "schedule": 2.0, "options": {"expires": 4}},
        "probe": {"task": "deliveries.probe", "schedule": 5.0, "options": {"expires": 10}},
        "alerts-sweep": {"task": "alerts.sweep", "schedule": 5.0, "options": {"expires": 10}},
        "mute": {"task": "alerts.mute", "schedule": 5.0, "options": {"expires": 10}},
        "deliveries-sweep": {
            "task": "deliveries.sweep",
            "schedule": 5.0,
            "options": {"expires": 10},
        },
        "process": {"task": "chatops.process", "schedule": 2.0, "options": {"expires": 4}},
        "chatops-sweep": {"task": "chatops.sweep", "schedule": 5.0, "options": {"expires": 10}},
        "call": {"task": "chatops.call", "schedule": 3.0, "options": {"expires": 6}},
        "commands": {"task": "chatops.commands", "schedule": 15.0, "options": {"expires": 30}},
        "agree": {"task": "chatops.agree", "schedule": 2.0, "options": {"expires": 4}},
        "chatops-leave": {"task": "chatops.leave", "schedule": 60.0, "options": {"expires": 60}},
        "chatops-purge": {"task": "chatops.purge", "schedule": 600.0, "options": {"expires": 600}},
        "escalate": {"task": "alerts.escalate", "schedule": 2.0, "options": {"expires": 4}},
        "fallback-watch": {
            "task": "alerts.fallback-watch",
            "schedule": 10.0,
            "options": {"expires": 20},
        },
        "fallback": {"task": "alerts.fallback", "schedule": 3.0, "options": {"expires": 6}},
        "sync": {"task": "alerts.sync", "schedule": 3.0, "options": {"expires": 6}},
        # Often, so that a run has little to do; see RUN in accounts/chunks.py.
        "alerts-purge": {"task": "alerts.purge", "schedule": 60.0, "options": {"expires": 60}},
        "deliveries-purge": {
            "task": "deliveries.purge",
            "schedule": 60.0,
            "options": {"expires": 60},
        },
        "accounts-purge": {
            "task": "accounts.purge",
            "schedule": 3600.0,
            "options": {"expires": 3600},
        },
    },
)
app.autodiscover_tasks()
