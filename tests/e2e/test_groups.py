"""Groups at the console: given away, silenced and resolved, one by one and several at once."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Installation, eventually, open_row, reload_until
from tests.e2e.test_pages import DESK, check

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
NAMES = ("Boiler", "Pump", "Valve")


def choose(page: Page, action: str, *names: str) -> None:
    for name in names:
        row = page.get_by_role("row", name=re.compile(name))
        row.locator("[name=_selected_action]").check()
    page.locator("[name=action]").select_option(label=action)
    page.get_by_role("button", name="Run").click()


def test_a_bad_evening_is_worked_off(
    open_console: Callable[..., Page], installation: Installation
) -> None:
    for name in NAMES:
        labels = {"machine": name.lower()}
        installation.post(
            {"title": name, "status": "firing", "severity": "critical", "labels": labels}
        )
    page = open_console(viewport=DESK, reduced_motion="reduce", timezone_id="Asia/Tokyo")
    chat = installation.my_chat()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(f"{page.url}: script: {error}"))
    for name in NAMES:
        reload_until(page, "/alerts/alertgroup/", name)

    choose(page, "Acknowledge", "Boiler", "Pump")
    expect(page.get_by_text("2 groups acknowledged.")).to_be_visible()
    expect(page.get_by_text(f"acknowledged by {installation.email}")).to_have_count(2)
    for name in ("Boiler", "Pump"):
        installation.told(chat, name, "👀 Acknowledged")
    assert installation.said(chat, "Valve", "👀 Acknowledged") == []
    boiler = page.get_by_role("row", name=re.compile("Boiler"))
    boiler.get_by_role("button", name=re.compile("Assign to me")).click()
    expect(boiler).to_contain_text(f"assigned to {installation.email}")
    installation.told(chat, "Boiler", "👤 Assigned to")

    choose(page, "Silence…", "Pump", "Valve")
    expect(page.get_by_role("button", name="Silence", exact=True)).to_be_visible()
    failures += check(page, "groups-silence")
    page.locator("[name=duration]").select_option(label="4 hours")
    page.locator("[name=comment]").fill("The plumber comes")
    page.get_by_role("button", name="Silence", exact=True).click()
    expect(page.get_by_text("2 groups silenced.")).to_be_visible()
    expect(page.get_by_text(re.compile("silenced until"))).to_have_count(2)
    failures += check(page, "groups-worked-on")
    for name in ("Pump", "Valve"):
        installation.told(chat, name, "Silenced until", "The plumber comes")
    silenced = "SELECT count(*) FROM alerts_silence WHERE comment = 'The plumber comes'"
    assert installation.query(silenced) == [(2,)]
    reload_until(page, "/alerts/alertgroup/?silenced=yes", "Valve")
    page.goto("/alerts/alertgroup/?assigned=me")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)

    page.get_by_role("link", name="Boiler", exact=True).click()
    failures += check(page, "group-assigned")
    page.get_by_label("Assigned to").select_option(label="Nobody")
    page.get_by_role("button", name="Assign", exact=True).click()
    expect(page.get_by_role("button", name="Assign to me")).to_be_visible()
    comment = page.get_by_label("Comment")
    comment.press("Enter")  # without words it stays here
    comment.fill("Water on the floor <b>everywhere</b>")
    comment.press("Enter")
    line = page.locator(".tocsin-timeline li").first
    expect(line).to_contain_text("Comment: Water on the floor <b>everywhere</b>")
    expect(line).to_contain_text(f"by {installation.email} (Console)")
    said = installation.query("SELECT data FROM alerts_timelineevent WHERE kind = 'comment'")
    assert len(said) == 1
    page.get_by_role("button", name="Resolve…").click()
    expect(page.get_by_text("1 alert ends, in every group that shows it.")).to_be_visible()
    failures += check(page, "group-resolve")
    page.get_by_role("button", name="Resolve", exact=True).press("Enter")
    expect(page.get_by_text("1 alert ended.")).to_be_visible()
    installation.told(chat, "RESOLVED", "Boiler")
    page.goto("/alerts/alertgroup/")
    choose(page, "Resolve…", "Pump", "Valve")
    expect(page.get_by_text("2 alerts end")).to_be_visible()
    page.get_by_role("button", name="Resolve", exact=True).click()
    expect(page.get_by_text("2 groups resolved.")).to_be_visible()
    open_now = "SELECT count(*) FROM alerts_alert WHERE status = 'firing' AND name IN (?, ?, ?)"
    assert installation.query(open_now, *NAMES) == [(0,)]
    assert failures == []


def test_a_long_night_can_be_read(
    open_console: Callable[..., Page], installation: Installation
) -> None:
    for _ in range(25):
        installation.fire("Door", "warning", gate="north", room="hall")
        installation.resolve("Door", "warning", gate="north", room="hall")
    installation.fire("Door", "warning", gate="north", room="hall")
    page = open_console(viewport=DESK, reduced_motion="reduce", timezone_id="Asia/Tokyo")
    reload_until(page, "/alerts/alertgroup/", "Door")
    open_row(page, "/alerts/alertgroup/", "Door")
    eventually(lambda: page.reload() and page.locator(".tocsin-timeline li").count() > 50)
    failures = check(page, "group-long-night")
    heights = page.locator(".tocsin-timeline li").evaluate_all(
        "(lines) => lines.map((line) => line.getBoundingClientRect().height)"
    )
    assert max(heights) < 2 * min(heights), "a time takes two lines"
    page.get_by_role("region", name="Alerts").get_by_role("link", name="Door").click()
    expect(page.get_by_text("Why it went where it went")).to_be_visible()
    failures += check(page, "alert-long-night")
    installation.resolve("Door", "warning", gate="north", room="hall")
    assert failures == []
