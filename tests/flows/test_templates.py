"""Templates from a POST to a chat: what arrives is what the preview shows."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from accounts.audit import COMMAND_LINE
from alerts.message_templates.changes import create_template
from alerts.models import AlertGroup, MessageTemplate
from botapi.markup import ParseMode
from channels_app.models import Bot
from deliveries import clock
from tests.alerts.templating.bodies import BODIES
from tests.flows.conftest import Flow
from tests.rest import Api

MakeFlow = Callable[..., Flow]
PAYLOADS = Path(__file__).parents[1] / "alerts" / "sources" / "payloads"
NAMES = ("captured_alertmanager_firing", "grafana_mixed", "generic_full")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("body", "parse_mode"), BODIES)
def test_what_arrives_is_what_the_preview_shows(
    make_flow: MakeFlow, name: str, body: str, parse_mode: ParseMode
) -> None:
    flow = make_flow()
    Bot.objects.update(updates=Bot.Updates.POLLING)
    create_template(
        COMMAND_LINE,
        flow.organization,
        name="Mine",
        body=body,
        parse_mode=parse_mode,
        channels=flow.channels,
    )
    flow.post(json.loads((PAYLOADS / f"{name}.json").read_text()))
    (group,) = AlertGroup.objects.filter(organization=flow.organization)
    message = flow.telegram.messages(flow.chats[0])[0]
    is_caption = message.kind != "text"
    asked = {"body": body, "parse_mode": parse_mode, "group": str(group.pk), "caption": is_caption}
    shown = Api(flow.organization).post("templates/preview/", asked).json()
    entities = message.message.get("caption_entities" if is_caption else "entities", [])
    assert (shown["faults"], shown["text"]) == ([], message.text)
    assert shown["entities"] == entities
    rows = message.message.get("reply_markup", {}).get("inline_keyboard", [])
    assert shown["buttons"] == [[button["text"] for button in row] for row in rows]


def test_a_template_that_fails_keeps_no_alert_back(make_flow: MakeFlow) -> None:
    flow = make_flow()
    template = create_template(
        COMMAND_LINE, flow.organization, name="Mine", body="x", channels=flow.channels
    )
    MessageTemplate.objects.filter(pk=template.pk).update(
        body="{{ 1 / 0 }}", updated_at=clock.now()
    )
    flow.post(json.loads((PAYLOADS / "captured_alertmanager_firing.json").read_text()))
    assert "FIRING" in flow.telegram.messages(flow.chats[0])[0].text
    template.refresh_from_db()
    assert "divided by zero" in template.fault
