"""A tree of routes and the list made of it send every alert to the same receivers, in order."""

import json
import random
import subprocess
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from alerts.importing.amconfig import Node, read_configuration
from alerts.importing.flatten import MAX_PIECES, FlatRoute, flatten
from alerts.importing.yaml_text import YamlError
from alerts.matchers import matches_all
from alerts.routing import RouteRule, matching_routes

SENDER = UUID(int=1)
CONFIGURATIONS = 70
LABELS_EACH = 8
VALUES = ("", "a", "b", "ab", "a.b", 'q"\\', "A", "a\nb")
NAMES = ("env", "team", "dc")


def configuration(routes: list[dict[str, Any]], receivers: int = 40) -> str:
    """YAML is JSON's superset."""
    names = [{"name": f"r{n}"} for n in range(receivers)]
    return json.dumps({"route": {"receiver": "r0", "routes": routes}, "receivers": names})


def routes_of(*routes: dict[str, Any]) -> list[FlatRoute]:
    return flatten(read_configuration(configuration(list(routes))).root)


def receivers_by_list(routes: list[FlatRoute], labels: dict[str, str]) -> list[str]:
    """As the product chooses, with its own code."""
    rules = [
        RouteRule(UUID(int=n), one.matchers, continue_matching=one.continues, is_default=not n)
        for n, one in enumerate([routes[-1], *routes[:-1]])
    ]
    taken = matching_routes(rules, labels, SENDER)
    return [routes[rule.id.int - 1].node.receiver for rule in taken]


def receivers_by_tree(node: Node, labels: dict[str, str]) -> list[str] | None:
    """Alertmanager's rule (dispatch/route.go, Match)."""
    if not matches_all(node.matchers, labels):
        return None
    found: list[str] = []
    for child in node.children:
        of_child = receivers_by_tree(child, labels)
        found += of_child or []
        if of_child is not None and not child.continues:
            break
    return found or [node.receiver]


def shown(routes: list[FlatRoute]) -> list[tuple[str, str, bool]]:
    return [(one.node.receiver, ", ".join(map(str, one.matchers)), one.continues) for one in routes]


A = {"receiver": "r1", "matchers": ['a="1"']}
B = {"receiver": "r2", "matchers": ['b="1"', 'c="1"']}


def test_children_stand_before_their_parent() -> None:
    assert shown(routes_of({**A, "routes": [B]}, B)) == [
        ("r2", 'a="1", b="1", c="1"', False),
        ("r1", 'a="1"', False),
        ("r2", 'b="1", c="1"', False),
        ("r0", "", False),
    ]


def test_what_continues_is_excluded_from_its_parent() -> None:
    parent = {"receiver": "r3", "matchers": ['d="1"'], "routes": [{**B, "continue": True}]}
    assert shown(routes_of(parent)) == [
        ("r2", 'd="1", b="1", c="1"', True),
        ("r3", 'd="1", b!="1"', False),
        ("r3", 'd="1", b="1", c!="1"', False),
        ("r0", "", False),
    ]


def test_siblings_under_continue_exclude_each_other() -> None:
    parent = {"receiver": "r3", "matchers": ['d="1"'], "continue": True, "routes": [A, B]}
    assert shown(routes_of(parent))[:2] == [
        ("r1", 'd="1", a="1"', True),
        ("r2", 'd="1", b="1", c="1", a!="1"', True),
    ]


def test_a_route_without_matchers_leaves_nothing_to_those_after_it() -> None:
    everything = {"receiver": "r1"}
    parent = {"receiver": "r3", "matchers": ['d="1"'], "continue": True}
    assert shown(routes_of({**parent, "routes": [everything, A]})) == [
        ("r1", 'd="1"', True),
        ("r0", "", False),
    ]


def test_what_would_become_too_many_routes_is_refused_with_its_place() -> None:
    many = [{"receiver": "r1", "matchers": [f'{name}{n}="1"' for name in "abc"]} for n in range(5)]
    parent = {"receiver": "r2", "matchers": ['d="1"'], "continue": True, "routes": many}
    with pytest.raises(YamlError, match=f"more than {MAX_PIECES} routes") as refused:
        routes_of(parent)
    assert refused.value.place == "route.routes[0].routes[4]"


# --- against the real one ------------------------------------------------------------------------


def tree(random_: random.Random, depth: int = 3) -> list[dict[str, Any]]:
    return [route(random_, depth) for _ in range(random_.randint(0 if depth < 3 else 1, 3))]


def route(random_: random.Random, depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {"receiver": f"r{random_.randint(1, 39)}"}
    matchers = [matcher(random_) for _ in range(random_.choice((0, 1, 1, 1, 2)))]
    made["matchers"] = matchers
    if random_.random() < 0.3:
        made["continue"] = True
    if random_.random() < 0.2:
        made["match"] = {random_.choice(NAMES): random_.choice(VALUES)}
    if random_.random() < 0.2:
        made["match_re"] = {random_.choice(NAMES): random_.choice(("a.*", "a|b", "", "[ab]b?"))}
    if depth > 1:
        made["routes"] = tree(random_, depth - 1)
    return made


def matcher(random_: random.Random) -> str:
    op = random_.choice(("=", "!=", "=~", "!~"))
    values = VALUES if "~" not in op else ("a.*", "a|b", "", ".+", "[ab]b?", "a", "a.b", "(?i)ab?")
    value = random_.choice(values).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{random_.choice(NAMES)}{op}"{value}"'


def labels(random_: random.Random) -> dict[str, str]:
    names = [name for name in NAMES if random_.random() < 0.8]
    return {name: value for name in names if (value := random_.choice(VALUES))}


def receivers_by_amtool(amtool: str, path: Path, given: dict[str, str]) -> list[str]:
    pairs = [f"{name}={json.dumps(value)}" for name, value in given.items()]
    command = [amtool, "config", "routes", "test", f"--config.file={path}", *pairs]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip().split(",")


@pytest.mark.parametrize("seed", range(CONFIGURATIONS))
def test_as_amtool_routes(seed: int, amtool: str, tmp_path: Path) -> None:
    random_ = random.Random(seed)
    text = configuration(tree(random_))
    path = tmp_path / "alertmanager.yml"
    path.write_text(text)
    root = read_configuration(text).root
    routes = flatten(root)
    for _ in range(LABELS_EACH):
        given = labels(random_)
        wanted = receivers_by_amtool(amtool, path, given)
        assert receivers_by_tree(root, given) == wanted, given
        assert receivers_by_list(routes, given) == wanted, given


def test_as_the_tree_routes_ten_thousand_times() -> None:
    refused = 0
    for seed in range(1_000):
        random_ = random.Random(10_000 + seed)
        root = read_configuration(configuration(tree(random_))).root
        try:
            routes = flatten(root)
        except YamlError:
            refused += 1
            continue
        for _ in range(10):
            given = labels(random_)
            assert receivers_by_list(routes, given) == receivers_by_tree(root, given), seed
    assert refused < 100
