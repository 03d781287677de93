"""Which source a payload is of, and its parsing: bytes in, typed alerts out."""

from dataclasses import replace
from typing import Final, Literal, TypeAlias

from alerts.sources import alertmanager, generic, grafana, grafana_legacy, prometheus
from alerts.sources.decode import FIX, decode
from alerts.sources.fields import Object
from alerts.sources.incoming import IncomingBatch, ParseOptions, Source, Unparseable
from alerts.sources.json_text import Json, text_of
from alerts.sources.problems import Problems

Kind: TypeAlias = Literal["auto", "alertmanager", "prometheus", "grafana", "generic"]

_LEGACY_KEYS: Final = frozenset(("evalMatches", "ruleId", "ruleName", "ruleUrl", "rule_url"))
_SOURCES_OF_KIND: Final[dict[str, tuple[Source, ...]]] = {
    "alertmanager": (Source.ALERTMANAGER,),
    "prometheus": (Source.PROMETHEUS,),
    "grafana": (Source.GRAFANA, Source.GRAFANA_LEGACY),
    "generic": (Source.GENERIC, Source.TEXT),
}


def detect_and_parse(
    body: bytes, content_type: str = "", *, kind: Kind = "auto", options: ParseOptions
) -> IncomingBatch:
    """Understand one POST.

    `kind` is what the integration expects. A payload that cannot be of that kind is taken for what
    it looks like, and a Problem says so: a wrong setting must not cost an alert.
    Raises Unparseable when nothing at all could be understood, and nothing else.
    """
    problems = Problems()
    decoded = decode(body, content_type, problems)
    value = decoded.value
    if decoded.is_form and decoded.text and not _has_content(value):
        value = decoded.text  # "a=b is broken" is not a form, whatever curl calls it
    batch = _parse(value, kind, options, problems)
    listed = problems.listed()
    if not batch.alerts:
        for problem in listed:
            if problem.quarantined:
                reason = f"No alert could be read: {problem.reason}."
                raise Unparseable(reason, fix=FIX, pointer=problem.pointer)
    return replace(batch, problems=listed, incomplete=decoded.incomplete)


def detect(value: Json) -> Source:
    """What a decoded payload looks like. Raises Unparseable for a bare number, true or null."""
    if isinstance(value, dict):
        return _detect_object(value)
    if isinstance(value, list):
        return Source.PROMETHEUS if _are_postable(value) else Source.GENERIC
    if isinstance(value, str) and value.strip():
        return Source.TEXT
    raise Unparseable("The body is a bare value where an object is expected.", fix=FIX)


def _detect_object(payload: Object) -> Source:
    version = text_of(payload.get("version"))
    alerts = payload.get("alerts")
    if isinstance(alerts, list | dict):
        if version in ("3", "4"):
            return Source.ALERTMANAGER
        if version == "1" or _has_grafana_alert(alerts):
            return Source.GRAFANA
        return Source.ALERTMANAGER
    if "alerts" in payload and version in ("1", "3", "4"):
        return Source.GRAFANA if version == "1" else Source.ALERTMANAGER
    if not _LEGACY_KEYS.isdisjoint(payload) and ("state" in payload or "evalMatches" in payload):
        return Source.GRAFANA_LEGACY
    return Source.GENERIC


def _has_grafana_alert(alerts: Json) -> bool:
    items = alerts if isinstance(alerts, list) else [alerts]
    return any(
        isinstance(item, dict) and not grafana.ALERT_KEYS.isdisjoint(item) for item in items[:3]
    )


def _are_postable(items: list[Json]) -> bool:
    """Objects with labels and nothing that only generic alerts have; also the empty list."""
    objects = [item for item in items if isinstance(item, dict)]
    if not items:
        return True
    return any("labels" in item for item in objects) and not any(
        _has_content(item) or "status" in item for item in objects
    )


def _has_content(value: Json) -> bool:
    return isinstance(value, dict) and not generic.CONTENT_FIELDS.isdisjoint(value)


def _parse(value: Json, kind: Kind, options: ParseOptions, problems: Problems) -> IncomingBatch:
    source = detect(value)
    if kind != "auto" and source not in _SOURCES_OF_KIND[kind]:
        wanted = _SOURCES_OF_KIND[kind][0]
        if _could_be(wanted, value):
            source = wanted
        else:
            reason = f"read as {source}: it cannot be the {kind} that this integration expects"
            problems.note("", reason)
    if isinstance(value, dict):
        if source is Source.ALERTMANAGER:
            return alertmanager.parse(value, options, problems)
        if source is Source.GRAFANA:
            return grafana.parse(value, options, problems)
        if source is Source.GRAFANA_LEGACY:
            return grafana_legacy.parse(value, problems)
    if isinstance(value, list) and source is Source.PROMETHEUS:
        return prometheus.parse(value, options, problems)
    if isinstance(value, str):
        return generic.parse_text(value, problems)
    return generic.parse(value, options, problems)


def _could_be(source: Source, value: Json) -> bool:
    if source is Source.GENERIC:
        return isinstance(value, list) or _has_content(value)
    if source is Source.PROMETHEUS:
        return isinstance(value, list)
    return isinstance(value, dict) and isinstance(value.get("alerts"), list | dict)
