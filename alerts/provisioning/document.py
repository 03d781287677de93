"""The file: YAML → items. Pure.

    version: 1
    bots:
    - {name: ops, token: {env: OPS_BOT_TOKEN}}
    channels:
    - {name: on call, bot: ops, chat_id: -1001234567890, silent: below, silent_below: high}
    routes:
    - {name: Critical, matchers: ['severity="critical"'], channels: [on call], group_wait: 10s}
    default_route: {channels: [on call]}

Sections that are left out, and settings that are left out, stay as they are.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from alerts.durations import DurationError, parse_seconds
from alerts.importing.values import Values
from alerts.importing.yaml_text import Document, Path, read_yaml
from alerts.matchers import MatcherError, parse_matchers
from alerts.muting.time_intervals import IntervalError, read_intervals
from alerts.provisioning.items import (
    BOT,
    CHANNEL,
    DEFAULT_ROUTE,
    ESCALATION,
    FALLBACK,
    HEARTBEAT,
    INHIBIT_RULE,
    INTEGRATION,
    MUTE_TIMING,
    ORGANIZATION,
    ROUTE,
    SINGLE,
    TEMPLATE,
    UPSTREAM,
    Elsewhere,
    Item,
    Secret,
)
from alerts.severity import DEFAULT, Severity, SeverityMapError
from alerts.sources.mapping import BadMapping, stored_form

VERSION: Final = 1
NAME_MAX: Final = 100
SECTIONS: Final = {
    "bots": BOT,
    "channels": CHANNEL,
    "integrations": INTEGRATION,
    "mute_timings": MUTE_TIMING,
    "inhibit_rules": INHIBIT_RULE,
    "templates": TEMPLATE,
    "escalations": ESCALATION,
    "routes": ROUTE,
    "heartbeats": HEARTBEAT,
    "upstreams": UPSTREAM,
    "fallbacks": FALLBACK,
}


def read_document(text: str) -> tuple[Document, list[Item]]:
    """The items in the order of the file. Raises alerts.importing.yaml_text.YamlError."""
    document = read_yaml(text)
    return document, _Reader(document).items_of_all()


class _Reader(Values):
    def items_of_all(self) -> list[Item]:
        top = self.mapping(self.document.data, ())
        self.know(top, (), {"version", *SINGLE, *SECTIONS})
        if top.get("version") != VERSION:
            raise self.error(("version",), f"Begin with `version: {VERSION}`.")
        found: list[Item] = []
        for section, kind in SECTIONS.items():
            names: set[str] = set()
            for number, one in enumerate(self.items(top.get(section), (section,))):
                item = self._item(kind, one, (section, number))
                if item.name in names:
                    raise self.error(item.path, f"There are two with the name {item.name!r}.")
                names.add(item.name)
                found.append(item)
        for section, kind in SINGLE.items():
            if top.get(section) is not None:
                path: Path = (section,)
                values = self._values(kind, self.mapping(top[section], path), path)
                found.append(Item(kind, "", values, path=path))
        return found

    def _item(self, kind: str, value: Any, path: Path) -> Item:
        given = self.mapping(value, path)
        name = self.text(given.get("name"), (*path, "name"))
        if not name.strip() or len(name) > NAME_MAX:
            raise self.error(path, f"Give it a name of at most {NAME_MAX} characters.")
        rest = {key: one for key, one in given.items() if key != "name"}
        return Item(kind, name, self._values(kind, rest, path), path=path)

    def _values(self, kind: str, given: Mapping[str, Any], path: Path) -> dict[str, Any]:
        readers = READERS[kind]
        self.know(given, path, readers.keys() if kind in SINGLE.values() else {"name", *readers})
        return {name: readers[name](self, one, (*path, name)) for name, one in given.items()}

    def truth(self, value: Any, path: Path) -> bool:
        return self.flag(value, path, default=False)

    def seconds(self, value: Any, path: Path) -> int:
        """A number of them, or a text as Prometheus writes it."""
        if type(value) is int and value >= 0:
            return value
        try:
            return parse_seconds(self.scalar(value, path))
        except DurationError as error:
            raise self.error(path, str(error)) from None

    def cron(self, value: Any, path: Path) -> str:
        return " ".join(self.text(value, path).split())

    def number(self, value: Any, path: Path) -> int:
        if type(value) is not int or value < 0:
            raise self.error(path, "A number from 0 on is expected here.")
        return value

    def period(self, value: Any, path: Path) -> int | None:
        return None if value is None else self.seconds(value, path)

    def steps(self, value: Any, path: Path) -> list[dict[str, Any]]:
        """Of an escalation policy: after so many minutes these channels."""
        found = []
        for number, one in enumerate(self.items(value, path)):
            at = (*path, number)
            given = self.mapping(one, at)
            self.know(given, at, {"after", "channels"})
            after = self.number(given.get("after"), (*at, "after"))
            channels = self.names(given.get("channels"), (*at, "channels"))
            found.append({"after": after, "channels": channels})
        return sorted(found, key=lambda one: one["after"])

    def words(self, value: Any, path: Path) -> dict[str, str]:
        given = self.mapping(value, path)
        return {name: self.scalar(one, (*path, name)) for name, one in given.items()}

    def chat(self, value: Any, path: Path) -> str | Elsewhere:
        """An ID, an @name, or where it is to be read."""
        if not isinstance(value, Mapping):
            return self.text(value, path)
        return Elsewhere(**self._source(value, path, "Say {env: NAME} or {file: /path}."))

    def topic(self, value: Any, path: Path) -> int | None:
        return None if value is None else self.number(value, path)

    def labels(self, value: Any, path: Path) -> list[str] | None:
        return None if value is None else self.texts(value, path)

    def names(self, value: Any, path: Path) -> list[str]:
        return sorted(set(self.texts(value, path)))

    def distinct(self, value: Any, path: Path) -> list[str]:
        """In their order, each once."""
        return list(dict.fromkeys(one.strip() for one in self.texts(value, path)))

    def address(self, value: Any, path: Path) -> str:
        return self.text(value, path).rstrip("/")

    def guarded_address(self, value: Any, path: Path) -> Secret:
        """A webhook's address may hold a secret; one that holds none may stand in the file."""
        if isinstance(value, str) and value:
            return Secret(clear=value)
        return self.secret(value, path)

    def severity_map(self, value: Any, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(json.dumps(value or {}, default=str))
        try:
            DEFAULT.overridden(found)
        except SeverityMapError as error:
            at = (*path, *filter(None, error.field.split(".", 1)))
            raise self.error(at, f"This {error.reason}.") from None
        return found

    def matchers(self, value: Any, path: Path) -> list[str]:
        """One text or a list of them, as Alertmanager writes each."""
        texts = [value] if isinstance(value, str) else self.texts(value, path)
        found: list[str] = []
        for number, text in enumerate(texts):
            try:
                found += map(str, parse_matchers(text))
            except MatcherError as error:
                at = path if isinstance(value, str) else (*path, number)
                raise self.error(at, str(error)) from None
        return found

    def choices(self, value: Any, path: Path) -> dict[str, str]:
        given = self.mapping(value, path)
        return {self.text(key, path): self.text(given[key], (*path, key)) for key in sorted(given)}

    def sound(self, value: Any, path: Path) -> dict[str, str]:
        given = self.mapping(value, path)
        self.know(given, path, set(Severity))
        for severity, how in given.items():
            if how not in ("ring", "silent"):
                raise self.error((*path, severity), "Say ring or silent, or leave it out.")
        return {one.value: given[one] for one in Severity if one in given}

    def intervals(self, value: Any, path: Path) -> list[Any]:
        try:
            read_intervals(value)
        except IntervalError as error:
            raise self.error(path, str(error)) from None
        found: list[Any] = value
        return found

    def expressions(self, value: Any, path: Path) -> dict[str, Any] | None:
        """A mapping of any JSON; YAML's numbers and truths are words in its tables."""
        if value is None:
            return None
        try:
            return stored_form(json.loads(json.dumps(value, default=str)))
        except BadMapping as bad:
            raise self.error(path, str(bad)) from None

    def maybe_secret(self, value: Any, path: Path) -> Secret | None:
        """null: there is to be none."""
        return None if value is None else self.secret(value, path)

    def secret(self, value: Any, path: Path) -> Secret:
        return Secret(
            **self._source(
                value,
                path,
                "Say where it is to be read: {env: NAME} or {file: /path}. A secret itself "
                "does not belong into this file.",
            )
        )

    def _source(self, value: Any, path: Path, fix: str) -> dict[str, str]:
        """`env` or `file`, and which one."""
        given = self.mapping(value, path) if isinstance(value, Mapping) else {}
        self.know(given, path, {"env", "file"})
        if len(given) != 1:
            raise self.error(path, fix)
        ((where, name),) = given.items()
        name = self.text(name, (*path, where))
        if not name:
            raise self.error((*path, where), "It is empty.")
        return {where: name}


ReadValue: TypeAlias = Callable[[_Reader, Any, Path], Any]
_TIMING: Final[dict[str, ReadValue]] = {
    "channels": _Reader.names,
    "choose_by": _Reader.text,
    "choices": _Reader.choices,
    "sound": _Reader.sound,
    "group_by": _Reader.labels,
    "group_wait": _Reader.seconds,
    "group_interval": _Reader.seconds,
    "repeat_interval": _Reader.seconds,
    "template": _Reader.text,
    "escalation": _Reader.text,
    "mute_timings": _Reader.names,
    "active_timings": _Reader.names,
}
READERS: Final[Mapping[str, Mapping[str, ReadValue]]] = {
    ORGANIZATION: {
        "timezone": _Reader.text,
        "language": _Reader.text,
        "severity_map": _Reader.severity_map,
    },
    BOT: {
        "token": _Reader.secret,
        "api_url": _Reader.address,
        "proxy": _Reader.maybe_secret,
        "enabled": _Reader.truth,
        "updates": _Reader.text,
    },
    CHANNEL: {
        "bot": _Reader.text,
        "chat_id": _Reader.chat,
        "message_thread_id": _Reader.topic,
        "parse_mode": _Reader.text,
        "silent": _Reader.text,
        "silent_below": _Reader.text,
        "protect_content": _Reader.truth,
        "link_previews": _Reader.truth,
        "timezone": _Reader.text,
        "language": _Reader.text,
        "renotify_interval": _Reader.seconds,
        "tells_admins": _Reader.truth,
        "actions": _Reader.text,
        "trail": _Reader.truth,
        "silence_durations": _Reader.texts,
    },
    INTEGRATION: {
        "kind": _Reader.text,
        "enabled": _Reader.truth,
        "ignored_labels": _Reader.texts,
        "ingest_limit": _Reader.number,
        "resolve_timeout": _Reader.period,
        "signature_header": _Reader.text,
        "signature_timestamp_header": _Reader.text,
        "signature_secret": _Reader.maybe_secret,
        "mapping": _Reader.expressions,
    },
    MUTE_TIMING: {"intervals": _Reader.intervals},
    INHIBIT_RULE: {
        "enabled": _Reader.truth,
        "source_matchers": _Reader.matchers,
        "target_matchers": _Reader.matchers,
        "equal": _Reader.distinct,
    },
    TEMPLATE: {
        "parse_mode": _Reader.text,
        "body": _Reader.text,
        "channels": _Reader.names,
    },
    ESCALATION: {
        "threshold": _Reader.text,
        "repeat_every": _Reader.number,
        "repeat_times": _Reader.number,
        "steps": _Reader.steps,
    },
    HEARTBEAT: {
        "description": _Reader.text,
        "period": _Reader.period,
        "cron": _Reader.cron,
        "timezone": _Reader.text,
        "grace": _Reader.seconds,
        "severity": _Reader.text,
        "labels": _Reader.words,
        "integration": _Reader.text,
        "matchers": _Reader.matchers,
        "enabled": _Reader.truth,
    },
    UPSTREAM: {
        "kind": _Reader.text,
        "url": _Reader.address,
        "username": _Reader.text,
        "secret": _Reader.maybe_secret,
        "enabled": _Reader.truth,
    },
    FALLBACK: {
        "kind": _Reader.text,
        "target": _Reader.text,
        "addresses": _Reader.distinct,
        "url": _Reader.guarded_address,
        "secret": _Reader.secret,
        "threshold": _Reader.text,
        "minutes": _Reader.number,
        "enabled": _Reader.truth,
    },
    ROUTE: {
        "enabled": _Reader.truth,
        "matchers": _Reader.matchers,
        "integrations": _Reader.names,
        "continue": _Reader.truth,
        **_TIMING,
    },
    DEFAULT_ROUTE: _TIMING,
}
"""Kind → setting → how it is read. The settings are those of the REST API."""
