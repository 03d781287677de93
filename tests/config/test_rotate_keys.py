"""rotate_keys: every secret moves to the new key; an interrupted run is finished by the next."""

import base64
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import override_settings

from accounts.audit import COMMAND_LINE
from alerts import integrations
from alerts.models import Integration
from channels_app import bots
from channels_app.encryption import key_id_of
from channels_app.models import Bot
from tests.factories import make_bot, make_organization, make_token

pytestmark = pytest.mark.django_db

OLD, NEW = (
    f"{name}:{base64.urlsafe_b64encode(name[-1].encode() * 32).decode()}" for name in ("k1", "k2")
)


def rotate() -> str:
    out = StringIO()
    call_command("rotate_keys", stdout=out)
    return out.getvalue()


def test_secrets_open_under_the_new_key_alone_afterwards() -> None:
    token = make_token(123456789)
    organization = make_organization()
    with override_settings(ENCRYPTION_KEYS=[OLD]):
        make_bot(organization, token=token, proxy="socks5h://proxy.example.org:1080")
        integration, key = integrations.create_integration(COMMAND_LINE, organization, "x")
        integrations.set_signature_secret(COMMAND_LINE, integration, "signed")
    with override_settings(ENCRYPTION_KEYS=[NEW, OLD]):
        assert rotate().startswith("2 rows")
        assert rotate().startswith("0 rows")
    with override_settings(ENCRYPTION_KEYS=[NEW]):
        bot = Bot.objects.get()
        assert key_id_of(bot.token_encrypted) == "k2"
        assert bots.token_of(bot) == token
        assert bots.proxy_of(bot) == "socks5h://proxy.example.org:1080"
        stored = Integration.objects.get()
        assert integrations.key_of(stored) == key
        assert integrations.signature_secret_of(stored) == "signed"


def test_what_an_interrupted_run_left_is_done_by_the_next() -> None:
    organization = make_organization()
    with override_settings(ENCRYPTION_KEYS=[OLD]):
        rows = [make_bot(organization, token=make_token(100000 + n)) for n in range(3)]
    with override_settings(ENCRYPTION_KEYS=[NEW, OLD]):
        bots.rekey(rows[0])
        rows[0].save()
        assert rotate().startswith("2 rows")
