"""Headers that browsers act on, and whose words about the sender are believed."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings

from accounts.middleware import TrustedProxyMiddleware, client_address
from tests.console import Person

PROXY = "10.0.0.1"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/", "/login/", "/accounts/membership/", "/no/such/page/", "/api/v1/docs/"]
)
def test_pages_run_scripts_from_our_own_files_alone(path: str) -> None:
    answer = Person().client.get(path)
    policy = dict(
        part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; ")
    )
    assert "'unsafe-inline'" not in policy["script-src"]
    assert policy["default-src"] in ("'self'", "'none'")
    assert policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"


@override_settings(SECURE_SSL_REDIRECT=True, TRUSTED_PROXIES=[PROXY])
@pytest.mark.parametrize(
    ("address", "scheme", "redirected"),
    [(PROXY, "https", False), (PROXY, "http", True), ("192.0.2.1", "https", True)],
)
def test_https_at_the_proxy_is_https(address: str, scheme: str, redirected: bool) -> None:
    """Redirected nevertheless, a browser would go round for ever."""
    forwarded = {"X-Forwarded-Proto": scheme}
    answer = Client().get("/password/reset/", REMOTE_ADDR=address, headers=forwarded)
    assert (answer.status_code == 301) == redirected


@pytest.mark.parametrize(
    ("address", "known_as"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("", None),
    ],
)
def test_an_ipv4_peer_of_a_server_that_listens_on_both_keeps_its_address(
    rf: RequestFactory, address: str, known_as: str | None
) -> None:
    """Else everybody is one sender: one of them stops the others from signing in."""
    assert client_address(rf.get("/", REMOTE_ADDR=address)) == known_as


@override_settings(TRUSTED_PROXIES=[PROXY])
def test_such_a_peer_can_be_a_trusted_proxy(rf: RequestFactory) -> None:
    seen: list[str | None] = []

    def answer(request: HttpRequest) -> HttpResponse:
        seen.append(client_address(request))
        return HttpResponse()

    headers = {"X-Forwarded-For": "192.0.2.7"}
    TrustedProxyMiddleware(answer)(rf.get("/", REMOTE_ADDR=f"::ffff:{PROXY}", headers=headers))
    assert seen == ["192.0.2.7"]
