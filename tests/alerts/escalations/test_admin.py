"""Escalation policies on the console: what is wrong is told beside it."""

import html
import re
from typing import Any

import pytest

from alerts.models import EscalationPolicy
from channels_app.models import NotificationChannel
from tests.alerts.senders import Site, make_site
from tests.console import Person

pytestmark = pytest.mark.django_db

ADD = "/alerts/escalationpolicy/add/"


@pytest.fixture
def site() -> Site:
    return make_site(2)


def form(*steps: tuple[int | str, list[NotificationChannel]], **values: Any) -> dict[str, Any]:
    """Steps from the first row on; ("", []) leaves one empty."""
    rows: dict[str, Any] = {}
    for number, (after, channels) in enumerate(steps, start=1):
        rows[f"after_{number}"] = after
        rows[f"channels_{number}"] = [str(channel.pk) for channel in channels]
    return {"name": "Nights", "threshold": "", "repeat_every": 0, "repeat_times": 0} | rows | values


def told_at(page: str, field: str) -> str:
    """What stands in the field's row of the form."""
    row = re.search(rf"\bfield-{field}\b.*?(?=\bfield-[ac]|</fieldset>)", page, re.DOTALL)
    assert row
    return html.unescape(row[0])


def test_a_step_without_channels_is_told_in_its_row(site: Site) -> None:
    person = Person(site.organization)
    one, two = site.channels
    page = person.send(ADD, 200, **form((15, [one]), ("", []), (45, [])))
    assert "Step 3 needs 1 to 20 channels" in told_at(page, "channels_3")
    assert "needs 1" not in told_at(page, "channels_2")
    page = person.send(ADD, 200, **form((15, [one]), ("", [two])))
    assert "Step 2 comes after 0 min" in told_at(page, "after_2")
    page = person.send(ADD, 200, **form())
    assert "Give 1 to 5 steps." in told_at(page, "after_1")
    assert not EscalationPolicy.objects.exists()


def test_rows_may_be_left_empty_and_come_in_any_order(site: Site) -> None:
    person = Person(site.organization)
    one, two = site.channels
    person.send(ADD, **form((45, [two]), ("", []), (15, [one])))
    policy = EscalationPolicy.objects.get()
    assert [(step.after, list(step.channels.all())) for step in policy.steps.all()] == [
        (15, [one]),
        (45, [two]),
    ]
