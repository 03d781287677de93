"""Alertmanager's configuration file, read (config/config.go of Alertmanager up to 0.34). Pure.

Only what decides who is told what and when. What is of no use here is noted, not refused, and so is
what no version is known to have; but of routes and inhibit rules nothing is passed over. What
Alertmanager would refuse of these is refused, with its place and line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import ceil
from typing import Any, Final

from alerts.durations import format_seconds
from alerts.importing import amkeys
from alerts.importing.amreceivers import TelegramReceiver, read_receivers
from alerts.importing.amtimings import Timing, read_timings
from alerts.importing.values import Note, Values
from alerts.importing.yaml_text import Document, Path, place_of, read_yaml
from alerts.matchers import Matcher, MatcherError, MatchOp, parse_matchers

GROUP_WAIT: Final = 30
GROUP_INTERVAL: Final = 5 * 60
REPEAT_INTERVAL: Final = 4 * 3600
"""Seconds that Alertmanager takes where the root route says nothing (dispatch/route.go)."""
MAX_ROUTES: Final = 1_000
MAX_DEPTH: Final = 30


@dataclass(frozen=True, slots=True)
class Node:
    """A route of the tree. `matchers`: its own alone. `receiver`, `group_by` and the seconds: what
    counts for it, inherited where it says nothing. `group_by`: names, or `("...",)`."""

    path: Path
    receiver: str
    matchers: tuple[Matcher, ...] = ()
    continues: bool = False
    group_by: tuple[str, ...] = ()
    group_wait: int = GROUP_WAIT
    group_interval: int = GROUP_INTERVAL
    repeat_interval: int = REPEAT_INTERVAL
    mute_timings: tuple[str, ...] = ()
    active_timings: tuple[str, ...] = ()
    children: tuple["Node", ...] = ()

    @property
    def place(self) -> str:
        """Such as `route.routes[2]`."""
        return place_of(self.path)


@dataclass(frozen=True, slots=True)
class Inhibition:
    """One of `inhibit_rules`. `name`: "" for none."""

    path: Path
    name: str
    source_matchers: tuple[Matcher, ...]
    target_matchers: tuple[Matcher, ...]
    equal: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Configuration:
    """All that was read. `receivers`: name → its Telegram chats, none where it only has others.
    `document`: for errors about what becomes of it."""

    document: Document = field(repr=False)
    root: Node
    receivers: Mapping[str, tuple[TelegramReceiver, ...]]
    timings: Mapping[str, Timing]
    inhibitions: tuple[Inhibition, ...]
    notes: tuple[Note, ...]


def read_configuration(text: str) -> Configuration:
    """Raises yaml_text.YamlError for what Alertmanager would refuse, too."""
    document = read_yaml(text)
    return _Reader(document).configuration()


_SECONDS: Final = ("group_wait", "group_interval", "repeat_interval")
_ALL: Final = "..."


class _Reader(Values):
    """One configuration, read from the top."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._routes = 0

    def configuration(self) -> Configuration:
        top = self.mapping(self.document.data, ())
        self.pass_over(top, (), amkeys.TOP, amkeys.TOP_LEFT)
        receivers = read_receivers(self, top)
        timings = read_timings(self, top)
        if "route" not in top:
            raise self.error((), "It has no route.")
        start = Node(path=("route",), receiver="")
        root = self._route(top["route"], ("route",), start, receivers.keys(), timings.keys())
        self._check_root(root)
        inhibitions = tuple(
            self._inhibition(one, ("inhibit_rules", n))
            for n, one in enumerate(self.items(top.get("inhibit_rules"), ("inhibit_rules",)))
        )
        return Configuration(
            self.document, root, receivers, timings, inhibitions, tuple(self.notes)
        )

    # --- routes

    def _route(
        self,
        value: Any,
        path: Path,
        above: Node,
        receivers: "Mapping[str, Any] | Any",
        timings: "Mapping[str, Any] | Any",
    ) -> Node:
        self._routes += 1
        if self._routes > MAX_ROUTES:
            raise self.error(path, f"More than {MAX_ROUTES:,} routes.")
        if len(path) > 2 * MAX_DEPTH:
            raise self.error(path, f"Routes are nested more than {MAX_DEPTH} deep.")
        given = self.mapping(value, path)
        self.know(given, path, amkeys.ROUTE)
        self.pass_over(given, path, amkeys.ROUTE - amkeys.ROUTE_LEFT.keys(), amkeys.ROUTE_LEFT)
        node = replace(
            above,
            path=path,
            receiver=self.text(given.get("receiver"), (*path, "receiver")) or above.receiver,
            matchers=self._matchers(given, path),
            continues=self.flag(given.get("continue"), (*path, "continue"), default=False),
            mute_timings=self._names(given, path, "mute_time_intervals", timings),
            active_timings=self._names(given, path, "active_time_intervals", timings),
            children=(),
            group_by=self._group_by(given, path, above.group_by),
        )
        node = self._timed(node, given)
        if not node.receiver:
            raise self.error(path, "The root route has no receiver.")
        if node.receiver not in receivers:
            raise self.error(path, f"There is no receiver {node.receiver!r}.")
        routes = self.items(given.get("routes"), (*path, "routes"))
        children = tuple(
            self._route(one, (*path, "routes", n), node, receivers, timings)
            for n, one in enumerate(routes)
        )
        return replace(node, children=children)

    def _check_root(self, root: Node) -> None:
        if root.matchers:
            raise self.error(root.path, "The root route must not have matchers.")
        if root.mute_timings or root.active_timings:
            raise self.error(root.path, "The root route must not have time intervals.")
        if root.continues:
            raise self.error(root.path, "The root route cannot continue.")

    def _group_by(
        self, given: Mapping[str, Any], path: Path, above: tuple[str, ...]
    ) -> tuple[str, ...]:
        at = (*path, "group_by")
        if given.get("group_by") is None:
            return above
        names = self.texts(given.get("group_by"), at)
        if _ALL in names and len(names) > 1:
            raise self.error(at, f"{_ALL} stands alone, or not at all.")
        if len(set(names)) != len(names):
            raise self.error(at, "A label stands here twice.")
        self._check_labels(names, at)
        if above and not names:
            self.note(
                at, "An empty list is one group for all, as from 0.31 on; before, it said nothing."
            )
        return tuple(names)

    def _check_labels(self, names: Sequence[str], path: Path) -> None:
        """Any text names a label, from 0.27 on."""
        for n, name in enumerate(names):
            if not name or "\0" in name:
                raise self.error((*path, n), f"{name!r} is no label name.")

    def _timed(self, node: Node, given: Mapping[str, Any]) -> Node:
        found: dict[str, int] = {}
        for name in _SECONDS:
            at = (*node.path, name)
            if given.get(name) is not None:
                found[name] = self._seconds(given[name], at)
                if not found[name] and name != "group_wait":
                    raise self.error(at, "It must not be 0.")
        return replace(
            node,
            group_wait=found.get("group_wait", node.group_wait),
            group_interval=found.get("group_interval", node.group_interval),
            repeat_interval=found.get("repeat_interval", node.repeat_interval),
        )

    def _seconds(self, value: Any, path: Path) -> int:
        """Whole ones, which is all that we keep: of 500ms one, and not none."""
        length = self.duration(value, path)
        seconds = ceil(length / timedelta(seconds=1))
        if length != timedelta(seconds=seconds):
            self.note(path, f"Whole seconds are kept here: {format_seconds(seconds)}.")
        return seconds

    def _names(self, given: Mapping[str, Any], path: Path, key: str, known: Any) -> tuple[str, ...]:
        names = self.texts(given.get(key), (*path, key))
        for name in names:
            if name not in known:
                raise self.error((*path, key), f"There is no time interval {name!r}.")
        return tuple(names)

    def _matchers(
        self, given: Mapping[str, Any], path: Path, prefix: str = ""
    ) -> tuple[Matcher, ...]:
        """`match` and `match_re`, as they were before 0.22, and `matchers`; sorted by name, so
        that equal ones are equal."""
        found: list[Matcher] = []
        for key, op in ((f"{prefix}match", MatchOp.EQUAL), (f"{prefix}match_re", MatchOp.REGEX)):
            at = (*path, key)
            for name, text in self.mapping(given.get(key) or {}, at).items():
                found.append(self._matcher(name, op, self.scalar(text, (*at, name)), (*at, name)))
        key = f"{prefix}matchers"
        at = (*path, key)
        for n, text in enumerate(self.texts(given.get(key), at)):
            try:
                found += parse_matchers(text)
            except MatcherError as error:
                raise self.error((*at, n), str(error)) from None
        return tuple(sorted(found, key=lambda one: (one.name, one.op, one.value)))

    def _matcher(self, name: str, op: MatchOp, value: str, path: Path) -> Matcher:
        try:
            return Matcher(name, op, value)
        except MatcherError as error:
            raise self.error(path, str(error)) from None

    # --- the rest

    def _inhibition(self, value: Any, path: Path) -> Inhibition:
        given = self.mapping(value, path)
        self.know(given, path, amkeys.INHIBIT_RULE)
        equal = self.texts(given.get("equal"), (*path, "equal"))
        self._check_labels(equal, (*path, "equal"))
        return Inhibition(
            path,
            self.text(given.get("name"), (*path, "name")),
            self._matchers(given, path, "source_"),
            self._matchers(given, path, "target_"),
            tuple(equal),
        )
