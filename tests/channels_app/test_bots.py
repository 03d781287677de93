"""Bots: one organization each, tokens replaced in place, no call in a transaction."""

from typing import Any

import pytest
from django.db import transaction

from accounts.audit import COMMAND_LINE
from accounts.models import AuditEntry
from channels_app import bots
from channels_app.models import Bot, Verification
from tests.factories import make_bot, make_organization, make_token

pytestmark = pytest.mark.django_db


def test_the_token_is_stored_encrypted_and_comes_back_only_through_token_of() -> None:
    token = make_token(123456789)
    bot = make_bot(make_organization(), token=token)
    row = Bot.objects.filter(pk=bot.pk).values().get()
    assert bots.token_of(bot) == token
    assert token.split(":")[1] not in repr(row)
    assert bots.masked_token(bot) == "123456789:••••"


def test_a_proven_bot_is_registered_once_per_installation() -> None:
    make_bot(make_organization(), token=make_token(123456789))
    with pytest.raises(bots.BotRefused, match="lend") as refusal:
        make_bot(make_organization(), token=make_token(123456789))
    assert refusal.value.field == "token"


def test_an_unproven_bot_keeps_its_own_organization_alone_from_registering_it() -> None:
    organization = make_organization()
    make_bot(organization, token=make_token(123456789), proven=False)
    make_bot(make_organization(), token=make_token(123456789), proven=False)
    for elsewhere in ("", "http://127.0.0.1:9"):
        with pytest.raises(bots.BotRefused, match="already") as refusal:
            make_bot(organization, token=make_token(123456789), api_url=elsewhere)
        assert refusal.value.field == "token"


def test_an_organization_has_only_so_many(settings: Any) -> None:
    settings.BOTS_PER_ORGANIZATION = 2
    organization, other = make_organization(), make_organization()
    for _ in range(2):
        make_bot(organization)
    with pytest.raises(bots.BotRefused, match="BOTS_PER_ORGANIZATION") as refusal:
        make_bot(organization)
    assert refusal.value.field == "token"
    make_bot(other)


@pytest.mark.parametrize("token", ["", "hello", "12:short", "123456789:" + "x" * 20])
def test_what_is_no_token_is_refused_with_its_field_and_never_repeated(token: str) -> None:
    with pytest.raises(bots.BotRefused) as refusal:
        bots.register_bot(COMMAND_LINE, make_organization(), name="x", token=token)
    assert refusal.value.field == "token"
    if len(token) > 6:
        assert token not in str(refusal.value)


def test_a_new_token_of_the_same_bot_keeps_the_row_and_asks_for_verification() -> None:
    bot = make_bot(make_organization(), token=make_token(123456789))
    Bot.objects.filter(pk=bot.pk).update(verification=Verification.OK, enabled=False)
    bot.refresh_from_db()
    replacement = make_token(123456789)
    changed = bots.change_bot(COMMAND_LINE, bot, token=replacement)
    assert changed.pk == bot.pk
    assert bots.token_of(changed) == replacement
    assert changed.verification == Verification.PENDING
    assert changed.enabled


def test_another_bots_token_is_refused() -> None:
    bot = make_bot(make_organization(), token=make_token(123456789))
    with pytest.raises(bots.BotRefused, match=r"not of"):
        bots.change_bot(COMMAND_LINE, bot, token=make_token(987654321))


@pytest.mark.parametrize(
    "change", [{"api_url": "https://bots.example.org"}, {"proxy": "socks5h://10.0.0.5:1080"}]
)
def test_sending_the_token_elsewhere_needs_the_token_again(change: dict[str, str]) -> None:
    token = make_token(123456789)
    bot = make_bot(make_organization(), token=token)
    with pytest.raises(bots.BotRefused) as refusal:
        bots.change_bot(COMMAND_LINE, bot, **change)  # type: ignore[arg-type]  # table of kwargs
    assert refusal.value.field == "token"
    bots.change_bot(COMMAND_LINE, bot, token=token, **change)  # type: ignore[arg-type]  # as above


def test_audit_says_what_changed_and_never_the_token() -> None:
    organization = make_organization()
    token = make_token(123456789)
    bot = make_bot(organization, token=token)
    replacement = make_token(123456789)
    bots.change_bot(COMMAND_LINE, bot, name="Renamed", token=replacement)
    entries = list(AuditEntry.objects.for_organization(organization).values())
    assert [entry["action"] for entry in entries] == ["change", "create"]
    assert entries[0]["changes"]["name"] == ["Test bot", "Renamed"]
    assert entries[0]["changes"]["token_encrypted"] == ["••••", "••••"]
    for secret in (token, replacement):
        assert secret.split(":")[1] not in repr(entries)


def test_no_call_to_telegram_inside_a_transaction() -> None:
    bot = make_bot(make_organization(), api_url="http://127.0.0.1:9")
    with transaction.atomic(), pytest.raises(bots.CallInTransaction):
        bots.client_for(bot).call(bots.token_of(bot), "getMe", {})
