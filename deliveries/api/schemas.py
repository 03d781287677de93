"""REST: what the OpenAPI document says of messages and changes, made of the table of kinds."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.plumbing import ResolvedComponent
from rest_framework import serializers

from botapi.spec import Parameter, fields_of
from deliveries.kinds import ALBUM, CHANGES, KINDS, WITHHELD, Kind

Schema = dict[str, Any]
Refer = Callable[[str], Schema]
"""Name of a Bot API object → a reference to its schema."""

EXAMPLES: Final[Mapping[str, Schema]] = {
    "Text": {"kind": "text", "text": "Deploy <b>done</b>", "parse_mode": "HTML"},
    "Without a sound, in a topic": {
        "text": "Nightly backup done",
        "silent": True,
        "message_thread_id": 12,
    },
    "Picture by URL": {
        "kind": "photo",
        "photo": "https://example.org/load.png",
        "caption": "Load of the last hour",
    },
    "Poll": {
        "kind": "poll",
        "question": "Roll back?",
        "options": [{"text": "Yes"}, {"text": "No"}],
        "is_anonymous": False,
        "open_period": 600,
    },
    "Live location": {
        "kind": "location",
        "latitude": 48.2082,
        "longitude": 16.3738,
        "live_period": 3600,
    },
    "Text with buttons": {
        "kind": "text",
        "text": "Ticket 4711",
        "reply_markup": {
            "inline_keyboard": [
                [
                    {"text": "Open", "url": "https://example.org/4711"},
                    {"text": "Copy the number", "copy_text": {"text": "4711"}},
                ]
            ]
        },
    },
}
CHANGE_EXAMPLES: Final[Mapping[str, Schema]] = {
    "Another text": {"kind": "text", "text": "Deploy <b>failed</b>", "parse_mode": "HTML"},
    "Another picture": {
        "kind": "media",
        "media": {"type": "photo", "media": "https://example.org/load.png", "caption": "Now"},
    },
    "Where it is now": {"kind": "live_location", "latitude": 48.2, "longitude": 16.4},
    "No more votes": {"kind": "stop_poll"},
}
_SCALARS: Final[Mapping[str, Schema]] = {
    "Integer": {"type": "integer"},
    "Float": {"type": "number"},
    "String": {"type": "string"},
    "Boolean": {"type": "boolean"},
}
_OWN: Final[Mapping[str, Schema]] = {
    "silent": {"type": ["boolean", "null"], "description": "null: as the channel."},
    "protect_content": {"type": ["boolean", "null"], "description": "null: as the channel."},
    "message_thread_id": {
        "type": ["integer", "null"],
        "minimum": 1,
        "maximum": 2**31 - 1,
        "description": "A topic of the chat; null: the channel's.",
    },
    "reply_to": {
        "type": ["string", "null"],
        "format": "uuid",
        "description": "The delivery that sent the message to answer, in the same chat.",
    },
}


class MessageSerializer(serializers.Serializer[Any]):
    """A message of any kind, as JSON."""


class FormSerializer(serializers.Serializer[Any]):
    """The same as a form: structures as JSON, and files as parts."""


class ChangeSerializer(serializers.Serializer[Any]):
    """A change to a message that was sent."""


class ChangeFormSerializer(serializers.Serializer[Any]):
    """The same as a form: structures as JSON, and files as parts."""


class _Messages(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]  # untyped library
    target_class = MessageSerializer

    def map_serializer(self, auto_schema: Any, direction: str) -> Schema:
        """One of the kinds."""
        refer = _referring(auto_schema)
        return {"oneOf": [_message(kind, refer) for kind in KINDS.values()]}


class _Changes(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]  # untyped library
    target_class = ChangeSerializer

    def map_serializer(self, auto_schema: Any, direction: str) -> Schema:
        """One of the changes."""
        refer = _referring(auto_schema)
        return {"oneOf": [_object_of(kind, refer, {}) for kind in CHANGES.values()]}


class _Forms(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]  # untyped library
    target_class = FormSerializer

    def map_serializer(self, auto_schema: Any, direction: str) -> Schema:
        """With all that a message has."""
        return _form(KINDS, _OWN, ALBUM[1])


class _ChangeForms(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]  # untyped library
    target_class = ChangeFormSerializer

    def map_serializer(self, auto_schema: Any, direction: str) -> Schema:
        """One file and its thumbnail."""
        return _form(CHANGES, {}, 2)


def _form(kinds: Mapping[str, Kind], own: Mapping[str, Schema], files: int) -> Schema:
    """All fields of all kinds: which of them go together, the kind says."""
    properties: Schema = {"kind": {"type": "string", "enum": list(kinds)}}
    for kind in kinds.values():
        for field in _offered(kind.method):
            properties.setdefault(field.name, _form_field(field))
    properties |= own
    for number in range(files):
        words = f"A file, named in `media` as attach://file{number}."
        properties[f"file{number}"] = _binary(words)
    return {"type": "object", "properties": properties}


def _message(kind: Kind, refer: Refer) -> Schema:
    names = ["message_thread_id"] if kind.name == "action" else list(_OWN)
    schema = _object_of(kind, refer, {name: _OWN[name] for name in names})
    if kind.name == "text":
        schema["required"].remove("kind")
    return schema


def _object_of(kind: Kind, refer: Refer, own: Mapping[str, Schema]) -> Schema:
    properties: Schema = {"kind": {"type": "string", "const": kind.name}}
    required = ["kind"]
    for field in _offered(kind.method):
        properties[field.name] = _value(field, refer)
        required += [field.name] if field.required else []
    return {
        "type": "object",
        "title": kind.name,
        "description": f"{kind.summary} Bot API {kind.method}.",
        "required": required,
        "properties": properties | dict(own),
        "additionalProperties": False,
    }


def _offered(owner: str) -> list[Parameter]:
    return [
        field
        for name, field in fields_of(owner).items()
        if name not in WITHHELD and f"{owner}.{name}" not in WITHHELD and name not in _OWN
    ]


def _value(field: Parameter, refer: Refer) -> Schema:
    kinds = [_type(kind, refer) for kind in field.types if kind != "InputFile"]
    if all(kind.get("type") == "array" for kind in kinds):
        items = [kind["items"] for kind in kinds]
        schema: Schema = {
            "type": "array",
            "items": items[0] if len(items) == 1 else {"anyOf": items},
        }
    else:
        schema = dict(kinds[0]) if len(kinds) == 1 else {"anyOf": kinds}
    schema |= _limits(field)
    if field.is_file:
        schema["description"] = "A URL or a file_id; in multipart also a file."
    return schema


def _limits(field: Parameter) -> Schema:
    limits: Schema = {}
    if field.enum:
        limits["enum"] = list(field.enum)
    if field.const:
        limits["const"] = field.const
    if field.range:
        limits["minimum"], limits["maximum"] = field.range
    if field.items:
        limits["minItems"], limits["maxItems"] = field.items
    if field.length and field.unit == "characters":
        limits["minLength"], limits["maxLength"] = field.length
    return limits


def _type(kind: str, refer: Refer) -> Schema:
    if kind.startswith("Array of "):
        return {"type": "array", "items": _type(kind.removeprefix("Array of "), refer)}
    return dict(_SCALARS[kind]) if kind in _SCALARS else refer(kind)


def _form_field(field: Parameter) -> Schema:
    if field.is_file:
        return _binary("A file; as a text a URL or a file_id.")
    if field.is_structure:
        return {"type": "string", "description": "JSON."}
    return dict(_SCALARS[next(kind for kind in field.types if kind in _SCALARS)])


def _binary(words: str) -> Schema:
    return {"type": "string", "format": "binary", "description": words}


def _referring(auto_schema: Any) -> Refer:
    """References to objects of the Bot API, which are added to the document."""
    registry = auto_schema.registry

    def refer(name: str) -> Schema:
        component = ResolvedComponent(  # type: ignore[no-untyped-call]  # untyped library
            name=name, type=ResolvedComponent.SCHEMA, object=name, schema={"type": "object"}
        )
        if component not in registry:
            registry.register(component)  # before its fields, which may refer to it
            offered = _offered(name)
            component.schema = {
                "type": "object",
                "properties": {field.name: _value(field, refer) for field in offered},
                "required": [field.name for field in offered if field.required],
                "additionalProperties": False,
            }
        reference: Schema = component.ref
        return reference

    return refer
