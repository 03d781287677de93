"""Templates that failed when a group was to be told: noted on them, and told to the admins."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.db.models import Q

from alerts.message_templates import cache as template_cache
from alerts.models import MessageTemplate
from alerts.templating.faults import TemplateFault
from deliveries.trouble_rules import Kind, Seen

NOTED_EVERY = timedelta(minutes=1)
TROUBLE_FOR = timedelta(hours=1)
"""So long after the last fault the template is a trouble."""
SAID_MAX = 1_000
logger = logging.getLogger(__name__)


def note(failed: Iterable[tuple[MessageTemplate, TemplateFault]], now: datetime) -> None:
    """In the caller's transaction, at most once a minute for each; what takes too much rests. A
    note that can't be written is left out: it must not cost the message that it is about."""
    by_template = {template.pk: (template, fault) for template, fault in failed}
    for _, (template, fault) in sorted(by_template.items()):
        if fault.kind == "limit":
            template_cache.rest(template, fault)
        try:
            with transaction.atomic():
                _write(template, fault, now)
        except (DatabaseError, ValueError):
            logger.exception("Template %s failed, which could not be noted", template.pk)


def _write(template: MessageTemplate, fault: TemplateFault, now: datetime) -> None:
    rows = MessageTemplate.objects.for_organization(template.organization_id)
    rows.filter(
        Q(failed_at=None) | Q(failed_at__lt=now - NOTED_EVERY),
        pk=template.pk,
        updated_at=template.updated_at,
    ).update(failed_at=now, fault=str(fault)[:SAID_MAX])


def troubles(now: datetime) -> list[Seen]:
    """For trouble_sight: those that failed lately and were not changed since."""
    rows = MessageTemplate.objects.filter(failed_at__gt=now - TROUBLE_FOR)
    return [
        Seen(
            row.organization_id,
            Kind.TEMPLATE,
            str(row.pk),
            name=row.name,
            advice=row.fault,
            since=row.failed_at,
            again_at=row.failed_at,
        )
        for row in rows
    ]
