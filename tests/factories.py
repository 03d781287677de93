"""Rows for tests, made through the product's own write functions wherever one exists."""

import base64
import secrets
from typing import Any, cast

import factory
from factory.django import DjangoModelFactory

from accounts.audit import COMMAND_LINE
from accounts.models import Membership, Organization, Role, User
from channels_app.bots import register_bot
from channels_app.channels import create_channel
from channels_app.models import Bot, NotificationChannel
from channels_app.proof import prove


def make_token(telegram_id: int) -> str:
    """A token of the right form (base64url of 26 bytes) that no bot has."""
    return f"{telegram_id}:" + base64.urlsafe_b64encode(
        b"\0" + secrets.token_bytes(25)
    ).decode().rstrip("=")


class UserFactory(DjangoModelFactory[User]):
    """A person who can sign in with the password `correct horse`."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"user{n}@example.org")
    password = factory.django.Password("correct horse")


class OrganizationFactory(DjangoModelFactory[Organization]):
    """A tenant without members."""

    class Meta:
        model = Organization

    name = factory.Sequence(lambda n: f"Organization {n}")
    slug = factory.Sequence(lambda n: f"organization-{n}")


class MembershipFactory(DjangoModelFactory[Membership]):
    """An owner of a new organization."""

    class Meta:
        model = Membership

    organization = factory.SubFactory(OrganizationFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.OWNER


def make_user(**values: Any) -> User:
    """A person who can sign in with the password `correct horse`."""
    return cast("User", UserFactory(**values))


def make_organization(**values: Any) -> Organization:
    """A tenant without members."""
    return cast("Organization", OrganizationFactory(**values))


def make_membership(**values: Any) -> Membership:
    """An owner of a new organization, unless `role` or `organization` say otherwise."""
    return cast("Membership", MembershipFactory(**values))


_ids = iter(range(700_000_001, 799_999_999))


def make_bot(organization: Organization, **values: Any) -> Bot:
    """A bot of this organization whose token getMe accepted, unless `proven` is False; `token` and
    `api_url` may point it at the sandbox."""
    token = values.pop("token", None) or make_token(next(_ids))
    proven = values.pop("proven", True)
    bot = register_bot(
        COMMAND_LINE, organization, name=values.pop("name", "Test bot"), token=token, **values
    )
    if proven:
        prove(bot, {"id": bot.telegram_id})
        bot.refresh_from_db()
    return bot


def make_channel(bot: Bot, **values: Any) -> NotificationChannel:
    """A channel of the bot's organization, or of `organization`."""
    number = next(_ids)
    return create_channel(
        COMMAND_LINE,
        values.pop("organization", bot.organization),
        name=values.pop("name", f"Channel {number}"),
        bot=bot,
        chat_id=values.pop("chat_id", number),
        is_shown=values.pop("is_shown", True),
        **values,
    )
