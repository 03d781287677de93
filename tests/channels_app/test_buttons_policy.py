"""Who may press the buttons of a channel: set by REST, by the file and by the migration."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from accounts.models import AuditEntry
from channels_app.models import NotificationChannel
from channels_app.offered import read_offered
from tests.factories import make_bot, make_channel, make_organization
from tests.rest import Api, problem_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel() -> NotificationChannel:
    return make_channel(make_bot(make_organization()))


def test_rest_shows_and_changes_it(channel: NotificationChannel) -> None:
    api = Api(channel.organization)
    shown = api.get(f"channels/{channel.pk}/").json()
    assert (shown["actions"], shown["trail"]) == ("anyone", False)
    assert shown["silence_durations"] == ["1h", "4h"]
    wanted: dict[str, Any] = {
        "actions": "members",
        "trail": True,
        "silence_durations": ["30m", "1d"],
    }
    changed = api.patch(f"channels/{channel.pk}/", wanted).json()
    assert {name: changed[name] for name in wanted} == wanted
    entry = AuditEntry.objects.filter(organization=channel.organization, action="change").latest(
        "id"
    )
    assert entry.changes["actions"] == ["anyone", "members"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("actions", "everybody"),
        ("silence_durations", ["soon"]),
        ("silence_durations", "1h"),
        ("silence_durations", [f"{n}h" for n in range(1, 9)]),
        ("trail", "perhaps"),
    ],
)
def test_rest_names_the_field_that_is_wrong(
    channel: NotificationChannel, field: str, value: object
) -> None:
    api = Api(channel.organization)
    problem = problem_of(api.patch(f"channels/{channel.pk}/", {field: value}), 400)
    assert field in str(problem["errors"])


def test_the_migration_gives_nobody_rights(channel: NotificationChannel) -> None:
    migration = import_module("channels_app.migrations.0003_actions")
    migration.keep_existing_to_members(apps, None)
    channel.refresh_from_db()
    assert channel.actions == NotificationChannel.Actions.MEMBERS


def test_no_durations_mean_no_silence_buttons() -> None:
    assert read_offered([]) == []
