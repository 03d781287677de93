"""In which order routes are tried, as REST and the console change it."""

from typing import Any
from uuid import uuid4

import pytest

from accounts.audit import COMMAND_LINE
from accounts.models import AuditEntry
from alerts import route_order
from alerts.models import Route
from alerts.routes import change_route, create_route, default_route, delete_route
from tests.factories import make_organization
from tests.rest import Api

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Api:
    found = Api()
    for name in ("choose", "esc", "gball"):
        create_route(COMMAND_LINE, found.organization, name)
    default_route(found.organization)
    return found


def order(api: Api) -> list[tuple[str, int]]:
    """As they are tried, the default one left out."""
    rows = api.get("routes/").json()["results"]
    assert rows[-1]["is_default"]
    return [(row["name"], row["position"]) for row in rows[:-1]]


def pk(api: Api, name: str) -> str:
    return str(Route.objects.for_organization(api.organization).get(name=name).pk)


def ids(api: Api, names: str) -> list[str]:
    return [pk(api, name) for name in names.split()]


@pytest.mark.parametrize(
    ("name", "position", "expected"),
    [
        ("gball", 1, "gball choose esc"),
        ("gball", 0, "gball choose esc"),
        ("gball", 2, "choose gball esc"),
        ("choose", 2, "esc choose gball"),
        ("choose", 3, "esc gball choose"),
        ("choose", 2**31 - 1, "esc gball choose"),
        ("esc", 2, "choose esc gball"),
    ],
)
def test_a_position_is_where_it_goes(api: Api, name: str, position: int, expected: str) -> None:
    answer = api.patch(f"routes/{pk(api, name)}/", {"position": position})
    names = expected.split()
    assert order(api) == [(one, number) for number, one in enumerate(names, start=1)]
    assert answer.json()["position"] == names.index(name) + 1


def test_a_new_one_goes_where_it_says_and_else_below(api: Api) -> None:
    assert api.post("routes/", {"name": "top", "position": 1}).json()["position"] == 1
    assert api.post("routes/", {"name": "low"}).json()["position"] == 5
    names = ["top", "choose", "esc", "gball", "low"]
    assert order(api) == [(name, number) for number, name in enumerate(names, start=1)]


def test_what_had_one_number_is_told_apart_once_something_moves(api: Api) -> None:
    Route.objects.for_organization(api.organization).update(position=1)
    api.patch(f"routes/{pk(api, 'gball')}/", {"position": 1})
    assert order(api) == [("gball", 1), ("choose", 2), ("esc", 3)]


def test_what_is_deleted_leaves_no_gap(api: Api) -> None:
    delete_route(COMMAND_LINE, Route.objects.get(name="esc"))
    assert order(api) == [("choose", 1), ("gball", 2)]


def test_the_default_one_stays_the_last(api: Api) -> None:
    default = default_route(api.organization)
    refused = api.patch(f"routes/{default.pk}/", {"position": 1})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/position")
    same = {"position": default.position, "group_wait": 5}
    assert api.patch(f"routes/{default.pk}/", same).status_code == 200


def test_a_change_of_something_else_does_not_take_a_move_back(api: Api) -> None:
    stale = Route.objects.get(name="gball")
    api.patch(f"routes/{stale.pk}/", {"position": 1})
    change_route(COMMAND_LINE, stale, group_wait=7)
    assert order(api)[0] == ("gball", 1)
    assert Route.objects.get(pk=stale.pk).group_wait == 7


def test_all_at_once(api: Api) -> None:
    AuditEntry.objects.all().delete()
    wanted = ids(api, "gball choose esc")
    answer = api.post("routes/reorder/", {"routes": wanted})
    assert (answer.status_code, answer.json()) == (200, {"routes": wanted})
    assert order(api) == [("gball", 1), ("choose", 2), ("esc", 3)]
    entries = AuditEntry.objects.order_by("pk")
    assert [(one.action, one.changes) for one in entries] == [
        ("change", {"position": [3, 1]}),
        ("change", {"position": [1, 2]}),
        ("change", {"position": [2, 3]}),
    ]
    api.post("routes/reorder/", {"routes": wanted})
    assert AuditEntry.objects.count() == 3


def refusal(api: Api, routes: Any) -> str:
    before = order(api)
    answer = api.post("routes/reorder/", {"routes": routes})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (400, "/routes")
    assert order(api) == before
    return str(error["detail"])


def test_what_is_missing_double_or_foreign_is_named(api: Api) -> None:
    choose, esc, gball = ids(api, "choose esc gball")
    assert f"Missing: gball ({gball})." in refusal(api, [esc, choose])
    assert f"Given twice: esc ({esc})." in refusal(api, [esc, choose, gball, esc])
    default = str(default_route(api.organization).pk)
    assert f"leave it out: {default}." in refusal(api, [esc, choose, gball, default])
    foreign = create_route(COMMAND_LINE, make_organization(), "Theirs")
    for other in (str(foreign.pk), str(uuid4())):
        said = refusal(api, [esc, other, choose])
        assert f"No route in your organization: {other}." in said
        assert f"Missing: gball ({gball})." in said
        assert "Theirs" not in said
    assert "and 15 more" in refusal(api, [str(uuid4()) for _ in range(25)])
    assert foreign.position == Route.objects.get(pk=foreign.pk).position


def test_what_is_no_list_of_ids_is_told_where(api: Api) -> None:
    for body, place in (({}, "/routes"), ({"routes": ["x"]}, "/routes/0"), ({"order": []}, "/")):
        answer = api.post("routes/reorder/", body)
        assert answer.status_code == 400
        assert any(one["pointer"].startswith(place) for one in answer.json()["errors"])


def test_an_order_that_was_changed_meanwhile_is_not_overwritten(api: Api) -> None:
    read = ids(api, "choose esc gball")
    api.patch(f"routes/{read[2]}/", {"position": 1})
    answer = api.post("routes/reorder/", {"routes": read[::-1], "read": read})
    assert answer.status_code == 409
    assert "Read them again" in answer.json()["detail"]
    assert [name for name, _ in order(api)] == ["gball", "choose", "esc"]
    now = ids(api, "gball choose esc")
    assert api.post("routes/reorder/", {"routes": read, "read": now}).status_code == 200


def test_organizations_order_their_own(api: Api) -> None:
    other = make_organization()
    theirs = [create_route(COMMAND_LINE, other, name) for name in "ab"]
    api.post("routes/reorder/", {"routes": ids(api, "gball choose esc")})
    assert [one.pk for one in route_order.ordered(other.pk)] == [one.pk for one in theirs]
