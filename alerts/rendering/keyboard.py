"""The links under a message: URL buttons where Telegram accepts them, else text in the message.

Buttons carry what the group's alerts share, or what its only alert has. Telegram refuses a whole
message for one button such as http://grafana:3000, so such links are left to `unlinkable`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from alerts.rendering.view_model import GroupView
from alerts.rendering.words import one_line, shorten_end
from alerts.sources.incoming import Link, LinkKind
from botapi.keyboards import Button, InlineKeyboard, UrlButton, acceptable_button_url
from botapi.limits import REPLY_MARKUP_BYTES_MAX
from languages.speaking import gettext, gettext_noop

LINK_BUTTONS_MAX = 6
_PER_ROW = 3
_LABEL_MAX = 32
_ROW_LABELS_MAX = 36  # characters of a row's labels together: more is cut on a phone
# Room for callback buttons and the markup around the URLs.
_URL_BYTES_MAX = REPLY_MARKUP_BYTES_MAX * 3 // 4

_LABELS: Mapping[LinkKind, str] = {
    LinkKind.SOURCE: gettext_noop("Source"),
    LinkKind.DASHBOARD: gettext_noop("Dashboard"),
    LinkKind.PANEL: gettext_noop("Panel"),
    LinkKind.RUNBOOK: gettext_noop("Runbook"),
    LinkKind.SILENCE: gettext_noop("Silence at source"),
    LinkKind.OTHER: gettext_noop("Link"),
}
CONSOLE_LABEL = gettext_noop("Details")


def kind_word(kind: LinkKind) -> str:
    """What links of this kind are called."""
    return gettext(_LABELS[kind])


def kind_label(link: Link) -> str:
    """What a link is called: its own label, else its kind's."""
    return shorten_end(one_line(link.label) or kind_word(link.kind), _LABEL_MAX)


def shared_links(group: GroupView) -> list[Link]:
    """The links that hold for the whole group, most useful first, each URL once.

    Of a kind on which the alerts disagree there is none; for the source the sender's own page
    then stands in. What is over needs no silence.
    """
    found: dict[LinkKind, dict[str, Link]] = {}
    for alert in group.alerts:
        for link in alert.links:
            found.setdefault(link.kind, {}).setdefault(link.url, link)
    if len(group.alerts) > 1:
        found = {kind: links for kind, links in found.items() if len(links) == 1}
    if all(alert.status == "resolved" for alert in group.alerts):
        found.pop(LinkKind.SILENCE, None)
    if group.external_url.strip() and LinkKind.SOURCE not in found:
        found[LinkKind.SOURCE] = {group.external_url: Link(LinkKind.SOURCE, group.external_url)}
    shared: dict[str, Link] = {}
    for kind in _LABELS:
        for url, link in found.get(kind, {}).items():
            if url.strip():
                shared.setdefault(url, link)
    return list(shared.values())


def unlinkable(group: GroupView) -> list[Link]:
    """The shared links that cannot be buttons; the message shows them as text."""
    return [link for link in shared_links(group) if not acceptable_button_url(link.url)]


def link_buttons(group: GroupView) -> list[UrlButton]:
    """At most 6 buttons: the shared links and our console, where Telegram accepts them."""
    buttons = list(islice(_acceptable(shared_links(group)), LINK_BUTTONS_MAX))
    if acceptable_button_url(group.console_url):
        buttons = buttons[: LINK_BUTTONS_MAX - 1]
        if all(button.url != group.console_url for button in buttons):
            buttons.append(UrlButton(gettext(CONSOLE_LABEL), group.console_url))
    return buttons


def _acceptable(links: Iterable[Link]) -> Iterator[UrlButton]:
    room = _URL_BYTES_MAX
    for link in links:
        size = len(link.url.encode())
        if size <= room and acceptable_button_url(link.url):
            room -= size
            yield UrlButton(kind_label(link), link.url)


def keyboard(group: GroupView, actions: Sequence[Sequence[Button]] = ()) -> InlineKeyboard | None:
    """The rows of actions (callback buttons), then those of links; None when there are none."""
    rows = [tuple(row) for row in actions if row]
    row: list[Button] = []
    for button in link_buttons(group):
        width = sum([len(other.text) for other in row]) + len(button.text)
        if row and (len(row) == _PER_ROW or width > _ROW_LABELS_MAX):
            rows.append(tuple(row))
            row = []
        row.append(button)
    if row:
        rows.append(tuple(row))
    return InlineKeyboard(tuple(rows)) if rows else None
