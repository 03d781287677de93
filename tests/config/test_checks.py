"""System checks: what is set wrongly is named, with what to do."""

import base64

import pytest
from django.test import override_settings

from config.checks import check_broker, check_encryption_keys, check_urls, check_watching

GOOD = "k1:" + base64.urlsafe_b64encode(b"x" * 32).decode()


@pytest.mark.parametrize(
    "keys", [[], ["nonsense"], ["k1:AAAA"], [GOOD, GOOD], [":" + GOOD[3:]], ["k1:%%%"]]
)
def test_bad_encryption_keys_are_named(keys: list[str]) -> None:
    with override_settings(ENCRYPTION_KEYS=keys):
        problems = check_encryption_keys()
    assert problems
    assert all("ENCRYPTION_KEYS" in problem.msg for problem in problems)


def test_good_keys_pass() -> None:
    with override_settings(ENCRYPTION_KEYS=[GOOD]):
        assert check_encryption_keys() == []


def test_urls_need_a_scheme() -> None:
    with override_settings(SITE_URL="example.org", TELEGRAM_API_URL="https://api.telegram.org"):
        assert [problem.id for problem in check_urls()] == ["tocsin.E003"]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({}, ""),
        ({"HEARTBEAT_URL": "https://hc-ping.com/x", "METRICS_ALLOWED": ["10.0.0.0/8"]}, ""),
        ({"HEARTBEAT_URL": "hc-ping.com/s3cret"}, "tocsin.E004"),
        ({"HEARTBEAT_URL": "https://h:99999999/s3cret"}, "tocsin.E004"),
        ({"HEARTBEAT_SECONDS": 0}, "tocsin.E005"),
        ({"METRICS_ALLOWED": ["10.0.0.1/8"]}, "tocsin.E006"),
        ({"TRUSTED_PROXIES": ["proxy"]}, "tocsin.E006"),
    ],
)
def test_what_watches_is_set_rightly(values: dict[str, object], problem: str) -> None:
    with override_settings(**values):
        found = check_watching()
    assert [one.id for one in found] == ([problem] if problem else [])
    assert "s3cret" not in " ".join(one.msg for one in found)


def test_a_scaled_out_installation_needs_a_broker() -> None:
    with override_settings(CELERY_BROKER_URL="memory://", EMBEDDED_DATABASE=False):
        assert [problem.id for problem in check_broker()] == ["tocsin.W001"]
    with override_settings(CELERY_BROKER_URL="redis://x", EMBEDDED_DATABASE=False):
        assert check_broker() == []
