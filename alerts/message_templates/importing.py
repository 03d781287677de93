"""Go's templates as drafts of ours, beside what would be told without one. Nothing is stored."""

from dataclasses import dataclass, replace

from alerts.importing.go_template.convert import Draft, NoTemplate, convert
from alerts.importing.go_template.nodes import GoSyntaxError
from alerts.importing.go_template.notes import Note
from alerts.message_templates.preview import Preview, preview, usual
from alerts.rendering.view_model import ChannelView, GroupView
from alerts.templating.check import checked
from alerts.templating.faults import TemplateFault
from botapi.markup import ParseMode

_ELSE = """\
{{% if {0} or not (alerts | first).labels.alertname %}}
{{{{ emoji }}}} {{{{ name }}}}
{{% endif %}}
"""
_UNTOLD = ('status == "event"', 'status != "firing"', 'status != "resolved"')
_ELSE_NOTE = (
    "Of some alerts nothing would be told, such as of notices and of those without a label "
    "alertname, which Alertmanager hardly knows. They get a line of their own at the end."
)


class ImportRefused(ValueError):
    """There is nothing to make a draft of: `field` is text or name."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Imported:
    """`preview`: of the draft; `usual`: the same group without a template."""

    draft: Draft
    preview: Preview
    usual: Preview


def draft_of(text: str, name: str, parse_mode: ParseMode) -> Draft:
    """Of a message or a .tmpl file, fit to be stored where that can be; `name`: which of its
    definitions. Raises ImportRefused."""
    try:
        return _fitted(convert(text, name), parse_mode)
    except GoSyntaxError as error:
        raise ImportRefused("text", f"Go would not take it: {error}") from None
    except NoTemplate as error:
        raise ImportRefused("name" if name else "text", str(error)) from None


def _fitted(draft: Draft, parse_mode: ParseMode) -> Draft:
    """One that tells all that we tell, not only what Alertmanager does; else with a note of what
    has to be mended before it can be stored."""
    fault = _fault(draft.body, parse_mode)
    if fault is None:
        return draft
    for untold in _UNTOLD:
        fuller = f"{draft.body}{_ELSE.format(untold)}"
        if _fault(fuller, parse_mode) is None:
            return Draft(fuller, (*draft.notes, Note("differs", 0, 0, "", _ELSE_NOTE)))
    said = f"The draft can't be stored yet. {fault}"
    return replace(draft, notes=(*draft.notes, Note("lost", 0, 0, "", said)))


def _fault(body: str, parse_mode: ParseMode) -> TemplateFault | None:
    try:
        checked(body, parse_mode)
    except TemplateFault as fault:
        return fault
    return None


def imported(text: str, name: str, group: GroupView, channel: ChannelView) -> Imported:
    """The draft, and what it shows of a group. Raises ImportRefused."""
    draft = draft_of(text, name, channel.parse_mode)
    shown = preview(draft.body, channel.parse_mode, group, channel, caption=False)
    return Imported(draft, shown, usual(group, channel))
