"""Own commands over the REST API: set up, tested, and their runs."""

from typing import Any

import pytest

from accounts.models import AuditEntry
from chatops.models import ActionRun
from tests.chatops.actions.stage import Stage
from tests.factories import make_organization
from tests.rest import Api


def made(stage: Stage, **values: Any) -> Any:
    body = {
        "name": "lightson",
        "description": "Lights on",
        "endpoint": str(stage.endpoint.pk),
        "parameter": "optional",
    }
    return Api(stage.talk.organization).post("actions/", body | values)


def test_set_up_changed_and_removed(stage: Stage) -> None:
    api = Api(stage.talk.organization)
    answer = made(stage, name="/lightson", channels=[str(stage.channel.pk)], choices=["Hall"])
    assert answer.status_code == 201, answer.content
    row = answer.json()
    assert (row["name"], row["who"], row["deadline"]) == ("lightson", "responder", 60)
    assert row["channels"] == [str(stage.channel.pk)]
    path = f"actions/{row['id']}/"
    changed = api.patch(path, {"confirm": True, "channels": [], "deadline": 90}).json()
    assert (changed["confirm"], changed["channels"], changed["deadline"]) == (True, [], 90)
    entry = AuditEntry.objects.get(action="change", object_type="own command")
    assert entry.changes["channels"] == ["Ops", ""]
    assert api.get("actions/").json()["results"][0]["id"] == row["id"]
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404
    actions = AuditEntry.objects.filter(object_type="own command").values_list("action", flat=True)
    assert set(actions) == {"create", "change", "delete"}


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"name": "ack"}, "/name"),
        ({"name": "Lights"}, "/name"),
        ({"name": "x" * 34}, "/name"),
        ({"description": " "}, "/description"),
        ({"description": "x" * 101}, "/description"),
        ({"endpoint": "0192f0c1-7a30-7c1e-8b3e-0c5a3d0f7a11"}, "/endpoint"),
        ({"endpoint": None}, "/endpoint"),
        ({"channels": ["0192f0c1-7a30-7c1e-8b3e-0c5a3d0f7a11"]}, "/channels/0"),
        ({"who": "viewer"}, "/who"),
        ({"is_command": False}, "/button"),
        ({"button": "x" * 31}, "/button"),
        ({"parameter": "some"}, "/parameter"),
        ({"parameter": "none", "choices": ["a"]}, "/choices"),
        ({"choices": ["a b", "A_B"]}, "/choices"),
        ({"choices": [""]}, "/choices"),
        ({"choices": [5]}, "/choices"),
        ({"hint": "x" * 61}, "/hint"),
        ({"deadline": 4}, "/deadline"),
        ({"deadline": 86_401}, "/deadline"),
        ({"url": "https://example.org"}, "/url"),
    ],
)
def test_what_is_wrong_is_named(stage: Stage, values: dict[str, Any], pointer: str) -> None:
    answer = made(stage, **values)
    assert answer.status_code == 400, answer.content
    errors = [error["pointer"] for error in answer.json()["errors"]]
    assert len(errors) == 1
    assert errors[0].startswith(pointer)


def test_a_name_is_one_organizations_once(stage: Stage) -> None:
    assert made(stage).status_code == 201
    answer = made(stage)
    assert answer.json()["errors"][0]["pointer"] == "/name"
    other = Api(make_organization())
    endpoint = other.post("endpoints/", {"name": "x", "url": "https://example.org/"}).json()
    body = {"name": "lightson", "description": "x", "endpoint": endpoint["id"]}
    assert other.post("actions/", body).status_code == 201
    body = {"name": "more", "description": "x", "endpoint": str(stage.endpoint.pk)}
    assert other.post("actions/", body).json()["errors"][0]["pointer"] == "/endpoint"
    assert len(other.get("actions/").json()["results"]) == 1


def test_no_more_buttons_than_a_menu_holds(stage: Stage) -> None:
    for number in range(12):
        assert made(stage, name=f"b{number}", button="x").status_code == 201
    assert made(stage, name="more", button="x").json()["errors"][0]["pointer"] == "/button"
    assert made(stage, name="more").status_code == 201


def test_a_test_calls_and_tells_no_chat(stage: Stage) -> None:
    api = Api(stage.talk.organization)
    action = made(stage, confirm=True, enabled=False).json()
    path = f"actions/{action['id']}/test/"
    headers = {"Idempotency-Key": "once"}
    run = api.post(path, {"argument": "hall"}, headers=headers).json()
    assert api.post(path, {"argument": "hall"}, headers=headers).json()["id"] == run["id"]
    assert (run["state"], run["is_test"], run["delivery"]) == ("waiting", True, "")
    before = stage.talk.texts(stage.group)
    stage.answers(text="On")
    stage.action("other")
    stage.says(stage.ada, "/other")
    stage.call()
    told = {body["run"]["action"]: body["run"] for body in stage.receiver.bodies}
    assert (told["lightson"]["test"], told["lightson"]["chat"]) == (True, None)
    shown = api.get(f"action-runs/{run['id']}/").json()
    assert (shown["state"], shown["text"]) == ("done", "On")
    assert stage.talk.texts(stage.group) == [*before, "✅ /other done\nOn"]


@pytest.mark.parametrize(
    ("who", "role", "status"),
    [
        ("owner", "admin", 403),
        ("admin", "responder", 403),
        ("admin", "admin", 201),
        ("responder", "responder", 201),
        ("anyone", "responder", 201),
    ],
)
def test_a_test_is_for_whoever_may_run_it(stage: Stage, who: str, role: str, status: int) -> None:
    """The program does the same for a test as for a run: there is no way round who may."""
    action = stage.action(who=who)
    answer = Api(stage.talk.organization, role=role).post(f"actions/{action.pk}/test/")
    assert answer.status_code == status, answer.content
    assert ActionRun.objects.count() == (status == 201)


def test_runs_are_listed_by_what_they_are(stage: Stage) -> None:
    api = Api(stage.talk.organization)
    action = stage.action()
    stage.says(stage.ada, "/lightson hall")
    api.post(f"actions/{action.pk}/test/")

    def listed(query: str) -> list[str]:
        return [one["argument"] for one in api.get(f"action-runs/?{query}").json()["results"]]

    assert listed("") == ["", "hall"]
    assert listed("is_test=false") == ["hall"]
    assert listed(f"channel={stage.channel.pk}") == ["hall"]
    assert listed(f"action={action.pk}&state=waiting&is_test=true") == [""]
    assert listed("state=done") == []
    assert listed("search=Ada") == ["hall"]
    other = Api(make_organization())
    assert other.get("action-runs/").json()["results"] == []
    run = ActionRun.objects.filter(is_test=False).get()
    assert other.get(f"action-runs/{run.pk}/").status_code == 404
    assert other.post(f"actions/{action.pk}/test/").status_code == 404
    shown = api.get(f"action-runs/{run.pk}/").json()
    assert (shown["delivery"], shown["channel"]) == ("shown", str(stage.channel.pk))
