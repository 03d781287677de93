"""Templates as people make, change and remove them. What they say is worked out in
alerts/templating/."""

from collections.abc import Iterable
from typing import Any, cast

from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from accounts.models import Organization
from accounts.tenancy import require_same_organization
from alerts.models import ChannelTemplate, MessageTemplate, Route
from alerts.templating.check import checked
from alerts.templating.faults import TemplateFault
from botapi.markup import ParseMode
from channels_app.models import NotificationChannel
from deliveries import clock

SETTINGS = ("name", "parse_mode", "body")
NAME_MAX = 100
TEMPLATES_MAX = 500


class TemplateRefused(ValueError):
    """The input can't become this template: `field` says which one, the text what to do, `fault`
    where in the body, when that is what is wrong."""

    def __init__(self, field: str, message: str, fault: TemplateFault | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.fault = fault


def create_template(actor: Actor, organization: Organization, **values: Any) -> MessageTemplate:
    """A new one; `values` as in `change_template`. Raises TemplateRefused."""
    template = MessageTemplate(organization=organization)
    channels = values.pop("channels", None)
    _apply(template, values)
    with transaction.atomic():
        if _others(template).count() >= TEMPLATES_MAX:
            raise TemplateRefused("name", f"There are {TEMPLATES_MAX} templates; remove one first.")
        _check_name(template)
        template.save(force_insert=True)
        audit.record(actor, organization, "create", template)
        if channels is not None:
            set_channels(actor, template, channels)
    return template


def change_template(actor: Actor, template: MessageTemplate, **values: Any) -> MessageTemplate:
    """Change what is given of SETTINGS and `channels`, and nothing else of what it is by now, which
    is returned. What is shown already changes with the next change of its group. Raises
    TemplateRefused."""
    rows = MessageTemplate.objects.for_organization(template.organization_id)
    found = rows.filter(pk=template.pk).first()
    if found is None:
        raise TemplateRefused("template", "This template is gone; add it again.")
    before, channels = audit.snapshot(found), values.pop("channels", None)
    unchanged = rows.filter(pk=found.pk, updated_at=found.updated_at)
    _apply(found, values)  # it may take a moment: no transaction is open
    with transaction.atomic():
        _check_name(found)
        changes = audit.changes_between(before, audit.snapshot(found))
        if changes:
            if not unchanged.update(**{name: getattr(found, name) for name in changes}):
                raise TemplateRefused("body", "Someone changed it at this moment. Try again.")
            shown = {name: pair for name, pair in changes.items() if name in SETTINGS}
            audit.record(actor, found.organization_id, "change", found, shown)
        if channels is not None:
            set_channels(actor, found, channels)
    return found


def delete_template(actor: Actor, template: MessageTemplate) -> None:
    """Remove it. Raises TemplateRefused for one that is used: its channels would look otherwise
    from one message to the next, and nobody would know why."""
    with transaction.atomic():
        users = users_of(template)
        if users:
            named = ", ".join(users[:5]) + (" …" if len(users) > 5 else "")
            raise TemplateRefused("template", f"It is used by {named}. Take it away there first.")
        audit.record(actor, template.organization_id, "delete", template)
        template.delete()


def set_channels(
    actor: Actor, template: MessageTemplate, channels: Iterable[NotificationChannel]
) -> None:
    """Have these channels, and no others, tell by this template; one that had another leaves it."""
    wanted = {channel.pk: channel for channel in channels}
    require_same_organization(template.organization_id, *wanted.values())
    choices = ChannelTemplate.objects.for_organization(template.organization_id)
    with transaction.atomic():
        mine = choices.filter(template=template)
        before = sorted(mine.values_list("channel__name", flat=True))
        mine.exclude(channel__in=wanted).delete()
        choices.filter(channel__in=wanted).exclude(template=template).delete()
        kept = set(mine.values_list("channel_id", flat=True))
        ChannelTemplate.objects.bulk_create(
            ChannelTemplate(
                organization_id=template.organization_id, channel=channel, template=template
            )
            for pk, channel in wanted.items()
            if pk not in kept
        )
        after = sorted(channel.name for channel in wanted.values())
        if before != after:
            changes = {"channels": (before, after)}
            audit.record(actor, template.organization_id, "change", template, changes)


def users_of(template: MessageTemplate) -> list[str]:
    """Names of the channels and routes that tell by it."""
    channels = NotificationChannel.objects.for_organization(template.organization_id)
    routes = Route.objects.for_organization(template.organization_id)
    return [
        *(f"channel {one.name}" for one in channels.filter(template_choice__template=template)),
        *(f"route {one.name}" for one in routes.filter(template=template)),
    ]


def template_of(route: Route, channel: NotificationChannel) -> MessageTemplate | None:
    """By what alerts of the route are told in the channel: the route's, else the channel's."""
    if route.template is not None:
        return route.template
    choice: ChannelTemplate | None = getattr(channel, "template_choice", None)
    return choice.template if choice else None


def _apply(template: MessageTemplate, values: dict[str, Any]) -> None:
    unknown = set(values) - set(SETTINGS)
    if unknown:
        raise TemplateRefused(min(unknown), f"{min(unknown)} can't be set on a template.")
    is_new_text = {"parse_mode", "body"} & {
        name for name, value in values.items() if getattr(template, name) != value
    }
    for name, value in values.items():
        setattr(template, name, value)
    template.name = template.name.strip()
    if not 1 <= len(template.name) <= NAME_MAX:
        raise TemplateRefused("name", f"Give a name of 1 to {NAME_MAX} characters.")
    if template.parse_mode not in MessageTemplate.ParseMode.values:
        raise TemplateRefused("parse_mode", "Use HTML, MarkdownV2, or nothing for plain text.")
    if is_new_text or template._state.adding:
        try:
            checked(template.body, cast("ParseMode", template.parse_mode))
        except TemplateFault as fault:
            raise TemplateRefused("body", str(fault), fault) from None
        template.updated_at = clock.now()
        template.failed_at, template.fault = None, ""


def _check_name(template: MessageTemplate) -> None:
    if _others(template).filter(name=template.name).exists():
        raise TemplateRefused("name", f"Another template is called “{template.name}”.")


def _others(template: MessageTemplate) -> Any:
    rows = MessageTemplate.objects.for_organization(template.organization_id)
    return rows.exclude(pk=template.pk)
