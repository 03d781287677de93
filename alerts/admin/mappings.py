"""Console page of an integration's mapping: the payloads that came, the expressions, and what they
make of one of them, as they are written."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse

from accounts.console_cells import label_chips
from accounts.console_requests import actor_of
from accounts.console_site import site
from alerts import integrations, payloads
from alerts.admin.groups import SEVERITY_TONES, STATUS_TONES, badge
from alerts.mapping_trial import ShownAlert, body_of, try_mapping
from alerts.models import Integration, Payload, Status
from alerts.sources.incoming import Unparseable
from alerts.sources.json_text import JsonError, loads, text_of
from alerts.sources.mapping import FIELDS, BadMapping, stored_form
from alerts.sources.presets import PRESETS

HELP = {
    "items": "Yields the list of alerts when a payload holds several; [] for none.",
    "title": "What people call it. A title or a message is needed.",
    "status": "firing or resolved. None: a notice, shown once.",
    "fingerprint": "The same when it fires and when it resolves. None: title and labels.",
    "labels": "An object, such as {host: host, team: tags.team}.",
    "annotations": "An object, as labels.",
    "severity": "critical, high, warning or info; most senders' own words are known.",
    "starts_at": "ISO 8601, or Unix seconds or milliseconds.",
}
WITHOUT_VALUES = ("items", "labels", "annotations", "starts_at", "ends_at")
"""Fields whose values nobody would replace by a table; the REST API lets them."""
NOTHING_CAME = '{\n  "host": "db1",\n  "event": "Disk full",\n  "state": "PROBLEM"\n}'


@dataclass(slots=True)
class Row:
    """One field of the form."""

    name: str
    expression: str = ""
    values: str = ""
    errors: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        """For people."""
        return (
            self.name.replace("_", " ").capitalize().replace("Url", "URL").replace(" url", " URL")
        )

    @property
    def help(self) -> str:
        """What it is for."""
        return HELP.get(self.name, "")

    @property
    def has_values(self) -> bool:
        """Whether its table of values is shown."""
        return bool(self.values) or self.name not in WITHOUT_VALUES


def mapping_page(request: HttpRequest, row: Integration) -> HttpResponse:
    """The page; a POST saves, or removes the mapping."""
    rows, error_count = rows_of(row.mapping), 0
    if request.method == "POST" and "remove" in request.POST:
        integrations.set_mapping(actor_of(request), row, None)
        messages.success(
            request, "The mapping is removed. Payloads are taken for what they look like."
        )
        return redirect(request.path)
    if request.method == "POST":
        rows = rows_posted(request)
        stored = checked(rows)
        if stored is not None:
            integrations.set_mapping(actor_of(request), row, stored)
            messages.success(request, "The mapping is saved. It holds for the next payload.")
            return redirect(request.path)
        error_count = sum(len(one.errors) for one in rows)
    kept = list(payloads.last_payloads(row))
    wanted = request.GET.get("kept", "")
    chosen = next((one for one in kept if str(one.pk) == wanted), kept[0] if kept else None)
    context = {
        **site.each_context(request),
        "title": f"Mapping of {row}",
        "integration": row,
        "rows": rows,
        "error_count": error_count,
        "kept": [(one, payloads.words_for(one)) for one in kept],
        "chosen": chosen.pk if chosen else None,
        "presets": PRESETS.values(),
        **shown_payload(chosen),
    }
    if "payload" in request.POST:
        context |= {
            "payload": request.POST["payload"],
            "content_type": request.POST.get("content_type", ""),
        }
    return TemplateResponse(request, "alerts/mapping.html", context)


def fields_part(request: HttpRequest, row: Integration) -> HttpResponse:
    """The form's fields as a preset has them, `?preset=…`."""
    preset = PRESETS.get(request.GET.get("preset", ""))
    if preset is None:
        raise Http404
    context = {"rows": rows_of(preset.mapping), "hint": preset.hint}
    response = render(request, "alerts/mapping_fields.html", context)
    response["HX-Trigger-After-Settle"] = "mapping-changed"
    return response


def payload_part(request: HttpRequest, row: Integration) -> HttpResponse:
    """The payload to try, `?kept=…`."""
    try:
        kept = payloads.find(row, request.GET.get("kept", ""))
    except ValueError:
        kept = None
    if kept is None:
        raise Http404
    response = render(request, "alerts/mapping_payload.html", shown_payload(kept))
    response["HX-Trigger-After-Settle"] = "mapping-changed"
    return response


def preview_part(request: HttpRequest, row: Integration) -> HttpResponse:
    """What the form's mapping makes of the form's payload, and each field's errors."""
    rows = rows_posted(request)
    stored = checked(rows)
    context: dict[str, Any] = {"rows": rows, "asks": True}
    if stored is not None:
        body, content_type = request.POST.get("payload", ""), request.POST.get("content_type", "")
        try:
            trial = try_mapping(row, stored, body.encode(), content_type or "application/json")
        except Unparseable as verdict:
            context["payload_error"] = verdict.reason
        else:
            by_name = {one.name: one for one in rows}
            others = []
            for problem in trial.problems:
                blamed = by_name.get(problem.field)
                if blamed is None:
                    others.append(f"{problem.pointer} {problem.reason}".strip())
                elif problem.reason not in blamed.errors and len(blamed.errors) < 3:
                    blamed.errors.append(problem.reason)
            context |= {
                "others": others,
                "count": trial.count,
                "alerts": [shown_alert(one) for one in trial.alerts],
            }
    return render(request, "alerts/mapping_preview.html", context)


def rows_of(mapping: Any) -> list[Row]:
    """The form's fields as a stored mapping, or none, has them."""
    stored = mapping or {}
    rows = [Row("items", stored.get("items", ""))]
    for name in FIELDS:
        rule = stored.get("rules", {}).get(name, {})
        pairs = rule.get("values", {}).items()
        lines = [f"{_written(word, '=')} = {_written(meant)}" for word, meant in pairs]
        rows.append(Row(name, rule.get("expression", ""), "\n".join(lines)))
    return rows


def rows_posted(request: HttpRequest) -> list[Row]:
    """The form's fields as they came."""
    return [
        Row(name, request.POST.get(name, "").strip(), request.POST.get(f"{name}.values", ""))
        for name in ("items", *FIELDS)
    ]


def checked(rows: list[Row]) -> dict[str, Any] | None:
    """The mapping to store; None, and each row with its errors, when it is none."""
    items, *fields = rows
    rules: Any = {
        one.name: {"expression": one.expression, "values": _table(one)}
        for one in fields
        if one.expression
    }
    if any(one.errors for one in rows):
        return None
    try:
        return stored_form({"items": items.expression, "rules": rules})
    except BadMapping as bad:
        by_name = {one.name: one for one in rows}
        for wrong in bad.wrongs:
            by_name[wrong.place.partition(".")[0]].errors.append(wrong.words)
        return None


def _table(row: Row) -> dict[str, str]:
    """`word = meaning`, one a line."""
    table = {}
    for line in filter(None, map(str.strip, row.values.splitlines())):
        try:
            word, meant = _pair(line)
        except ValueError:
            row.errors.append(f"Write each value as word = meaning, unlike {line[:40]!r}.")
        else:
            table[word] = meant
    return table


def _pair(line: str) -> tuple[str, str]:
    """Each as it stands, or a JSON string. Raises ValueError."""
    end = json.JSONDecoder().raw_decode(line)[1] if line.startswith('"') else line.index("=")
    word, rest = line[:end].strip(), line[end:].lstrip()
    if not rest.startswith("="):
        raise ValueError
    return _read(word), _read(rest[1:].strip())


def _read(text: str) -> str:
    return str(json.loads(text)) if text.startswith('"') else text


def _written(text: str, mark: str = "\n") -> str:
    """As it stands, unless `_pair` would read something else; `mark`: what ends it there."""
    is_plain = len(text.splitlines()) < 2 and text == text.strip() and not text.startswith('"')
    if is_plain and mark not in text:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return quoted if len(quoted.splitlines()) == 1 else json.dumps(text)


def shown_payload(kept: Payload | None) -> dict[str, str]:
    """A payload as the page shows it, indented where that changes nothing of it."""
    if kept is None:
        return {"payload": NOTHING_CAME, "content_type": "application/json"}
    body = body_of(kept).decode()
    try:
        indented = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
        if text_of(loads(indented)) == text_of(loads(body)):
            body = indented
    except (ValueError, RecursionError, JsonError):
        pass  # a form or a text, or cut
    return {"payload": body, "content_type": kept.content_type}


def shown_alert(one: ShownAlert) -> dict[str, Any]:
    """What the page shows of an alert."""
    alert = one.alert
    severity = str(one.severity or "")
    return {
        "alert": alert,
        "status": badge(STATUS_TONES[Status(alert.status)], Status(alert.status).label),
        "severity": badge(SEVERITY_TONES.get(severity, "quiet"), severity or "severity unknown"),
        "labels": label_chips(alert.labels),
        "annotations": label_chips(alert.annotations) if alert.annotations else "",
    }
