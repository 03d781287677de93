"""Every change has its entry: who, what, how and from where; over REST and on the console."""

import json
from typing import Any

import pytest
from django.test import Client

from accounts.api_keys import create_key
from accounts.audit import COMMAND_LINE
from accounts.models import AuditEntry, Role
from alerts.integrations import create_integration
from tests.console import Person
from tests.factories import make_bot, make_channel, make_token

pytestmark = pytest.mark.django_db
HERE = "192.0.2.7"


class Scene:
    """An organization with a channel and an integration, and its owner."""

    def __init__(self) -> None:
        self.person = Person()
        owner = self.person.organization
        self.channel = make_channel(make_bot(owner))
        self.integration, _ = create_integration(COMMAND_LINE, owner, name="prometheus")
        _, self.key = create_key(COMMAND_LINE, Role.OWNER, owner, "robot", Role.OWNER)

    def path(self, template: str) -> str:
        bot = self.channel.chat.bot
        return template.format(channel=self.channel.pk, integration=self.integration.pk, bot=bot.pk)


REST: list[tuple[str, str, dict[str, Any], str]] = [
    ("POST", "bots/", {"name": "b", "token": make_token(777000111)}, "create"),
    ("PATCH", "bots/{bot}/", {"name": "other"}, "change"),
    ("PATCH", "channels/{channel}/", {"name": "other"}, "change"),
    ("PATCH", "channels/{channel}/", {"enabled": False}, "disable"),
    ("POST", "channels/{channel}/test/", {}, "test"),
    ("DELETE", "channels/{channel}/", {}, "delete"),
    ("POST", "integrations/", {"name": "grafana"}, "create"),
    ("PATCH", "integrations/{integration}/", {"enabled": False}, "change"),
    ("DELETE", "integrations/{integration}/", {}, "delete"),
    ("POST", "routes/", {"name": "r"}, "create"),
    ("POST", "members/", {"email": "ada@example.org", "role": "viewer"}, "create"),
    ("POST", "api-keys/", {"name": "k", "role": "viewer"}, "create"),
    ("PATCH", "organization/", {"name": "Renamed"}, "change"),
]


@pytest.mark.parametrize(("method", "path", "body", "action"), REST)
def test_rest(method: str, path: str, body: dict[str, Any], action: str) -> None:
    scene = Scene()
    AuditEntry.objects.all().delete()
    answer = Client().generic(
        method,
        scene.path(f"/api/v1/{path}"),
        json.dumps(body),
        "application/json",
        headers={"Authorization": f"Bearer {scene.key}"},
        REMOTE_ADDR=HERE,
    )
    assert answer.status_code < 300, answer.content
    entry = AuditEntry.objects.filter(action=action).first()
    assert entry is not None, list(AuditEntry.objects.values_list("action", flat=True))
    assert (entry.way, entry.actor_name, entry.ip_address) == ("api", "API key robot", HERE)
    assert entry.organization == scene.person.organization
    assert "AA" not in str(entry.changes.get("token", ""))


CONSOLE = [
    ("channels_app/notificationchannel/{channel}/press/disable/", {}, "disable"),
    ("channels_app/notificationchannel/{channel}/press/test/", {}, "test"),
    ("channels_app/notificationchannel/{channel}/delete/", {"post": "yes"}, "delete"),
    ("alerts/integration/{integration}/press/rotate/", {}, "rotate key"),
    ("alerts/integration/{integration}/delete/", {"post": "yes"}, "delete"),
    ("accounts/membership/add/", {"email": "ada@example.org", "role": "viewer"}, "create"),
]


@pytest.mark.parametrize(("path", "form", "action"), CONSOLE)
def test_console(path: str, form: dict[str, str], action: str) -> None:
    scene = Scene()
    AuditEntry.objects.all().delete()
    answer = scene.person.client.post("/" + scene.path(path), form, REMOTE_ADDR=HERE)
    assert answer.status_code == 302
    entry = AuditEntry.objects.filter(action=action).first()
    assert entry is not None, list(AuditEntry.objects.values_list("action", flat=True))
    user = scene.person.membership.user
    assert (entry.way, entry.actor, entry.ip_address) == ("console", user, HERE)


@pytest.mark.parametrize(
    "path",
    [
        "channels_app/notificationchannel/{channel}/press/test/",
        "channels_app/notificationchannel/{channel}/press/disable/",
        "channels_app/bot/{bot}/press/check/",
        "alerts/integration/{integration}/press/rotate/",
        "alerts/integration/{integration}/delete/",
    ],
)
def test_a_viewer_presses_in_vain(path: str) -> None:
    scene = Scene()
    viewer = Person(scene.person.organization, Role.VIEWER)
    AuditEntry.objects.all().delete()
    assert viewer.client.post("/" + scene.path(path), {"post": "yes"}).status_code == 403
    assert not AuditEntry.objects.exists()
