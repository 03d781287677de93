"""Buttons that people press: every query is answered, whatever it asks for."""

from botapi import callback_data
from chatops.context import Context
from chatops.handled import Handled, toast
from chatops.handlers.group_buttons import DEEDS
from chatops.responding.pressing import Refused, judge, linking_url
from languages.speaking import gettext, gettext_noop

NOT_OURS = gettext_noop("This button is not one of ours any more. Ask for a new message.")


def handle(context: Context) -> Handled | None:
    """By what stands behind the button."""
    if context.incoming.kind != "callback_query":
        return None
    query = context.incoming.query_id
    pressed = callback_data.unpack(context.incoming.text)
    deed = DEEDS.get(pressed.verb) if pressed else None
    if pressed is None or deed is None:
        return Handled("a button of nobody", toast(query, gettext(NOT_OURS)))
    press = judge(context, pressed.row, pressed.argument, deed.needs)
    if isinstance(press, Refused):
        return _refuse(context, press)
    said = deed.work(press)
    return Handled(said.outcome, toast(query, said.text, alert=said.alert, url=said.url))


def _refuse(context: Context, refused: Refused) -> Handled:
    """Where linking helps, the press leads to it: Telegram opens the bot."""
    url = linking_url(context) if refused.may_link else ""
    answer = toast(context.incoming.query_id, refused.told(), alert=not url, url=url)
    return Handled(f"refused: {refused.text}", answer)
