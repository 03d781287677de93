"""quickstart: everything for a first alert in one go; again it changes nothing."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from accounts.api_keys import key_for
from accounts.models import Membership, Organization, Role, User
from alerts.models import Integration, Route
from channels_app import bots
from channels_app.models import Bot, NotificationChannel
from deliveries.models import Probe
from tests.factories import make_token

pytestmark = pytest.mark.django_db


def quickstart(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("quickstart", *arguments, "--json", stdout=out)
    result: dict[str, Any] = json.loads(out.getvalue())
    return result


def counts() -> list[int]:
    models = (Probe, User, Organization, Membership, Bot, NotificationChannel, Integration, Route)
    return [model._default_manager.count() for model in models]


def test_without_a_bot_there_is_an_account_and_an_ingest_url() -> None:
    outcome = quickstart()
    assert outcome["bot_id"] is None
    assert outcome["channel_id"] is None
    assert outcome["ingest_url"].startswith("http://testserver/hooks/v1/ti_")
    assert "api_key" not in outcome
    user = User.objects.get(email=outcome["email"])
    assert user.check_password(outcome["password"])
    assert user.is_superuser


def test_a_new_bot_and_chat_are_checked() -> None:
    quickstart("--bot-token", make_token(1234567), "--chat-id", "987654321")
    kinds = Probe.objects.order_by("id").values_list("kind", flat=True)
    assert list(kinds) == [Probe.Kind.BOT, Probe.Kind.CHANNEL]


def test_a_second_run_keeps_everything_and_shows_no_password() -> None:
    token = make_token(123456789)
    arguments = ("--bot-token", token, "--chat-id", "-1001234567890")
    first = quickstart(*arguments)
    before = counts()
    second = quickstart(*arguments)
    assert counts() == before
    assert "password" not in second
    assert {**first, "password": ""} == {**second, "password": ""}
    assert token not in json.dumps(first)


def test_a_given_password_is_a_new_owners_and_no_api_key_is_made_unasked() -> None:
    outcome = quickstart("--email", "ada@example.org", "--password", "correct horse 9")
    assert outcome["password"] == "correct horse 9"
    again = quickstart("--email", "ada@example.org", "--password", "other horse 9")
    assert "password" not in again
    assert User.objects.get(email="ada@example.org").check_password("correct horse 9")


def test_a_new_api_key_is_an_owners() -> None:
    key = key_for(quickstart("--new-api-key")["api_key"])
    assert key is not None
    assert key.role == Role.OWNER


def test_the_first_channel_gets_what_no_route_takes() -> None:
    outcome = quickstart("--bot-token", make_token(1234567), "--chat-id", "987654321")
    route = Route.objects.get(is_default=True)
    assert [str(channel.pk) for channel in route.channels.all()] == [outcome["channel_id"]]


def test_the_environment_names_bot_and_chat() -> None:
    token = make_token(123456789)
    with override_settings(TELEGRAM_BOT_TOKEN=token, TELEGRAM_CHAT_ID="@some_channel"):
        outcome = quickstart()
    assert bots.token_of(Bot.objects.get(pk=outcome["bot_id"])) == token
    assert NotificationChannel.objects.get(pk=outcome["channel_id"]).chat.address == "@some_channel"


def test_a_new_token_of_the_same_bot_replaces_the_old_one() -> None:
    old, new = make_token(123456789), make_token(123456789)
    first = quickstart("--bot-token", old, "--chat-id", "987654321")
    second = quickstart("--bot-token", new, "--chat-id", "987654321")
    assert first["bot_id"] == second["bot_id"]
    assert bots.token_of(Bot.objects.get()) == new


def test_a_second_person_is_no_operator_and_a_second_organization_no_relation() -> None:
    quickstart()
    outcome = quickstart("--organization", "ACME", "--email", "bob@example.org")
    assert not User.objects.get(email="bob@example.org").is_superuser
    owned = Integration.objects.for_organization(Organization.objects.get(name="ACME"))
    assert [str(row.pk) for row in owned] == [outcome["integration_id"]]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("--bot-token", "nonsense"), "token"),
        (("--bot-token", make_token(5555555), "--chat-id", "no chat"), "chat_id"),
    ],
    ids=["token", "chat"],
)
def test_refusals_name_the_field(arguments: tuple[str, ...], field: str) -> None:
    with pytest.raises(CommandError, match=rf"^{field}: "):
        quickstart(*arguments)


def test_people_read_it_without_json() -> None:
    out = StringIO()
    call_command("quickstart", "--new-api-key", stdout=out)
    text = out.getvalue()
    assert "shown once" in text
    assert "curl" in text
