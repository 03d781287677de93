"""The squashed migrations stand for the ones that they replace, in new databases as in old ones."""

from typing import Any

import pytest
from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import CreateModel
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ModelState

from accounts.migrating import CreatesAtOnce

Node = tuple[str, str]

ALL = MigrationLoader(None, replace_migrations=False)
"""The old migrations and the squashed ones side by side."""
SQUASHED: dict[Node, Migration] = {
    node: migration for node, migration in ALL.disk_migrations.items() if migration.replaces
}
LATER = {app for app, _ in ALL.disk_migrations if app.startswith(("chatops", "miniapp"))}
"""Packages that came when the others were squashed: no database has them before that."""
OLD: list[Node] = sorted(node for migration in SQUASHED.values() for node in migration.replaces)


def _described(model: ModelState) -> dict[str, Any]:
    """What the model's table follows from, whatever the order in which it came about."""
    options = {"abstract": False} | model.options
    return {
        "fields": {name: field.deconstruct()[1:] for name, field in model.fields.items()},
        "indexes": {index.name: index.deconstruct() for index in options.pop("indexes", [])},
        "constraints": {one.name: one.deconstruct() for one in options.pop("constraints", [])},
        "options": options,
        "bases": model.bases,
        "managers": model.managers,
    }


def _models(nodes: list[Node]) -> dict[Node, dict[str, Any]]:
    state = ALL.project_state(nodes)
    return {key: _described(model) for key, model in state.models.items()}


def test_they_make_what_the_old_ones_made() -> None:
    assert {app for app, _ in SQUASHED} == {"accounts", "channels_app", "deliveries", "alerts"}
    new = _models(list(SQUASHED))
    assert new == _models([migration.replaces[-1] for migration in SQUASHED.values()])
    assert len(new) > 50


@pytest.mark.django_db
@pytest.mark.parametrize("reached", OLD, ids=".".join)
def test_a_database_goes_on_from_wherever_it_is(reached: Node) -> None:
    """Nothing that it has is done again, and nothing that it lacks is left out."""
    recorder = MigrationRecorder(connection)
    apps = {app for app, _ in SQUASHED}
    recorder.migration_qs.filter(app__in=apps | LATER).delete()
    done = {node for node in ALL.graph.forwards_plan(reached) if node[0] in apps}
    for app, name in done:
        recorder.record_applied(app, name)

    executor = MigrationExecutor(connection)
    executor.loader.check_consistent_history(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    coming: list[Node] = []
    for migration, _ in plan:
        node = (migration.app_label, migration.name)
        coming += SQUASHED[node].replaces if node in SQUASHED else [node]
    assert sorted({node for node in coming if node in OLD}) == sorted(set(OLD) - done)
    assert len(coming) == len(set(coming))


@pytest.mark.parametrize("migration", SQUASHED.values(), ids=str)
def test_tables_that_are_made_at_once_are_only_made(migration: Migration) -> None:
    """An operation that changes a table would find it as it is after all of them."""
    assert isinstance(migration, CreatesAtOnce)
    assert {type(operation) for operation in migration.operations} == {CreateModel}
