"""Sign-in and password resets, with a limit on tries: nobody guesses for long, or floods a mailbox.

Counted by sender and address together, so that a stranger can't lock somebody out.
"""

import ipaddress
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth.forms import PasswordResetForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.forms import AuthenticationForm

from accounts.middleware import client_address
from accounts.rates import RateCounter

TRIES = 8
"""A minute, from one sender for one address."""
TRIES_OF_SENDER = 60
"""A minute, from one sender for all addresses; a company may sit behind one."""
MAILS = 3
"""Links a minute to one mailbox, whoever asks."""
IPV6_SITE = 64
"""Bits of an IPv6 address that one sender has; the rest it chooses as it likes (RFC 6177)."""


mail = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reset-mail")
"""Sends apart from the request: how long an answer takes must not tell whether a mail was sent."""


@lru_cache(maxsize=1)
def counter() -> RateCounter:
    """The counter that all processes share through Redis, when there is one."""
    return RateCounter(settings.REDIS_URL)


def sender_of(request: HttpRequest) -> str:
    """Who asks, as far as an address tells."""
    address = client_address(request) or ""
    if ":" not in address:
        return address
    network = ipaddress.ip_network((address.partition("%")[0], IPV6_SITE), strict=False)
    return str(network)


def wait_for_try(request: HttpRequest, email: str) -> int:
    """Seconds until this sender may try again to sign in as this address; 0: now."""
    sender = sender_of(request)
    return max(
        counter().hit(f"sign-in:{sender}", TRIES_OF_SENDER),
        counter().hit(f"sign-in:{sender}:{email.lower()}", TRIES),
    )


def wait_for_mail(request: HttpRequest, email: str) -> int:
    """Seconds until another link is sent to this address, whether somebody has it or not."""
    return max(
        counter().hit(f"reset:{sender_of(request)}", TRIES_OF_SENDER),
        counter().hit(f"reset-mail:{email.lower()}", MAILS),
    )


class SignInForm(AuthenticationForm):  # type: ignore[misc]  # Unfold has no types
    """Address and password, checked a few times a minute."""

    def clean(self) -> Any:
        """Over the limit even the right password is not looked at."""
        wait = wait_for_try(self.request, str(self.cleaned_data.get("username", "")))
        if wait:
            raise ValidationError(
                f"Too many tries from your network. Wait {wait} seconds, then try again.",
                code="too_many_tries",
            )
        return super().clean()


class ResetForm(PasswordResetForm):
    """The address to which a link goes."""

    request: HttpRequest

    def clean_email(self) -> str:
        """Counted for unknown addresses too: the answer says nothing about who is known."""
        email = str(self.cleaned_data["email"])
        wait = wait_for_mail(self.request, email)
        if wait:
            raise ValidationError(
                f"Enough links were asked for. Look into the mailbox, or wait {wait} seconds.",
                code="too_many_mails",
            )
        return email

    def send_mail(self, *args: Any, **kwargs: Any) -> None:
        """After the answer; a mail server that fails is logged."""
        mail.submit(super().send_mail, *args, **kwargs)
