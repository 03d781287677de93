"""Inhibit rules at the console: made, refused, and what they keep quiet."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Installation, delete_row, eventually, open_row, reload_until
from tests.e2e.test_pages import DESK, check

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

RULES = "/alerts/inhibitrule/"
LABELS = {"site": "harbour", "host": "crane-1"}


def write_rule(page: Page, name: str, sources: str, targets: str, equal: str = "") -> None:
    page.goto(f"{RULES}add/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("While these fire").fill(sources)
    page.get_by_label("These are not told of").fill(targets)
    page.get_by_label("With equal labels").fill(equal)
    with page.expect_navigation():  # a page that goes away cannot be looked at
        page.get_by_label("Name").press("Enter")


def test_a_rule_keeps_quiet_what_follows_from_an_outage(
    open_console: Callable[..., Page], installation: Installation
) -> None:
    page = open_console(viewport=DESK, reduced_motion="reduce")
    chat = installation.my_chat()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(f"{page.url}: script: {error}"))
    page.goto(RULES)
    expect(page.get_by_role("link", name="Add an inhibit rule")).to_be_visible()

    write_rule(page, "Power first", 'site="harbour"\nseverity critical', 'severity="warning"')
    expect(page.get_by_text("line 2: one of = != =~ !~ is expected")).to_be_visible()
    failures += check(page, "inhibit-refused")
    write_rule(
        page,
        "Power first",
        'site="harbour"\nseverity="critical"',
        'site="harbour"\nseverity="warning"',
        "host",
    )
    row = page.get_by_role("row", name=re.compile("Power first"))
    expect(row).to_contain_text('site="harbour", severity="critical"')
    expect(row).to_contain_text("host")
    assert installation.query("SELECT name, equal FROM alerts_inhibitrule") == [
        ("Power first", '["host"]')
    ]

    # Two rules that mute each other would leave nobody told: refused with both of them.
    write_rule(
        page, "The other way", 'site="harbour"\nseverity="warning"', 'severity="critical"', "host"
    )
    failures += check(page, "inhibit-not-yet-a-cycle")
    expect(page.get_by_role("row", name=re.compile("The other way"))).to_be_visible()
    open_row(page, RULES, "The other way")
    page.get_by_label("These are not told of").fill('site="harbour"\nseverity="critical"')
    page.click("[name=_save]")
    refused = page.get_by_text("Rules would mute each other, and nobody would be told")
    expect(refused).to_contain_text(
        'site="harbour", severity="warning" mutes site="harbour", severity="critical"; '
        'site="harbour", severity="critical" mutes site="harbour", severity="warning"'
    )
    failures += check(page, "inhibit-cycle")
    delete_row(page, RULES, "The other way")

    # The outage is told, what follows from it is not; the group says by what it is kept quiet.
    installation.fire("Power lost", **LABELS)
    installation.told(chat, "Power lost")
    installation.fire("Crane slow", "warning", **LABELS)
    eventually(
        lambda: installation.query("SELECT id FROM alerts_groupmessage WHERE muted = 'inhibited'")
    )
    reload_until(page, "/alerts/alertgroup/", "inhibited by Power first")
    failures += check(page, "groups-inhibited")
    open_row(page, "/alerts/alertgroup/", "Crane slow")
    facts = page.locator(".tocsin-facts")
    expect(facts).to_contain_text("by Power first, while Power lost fires")
    expect(page.get_by_text("kept quiet: inhibited")).to_be_visible()
    failures += check(page, "group-inhibited")
    facts.get_by_role("link", name="Power lost").click()
    expect(page.get_by_text("Last heard of")).to_be_visible()
    page.go_back()
    page.get_by_role("table").get_by_role("link", name="Crane slow").click()
    page.get_by_role("link", name="Why it went where it went").click()
    expect(page.get_by_text("Inhibited by Power first.")).to_be_visible()
    assert installation.said(chat, "Crane slow") == []

    # Once the outage is over, what still burns is told.
    installation.resolve("Power lost", **LABELS)
    message = installation.told(chat, "Crane slow")
    assert not message.is_silent
    page.goto("/alerts/alertgroup/")
    expect(page.get_by_role("row", name=re.compile("Crane slow"))).not_to_contain_text("inhibited")
    installation.resolve("Crane slow", "warning", **LABELS)
    delete_row(page, RULES, "Power first")
    expect(page.get_by_text("No inhibit rule yet.")).to_be_visible()
    assert failures == []


def test_a_rule_that_is_off_keeps_nothing_quiet(
    open_console: Callable[..., Page], installation: Installation
) -> None:
    page = open_console(viewport=DESK)
    write_rule(page, "Switched off", 'site="depot"\nseverity="critical"', 'severity="warning"')
    open_row(page, RULES, "Switched off")
    page.get_by_label("Enabled").press("Space")
    page.click("[name=_save]")
    expect(page.get_by_role("row", name=re.compile("Switched off"))).to_contain_text("Off")
    stored = "SELECT enabled FROM alerts_inhibitrule WHERE name = 'Switched off'"
    assert installation.query(stored) == [(0,)]
    installation.fire("Depot dark", site="depot")
    installation.fire("Depot cold", "warning", site="depot")
    installation.told(installation.my_chat(), "Depot cold")
    for title, severity in (("Depot dark", "critical"), ("Depot cold", "warning")):
        installation.resolve(title, severity, site="depot")
    delete_row(page, RULES, "Switched off")
    expect(page.get_by_text("No inhibit rule yet.")).to_be_visible()
