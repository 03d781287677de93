"""Headers that browsers act on, and whose words about the sender are believed."""

import pytest
from django.test import Client, override_settings

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
    answer = Client().get("/healthz", REMOTE_ADDR=address, headers={"X-Forwarded-Proto": scheme})
    assert (answer.status_code == 301) == redirected
