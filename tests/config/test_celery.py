"""Every task has a queue, every wake-up a task, and no message carries facts."""

import inspect

from config.celery import QUEUES, ROUTES, app
from config.worker import POOLS


def first_party() -> set[str]:
    app.loader.import_default_modules()
    app.finalize()
    return {name for name in app.tasks if not name.startswith("celery.")}


def test_every_task_is_routed_and_every_route_has_a_task() -> None:
    assert first_party() == set(ROUTES)
    assert set(ROUTES.values()) <= set(QUEUES)


def test_what_people_wait_for_has_a_queue_of_its_own_and_every_queue_a_pool() -> None:
    """Probes, or sweeps and purges would wait for Telegram, and people for sweeps; upstreams, or
    fallbacks would wait for whoever runs a slow one; as slow may be a bot's own server."""
    assert set(POOLS) == set(QUEUES)
    for alone in ("deliveries.probe", "alerts.sync"):
        assert [name for name in ROUTES if ROUTES[name] == ROUTES[alone]] == [alone]
    of_bots = {name for name in ROUTES if ROUTES[name] == "receive"}
    assert of_bots == {"chatops.agree", "chatops.call", "chatops.commands", "chatops.leave"}


def test_the_beat_wakes_only_tasks_that_exist_and_its_messages_expire() -> None:
    for entry in app.conf.beat_schedule.values():
        assert entry["task"] in first_party()
        assert entry["options"]["expires"] <= max(4, 2 * entry["schedule"])


def test_tasks_take_no_arguments() -> None:
    for name in first_party():
        assert list(inspect.signature(app.tasks[name].run).parameters) == [], name
