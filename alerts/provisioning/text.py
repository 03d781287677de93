"""Items → the file. Pure."""

from collections.abc import Sequence
from typing import Any

import yaml

from alerts.durations import format_seconds
from alerts.provisioning.document import SECTIONS, VERSION
from alerts.provisioning.items import SECONDS, SINGLE, Elsewhere, Item, Secret


def write_document(items: Sequence[Item]) -> str:
    """What read_document reads. A secret that stands here in clear is replaced by where to put it:
    an environment variable named after the thing that it belongs to."""
    document: dict[str, Any] = {"version": VERSION}
    for section, kind in SECTIONS.items():
        rows = [{"name": item.name, **_plain_values(item)} for item in items if item.kind == kind]
        if rows:
            document[section] = rows
    for section, kind in SINGLE.items():
        for one in items:
            if one.kind == kind:
                document[section] = _plain_values(one)
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def variable_of(item: Item, field: str) -> str:
    """`bot` ops, `token` → `BOT_OPS_TOKEN`."""
    words = "".join(one if one.isascii() and one.isalnum() else " " for one in item.name).split()
    kind = [] if words[:1] == [item.kind] else [item.kind]
    return "_".join([*kind, *words, field]).upper()


def _plain_values(item: Item) -> dict[str, Any]:
    return {name: _plain(item, name, value) for name, value in item.values.items()}


def _plain(item: Item, name: str, value: Any) -> Any:
    if isinstance(value, Secret):
        if value.file:
            return {"file": value.file}
        return {"env": value.env or variable_of(item, name)}
    if isinstance(value, Elsewhere):
        return {"env": value.env} if value.env else {"file": value.file}
    if name in SECONDS and isinstance(value, int):
        return format_seconds(value)
    if name == "chat_id" and value.lstrip("-").isdecimal():
        return int(value)
    return value
