"""Pages by a cursor: every row once, whatever it shares with others and whatever comes and goes."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import AuditEntry, Way
from tests.factories import make_organization
from tests.rest import Api, places

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def api(db: None) -> Api:
    return Api()


def fill(api: Api, seconds: list[int]) -> None:
    """Entries of the audit at these seconds, several in the same one."""
    AuditEntry.objects.filter(organization=api.organization).delete()
    rows = [
        AuditEntry.objects.create(
            organization=api.organization,
            actor_name=f"a{number}",
            way=Way.SYSTEM,
            action="x",
            object_type="y",
        )
        for number, _ in enumerate(seconds)
    ]
    for row, second in zip(rows, seconds, strict=True):
        AuditEntry.objects.filter(pk=row.pk).update(at=START + timedelta(seconds=second))


def walk(api: Api, url: str, link: str = "next") -> list[list[dict[str, Any]]]:
    pages = []
    while url:
        answer = api.get(url)
        assert answer.status_code == 200, answer.content
        pages.append(answer.json()["results"])
        url = answer.json()[link]
        assert len(pages) < 50
    return pages


def ids(pages: list[list[dict[str, Any]]]) -> list[str]:
    return [row["id"] for page in pages for row in page]


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(st.integers(0, 2), max_size=9),
    st.integers(1, 4),
    st.sampled_from(["at", "-at", "id", "-id"]),
)
def test_every_row_once_in_order_both_ways(
    api: Api, seconds: list[int], size: int, ordering: str
) -> None:
    fill(api, seconds)
    api = Api(api.organization, key=api.key)
    pages = walk(api, f"audit/?page_size={size}&ordering={ordering}")
    rows = [row for page in pages for row in page]
    key = ordering.lstrip("-")
    expected = sorted(rows, key=lambda row: (row[key], row["id"]), reverse=ordering.startswith("-"))
    assert rows == expected
    assert len(rows) == len(seconds) == len(set(ids(pages)))
    assert all(len(page) == size for page in pages[:-1])


def test_back_again(api: Api) -> None:
    fill(api, [0, 0, 0, 1, 1, 2, 2, 2])
    url = "audit/?page_size=3&ordering=at"
    forward = walk(api, url)
    second = api.get(url).json()["next"]
    last = api.get(api.get(second).json()["next"]).json()
    assert last["next"] is None
    backward = walk(api, last["previous"], "previous")
    assert backward == forward[1::-1]


def test_rows_that_come_and_go_move_no_others(api: Api) -> None:
    fill(api, [0, 0, 0, 0, 0, 0])
    first = api.get("audit/?page_size=2&ordering=at").json()
    everything = ids(walk(api, "audit/?ordering=at"))
    AuditEntry.objects.filter(pk__in=everything[:2]).delete()  # what the cursor points at, too
    fresh = AuditEntry.objects.create(
        organization=api.organization,
        actor_name="new",
        way=Way.SYSTEM,
        action="x",
        object_type="y",
    )
    rest = ids(walk(api, first["next"]))
    assert rest == [*everything[2:], str(fresh.pk)]


def test_filters_stay_in_the_links(api: Api) -> None:
    fill(api, [0] * 5)
    AuditEntry.objects.filter(actor_name="a3").update(action="other")
    pages = walk(api, "audit/?page_size=2&action=x")
    assert [row["actor_name"] for page in pages for row in page] == ["a4", "a2", "a1", "a0"]


def test_a_cursor_belongs_to_its_ordering(api: Api) -> None:
    fill(api, [0, 1, 2])
    link = api.get("audit/?page_size=1&ordering=at").json()["next"]
    wrong = link.replace("ordering=at", "ordering=-at")
    assert wrong != link
    assert places(api.get(wrong)) == {"cursor": "invalid"}


def cursor(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


PK = "01900000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    "parts",
    [
        (),
        ("-at", False, "x", PK),
        ("-at", False, "2026-01-01T00:00:00Z", "x"),
        ("-at", False, "2026-01-01T00:00:00Z\0", PK),
        ("-at", False, None, PK),
        ("-at", False, {"a": 1}, PK),
        ("-at", False, "2026-01-01T00:00:00Z", 5),
        ("-at", False, "\ud800", PK),
        ("-at", False, "0001-01-01T00:00:00+14:00", PK),
        ("-id", False, PK, PK),
    ],
)
def test_made_up_cursors(api: Api, parts: tuple[Any, ...]) -> None:
    assert places(api.get(f"audit/?ordering=-at&cursor={cursor(*parts)}")) == {"cursor": "invalid"}


def test_a_made_up_cursor_shows_nobody_elses_rows(api: Api) -> None:
    other = Api(make_organization())
    fill(other, [0, 1, 2])
    fill(api, [1])
    stolen = other.get("audit/?page_size=1&ordering=at").json()["next"]
    assert ids(walk(api, stolen)) == ids(walk(api, "audit/"))


@pytest.mark.parametrize(
    ("path", "ordering"),
    [
        ("bots", "name"),
        ("bots", "-created_at"),
        ("grants", "created_at"),
        ("channels", "-name"),
        ("probes", "created_at"),
        ("deliveries", "due_at"),
        ("deliveries", "-created_at"),
        ("integrations", "name"),
        ("alerts", "starts_at"),
        ("alerts", "-last_received_at"),
        ("alerts", "name"),
        ("groups", "opened_at"),
        ("groups", "-changed_at"),
        ("traces", "-duration_ms"),
        ("traces", "received_at"),
        ("members", "role"),
        ("members", "created_at"),
        ("api-keys", "name"),
    ],
)
def test_orderings_that_are_offered(api: Api, path: str, ordering: str) -> None:
    assert api.get(f"{path}/?ordering={ordering}").status_code == 200
