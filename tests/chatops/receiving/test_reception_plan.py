"""Which step follows from what Telegram says; and what Telegram's words mean."""

from uuid import UUID

import pytest

from botapi.errors import BotApiError, InvalidAnswer, Unreachable
from botapi.results import WebhookInfo
from chatops.receiving.poll_outcomes import after
from chatops.receiving.reception_advice import ADVICE, Trouble, webhook_advice
from chatops.receiving.reception_plan import host_of, next_step, webhook_url

PATH = UUID("9d0c2a1e-5b7e-4c55-9f3e-0d9f0a9f2b11")
OURS = webhook_url("https://alerts.example.net", PATH)
FORMER = webhook_url("https://former.example.net/tocsin", PATH)
THEIRS = "https://other.example.net/x"
OTHER_BOTS = webhook_url("https://alerts.example.net", UUID(int=7))
KINDS = ("message", "callback_query")


@pytest.mark.parametrize(
    ("way", "url", "is_new", "step"),
    [
        ("none", "", True, "nothing"),
        ("none", OURS, False, "delete"),
        ("none", FORMER, False, "delete"),
        ("none", THEIRS, True, "nothing"),
        ("polling", "", True, "nothing"),
        ("polling", OURS, True, "delete"),
        ("polling", THEIRS, True, "foreign"),
        ("polling", OTHER_BOTS, True, "foreign"),
        ("webhook", "", True, "set"),
        ("webhook", "", False, "set"),
        ("webhook", OURS, True, "set"),
        ("webhook", OURS, False, "nothing"),
        ("webhook", FORMER, False, "set"),
        ("webhook", THEIRS, False, "foreign"),
    ],
)
def test_next_step(way: str, url: str, is_new: bool, step: str) -> None:
    info = WebhookInfo(url, 0, allowed_updates=tuple(reversed(KINDS)))
    assert next_step(way, info, OURS, PATH, KINDS, is_new=is_new) == step


def test_other_kinds_of_updates_are_told_anew() -> None:
    info = WebhookInfo(OURS, 0, allowed_updates=("message",))
    assert next_step("webhook", info, OURS, PATH, KINDS, is_new=False) == "set"
    assert next_step("webhook", WebhookInfo(OURS, 0), OURS, PATH, KINDS, is_new=False) == "set"


def test_of_a_webhook_the_host_alone_is_shown() -> None:
    assert host_of("https://user:secret@other.example.net:8443/secret?x=secret") == (
        "other.example.net"
    )
    assert host_of("https://") == "an unknown host"


def refusal(code: int, said: str, retry_after: int | None = None) -> BotApiError:
    return BotApiError("getUpdates", code, code, said, retry_after)


@pytest.mark.parametrize(
    ("failure", "failures", "trouble", "least", "most"),
    [
        (refusal(502, "Bad Gateway"), 0, Trouble.UNREACHABLE, 0.7, 1.3),
        (refusal(502, "Bad Gateway"), 99, Trouble.UNREACHABLE, 22, 38),
        (Unreachable("getUpdates", "dns", "x", False), 2, Trouble.UNREACHABLE, 2.9, 5.1),
        (InvalidAnswer("getUpdates", 200, "x", True), 0, Trouble.UNREACHABLE, 0.7, 1.3),
        (refusal(429, "Too Many Requests", 17), 0, Trouble.RATE_LIMITED, 17, 17),
        (refusal(401, "Unauthorized"), 0, Trouble.WRONG_TOKEN, 31, 31),
        (refusal(404, "Not Found"), 0, Trouble.WRONG_TOKEN, 31, 31),
        (refusal(404, "Not Found: method not found"), 0, Trouble.REFUSED, 10, 10),
        (refusal(400, "Logged out"), 0, Trouble.WRONG_TOKEN, 31, 31),
        (
            refusal(409, "Conflict: terminated by other getUpdates request; make sure that"),
            *(0, Trouble.OTHER_POLLER, 30, 40),
        ),
        (
            refusal(409, "Conflict: can't use getUpdates method while webhook is active; use"),
            *(0, Trouble.FOREIGN_WEBHOOK, 0.7, 1.3),
        ),
        (
            refusal(409, "Conflict: terminated by setWebhook request"),
            *(0, Trouble.FOREIGN_WEBHOOK, 0.7, 1.3),
        ),
    ],
)
def test_what_a_failed_poll_means(
    failure: BotApiError, failures: int, trouble: Trouble, least: float, most: float
) -> None:
    for _ in range(20):
        pause = after(failure, failures)
        assert pause.trouble == trouble
        assert least <= pause.seconds <= most
    assert pause.has_webhook == (trouble == Trouble.FOREIGN_WEBHOOK)
    assert pause.is_suspect == (trouble == Trouble.WRONG_TOKEN)


def test_every_trouble_has_advice() -> None:
    assert set(ADVICE) == set(Trouble)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Wrong response from the webhook: 403 Forbidden", "drops the header"),
        ("Wrong response from the webhook: 404 Not Found", "SITE_URL leads elsewhere"),
        ("Wrong response from the webhook: 308 Permanent Redirect", "final address"),
        ("Wrong response from the webhook: 503 Service Unavailable", "by themselves"),
        ("SSL error {error:0A000086:SSL routines::certificate verify failed}", "whole chain"),
        ("Connection timed out", "firewall"),
        ("Read timeout expired", "firewall"),
        ("Connection refused", "Nothing listens"),
        ("something new", ""),
    ],
)
def test_what_telegram_met_with_has_advice(said: str, words: str) -> None:
    assert words in webhook_advice(said)
    assert bool(words) == bool(webhook_advice(said))
