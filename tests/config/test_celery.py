"""Every task has a queue, every wake-up a task, and no message carries facts."""

import inspect

from config.celery import QUEUES, ROUTES, app


def first_party() -> set[str]:
    app.loader.import_default_modules()
    app.finalize()
    return {name for name in app.tasks if not name.startswith("celery.")}


def test_every_task_is_routed_and_every_route_has_a_task() -> None:
    assert first_party() == set(ROUTES)
    assert set(ROUTES.values()) <= set(QUEUES)


def test_the_beat_wakes_only_tasks_that_exist_and_its_messages_expire() -> None:
    for entry in app.conf.beat_schedule.values():
        assert entry["task"] in first_party()
        assert entry["options"]["expires"] <= max(4, 2 * entry["schedule"])


def test_tasks_take_no_arguments() -> None:
    for name in first_party():
        assert list(inspect.signature(app.tasks[name].run).parameters) == [], name
