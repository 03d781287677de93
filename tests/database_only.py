"""A pytest plugin (`-p tests.database_only`): leave out what cannot differ on another database.

pytest-django refuses the database to a test that does not ask for it, by its mark or a fixture.
What starts processes (flows/, up/, e2e/, faults/) gives them a database of their own. So a second
run, on the server that DATABASE_URL names, needs none of these.
"""

import pytest

FIXTURES = frozenset(
    {
        "db",
        "transactional_db",
        "django_db_reset_sequences",
        "django_db_serialized_rollback",
        "live_server",
        "admin_user",
        "admin_client",
    }
)
"""pytest-django's fixtures that open the database."""


def asks_for_the_database(item: pytest.Item) -> bool:
    """Whether a test uses the database that DATABASE_URL names."""
    fixtures: list[str] = getattr(item, "fixturenames", [])
    return item.get_closest_marker("django_db") is not None or not FIXTURES.isdisjoint(fixtures)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep those that ask for it."""
    others = [item for item in items if not asks_for_the_database(item)]
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if asks_for_the_database(item)]
