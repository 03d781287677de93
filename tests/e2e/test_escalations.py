"""Escalations at the console: a policy with its steps, who is told when nobody acknowledges, and
what an acknowledgement ends."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import (
    Installation,
    add_channel,
    delete_row,
    eventually,
    open_row,
    reload_until,
)
from tests.e2e.test_pages import DESK, check

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

POLICIES, ROUTES, GROUPS = "/alerts/escalationpolicy/", "/alerts/route/", "/alerts/alertgroup/"


def escalate_at(installation: Installation, title: str) -> datetime | None:
    """When the group of this alert escalates, as it is stored."""
    ((stored,),) = installation.query(
        "SELECT g.escalate_at FROM alerts_alertgroup g JOIN alerts_groupmember m"
        " ON m.group_id = g.id JOIN alerts_alert a ON a.id = m.alert_id WHERE a.name = ?",
        title,
    )
    return datetime.fromisoformat(stored).replace(tzinfo=UTC) if stored else None


def pass_time(installation: Installation) -> None:
    """As if the next step of whatever escalates were due."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    installation.query(
        "UPDATE alerts_alertgroup SET escalate_at = ? WHERE escalate_at IS NOT NULL",
        past.strftime("%Y-%m-%d %H:%M:%S.%f"),
    )


def add_policy(page: Page) -> list[str]:
    """Nights: after 15 min Lead, after 45 min Lead and Boss. What the pages' checks say."""
    page.goto(POLICIES)
    page.get_by_role("link", name="Add an escalation policy").click()
    page.get_by_label("Name").fill("Nights")
    page.click("[name=_save]")
    expect(page.get_by_text("Give 1 to 5 steps.")).to_be_visible()
    page.get_by_label("After minutes").first.fill("15")
    page.locator("#id_channels_1").get_by_label("Lead").check()
    step = page.locator("details", has_text="Step 2")
    step.locator("summary").press("Enter")
    step.get_by_label("After minutes").fill("5")
    page.click("[name=_save]")
    # Beside the step, though it is one that had been folded.
    refused = page.locator(".field-channels_2")
    expect(refused.get_by_text("Step 2 needs 1 to 20 channels")).to_be_visible()
    failures = check(page, "escalation-refused")
    page.locator("#id_channels_2").get_by_label("Lead").check()
    page.locator("#id_channels_2").get_by_label("Boss").check()
    page.locator("[name=after_2]").fill("15")
    page.click("[name=_save]")
    expect(page.locator(".field-after_2").get_by_text("each step more than")).to_be_visible()
    page.locator("[name=after_2]").fill("45")
    page.locator("[name=after_2]").press("Enter")
    row = page.get_by_role("row", name=re.compile("Nights"))
    expect(row).to_contain_text("after 15 min: Lead")
    expect(row).to_contain_text(re.compile("after 45 min: (Boss, Lead|Lead, Boss)"))
    expect(row).to_contain_text("none")
    failures += check(page, "escalations-list")
    open_row(page, POLICIES, "Nights")
    expect(page.locator("[name=after_2]")).to_have_value("45")
    expect(page.locator("#id_channels_2").get_by_label("Boss")).to_be_checked()
    failures += check(page, "escalation")
    return failures


def test_what_nobody_acknowledges_is_told_to_others(
    open_console: Callable[..., Page], installation: Installation
) -> None:
    page = open_console(viewport=DESK, reduced_motion="reduce")
    mine = installation.my_chat()
    lead, boss = (add_channel(page, installation, name) for name in ("Lead", "Boss"))
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(f"{page.url}: script: {error}"))
    failures += add_policy(page)

    page.goto(f"{ROUTES}add/")
    page.fill("[name=name]", "Lighthouse")
    page.get_by_label("Matchers").fill('place="lighthouse"')
    page.locator("#id_channels").get_by_label("My chat").check()
    page.select_option("[name=escalation]", label="Nights")
    page.click("[name=_save]")
    page.goto(POLICIES)
    expect(page.get_by_role("row", name=re.compile("Nights"))).to_contain_text("Lighthouse")

    # Its page says who is told next; then they are, with a sound.
    installation.fire("Lamp out", place="lighthouse")
    installation.told(mine, "Lamp out")
    reload_until(page, GROUPS, "Lamp out")
    open_row(page, GROUPS, "Lamp out")
    facts = page.locator(".tocsin-facts")
    expect(facts).to_contain_text("to Lead,")
    expect(facts).to_contain_text("unless somebody acknowledges it (Nights, step 1)")
    group = page.url
    due = escalate_at(installation, "Lamp out")
    assert due is not None
    assert timedelta(minutes=10) < due - datetime.now(UTC) <= timedelta(minutes=15)
    failures += check(page, "group-escalates")
    assert installation.said(lead, "Lamp out") == []
    pass_time(installation)
    message = installation.told(lead, "Lamp out")
    assert not message.is_silent
    installation.told(lead, "Escalated after 15 min: nobody acknowledged")
    assert installation.said(boss, "Lamp out") == []
    page.goto(group)
    expect(facts).to_contain_text(re.compile("to (Boss, Lead|Lead, Boss),"))
    expect(facts).to_contain_text("(Nights, step 2)")
    timeline = page.locator(".tocsin-timeline")
    expect(timeline).to_contain_text("Escalated: after 15 min unacknowledged, to Lead")
    failures += check(page, "group-escalated")
    page.goto(GROUPS)
    expect(page.get_by_role("row", name=re.compile("Lamp out"))).to_contain_text(
        "escalated after 15 min"
    )

    # An acknowledgement ends it: the second step is never taken.
    page.goto(group)
    page.get_by_role("button", name="Acknowledge").press("Enter")
    expect(facts).to_contain_text(installation.email)
    expect(facts).not_to_contain_text("Escalates")
    assert escalate_at(installation, "Lamp out") is None
    installation.told(lead, "Lamp out", "👀 Acknowledged")
    pass_time(installation)

    # Another group proves that a sweep went by; the first one's second step was not among it.
    installation.fire("Horn mute", place="lighthouse")
    installation.told(mine, "Horn mute")
    pass_time(installation)
    installation.told(lead, "Horn mute")
    assert installation.said(boss, "Lamp out") == []
    page.goto(group)
    expect(timeline.get_by_text("Escalated", exact=True)).to_have_count(1)

    # Taken back, its clock begins anew; resolved, it ends.
    page.get_by_role("button", name="Take the acknowledgement back").click()
    expect(facts).to_contain_text("(Nights, step 1)")
    assert escalate_at(installation, "Lamp out") is not None
    for title in ("Lamp out", "Horn mute"):
        installation.resolve(title, place="lighthouse")
    eventually(lambda: escalate_at(installation, "Lamp out") is None)
    page.goto(group)
    expect(facts).not_to_contain_text("Escalates")
    delete_row(page, ROUTES, "Lighthouse")
    delete_row(page, POLICIES, "Nights")
    expect(page.get_by_text("No escalation policy yet.")).to_be_visible()
    assert failures == []
