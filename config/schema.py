"""How the database's schema stands to this code's migrations."""

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor


def pending_migrations(connection: BaseDatabaseWrapper) -> list[str]:
    """Migrations of this code that the database lacks, as `app.name`, in order."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def unknown_migrations(connection: BaseDatabaseWrapper) -> list[str]:
    """Migrations in the database that this code does not have: a newer version made them."""
    loader = MigrationExecutor(connection).loader
    known = set(loader.disk_migrations)
    for migration in loader.disk_migrations.values():
        known.update((migration.app_label, name) for _, name in migration.replaces)
    applied = loader.applied_migrations or {}
    return sorted(f"{app}.{name}" for app, name in set(applied) - known)


def is_new(connection: BaseDatabaseWrapper) -> bool:
    """Whether nothing was ever migrated here."""
    return not MigrationExecutor(connection).loader.applied_migrations
