"""/report: a summary and a file, of what the chat may know."""

import csv
import io

import pytest
import requests

from alerts.models import AlertGroup
from chatops.reports import document
from tests.chatops.conftest import Talk
from tests.chatops.stage import Stage, make_stage


@pytest.fixture
def stage(talk: Talk) -> Stage:
    return make_stage(talk)


def rows_of(stage: Stage, where: object) -> list[dict[str, str]]:
    """The file that the chat got last."""
    files = [one for one in stage.talk.messages(where) if one.kind == "document"]  # type: ignore[arg-type]  # a chat
    file_id = files[-1].message["document"]["file_id"]
    found = stage.talk.telegram.api(stage.talk.telegram_bot, "getFile", file_id=file_id)
    url = f"{stage.talk.telegram.url}/file/bot{stage.talk.telegram_bot.token}"
    content = requests.get(f"{url}/{found['result']['file_path']}", timeout=20).content
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_at_once_with_a_summary(stage: Stage) -> None:
    stage.fire("HighCPU", "DiskFull", "=cmd()")
    stage.says(stage.ada, "/ack HighCPU")
    said = stage.says(stage.ada, "/report today")
    assert "Report: " in said
    assert "3 groups" in said
    assert "Acknowledged: 1, after" in said
    rows = rows_of(stage, stage.group)
    assert [row["title"] for row in rows] == ["HighCPU", "DiskFull", "'=cmd()"]
    assert rows[0]["acknowledged by"] == "Ada Lovelace"
    assert float(rows[0]["minutes to acknowledge"]) < 5
    assert rows[1]["minutes to acknowledge"] == ""
    assert len(rows_of(stage, stage.group)) == 3


def test_of_what_the_words_are_about(stage: Stage) -> None:
    stage.fire("HighCPU", "DiskFull")
    assert "Report of disk: " in stage.says(stage.ada, "/report disk last 2 days")
    assert [row["title"] for row in rows_of(stage, stage.group)] == ["DiskFull"]


def test_what_is_missing_is_asked(stage: Stage) -> None:
    stage.fire("HighCPU")
    assert "What shall I report of?" in stage.asks(stage.ada, "/report")
    assert "Of which time?" in stage.asks(stage.ada, "All alerts")
    assert "I cannot read that" in stage.asks(stage.ada, "when the cows come home")
    assert "1 group" in stage.asks(stage.ada, "last 7 days")


def test_nothing_makes_no_file_and_strangers_get_none(stage: Stage) -> None:
    assert "0 groups" in stage.says(stage.ada, "/report today")
    assert not [one for one in stage.talk.messages(stage.group) if one.kind == "document"]
    stage.fire("HighCPU")
    AlertGroup.objects.update(is_open=True)
    assert "I do not know you yet" in stage.asks(stage.sam, "/report today")


def test_the_head_of_the_file_has_a_name_for_each_column() -> None:
    assert len(set(document.HEAD)) == len(document.HEAD) == 9
