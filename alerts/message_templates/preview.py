"""What a template would show in Telegram: the same rendering as delivery's, read by Telegram's own
parser. Nothing is stored, and nothing is sent."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from uuid import UUID

from accounts.models import Organization
from alerts.group_views import offer_of, views_of
from alerts.models import AlertGroup
from alerts.muting.known import muting_in
from alerts.rendering.actions import Offer, message_keyboard
from alerts.rendering.message import render_group
from alerts.rendering.muted import listed, mute_note
from alerts.rendering.view_model import ChannelView, GroupView
from alerts.templating.faults import TemplateFault
from alerts.templating.message import render_templated
from alerts.templating.program import compiled
from alerts.templating.samples import SAMPLES
from botapi import entities
from botapi.entities import MessageEntity, ParseError
from botapi.keyboards import InlineKeyboard
from botapi.limits import CAPTION_MAX, MESSAGE_TEXT_MAX
from botapi.markup import ParseMode
from channels_app.models import NotificationChannel
from deliveries import clock
from languages.speaking import speaking

_ANY = UUID(int=0)
"""No message: nobody presses what is only looked at."""


@dataclass(frozen=True, slots=True)
class Preview:
    """`markup`: the text as it would be sent, with its markup; `text` and `entities`: what Telegram
    makes of it; `is_shortened`: a document would tell the rest; `buttons`: what those below it say,
    row by row, which no template changes. With a `fault` there is nothing."""

    markup: str = ""
    text: str = ""
    entities: Sequence[MessageEntity] = ()
    is_shortened: bool = False
    buttons: Sequence[Sequence[str]] = ()
    fault: TemplateFault | None = None

    @property
    def faults(self) -> list[TemplateFault]:
        """None or one."""
        return [self.fault] if self.fault else []


def preview(
    body: str,
    parse_mode: ParseMode,
    group: GroupView,
    channel: ChannelView,
    *,
    caption: bool,
    offer: Offer | None = None,
) -> Preview:
    """The group as this template tells it in the channel's language, over the buttons of such an
    offer."""
    with speaking(channel.language):
        return _preview(body, parse_mode, group, channel, caption=caption, offer=offer)


def _preview(
    body: str,
    parse_mode: ParseMode,
    group: GroupView,
    channel: ChannelView,
    *,
    caption: bool,
    offer: Offer | None,
) -> Preview:
    try:
        program = compiled(body, parse_mode)
        limit = CAPTION_MAX if caption else MESSAGE_TEXT_MAX
        rendered = render_templated(program, group, channel, limit)
        shown = entities.as_sent(rendered.text, rendered.parse_mode)
    except TemplateFault as fault:
        return Preview(fault=fault)
    except ParseError as error:  # shortening gave what Telegram refuses: a defect of ours, told
        return Preview(fault=TemplateFault("markup", error.description))
    labels = labels_of(message_keyboard(group, group, _ANY, offer))
    return Preview(rendered.text, shown.text, shown.entities, rendered.overflow, labels)


def offer_in(organization: Organization) -> Offer | None:
    """The buttons under the alerts of its first channel that has some."""
    channels = NotificationChannel.objects.for_organization(organization).filter(enabled=True)
    offers = map(offer_of, channels.select_related("chat__bot").order_by("name"))
    return next((offer for offer in offers if offer is not None), None)


def labels_of(keyboard: InlineKeyboard | None) -> list[list[str]]:
    """What its buttons say, row by row."""
    rows = keyboard.rows if keyboard is not None else ()
    return [[button.text for button in row] for row in rows]


def usual(group: GroupView, channel: ChannelView) -> Preview:
    """The group as it is told without a template."""
    with speaking(channel.language):
        rendered = render_group(group, channel, MESSAGE_TEXT_MAX)
    shown = entities.as_sent(rendered.text, rendered.parse_mode)
    return Preview(rendered.text, shown.text, shown.entities, rendered.overflow)


def group_of(
    organization: Organization, sample: str, group: AlertGroup | None, zone: tzinfo
) -> GroupView:
    """The stored group as it is told now, else the sample."""
    if group is None:
        return SAMPLES[sample]
    group.organization = organization
    now = clock.now()
    mutings = muting_in([group], now)
    view = views_of([group], now, mutings)[group.pk].view
    if muting := mutings.get(group.pk):
        with speaking(organization.language):
            note = mute_note(muting, zone, view.opened_at)
        view = replace(view, silenced_note=note)
    return listed(view)
