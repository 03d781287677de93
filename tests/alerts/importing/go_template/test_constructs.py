"""What a draft tells is what Alertmanager would have told, construct by construct."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from alerts.importing.go_template.convert import convert
from alerts.templating.context import context_of
from alerts.templating.program import compiled
from botapi import entities
from botapi.markup import ParseMode
from tests.alerts.importing.go_template.constructs import CONSTRUCTS
from tests.alerts.importing.go_template.told import DATA, group_of

DEFAULTS = Path("/usr/share/prometheus/alertmanager/default.tmpl")
GOLDEN = Path(__file__).with_name("told.json")
"""What Alertmanager 0.25 makes of each construct."""
HTML = (
    *("fields of an alert", "sorted pairs", "values of sorted pairs", "escaped string"),
    *("telegram.default.message", "a message from the field", "another message from the field"),
)


@pytest.fixture(scope="module")
def amtool() -> str:
    found = shutil.which("amtool")
    if found is None or not DEFAULTS.exists():
        pytest.skip("amtool is not installed")
    return found


def told_by_alertmanager(amtool: str, folder: Path, template: str, kind: str) -> str:
    data = folder / "data.json"
    data.write_text(json.dumps(DATA))
    command = [amtool, "template", "render", f"--template.glob={DEFAULTS}"]
    command += [f"--template.text={template}", f"--template.data={data}", f"--template.type={kind}"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().replace("\r\n", "\n")


def told_by_us(template: str, parse_mode: ParseMode) -> str:
    draft = convert(template)
    assert not [note for note in draft.notes if note.kind == "lost"], draft
    return compiled(draft.body, parse_mode).run(context_of(group_of(DATA)))


def seen(text: str) -> str:
    """As Telegram shows it: nothing at both ends, a tab as a space, and spaces at the ends of lines
    are not seen."""
    return "\n".join(line.rstrip() for line in text.replace("\t", " ").strip().split("\n"))


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_a_draft_tells_what_alertmanager_does(name: str) -> None:
    theirs = json.loads(GOLDEN.read_text())[name]
    assert seen(told_by_us(CONSTRUCTS[name], "")) == seen(theirs), convert(CONSTRUCTS[name]).body


@pytest.mark.peers
def test_the_table_is_what_alertmanager_says(amtool: str, tmp_path: Path) -> None:
    theirs = {
        name: told_by_alertmanager(amtool, tmp_path, template, "text")
        for name, template in CONSTRUCTS.items()
    }
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(json.dumps(theirs, ensure_ascii=False, indent=1) + "\n")
    assert json.loads(GOLDEN.read_text()) == theirs


@pytest.mark.peers
@pytest.mark.parametrize("name", HTML)
def test_the_same_is_seen_in_html(name: str, amtool: str, tmp_path: Path) -> None:
    ours = told_by_us(CONSTRUCTS[name], "HTML")
    theirs = told_by_alertmanager(amtool, tmp_path, CONSTRUCTS[name], "html")
    texts, marks = zip(*[shown(markup) for markup in (ours, theirs)], strict=True)
    assert texts[0] == texts[1]
    assert marks[0] == marks[1]


def shown(markup: str) -> tuple[str, list[str]]:
    """The text as it is seen, and which parts of it are marked how."""
    told = entities.parse_text(seen(markup), "HTML")
    units = told.text.encode("utf-16-le")
    marks = [
        (
            one["type"],
            units[2 * one["offset"] : 2 * (one["offset"] + one["length"])].decode("utf-16"),
        )
        for one in told.entities
    ]
    return told.text, sorted(map(str, marks))
