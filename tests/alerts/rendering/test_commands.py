"""No path becomes a command that a tap would send."""

from datetime import UTC

import pytest

from alerts.rendering.commands import without_commands
from alerts.rendering.message import render_group
from alerts.rendering.view_model import AlertView, ChannelView, GroupView
from botapi import entities, tdlib
from botapi.limits import ENTITIES_MAX
from botapi.markup import Node, bold, code, quote, render, text, visible
from tests.alerts.rendering.cases import OPENED

PATHS = [
    ("/var is full", ["/var"]),
    ("2 % left on /srv, and 3 % on /home.", ["/srv", "/home"]),
    ("(/var)", ["/var"]),
    ("/dev-x1 and /a.b and /lib64@other_bot", ["/dev-x1", "/a.b", "/lib64@other_bot"]),
    ("/var/log/nginx is full", []),
    ("and/or, 1/2, https://example.org/var, </b>", []),
    ("/ is full", []),
    ("", []),
]


def codes(nodes: tuple[Node, ...]) -> list[str]:
    return [node.text for node in nodes if type(node) is type(code(""))]


@pytest.mark.parametrize(("said", "paths"), PATHS)
def test_paths_are_code_and_nothing_else_changes(said: str, paths: list[str]) -> None:
    nodes = without_commands([text(said)])
    assert codes(nodes) == paths
    assert visible(nodes) == said


@pytest.mark.skipif(not tdlib.available(), reason="tdjson is not installed")
@pytest.mark.parametrize("parse_mode", ["HTML", "MarkdownV2"])
@pytest.mark.parametrize("said", [said for said, _ in PATHS if said])
def test_telegram_finds_none(said: str, parse_mode: str) -> None:
    nodes = without_commands([bold(said), text(f"\n{said}\n"), quote(said)])
    sent = entities.as_sent(render(nodes, parse_mode), parse_mode)  # type: ignore[arg-type]  # a table of modes
    assert "bot_command" not in {entity["type"] for entity in sent.entities}
    assert sent.text == f"{said}\n{said}\n{said}"


@pytest.mark.skipif(not tdlib.available(), reason="tdjson is not installed")
def test_more_paths_than_entities_leave_a_message_that_shows_all_its_marks() -> None:
    paths = " ".join(f"/dir{number}" for number in range(150))
    group = GroupView("", "firing", (AlertView("1", "Full", "firing", description=paths),), OPENED)
    rendered = render_group(group, ChannelView("HTML", UTC))
    sent = entities.as_sent(rendered.text, "HTML")
    assert len(sent.entities) <= ENTITIES_MAX
    assert "bot_command" not in {entity["type"] for entity in sent.entities}
    assert rendered.overflow
