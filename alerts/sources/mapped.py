"""A POST to an integration that takes any JSON: bytes in, mapped alerts out."""

from dataclasses import replace

from alerts.sources.decode import Decoded, decode
from alerts.sources.detect import detect_and_parse
from alerts.sources.incoming import IncomingBatch, ParseOptions, Source, Unparseable
from alerts.sources.json_text import Json, JsonError, loads, shorten
from alerts.sources.mapping import BadMapping, parse, read_mapping, unmapped
from alerts.sources.problems import Problems

FORM_FIELDS = ("payload", "data")
"""Where JSON stands in a form: of Slack's old webhooks and their like, of Uptime Kuma."""


def parse_mapped(
    body: bytes,
    content_type: str = "",
    *,
    stored: Json,
    name: str,
    options: ParseOptions,
) -> IncomingBatch:
    """Understand one POST by the integration's `stored` mapping; `name` is the integration's.

    Without a mapping (None) it is taken for what it looks like. What can't be read by either is an
    alert of its own. Raises Unparseable when the body is neither JSON, form fields nor text.
    """
    problems = Problems()
    decoded = decode(body, content_type, problems)
    value = payload_of(decoded, problems)
    try:
        if stored is None:
            return detect_and_parse(body, content_type, options=options)
        batch = parse(value, read_mapping(stored), name, options, problems)
    except (Unparseable, BadMapping) as verdict:
        reason = str(verdict)
        if stored is None:
            reason = f"this integration has no mapping yet, and without one: {reason}"
        problems.note("", f"could not be mapped: {shorten(reason, 250)}", value)
        batch = IncomingBatch(Source.MAPPED, (unmapped(value, name, reason),))
    return replace(batch, problems=problems.listed(), incomplete=decoded.incomplete)


def payload_of(decoded: Decoded, problems: Problems) -> Json:
    """What a mapping sees of a body: its JSON, that in a form, the form's fields, its text."""
    value = decoded.value
    if not decoded.is_form or not isinstance(value, dict):
        return value
    for name in FORM_FIELDS:
        text = value.get(name)
        if isinstance(text, str):
            try:
                return loads(text)
            except JsonError as error:
                reason = f"taken as text, for it is no JSON: {error.reason}"
                problems.note(f"/{name}", reason, text)
    return value
