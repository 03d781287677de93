"""`@bot words`: the asker's own alerts, paged, and nobody else's."""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from django.test import Client

from accounts.audit import COMMAND_LINE
from accounts.models import Organization, Role
from alerts.integration_keys import forget_cached_keys
from alerts.integrations import create_integration
from alerts.models import AlertGroup
from alerts.route_table import forget_cached_routes
from chatops.handlers.inline import PER_PAGE
from chatops.models import InboundUpdate, InlineChoice
from chatops.responding.cards import group_of_result
from chatops.responding.search import find_groups
from chatops.responding.sight import MEMBERS_MAX
from tests.chatops.conftest import Talk
from tests.factories import make_membership, make_organization

ADA = 77
_numbers: Iterator[int] = count(1)


def burn(organization: Organization, *alerts: dict[str, Any]) -> None:
    """Each becomes a group of its own."""
    forget_cached_keys()
    forget_cached_routes()
    _, key = create_integration(COMMAND_LINE, organization, f"Sender {next(_numbers)}")
    body = [{"status": "firing", "severity": "critical", "labels": {}} | alert for alert in alerts]
    response = Client().post(f"/hooks/v1/{key}/", json.dumps(body), content_type="application/json")
    assert response.status_code == 202, response.content


def ask(
    talk: Talk, words: str, offset: str = "", sender: int = ADA, app: str = ""
) -> dict[str, Any]:
    """The parameters of the bot's answer to an inline query."""
    query = {
        "id": "4241234567890123457",
        "from": {"id": sender, "is_bot": False, "first_name": "Ada", "language_code": app},
        "chat_type": "sender",
        "query": words,
        "offset": offset,
    }
    talk.telegram.queue_update(talk.telegram_bot, "inline_query", query)
    talk.settle()
    answer = InboundUpdate.objects.filter(bot=talk.bot).order_by("-update_id")[0].answer
    assert answer is not None
    assert answer["method"] == "answerInlineQuery"
    params: dict[str, Any] = answer["params"]
    assert params["is_personal"] is True
    assert params["cache_time"] <= 10
    assert len({result["id"] for result in params["results"]}) == len(params["results"])
    return params


def titles(params: dict[str, Any]) -> list[str]:
    return [result["title"] for result in params["results"]]


def test_words_find_alerts_by_name_label_and_summary(talk: Talk) -> None:
    talk.link(ADA)
    burn(
        talk.organization,
        {"title": "HighCPU", "labels": {"instance": "web-1", "team": "core"}},
        {"title": "DiskFull", "message": "The CPU is fine", "severity": "warning"},
        {"title": "Backup", "labels": {"team": "data"}},
    )
    assert len(ask(talk, "")["results"]) == 3
    assert ["HighCPU" in title for title in titles(ask(talk, "cpu  WEB-1"))] == [True]
    assert ["HighCPU" in title for title in titles(ask(talk, "cpu"))] == [True, False]
    assert ["Backup" in title for title in titles(ask(talk, "data"))] == [True]
    assert ask(talk, "nothing of this")["results"] == []
    assert ask(talk, "x" * 60_000)["results"] == [], "SQLite looks for 50,000 bytes at most"


def test_a_card_tells_the_alert_as_html(talk: Talk) -> None:
    talk.link(ADA)
    burn(talk.organization, {"title": "A <b> & c", "url": "https://grafana.example.org/d/1"})
    [result] = ask(talk, "")["results"]
    assert result["type"] == "article"
    assert talk.organization.name in result["description"]
    content = result["input_message_content"]
    assert content["parse_mode"] == "HTML"
    assert "A &lt;b&gt; &amp; c" in content["message_text"]
    urls = [button["url"] for row in result["reply_markup"]["inline_keyboard"] for button in row]
    assert "https://grafana.example.org/d/1" in urls


def test_it_is_paged_to_the_end(talk: Talk) -> None:
    talk.link(ADA)
    number = 2 * PER_PAGE + 3
    burn(talk.organization, *({"title": f"Alert {index:03}"} for index in range(number)))
    found, offset, pages = [], "", 0
    while True:
        page = ask(talk, "alert", offset)
        found += titles(page)
        pages += 1
        offset = page.get("next_offset", "")
        if not offset:
            break
    assert (pages, len(found), len(set(found))) == (3, number, number)
    assert ask(talk, "alert", "99999999")["results"], "an offset of nobody begins anew"


def test_nobody_finds_what_is_not_theirs(talk: Talk) -> None:
    other = make_organization()
    burn(other, {"title": "Secret of others"})
    burn(talk.organization, {"title": "Own"})
    stranger = ask(talk, "")
    assert stranger["results"] == []
    assert stranger["button"]["start_parameter"] == "link"
    member = talk.link(ADA, Role.VIEWER)
    # In the other one as well, which this bot does not serve.
    make_membership(user=member.user, organization=other)
    assert len(ask(talk, "")["results"]) == 1
    assert ask(talk, "secret")["results"] == []
    member.delete()
    assert ask(talk, "")["results"] == []


def test_a_choice_is_counted_by_its_words(talk: Talk) -> None:
    talk.link(ADA)
    burn(talk.organization, {"title": "HighCPU"})
    [result] = ask(talk, "cpu")["results"]
    foreign = make_organization()
    burn(foreign, {"title": "Foreign"})
    foreign_id = AlertGroup.objects.for_organization(foreign).get().pk
    for words, chosen in [
        ("cpu", result["id"]),
        (" CPU ", result["id"]),
        ("", result["id"]),
        ("cpu", f"1g{foreign_id.hex}"),
        ("cpu", "no result of ours"),
    ]:
        choice = {"from": {"id": ADA, "first_name": "Ada"}, "query": words, "result_id": chosen}
        talk.telegram.queue_update(talk.telegram_bot, "chosen_inline_result", choice)
    talk.settle()
    counted = InlineChoice.objects.for_organization(talk.organization).values_list("words", "times")
    assert dict(counted) == {"cpu": 2, "": 1}
    assert not InlineChoice.objects.for_organization(foreign).exists()


@pytest.mark.parametrize("text", ["", "1g", "1g123", "1gzz", "2g" + "0" * 32, "\0"])
def test_what_is_no_result_of_ours(text: str) -> None:
    assert group_of_result(text) is None


def test_what_burns_worst_comes_first_and_a_huge_group_costs_little(
    talk: Talk, django_assert_max_num_queries: Any
) -> None:
    talk.link(ADA)
    burn(talk.organization, {"title": "Mild", "severity": "info"}, {"title": "Bad"})
    many = [
        {"title": "Storm", "labels": {"instance": str(index)}} for index in range(MEMBERS_MAX + 1)
    ]
    burn(talk.organization, *many)
    found = find_groups([talk.organization.pk], "", 0, 10)
    assert [group.severity for group in found] == ["critical", "critical", "info"], "worst first"
    with django_assert_max_num_queries(9):
        found = find_groups([talk.organization.pk], "storm", 0, 10)
    assert len(found) == 1
    [title] = titles(ask(talk, "storm"))
    assert "Storm" in title
