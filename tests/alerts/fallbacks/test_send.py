"""Mails reach a mail server, POSTs a receiver that verifies them; what fails comes again."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from alerts import publish
from alerts.fallbacks import changes as fallbacks
from alerts.fallbacks import send as fallback_send
from alerts.models import Fallback, FallbackCall
from channels_app import encryption
from tests import clock
from tests.alerts.fallbacks.receivers import MailServer, Receiver
from tests.alerts.fallbacks.stage import (
    deliver,
    grave,
    let_pass,
    make_stage,
    of_group,
    send,
    sweep,
)
from tests.alerts.senders import make_site, webhook

pytestmark = pytest.mark.django_db(transaction=True)


def webhook_stage(receiver: Receiver) -> Any:
    """A site whose fallback is the receiver, which knows the secret."""
    site = make_site()
    saved = fallbacks.set_fallback(COMMAND_LINE, site.channels[0], kind="webhook", url=receiver.url)
    receiver.secret = saved.secret
    return site


def test_a_mail_tells_what_burns_and_since_when(mail_server: MailServer) -> None:
    site, _ = make_stage(addresses=["ada@example.org", "bob@example.org"])
    site.post(webhook(grave()))
    publish.publish_due()
    let_pass(6)
    sweep()
    assert send() == 1
    (mail,) = mail_server.mails
    assert mail_server.recipients == [["ada@example.org", "bob@example.org"]]
    assert "InstanceDown" in mail["Subject"]
    assert f"undelivered in {site.channels[0]}" in mail["Subject"]
    text = mail.get_content()
    assert "FIRING critical" in text
    assert "(6 min)" in text
    assert "/alerts/alertgroup/" in text
    call = FallbackCall.objects.get()
    assert (call.state, call.attempts) == ("accepted", 1)
    assert str(call.pk) in mail["Message-ID"]
    assert send() == 0


def test_a_post_is_signed_and_follows_the_schema(receiver: Receiver) -> None:
    site = webhook_stage(receiver)
    site.post(webhook(grave()))
    publish.publish_due()
    let_pass(6)
    sweep()
    assert send() == 1
    (body,) = receiver.bodies
    assert receiver.verified == [True]
    assert body["version"] == 1
    assert body["event"] == "undelivered"
    assert body["organization"] == {
        "id": str(site.organization.pk),
        "name": site.organization.name,
    }
    assert body["channel"]["id"] == str(site.channels[0].pk)
    group = body["group"]
    assert (group["severity"], group["status"], group["alert_count"]) == ("critical", "firing", 1)
    assert group["alerts"][0]["name"] == "InstanceDown"
    assert group["alerts"][0]["labels"]["severity"] == "critical"
    assert set(body) == {
        "version",
        "event",
        "organization",
        "channel",
        "group",
        "undelivered_since",
        "reason",
        "url",
    }
    deliver()
    sweep()
    send()
    assert [one["event"] for one in receiver.bodies] == ["undelivered", "over"]
    assert receiver.bodies[1]["end"] == "delivered"
    assert len(set(receiver.keys)) == 2
    assert receiver.verified == [True, True]


def test_a_wrong_secret_does_not_verify(receiver: Receiver) -> None:
    site = webhook_stage(receiver)
    receiver.secret += "x"
    site.post(webhook(grave()))
    let_pass(6)
    sweep()
    send()
    assert receiver.verified == [False]


@pytest.mark.parametrize("status", [500, 404, 302])
def test_what_a_receiver_does_not_take_comes_again_under_the_same_key(
    receiver: Receiver, status: int
) -> None:
    site = webhook_stage(receiver)
    site.post(webhook(grave()))
    let_pass(6)
    sweep()
    receiver.status = status
    assert send() == 1
    call = FallbackCall.objects.get()
    assert (call.state, call.attempts) == ("waiting", 1)
    assert f"HTTP {status}" in call.answer
    assert "s3cret" not in call.answer
    assert call.not_before > timezone.now()
    assert send() == 0, "not before its time"
    receiver.status = 204
    let_pass(1)
    assert send() == 1
    assert len(receiver.keys) == 2
    assert len(set(receiver.keys)) == 1
    assert FallbackCall.objects.get().state == "accepted"


def test_a_mail_server_that_refuses_is_asked_again(mail_server: MailServer) -> None:
    site, _ = make_stage()
    site.post(webhook(grave()))
    let_pass(6)
    sweep()
    mail_server.refuses = "451 try again later"
    send()
    call = FallbackCall.objects.get()
    assert call.state == "waiting"
    assert "451 try again later" in call.answer
    mail_server.refuses = ""
    let_pass(1)
    send()
    assert len(mail_server.mails) == 1


def test_no_mail_server_at_all(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    site, _ = make_stage()
    site.post(webhook(grave()))
    let_pass(6)
    sweep()
    send()
    assert "refused" in FallbackCall.objects.get().answer.lower()


def test_after_three_days_it_is_given_up(receiver: Receiver) -> None:
    site = webhook_stage(receiver)
    site.post(webhook(grave()))
    let_pass(6)
    sweep()
    receiver.status = 500
    let_pass(3 * 24 * 60 + 1)
    send()
    assert FallbackCall.objects.get().state == "failed"


def test_private_addresses_are_refused_at_connect_time(receiver: Receiver, settings: Any) -> None:
    settings.OUTBOUND_ALLOWED_HOSTS = frozenset()
    site = webhook_stage(receiver)
    site.post(webhook(grave()))
    let_pass(6)
    sweep()
    send()
    assert receiver.bodies == []
    assert "loopback" in FallbackCall.objects.get().answer


def test_a_receiver_that_hangs_holds_nobody_else_up(receiver: Receiver, settings: Any) -> None:
    hanging = Receiver()
    hanging.hangs = 2.0
    with hanging.running():
        settings.OUTBOUND_ALLOWED_HOSTS |= {f"127.0.0.1:{hanging.port}"}
        slow = webhook_stage(hanging)
        for number in range(6):
            slow.post(of_group(grave(f"Down{number}"), name=f"g{number}"))
        quick = webhook_stage(receiver)
        quick.post(webhook(grave()))
        let_pass(6)
        sweep()
        Fallback.objects.filter(organization=quick.organization).update(paced_at=timezone.now())
        began = clock.now()
        assert fallback_send.send_waiting(seconds=1) >= 3
        assert len(receiver.bodies) == 1
        assert clock.now() - began < 15
        assert FallbackCall.objects.filter(state="waiting").exists()


def test_a_claim_of_the_dead_is_taken_again(receiver: Receiver) -> None:
    site = webhook_stage(receiver)
    site.post(webhook(grave()))
    let_pass(6)
    sweep()
    soon = timezone.now() + timedelta(seconds=30)
    FallbackCall.objects.update(claimed_until=soon)
    assert send() == 0
    let_pass(1)
    assert send() == 1
    assert FallbackCall.objects.get().state == "accepted"


def test_a_settle_under_a_lost_claim_changes_nothing(receiver: Receiver) -> None:
    site = webhook_stage(receiver)
    site.post(webhook(grave()))
    let_pass(6)
    sweep()
    call = FallbackCall.objects.get()
    assert fallback_send._claim(call)
    FallbackCall.objects.update(claim=None)
    fallback_send._settle(call, "HTTP 200", taken=True)
    assert FallbackCall.objects.get().state == "waiting"


def test_secrets_can_be_encrypted_anew(settings: Any, receiver: Receiver) -> None:
    site = webhook_stage(receiver)
    row = Fallback.objects.get(channel=site.channels[0])
    before = row.secret_encrypted
    fallbacks.rekey(row)
    assert row.secret_encrypted != before
    assert fallbacks.secret_of(row) == receiver.secret
    row.pk = site.organization.pk
    with pytest.raises(encryption.CannotDecrypt):
        fallbacks.secret_of(row)
