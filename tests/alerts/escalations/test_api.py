"""Escalation policies over REST."""

from typing import Any

import pytest

from alerts.models import EscalationPolicy
from tests.factories import make_bot, make_channel
from tests.rest import Api, places

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(db: None) -> Api:
    return Api()


def test_a_policy_from_first_to_last(api: Api) -> None:
    bot = make_bot(api.organization)
    lead, boss = (str(make_channel(bot).pk) for _ in range(2))
    steps = [{"after": 15, "channels": [lead]}, {"after": 45, "channels": [boss]}]
    made = api.post("escalations/", {"name": "Nights", "threshold": "high", "steps": steps})
    assert made.status_code == 201, made.content
    row = made.json()
    assert (row["steps"], row["repeat_times"]) == (steps, 0)
    path = f"escalations/{row['id']}/"
    changed = api.patch(path, {"repeat_every": 30, "repeat_times": 3}).json()
    assert (changed["steps"], changed["repeat_every"]) == (steps, 30)
    changed = api.patch(path, {"steps": steps[:1]}).json()
    assert changed["steps"] == steps[:1]
    route = api.post("routes/", {"name": "Core", "escalation": row["id"]}).json()
    assert route["escalation"] == row["id"]
    assert api.delete(path).status_code == 204
    assert api.get(f"routes/{route['id']}/").json()["escalation"] is None


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"name": "x"}, "/steps"),
        ({"name": "x", "steps": []}, "/steps"),
        ({"name": "x", "steps": [{"after": 0, "channels": []}]}, "/steps/0/after"),
        ({"name": "x", "steps": [{"after": 5}]}, "/steps/0/channels"),
        ({"name": "x", "steps": [{"after": 5, "channels": []}]}, "/steps"),
        ({"name": "x", "steps": [{"after": 5, "channels": [], "x": 1}]}, "/steps/0/x"),
        ({"name": "x", "threshold": "awful", "steps": []}, "/threshold"),
    ],
)
def test_refusals_name_the_field(api: Api, body: dict[str, Any], place: str) -> None:
    assert place in places(api.post("escalations/", body))
    assert not EscalationPolicy.objects.exists()
