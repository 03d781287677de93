"""REST: bodies of messages and changes, read from JSON or forms by the table of kinds."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from rest_framework import serializers

from accounts.parsers import read_json
from accounts.problems import ApiRefusal, wrong
from accounts.rest_serializers import Strict
from botapi.spec import Fault, Parameter, fields_of
from deliveries.drafts import Draft, DraftRefused
from deliveries.kinds import KINDS, OWN, Kind
from deliveries.uploads import Upload

OWN_OF_ACTIONS = ("kind", "message_thread_id")


class OwnSerializer(Strict):
    """What a message has beside the parameters of its Bot API method."""

    kind = serializers.CharField(required=False)
    silent = serializers.BooleanField(
        required=False, default=None, allow_null=True, help_text="null: as the channel."
    )
    protect_content = serializers.BooleanField(
        required=False, default=None, allow_null=True, help_text="null: as the channel."
    )
    message_thread_id = serializers.IntegerField(
        required=False,
        default=None,
        allow_null=True,
        min_value=1,
        max_value=2**31 - 1,
        help_text="A topic of the chat; null: the channel's.",
    )
    reply_to = serializers.UUIDField(
        required=False,
        default=None,
        allow_null=True,
        help_text="The delivery that sent the message to answer, in the same chat.",
    )


class Body:
    """A body taken apart: its kind, the method's parameters, files, and what else is said of a
    message (`own`).

    Raises ValidationError for what can't be read so. A message without `kind` is a text, or with
    the part `photo` or `document` one of these, whose caption may be called `text`.
    """

    def __init__(self, data: Any, kinds: Mapping[str, Kind], default: str = "") -> None:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError("Send an object with fields.")
        self._data = data
        self._renamed = False
        values = {name: data[name] for name in data}  # of a form's repeated fields the last
        self.kind = self._kind(values, kinds, default)
        self.uploads = {
            name: Upload(file.name or "file", file.content_type or "", file.read())
            for name, file in values.items()
            if isinstance(file, UploadedFile)
        }
        rest = {name: value for name, value in values.items() if name not in self.uploads}
        own: tuple[str, ...] = OWN_OF_ACTIONS if self.kind.name == "action" else OWN
        own = own if kinds is KINDS else ("kind",)
        self.own = {name: rest.pop(name) for name in own if name in rest}
        if self._renamed and "text" in rest:
            rest["caption"] = rest.pop("text")
        self.params = self._read(rest) if isinstance(data, QueryDict) else rest

    def _kind(self, values: Mapping[str, Any], kinds: Mapping[str, Kind], default: str) -> Kind:
        name = values.get("kind")
        if name is None and default:
            name = self._meant(values) or default
        if not isinstance(name, str) or name not in kinds:
            words = f"Use one of {', '.join(map(repr, kinds))}."
            raise serializers.ValidationError({"kind": words}, code="invalid_choice")
        return kinds[name]

    def _meant(self, values: Mapping[str, Any]) -> str:
        """The kind of a message that does not name it."""
        files = [name for name in ("photo", "document") if name in values]
        if len(files) > 1:
            words = "Send a photo or a document, not both in one message."
            raise serializers.ValidationError({"document": words})
        others = any(isinstance(value, UploadedFile) for value in values.values())
        if not (files or others or str(values.get("text", "")).strip()):
            raise serializers.ValidationError({"text": "Give a text, a photo or a document."})
        self._renamed = bool(files) and "caption" not in values
        return files[0] if files else ""

    def _read(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Texts of a form as what they stand for."""
        known = fields_of(self.kind.method)
        return {
            name: _meaning(known[name], value) if name in known else value
            for name, value in values.items()
        }

    def refuse(self, refusal: DraftRefused) -> NoReturn:
        """Answer 400, or 413 where a file is too large, with all that is wrong."""
        faults = [self._as_named(fault) for fault in refusal.faults]
        if any(fault.code == "too_large" for fault in faults):
            errors = [
                wrong("pointer", "/" + "/".join(fault.path), fault.words, fault.code)
                for fault in faults
            ]
            raise ApiRefusal(413, faults[0].words, errors=errors)
        raise serializers.ValidationError(_nested(faults))

    def _as_named(self, fault: Fault) -> Fault:
        renamed = self._renamed and fault.path[:1] == ("caption",)
        return Fault(("text", *fault.path[1:]), fault.words, fault.code) if renamed else fault


def identity_of_files(message: Draft) -> dict[str, Any]:
    """What makes the files of two requests the same."""
    return {
        part: [file.filename, hashlib.sha256(file.content).hexdigest()]
        if isinstance(file, Upload)
        else file.url
        for part, file in message.files.items()
    }


def _meaning(field: Parameter, value: Any) -> Any:
    """What a text of a form stands for; the text itself where it stands for nothing right."""
    if not isinstance(value, str):
        return value
    if field.is_structure:
        return _structure(field.name, value)
    if "Boolean" in field.types:
        return {"true": True, "1": True, "false": False, "0": False}.get(value.lower(), value)
    for kind, read in (("Integer", int), ("Float", float)):
        if kind in field.types:
            try:
                return read(value)
            except ValueError:
                return value
    return value


def _structure(name: str, text: str) -> Any:
    try:
        return read_json(text.encode())
    except ApiRefusal as refusal:
        errors = [
            {**error, "pointer": f"/{name}{error.get('pointer', '')}"} for error in refusal.errors
        ]
        raise ApiRefusal(400, str(refusal.detail), errors=errors) from None


def _nested(faults: Sequence[Fault]) -> dict[str, Any]:
    """The faults as the library nests its errors."""
    tree: dict[str, Any] = {}
    for path, details in _by_path(faults):
        place = tree
        for name in path[:-1]:
            inner = place.setdefault(name, {})
            place = inner if isinstance(inner, dict) else place
        if isinstance(place.get(path[-1]), dict):
            place[path[-1]]["non_field_errors"] = details
        else:
            place[path[-1]] = details
    return tree


def _by_path(
    faults: Sequence[Fault],
) -> Iterator[tuple[tuple[str, ...], list[serializers.ErrorDetail]]]:
    found: dict[tuple[str, ...], list[serializers.ErrorDetail]] = {}
    for fault in sorted(faults, key=lambda one: -len(one.path)):
        detail = serializers.ErrorDetail(fault.words, fault.code)
        found.setdefault(fault.path or ("non_field_errors",), []).append(detail)
    yield from found.items()
