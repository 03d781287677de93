"""What the admins hear of channels and bots that were disabled."""

from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core import mail
from django.urls import resolve

from accounts.models import Role
from deliveries import health
from deliveries.advice import Problem
from tests.deliveries.conftest import until
from tests.factories import make_bot, make_channel, make_membership, make_organization, make_user

pytestmark = pytest.mark.django_db(transaction=True)

SAID = "Forbidden: bot was blocked by the user"


def test_the_mail_names_the_organization_and_the_page() -> None:
    organization = make_organization(name="Night\nwatch")
    for role, email in ((Role.ADMIN, "admin@example.org"), (Role.RESPONDER, "other@example.org")):
        make_membership(organization=organization, role=role, user=make_user(email=email))
    channel = make_channel(make_bot(organization), name="Pager")
    health.disable(channel, Problem.BLOCKED, SAID)
    until(lambda: mail.outbox)
    (told,) = mail.outbox
    assert told.subject == "[Night watch] Channel Pager was disabled"
    assert told.bcc == ["admin@example.org"]
    assert SAID in told.body
    page = told.body.strip().rpartition("\n")[2]
    assert page.startswith(f"{settings.SITE_URL}/")
    found = resolve(urlsplit(page).path)
    assert found.url_name == "channels_app_notificationchannel_change"
    assert found.kwargs["object_id"] == str(channel.pk)
