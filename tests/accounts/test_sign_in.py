"""Sign-in and resets as a guesser meets them."""

import re
import threading
from typing import Any

import pytest
from django.core.mail.backends.base import BaseEmailBackend
from django.test import Client

from accounts import sign_in
from tests.console import sent_mails
from tests.factories import make_membership

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _counted_from_zero() -> Any:
    sign_in.counter.cache_clear()
    yield
    sign_in.counter.cache_clear()


def try_to_sign_in(email: str, password: str, address: str = "192.0.2.1") -> Any:
    form = {"username": email, "password": password, "next": "/"}
    return Client().post("/login/", form, REMOTE_ADDR=address)


def test_a_guesser_is_stopped_and_told_and_nobody_else_is() -> None:
    user, other = make_membership().user, make_membership().user
    for _ in range(sign_in.TRIES):
        page = try_to_sign_in(user.email, "wrong").content.decode()
        assert "Too many tries" not in page
    page = try_to_sign_in(user.email.upper(), "correct horse")
    assert page.status_code == 200, "not even the right password is looked at"
    assert re.search(r"Too many tries from your network\. Wait \d+ seconds", page.content.decode())
    assert try_to_sign_in(user.email, "correct horse", "192.0.2.2").status_code == 302
    assert try_to_sign_in(other.email, "correct horse").status_code == 302


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
    ],
)
def test_a_sender_is_an_address_or_an_ipv6_site(first: str, second: str, together: bool) -> None:
    user = make_membership().user
    for _ in range(sign_in.TRIES):
        try_to_sign_in(user.email, "wrong", first)
    assert (try_to_sign_in(user.email, "correct horse", second).status_code == 200) == together


def test_a_sender_that_tries_many_addresses_is_stopped() -> None:
    user = make_membership().user
    assert tries_until_stopped() >= sign_in.TRIES_OF_SENDER
    for _ in range(10):
        if try_to_sign_in(user.email, "correct horse").status_code == 200:
            return
        tries_until_stopped()  # on a slow machine one try has freed itself meanwhile
    raise AssertionError("the right password is looked at each time")


def tries_until_stopped() -> int:
    """How many wrong passwords of one sender are looked at, each for another address."""
    # More than the limit, by what frees itself meanwhile on a slow machine.
    for number in range(2 * sign_in.TRIES_OF_SENDER):
        page = try_to_sign_in(f"somebody{number}@example.org", "wrong").content.decode()
        if "Too many tries" in page:
            return number
    raise AssertionError("nobody was stopped")


@pytest.mark.parametrize("known", [True, False])
def test_a_mailbox_is_not_flooded_and_the_answer_says_nothing_of_who_is_known(known: bool) -> None:
    email = make_membership().user.email if known else "nobody@example.org"
    for number in range(sign_in.MAILS):
        answer = Client().post(
            "/password/reset/", {"email": email}, REMOTE_ADDR=f"192.0.2.{number}"
        )
        assert answer.status_code == 302
    answer = Client().post("/password/reset/", {"email": email})
    assert "Enough links were asked for" in answer.content.decode()
    assert len(sent_mails()) == (sign_in.MAILS if known else 0)


def test_the_mail_names_the_sites_own_address() -> None:
    user = make_membership().user
    Client().post("/password/reset/", {"email": user.email}, headers={"Host": "localhost"})
    assert "\nhttp://testserver/password/reset/" in str(sent_mails()[0].body)


class StuckServer(BaseEmailBackend):
    """A mail server that takes a connection and says nothing."""

    freed = threading.Event()
    gave_up = False

    def send_messages(self, messages: Any) -> int:
        StuckServer.gave_up = not self.freed.wait(60)
        return len(messages)


def test_how_long_the_answer_takes_does_not_tell_who_is_known(settings: Any) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.StuckServer"
    user = make_membership().user
    try:
        answer = Client().post("/password/reset/", {"email": user.email})
        assert (answer.status_code, StuckServer.gave_up) == (302, False)
    finally:
        StuckServer.freed.set()
        sign_in.mail.submit(int).result(60)
