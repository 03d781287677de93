"""What fallbacks took over goes with its group, and what they said by age."""

from datetime import timedelta

import pytest
from django.utils import timezone

from alerts import publish, purge
from alerts.models import AlertGroup, FallbackCall, TakeOver
from tests.alerts.fallbacks.stage import deliver, grave, let_pass, make_stage, sweep
from tests.alerts.senders import webhook

pytestmark = pytest.mark.django_db


def test_take_overs_go_with_their_group_and_calls_by_age() -> None:
    site, _ = make_stage()
    site.post(webhook(grave()))
    publish.publish_due()
    let_pass(6)
    sweep()
    long_ago = timezone.now() - timedelta(days=1000)
    FallbackCall.objects.update(state="accepted", settled_at=long_ago)
    purge.purge()
    assert FallbackCall.objects.count() == 1, "what it says is not over"
    site.post(webhook(grave(status="resolved")))
    publish.publish_due()
    deliver()
    let_pass(2)
    sweep()
    assert TakeOver.objects.get().ended_at is not None
    AlertGroup.objects.update(closed_at=long_ago)
    purge.purge()
    assert not AlertGroup.objects.exists()
    assert not TakeOver.objects.exists()
    (waiting,) = FallbackCall.objects.all()
    assert (waiting.event, waiting.state) == ("over", "waiting")
