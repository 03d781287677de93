"""Templates compiled once in each process, and those that take too long left alone for a while."""

import threading
import time
from datetime import datetime
from typing import TypeAlias, cast
from uuid import UUID

from alerts.models import MessageTemplate
from alerts.templating.faults import TemplateFault
from alerts.templating.program import Program, compiled
from botapi.markup import ParseMode

MAX_CACHED = 1_000
RESTS_FOR = 60.0
"""Seconds for which a template that took too much is not tried again: one of them on a storm's
thousands of groups would keep others waiting."""
Usable: TypeAlias = Program | TemplateFault
"""A template, or why there is none."""

_Key: TypeAlias = tuple[UUID, datetime]
_cache: dict[_Key, Program] = {}
_resting: dict[_Key, tuple[float, TemplateFault]] = {}
_lock = threading.Lock()


def usable(template: MessageTemplate) -> Usable:
    """The template as it was when the row was read, or as it is by now. Its body is read only when
    it is new here."""
    key = (template.pk, template.updated_at)
    rests = _resting.get(key)
    if rests is not None and time.monotonic() < rests[0]:
        return rests[1]
    program = _cache.get(key)
    if program is not None:
        return program
    parse_mode, body, updated_at = _read(template)
    try:
        program = compiled(body, cast("ParseMode", parse_mode))
    except TemplateFault as fault:  # it was accepted by a version that knew what this one does not
        rest(template, fault)
        return fault
    with _lock:
        if len(_cache) >= MAX_CACHED:
            _cache.clear()
        _cache[template.pk, updated_at] = program
    return program


def rest(template: MessageTemplate, fault: TemplateFault) -> None:
    """Leave it alone for a while."""
    kept = TemplateFault(
        fault.kind, fault.reason, fault.place
    )  # without the group in its traceback
    with _lock:
        if len(_resting) >= MAX_CACHED:
            _resting.clear()
        _resting[template.pk, template.updated_at] = (time.monotonic() + RESTS_FOR, kept)


def _read(template: MessageTemplate) -> tuple[str, str, datetime]:
    """Its format, its body, and of when both are: it may have been changed since the row was read,
    and a body in another format is no message."""
    if "body" not in template.get_deferred_fields():
        return template.parse_mode, template.body, template.updated_at
    rows = MessageTemplate.objects.for_organization(template.organization_id)
    found = rows.filter(pk=template.pk).values_list("parse_mode", "body", "updated_at").first()
    # Deleted meanwhile: empty, which is no message either.
    return found or (template.parse_mode, "", template.updated_at)
