"""How updates come is agreed with Telegram, whatever was set there before."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.audit import COMMAND_LINE
from accounts.models import AuditEntry
from channels_app.bots import BotRefused, change_bot, webhook_secret_of
from channels_app.models import Bot
from chatops.incoming import KINDS
from chatops.models import Reception
from chatops.receiving import agreeing, receptions
from deliveries import clock
from tests.chatops.conftest import Talk

Updates = Bot.Updates


def choose(talk: Talk, way: str) -> Reception:
    change_bot(COMMAND_LINE, talk.bot, updates=way)
    return agree(talk)


def agree(talk: Talk) -> Reception:
    """As the beat has it done."""
    agreeing.agree_due()
    return Reception.objects.get(bot=talk.bot)


def bot_of(talk: Talk) -> Bot:
    return Bot.objects.get(pk=talk.bot.pk)


def at_telegram(talk: Talk) -> dict[str, Any]:
    info: dict[str, Any] = talk.telegram.api(talk.telegram_bot, "getWebhookInfo")["result"]
    return info


def calls(talk: Talk, method: str) -> list[Any]:
    return talk.telegram.calls(method, bot=talk.telegram_bot)


def test_a_webhook_is_set_with_all_that_it_needs(talk: Talk) -> None:
    row = choose(talk, Updates.WEBHOOK)
    assert (row.is_settled, row.way, row.problem) == (True, "webhook", {})
    assert row.webhook["ours"]
    (call,) = calls(talk, "setWebhook")
    assert call.parameters["url"] == f"http://testserver/telegram/{row.path}/"
    assert call.parameters["secret_token"] == webhook_secret_of(bot_of(talk))
    assert set(at_telegram(talk)["allowed_updates"]) == set(KINDS)
    assert row.check_at < clock.now() + timedelta(seconds=60), "soon it is seen whether it works"


def test_what_is_agreed_is_not_said_again(talk: Talk) -> None:
    choose(talk, Updates.WEBHOOK)
    secret = webhook_secret_of(bot_of(talk))
    Reception.objects.update(check_at=clock.now())
    agree(talk)
    assert len(calls(talk, "setWebhook")) == 1
    assert webhook_secret_of(bot_of(talk)) == secret
    assert agreeing.agree_due() == 0, "not before it is time"


def test_each_switch_makes_a_new_secret(talk: Talk) -> None:
    choose(talk, Updates.WEBHOOK)
    first = webhook_secret_of(bot_of(talk))
    choose(talk, Updates.POLLING)
    choose(talk, Updates.WEBHOOK)
    assert webhook_secret_of(bot_of(talk)) != first
    assert calls(talk, "setWebhook")[-1].parameters["secret_token"] != first


@pytest.mark.parametrize("way", [Updates.POLLING, Updates.NONE])
def test_switching_away_takes_our_webhook_away(talk: Talk, way: str) -> None:
    choose(talk, Updates.WEBHOOK)
    row = choose(talk, way)
    assert (at_telegram(talk)["url"], row.is_settled) == ("", True)


def test_ours_of_a_former_address_is_ours(talk: Talk, settings: Any) -> None:
    row = choose(talk, Updates.WEBHOOK)
    secret = webhook_secret_of(bot_of(talk))
    settings.SITE_URL = "http://new.example.net"
    Reception.objects.update(check_at=clock.now())
    agree(talk)
    assert at_telegram(talk)["url"] == f"http://new.example.net/telegram/{row.path}/"
    assert webhook_secret_of(bot_of(talk)) == secret, "what is under way keeps its secret"


def test_none_leaves_somebody_elses_webhook(talk: Talk) -> None:
    choose(talk, Updates.POLLING)
    talk.telegram.api(talk.telegram_bot, "setWebhook", url="https://other.example.net/x")
    row = choose(talk, Updates.NONE)
    assert (row.is_settled, row.problem) == (True, {})
    assert at_telegram(talk)["url"] == "https://other.example.net/x"


@pytest.mark.parametrize("way", [Updates.POLLING, Updates.WEBHOOK])
def test_taking_over_needs_a_person(talk: Talk, way: str) -> None:
    talk.telegram.api(talk.telegram_bot, "setWebhook", url="https://other.example.net/x")
    row = choose(talk, way)
    assert not row.is_settled
    assert row.problem["problem"] == "foreign_webhook"
    assert "The webhook is at other.example.net." in row.problem["advice"]
    receptions.take_over(COMMAND_LINE, bot_of(talk))
    row = agree(talk)
    assert (row.is_settled, row.problem, row.errand) == (True, {}, "")
    ours = f"http://testserver/telegram/{row.path}/" if way == Updates.WEBHOOK else ""
    assert at_telegram(talk)["url"] == ours
    assert AuditEntry.objects.filter(action="take over updates").count() == 1


def test_nobody_takes_over_for_nothing(talk: Talk) -> None:
    with pytest.raises(receptions.ErrandRefused):
        receptions.take_over(COMMAND_LINE, talk.bot)


def test_a_refused_webhook_is_told_in_telegrams_words_and_tried_again(talk: Talk) -> None:
    refusal = "Bad Request: bad webhook: Failed to resolve host: Name or service not known"
    talk.telegram.fault(
        "error", bot=talk.telegram_bot, method="setWebhook", code=400, description=refusal
    )
    row = choose(talk, Updates.WEBHOOK)
    assert not row.is_settled
    assert (row.problem["problem"], row.problem["telegram"]) == ("webhook_refused", refusal)
    assert row.problem["advice"] == (
        "Telegram does not take the webhook. The name in SITE_URL does not resolve on the Internet."
    )
    assert not row.webhook["ours"], "Telegram was asked again after the refusal"
    Reception.objects.update(check_at=clock.now())
    row = agree(talk)
    assert (row.is_settled, row.problem) == (True, {})


def test_a_server_that_does_not_answer_changes_nothing_and_is_backed_off_from(talk: Talk) -> None:
    choose(talk, Updates.POLLING)
    talk.telegram.fault("bad_gateway", bot=talk.telegram_bot, method="getWebhookInfo", count=None)
    for failures in (1, 2, 3):
        Reception.objects.update(check_at=clock.now())
        row = agree(talk)
        assert (row.failures, row.is_settled) == (failures, True)
        assert row.problem["problem"] == "unreachable"
        assert row.check_at > clock.now()
    talk.telegram.clear_faults()
    Reception.objects.update(check_at=clock.now())
    assert agree(talk).problem == {}


def test_who_was_killed_in_between_is_followed_by_another(talk: Talk) -> None:
    """Between setWebhook and its note: the next one sets it anew, with a secret that both know."""
    choose(talk, Updates.WEBHOOK)
    Reception.objects.update(
        is_settled=False, check_at=clock.now(), claimed_until=clock.now() + timedelta(seconds=60)
    )
    assert agreeing.agree_due() == 0, "it may still be at it"
    Reception.objects.update(claimed_until=clock.now())
    assert agree(talk).is_settled
    sent = calls(talk, "setWebhook")[-1].parameters["secret_token"]
    assert sent == webhook_secret_of(bot_of(talk))


def test_another_server_is_agreed_with_anew(talk: Talk) -> None:
    choose(talk, Updates.WEBHOOK)
    Reception.objects.update(server="https://former.example.net")
    agree(talk)
    assert len(calls(talk, "setWebhook")) == 2


@pytest.mark.parametrize(
    ("site_url", "why"),
    [
        ("http://alerts.example.net", "https addresses alone"),
        ("https://alerts.example.net:8000", "ports 443, 80, 88 and 8443"),
        ("https://alerts.example.net:8443", ""),
        ("https://alerts.example.net", ""),
    ],
)
def test_telegrams_own_server_needs_https(
    talk: Talk, settings: Any, site_url: str, why: str
) -> None:
    settings.SITE_URL = site_url
    settings.TELEGRAM_API_URL = "https://api.telegram.org"
    Bot.objects.update(api_url="")
    if not why:
        assert change_bot(COMMAND_LINE, bot_of(talk), updates=Updates.WEBHOOK).updates == "webhook"
        return
    with pytest.raises(BotRefused, match=why) as refused:
        change_bot(COMMAND_LINE, bot_of(talk), updates=Updates.WEBHOOK)
    assert refused.value.field == "updates"


@pytest.mark.parametrize(("errand", "method"), [("log_out", "logOut"), ("close", "close")])
def test_a_bot_leaves_its_server(talk: Talk, errand: str, method: str) -> None:
    choose(talk, Updates.WEBHOOK)
    receptions.leave(COMMAND_LINE, bot_of(talk), errand)
    assert not bot_of(talk).enabled, "any call would log it in again"
    assert agreeing.agree_due() == 0, "calls that are under way may end"
    Reception.objects.update(check_at=clock.now())
    row = agree(talk)
    assert len(calls(talk, method)) == 1
    assert (row.errand, row.problem["problem"]) == ("", "left_server")
    assert agreeing.agree_due() == 0


def test_a_server_that_keeps_the_bot_says_for_how_long(talk: Talk) -> None:
    choose(talk, Updates.POLLING)
    talk.telegram.fault("too_many_requests", bot=talk.telegram_bot, method="close", retry_after=400)
    receptions.leave(COMMAND_LINE, bot_of(talk), "close")
    Reception.objects.update(check_at=clock.now())
    row = agree(talk)
    assert row.problem["problem"] == "errand_refused"
    assert "again in 400 seconds" in row.problem["advice"]


def test_an_unproven_bot_is_left_alone(talk: Talk) -> None:
    Bot.objects.update(proven_at=None, updates=Updates.POLLING)
    assert agreeing.agree_due() == 0
    assert not calls(talk, "getWebhookInfo")
