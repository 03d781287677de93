"""Links as buttons, or as text where Telegram would refuse them."""

import pytest

from alerts.rendering.keyboard import keyboard, link_buttons, unlinkable
from alerts.rendering.view_model import AlertView
from alerts.sources.incoming import Link, LinkKind
from botapi.keyboards import CallbackButton
from tests.alerts.rendering.cases import alert, group

KINDS = list(LinkKind)


def linked(*links: Link, name: str = "A") -> AlertView:
    return alert(name, "x", links=links, alert_id=str(links))


def every_kind(host: str = "example.org") -> tuple[Link, ...]:
    return tuple(Link(kind, f"https://{host}/{kind}") for kind in KINDS)


def labels(*alerts: AlertView, **overrides: object) -> list[str]:
    return [button.text for button in link_buttons(group(*alerts, **overrides))]


def test_every_kind_in_order() -> None:
    assert labels(linked(*reversed(every_kind()))) == [
        "Source",
        "Dashboard",
        "Panel",
        "Runbook",
        "Silence at source",
        "Link",
    ]


def test_at_most_six_the_console_among_them() -> None:
    shown = labels(linked(*every_kind()), console_url="https://tocsin.example.org/groups/1")
    assert len(shown) == 6
    assert shown[-1] == "Details"


@pytest.mark.parametrize("url", ["http://localhost:8000/groups/1", ""])
def test_a_console_that_telegram_would_refuse_is_left_out(url: str) -> None:
    assert keyboard(group(linked(), console_url=url)) is None
    assert unlinkable(group(linked(), console_url=url)) == []


def test_what_is_over_needs_no_silence() -> None:
    link = Link(LinkKind.SILENCE, "https://a.b/")
    over = alert("A", "x", links=(link,), status="resolved")
    assert labels(over, linked(link)) == ["Silence at source"]
    assert labels(over) == []


def test_equal_urls_once() -> None:
    links = (Link(LinkKind.SOURCE, "https://a.b/"), Link(LinkKind.DASHBOARD, "https://a.b/"))
    assert labels(linked(*links), console_url="https://a.b/") == ["Source"]


def test_own_labels() -> None:
    assert labels(linked(Link(LinkKind.OTHER, "https://a.b/", "Job\n17"))) == ["Job 17"]


def test_what_alerts_share_is_shown_what_they_disagree_on_is_not() -> None:
    runbook = Link(LinkKind.RUNBOOK, "https://a.b/runbook")
    alerts = [linked(runbook, Link(LinkKind.SOURCE, f"https://a.b/{n}")) for n in (1, 2)]
    assert labels(*alerts) == ["Runbook"]
    shown = link_buttons(group(*alerts, external_url="https://am.example.org"))
    assert [(button.text, button.url) for button in shown] == [
        ("Source", "https://am.example.org"),
        ("Runbook", "https://a.b/runbook"),
    ]


def test_a_single_alert_may_have_several_of_a_kind() -> None:
    links = [Link(LinkKind.OTHER, f"https://a.b/{n}", f"Link {n}") for n in range(9)]
    assert labels(linked(*links)) == [f"Link {n}" for n in range(6)]


@pytest.mark.parametrize(
    "url", ["http://grafana:3000/d", "http://localhost/", "?orgId=1", "ftp://a.b/c", "tg://x"]
)
def test_refused_urls_are_text(url: str) -> None:
    view = group(linked(Link(LinkKind.SOURCE, url)))
    assert keyboard(view) is None
    assert [link.url for link in unlinkable(view)] == [url]


def test_blank_urls_are_nothing() -> None:
    view = group(linked(Link(LinkKind.SOURCE, " \n")), external_url="\n")
    assert unlinkable(view) == []
    assert keyboard(view) is None


def test_rows_fit_a_phone_and_actions_come_first() -> None:
    actions = [[CallbackButton("Acknowledge", "a"), CallbackButton("Silence", "s")], []]
    markup = keyboard(group(linked(*every_kind())), actions)
    assert markup is not None
    assert [[button.text for button in row] for row in markup.rows] == [
        ["Acknowledge", "Silence"],
        ["Source", "Dashboard", "Panel"],
        ["Runbook", "Silence at source", "Link"],
    ]


def test_long_urls_leave_room_for_actions() -> None:
    links = [Link(LinkKind.OTHER, f"https://a.b/{n}/" + "x" * 2000, f"{n}") for n in range(6)]
    actions = [[CallbackButton(f"Action {n}", "d" * 64) for n in range(6)]]
    markup = keyboard(group(linked(*links)), actions)
    assert markup is not None
    assert [len(row) for row in markup.rows] == [6, 3]
