"""Routes as Alertmanager would write them: `config.original` of GET /status. Pure.

`amtool config routes show` and `test` read it. What Alertmanager has no words for is left out:
which integrations a route is for (only this one's are listed), and how the sender grouped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from alerts.durations import format_seconds
from alerts.matchers import Matcher

NEVER = "10y"
"""For a repeat that never comes, of which Alertmanager knows nothing."""


@dataclass(frozen=True, slots=True)
class ShownRoute:
    """A route that is on. `receiver`: its name, which no other route has. Seconds."""

    receiver: str
    matchers: Sequence[Matcher]
    continue_matching: bool
    group_by: Sequence[str] | None
    group_wait: int
    group_interval: int
    repeat_interval: int


def config_text(default: ShownRoute, routes: Sequence[ShownRoute]) -> str:
    """YAML that Alertmanager's own parser takes. `default` takes what no other route takes."""
    root = _route(default)
    if routes:
        root["routes"] = [
            {
                "receiver": route.receiver,
                "matchers": [str(matcher) for matcher in route.matchers],
                "continue": route.continue_matching,
                **_route(route),
            }
            for route in routes
        ]
    names = [default.receiver, *(route.receiver for route in routes)]
    config = {"route": root, "receivers": [{"name": name} for name in names]}
    return yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=1000)


def _route(route: ShownRoute) -> dict[str, Any]:
    """Alertmanager takes no interval of nothing."""
    repeat = route.repeat_interval
    return {
        "receiver": route.receiver,
        "group_by": list(dict.fromkeys(route.group_by)) if route.group_by is not None else ["..."],
        "group_wait": format_seconds(route.group_wait),
        "group_interval": format_seconds(route.group_interval or 1),
        "repeat_interval": format_seconds(repeat) if repeat else NEVER,
    }
