"""What has to be done so that the database says what the file says. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from alerts.durations import format_seconds
from alerts.provisioning.items import FALLBACK, KINDS, ROUTE, SECONDS, SINGLE, Item

Action = Literal["create", "change", "delete", "order"]
SIGNS: Final[Mapping[Action, str]] = {"create": "+", "change": "~", "delete": "-", "order": "~"}


@dataclass(frozen=True, slots=True)
class Change:
    """One step. `item`: as it is to be; of what is to go, as it is. `before`: values that change.
    `order`: of an `order`, the names of all routes from above."""

    action: Action
    item: Item
    before: Mapping[str, Any] = field(default_factory=dict)
    order: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """For people: what happens, then one line for each value."""
        if self.action == "order":
            return [f"~ order of routes: {', '.join(self.order)}"]
        lines = [f"{SIGNS[self.action]} {self.item}"]
        if self.action == "create":
            lines += [f"    {name}: {_shown(name, one)}" for name, one in self.item.values.items()]
        elif self.action == "change":
            lines += [
                f"    {name}: {_shown(name, one)} -> {_shown(name, self.item.values[name])}"
                for name, one in self.before.items()
            ]
        return lines


def changes(
    current: Sequence[Item], wanted: Sequence[Item], prune: Collection[str] = ()
) -> list[Change]:
    """In an order in which they can be done. Of the kinds in `prune`, what the file does not name
    goes; everything else that it does not name stays."""
    known = {(item.kind, item.name): item for item in current}
    named = {(item.kind, item.name) for item in wanted}
    made = [_to_do(known.get((one.kind, one.name)), one) for one in _in_order(wanted)]
    gone = [
        Change("delete", one)
        for one in reversed(_in_order(current))
        if one.kind in prune
        and one.kind not in SINGLE.values()
        and (one.kind, one.name) not in named
    ]
    found = [one for one in made if one is not None]
    # First the fallbacks that go, for they may stand in a circle with those that come.
    first = [one for one in gone if one.item.kind == FALLBACK]
    rest = [one for one in gone if one.item.kind != FALLBACK]
    return [*first, *found, *rest, *_ordered(current, wanted, [one.item for one in gone])]


def _to_do(current: Item | None, wanted: Item) -> Change | None:
    if current is None:
        return Change("create", wanted)
    before = {
        name: current.values.get(name)
        for name, value in wanted.values.items()
        if not current.says(name, value)
    }
    return Change("change", wanted, before) if before else None


def _ordered(current: Sequence[Item], wanted: Sequence[Item], gone: Sequence[Item]) -> list[Change]:
    """The file's routes come first, in its order; the others keep theirs below."""
    first = [one.name for one in wanted if one.kind == ROUTE]
    without = {one.name for one in gone if one.kind == ROUTE}
    present = [one.name for one in current if one.kind == ROUTE and one.name not in without]
    known = set(present)
    after_creation = present + [name for name in first if name not in known]
    order = first + [name for name in present if name not in first]
    if not first or order == after_creation:
        return []
    return [Change("order", Item(ROUTE, "", {}), order=tuple(order))]


def _in_order(items: Sequence[Item]) -> list[Item]:
    links = {one.name: one.values.get("target", "") for one in items if one.kind == FALLBACK}
    return sorted(items, key=lambda one: (KINDS.index(one.kind), _links_below(links, one)))


def _links_below(links: Mapping[str, str], item: Item) -> int:
    """How many fallbacks follow this one, each the target's of the one before. The last is set
    first: then none is refused for a link that it is to lose."""
    count, seen, here = 0, {item.name}, links.get(item.name, "")
    while item.kind == FALLBACK and here in links and here not in seen:
        seen.add(here)
        count, here = count + 1, links[here]
    return count


def _shown(name: str, value: Any) -> str:
    """As the file says it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if name in SECONDS and isinstance(value, int):
        return format_seconds(value)
    if isinstance(value, list):
        return f"[{', '.join(_shown('', one) for one in value)}]"
    if isinstance(value, Mapping) and value:
        inside = ", ".join(f"{key}: {_shown('', one)}" for key, one in value.items())
        return f"{{{inside}}}"
    return "nothing" if value is None or value in ("", {}) else str(value)
