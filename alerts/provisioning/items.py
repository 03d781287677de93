"""What a file and the database have in common: named things with values. Pure.

Values are plain and comparable: texts, numbers, truths, lists of names, JSON. What refers to
something names it. Only what is given is there: what a file leaves out stays as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from alerts.importing.yaml_text import Path

ORGANIZATION: Final = "organization"
BOT: Final = "bot"
CHANNEL: Final = "channel"
INTEGRATION: Final = "integration"
MUTE_TIMING: Final = "mute timing"
INHIBIT_RULE: Final = "inhibit rule"
TEMPLATE: Final = "template"
ESCALATION: Final = "escalation policy"
ROUTE: Final = "route"
DEFAULT_ROUTE: Final = "default route"
HEARTBEAT: Final = "heartbeat"
UPSTREAM: Final = "upstream"
FALLBACK: Final = "fallback"
KINDS: Final = (
    *(ORGANIZATION, BOT, CHANNEL, INTEGRATION, MUTE_TIMING, INHIBIT_RULE, TEMPLATE, ESCALATION),
    *(ROUTE, DEFAULT_ROUTE, HEARTBEAT, UPSTREAM, FALLBACK),
)
"""In the order in which they are made: each refers to earlier ones alone."""
SINGLE: Final = {"organization": ORGANIZATION, "default_route": DEFAULT_ROUTE}
"""Section → kind of which there is one, without a name."""


SECONDS: Final = frozenset(
    (
        "group_wait",
        "group_interval",
        "repeat_interval",
        "renotify_interval",
        "period",
        "grace",
        "resolve_timeout",
    )
)
"""Settings that are numbers of seconds, and written as 30s."""


@dataclass(frozen=True, slots=True)
class Secret:
    """Either known (`clear`), or where it is to be read: an environment variable or a file."""

    clear: str = field(default="", repr=False)
    env: str = ""
    file: str = ""

    def __str__(self) -> str:
        return "••••"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A value that is no secret, and is to be read: from an environment variable or a file."""

    env: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing. `path`: where a file names it, for what is wrong with it. `places`: where the file
    says a setting, if it is not there by our name for it. `also`: other words for values of it,
    such as a chat's @name."""

    kind: str
    name: str
    values: Mapping[str, Any]
    also: Mapping[str, Any] = field(default_factory=dict, compare=False)
    path: Path = field(default=(), compare=False)
    places: Mapping[str, Path] = field(default_factory=dict, compare=False)

    def place_of(self, name: str) -> Path:
        """Where the file says this setting."""
        return self.places.get(name, (*self.path, name))

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" if self.name else self.kind

    def says(self, name: str, value: Any) -> bool:
        """Whether this is its value, in whatever words."""
        return self.values.get(name) == value or (name in self.also and self.also[name] == value)
