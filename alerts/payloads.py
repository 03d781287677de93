"""The last bodies that came to an integration, for people to write its mapping by.

A service: no alert needs them. They may hold what the sender's own secrets are, so that only admins
see them; headers are not kept. Of senders that are recognised only some are, and they do not push
out the others, which are those that one wants to map.
"""

from uuid import UUID

from django.db.models import QuerySet

from alerts.models import Integration, Payload
from alerts.sources.incoming import Source
from alerts.traces import Post, clean_text

KEPT = 20
"""Of each integration; older ones go with the next that comes, and at the age of traces."""
KEPT_KNOWN = 5
"""Of them, those of senders that are recognised."""
UNREADABLE = "unreadable"
KNOWN = frozenset((Source.ALERTMANAGER, Source.GRAFANA, Source.GRAFANA_LEGACY, Source.PROMETHEUS))
READ_AS = {
    Source.ALERTMANAGER: "Alertmanager",
    Source.GRAFANA: "Grafana",
    Source.GRAFANA_LEGACY: "Grafana before 8.0",
    Source.PROMETHEUS: "Prometheus",
    Source.GENERIC: "any JSON or form, by its usual fields",
    Source.TEXT: "plain text",
    Source.MAPPED: "any JSON, by the mapping",
    UNREADABLE: "not readable",
}
"""For people."""
BODY_KEPT = 262_144
"""Characters of a body: more than the webhooks of GitHub and Sentry have."""
_GONE_AT_ONCE = 100


def keep(integration: Integration, post: Post, read_as: str) -> None:
    """Keep this one, and no more than KEPT. `read_as`: a Source, or UNREADABLE. Raises
    django.db.Error. No transaction: were it to end in between, the next one takes more away."""
    Payload.objects.create(
        organization_id=integration.organization_id,
        integration_id=integration.pk,
        received_at=post.received_at,
        read_as=read_as,
        content_type=clean_text(post.content_type, 200),
        size=len(post.body),
        body=clean_text(post.body[: 4 * BODY_KEPT].decode("utf-8", "replace"), BODY_KEPT),
    )
    rows = _of(integration)
    kept = list(rows.values_list("pk", "read_as")[: KEPT + _GONE_AT_ONCE])
    known = [pk for pk, source in kept if source in KNOWN]
    older = {*known[KEPT_KNOWN:], *(pk for pk, _ in kept[KEPT:])}
    if older:
        rows.filter(pk__in=older).delete()


def last_payloads(integration: Integration) -> QuerySet[Payload]:
    """The newest first, at most KEPT."""
    return _of(integration)[:KEPT]


def words_for(payload: Payload) -> str:
    """What it was read as; "" of one that an older release kept."""
    return READ_AS.get(payload.read_as, "")


def find(integration: Integration, pk: UUID | str) -> Payload | None:
    """One that is still kept. Raises ValueError for what is no ID."""
    return _of(integration).filter(pk=UUID(str(pk))).first()


def _of(integration: Integration) -> QuerySet[Payload]:
    rows = Payload.objects.for_organization(integration.organization_id)
    return rows.filter(integration=integration.pk).order_by("-pk")
