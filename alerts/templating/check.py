"""Whether a template is fit to be used: it tells every sample, and Telegram takes what it says."""

from zoneinfo import ZoneInfo

from alerts.rendering.view_model import ChannelView
from alerts.templating.faults import TemplateFault
from alerts.templating.message import render_templated
from alerts.templating.program import Program, compiled
from alerts.templating.samples import SAMPLES
from botapi.limits import CAPTION_MAX, MESSAGE_TEXT_MAX
from botapi.markup import ParseMode


def checked(body: str, parse_mode: ParseMode) -> Program:
    """The template, compiled and tried with every sample. Raises TemplateFault with the sample's
    name."""
    program = compiled(body, parse_mode)
    for name, group in SAMPLES.items():
        for limit in (MESSAGE_TEXT_MAX, CAPTION_MAX):
            try:
                render_templated(program, group, ChannelView(parse_mode, ZoneInfo("UTC")), limit)
            except TemplateFault as fault:
                reason = f"With the sample “{name}”: {fault.reason}"
                raise TemplateFault(fault.kind, reason, fault.place) from None
    return program
