"""What shares a product runs in one process, and what takes long begins first."""

from pathlib import Path

import pytest

from tests import order

ROOT = Path(__file__).resolve().parents[2]
PRODUCTS = {"system", "installation"}
"""Fixtures that start the whole product for several files."""


def test_no_product_is_started_by_several_processes(request: pytest.FixtureRequest) -> None:
    """Of all tests that run beside this one."""
    for product in PRODUCTS:
        users = [
            item for item in request.session.items if product in getattr(item, "fixturenames", ())
        ]
        parts = {order.part_of(item.nodeid) for item in users}
        assert len(parts) <= 1, f"{product} is started by each of {sorted(parts)}"


def test_each_name_is_of_something() -> None:
    names = [*order.SHARED, *order.LONG]
    assert [name for name in names if not (ROOT / name).exists()] == []
    assert len(set(order.LONG)) == len(order.LONG)


@pytest.mark.parametrize(
    ("nodeid", "part"),
    [
        ("tests/flows/test_storm.py::test_x[a::b]", "tests/flows/test_storm.py"),
        ("tests/flows/test_peers.py::test_x", "tests/flows/system.py"),
        ("tests/flows/test_muting.py::test_x", "tests/flows/system.py"),
        ("tests/e2e/test_pages.py::test_x", "tests/e2e/"),
        ("tests/alerts/muting/test_api.py::test_x", "tests/alerts/muting/test_api.py"),
    ],
)
def test_a_part_is_a_file_or_what_shares_a_product(nodeid: str, part: str) -> None:
    assert order.part_of(nodeid) == part


def test_the_long_come_first() -> None:
    ours = ["tests/alerts/test_x.py::test_x", "tests/e2e/test_pages.py::test_x"]
    assert sorted(ours, key=order.place_of) == ours[::-1]
