"""Whatever becomes of a payload on its way: it is read within the contract, or refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.sources.incoming import Unparseable
from tests.alerts.sources.reading import PAYLOADS, assert_contract, read
from tests.reference import REFERENCE

FILES = sorted([*PAYLOADS.glob("*.json"), *(REFERENCE / "payloads").glob("*.json")])
SEEDS = [path.read_bytes() for path in FILES]
CONTENT_TYPES = st.sampled_from(
    [
        "application/json",
        "application/json; charset=iso-8859-1",
        "text/plain; charset=utf-16",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=frontier",
        "application/octet-stream",
        "image/png",
        "",
    ]
)
KINDS = st.sampled_from(["auto", "alertmanager", "prometheus", "grafana", "generic"])
RELAXED = settings(max_examples=150)

awkward = [
    "\x00",
    "\ud800",
    "a" * 5_000,
    "é" * 40_000,
    "http://[",
    "?x",
    "//h",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    "2026-01-01T00:00:00.123456789Z",
    "NaN",
    "1e999",
    "9" * 5_000,
]
any_text = st.text(st.characters(codec=None), max_size=30) | st.sampled_from(awkward)
leaves = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | any_text
any_json = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=12,
)


def check(body: bytes, content_type: str, kind: Any) -> None:
    refusal = None
    try:
        batch = read(body, content_type, kind=kind, ignored=("replica",))
    except Unparseable as error:
        refusal = error
    if refusal is None:
        assert_contract(batch)
        return
    assert refusal.status in (400, 415)
    assert refusal.reason
    assert refusal.fix


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of a JSON tree's nodes."""
    found = [path]
    if isinstance(node, dict):
        for name in node:
            found += places(node[name], (*path, name))
    elif isinstance(node, list):
        for index, item in enumerate(node):
            found += places(item, (*path, index))
    return found


def parent_of(tree: Any, path: tuple[Any, ...]) -> Any:
    for step in path[:-1]:
        tree = tree[step]
    return tree


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A real payload of which some nodes were dropped, replaced, nested, doubled or renamed."""
    tree = {"root": json.loads(draw(st.sampled_from(SEEDS)))}
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(places(tree)[1:] or [("root",)]))
        parent = parent_of(tree, path)
        how = draw(st.sampled_from(["drop", "replace", "nest", "double", "rename"]))
        if how == "drop" and len(path) > 1:
            del parent[path[-1]]
        elif how == "nest":
            parent[path[-1]] = [{"alerts": parent[path[-1]]}]
        elif how == "double" and isinstance(parent, list):
            parent.append(parent[path[-1]])
        elif how == "rename" and isinstance(parent, dict) and len(path) > 1:
            parent[draw(any_text)] = parent.pop(path[-1])
        else:
            parent[path[-1]] = draw(any_json)
    return json.dumps(tree["root"]).encode()


@given(body=mutated(), content_type=CONTENT_TYPES, kind=KINDS)
@settings(RELAXED)
def test_a_mutated_payload_is_read_or_refused(body: bytes, content_type: str, kind: Any) -> None:
    check(body, content_type, kind)


@given(value=any_json, kind=KINDS)
@settings(RELAXED)
def test_any_json_is_read_or_refused(value: Any, kind: Any) -> None:
    check(json.dumps(value).encode(), "application/json", kind)


@given(body=st.binary(max_size=300), content_type=CONTENT_TYPES, kind=KINDS)
@settings(RELAXED)
def test_random_bytes_are_read_or_refused(body: bytes, content_type: str, kind: Any) -> None:
    check(body, content_type, kind)


@given(data=st.data(), content_type=CONTENT_TYPES)
@settings(RELAXED)
def test_damaged_bytes_are_read_or_refused(data: st.DataObject, content_type: str) -> None:
    body = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    check(bytes(body), content_type, "auto")


@given(data=st.data(), content_type=st.text(max_size=60))
@settings(RELAXED)
def test_a_payload_cut_anywhere_is_read_or_refused(data: st.DataObject, content_type: str) -> None:
    body = data.draw(st.sampled_from(SEEDS))
    check(body[: data.draw(st.integers(0, len(body)))], content_type, "auto")
    check(body[: data.draw(st.integers(0, len(body)))], "application/json", "auto")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_seeds_themselves_keep_the_contract(path: Path) -> None:
    check(path.read_bytes(), "application/json", "auto")
