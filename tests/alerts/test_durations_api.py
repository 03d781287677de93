"""How long, over REST: as a number, or as Prometheus writes it; answers are numbers."""

from typing import Any

import pytest

from tests.factories import make_bot, make_channel
from tests.rest import Api, places

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(db: None) -> Api:
    return Api()


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("5m", 300), ("1h30m", 5400), ("0", 0), ("0s", 0), (300, 300), ("300", 300), ("1000ms", 1)],
)
def test_routes(api: Api, given: Any, seconds: int) -> None:
    names = ("group_wait", "group_interval", "repeat_interval")
    made = api.post("routes/", {"name": "Core", **dict.fromkeys(names, given)})
    assert made.status_code == 201, made.content
    assert {name: made.json()[name] for name in names} == dict.fromkeys(names, seconds)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("5 minutes", "'5 minutes' is no duration; write 30m, 2h, 1d or 1h30m. Or give whole sec"),
        ("", "'' is no duration"),
        ("1500ms", "'1500ms' is no whole number of seconds."),
        ("2d", "Give at most 86400 seconds (1d)."),
        (90_000, "Give at most 86400 seconds (1d)."),
        (-1, "Give at least 0 seconds (0s)."),
        (True, 'Give whole seconds, such as 300, or a text such as "5m".'),
        (1.5, 'Give whole seconds, such as 300, or a text such as "5m".'),
        (["5m"], 'Give whole seconds, such as 300, or a text such as "5m".'),
    ],
)
def test_refusals_name_both_forms(api: Api, given: Any, said: str) -> None:
    answer = api.post("routes/", {"name": "Core", "group_wait": given})
    assert answer.status_code == 400
    assert places(answer).keys() == {"/group_wait"}
    assert said in answer.json()["errors"][0]["detail"]


def test_heartbeats(api: Api) -> None:
    made = api.post("heartbeats/", {"name": "Sync", "period": "1h", "grace": "90s"})
    assert made.status_code == 201, made.content
    assert (made.json()["period"], made.json()["grace"]) == (3600, 90)
    path = f"heartbeats/{made.json()['id']}/"
    assert api.patch(path, {"period": None, "cron": "0 3 * * *"}).json()["period"] is None
    assert "at least 10 seconds (10s)" in str(api.patch(path, {"grace": "5s"}).json())


def test_escalations_count_minutes(api: Api) -> None:
    channel = str(make_channel(make_bot(api.organization)).pk)
    steps = [{"after": "15m", "channels": [channel]}, {"after": 90, "channels": [channel]}]
    made = api.post("escalations/", {"name": "Nights", "steps": steps, "repeat_every": "1h"})
    assert made.status_code == 201, made.content
    assert [step["after"] for step in made.json()["steps"]] == [15, 90]
    assert made.json()["repeat_every"] == 60
    refused = api.patch(f"escalations/{made.json()['id']}/", {"repeat_every": "90s"})
    assert "'90s' is no whole number of minutes." in str(refused.json())


def test_openapi_has_both_forms_of_what_is_sent_and_one_of_what_is_answered(api: Api) -> None:
    schemas = api.get("schema/", headers={"Accept": "application/json"}).json()["components"][
        "schemas"
    ]
    for model, name in (("Route", "group_wait"), ("Heartbeat", "period")):
        sent = schemas[f"{model}Request"]["properties"][name]["oneOf"]
        nullable = ["null"] if name == "period" else []
        assert [one["type"] for one in sent] == ["integer", "string", *nullable]
        answered = schemas[model]["properties"][name]["type"]
        assert answered == (["integer", *nullable] if nullable else "integer")
