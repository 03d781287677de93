"""A heartbeat, set up in a browser."""

from collections.abc import Callable
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Installation, delete_row, eventually, pictures, reload_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def picture(page: Page, name: str) -> None:
    """At a desk in the light, on a phone in the dark."""
    if folder := pictures():
        page.screenshot(path=folder / f"{name}-light.png", full_page=True)
        page.set_viewport_size({"width": 390, "height": 844})
        page.evaluate("document.documentElement.classList.add('dark')")
        page.screenshot(path=folder / f"{name}-dark.png", full_page=True)
        page.evaluate("document.documentElement.classList.remove('dark')")
        page.set_viewport_size({"width": 1280, "height": 900})


def test_a_heartbeat_is_added_pinged_failed_and_paused(
    open_console: Callable[..., Page], installation: Installation
) -> None:
    page = open_console(viewport={"width": 1280, "height": 900})
    page.goto("/alerts/heartbeat/")
    expect(page.get_by_text("No heartbeat yet.")).to_be_visible()
    picture(page, "heartbeats-empty")
    page.goto("/alerts/heartbeat/add/")
    page.fill("[name=name]", "Nightly backup")
    page.fill("[name=period]", "soon")
    page.click("[name=_save]")
    expect(page.get_by_text("is no duration")).to_be_visible()
    page.fill("[name=period]", "1d")
    page.fill("[name=labels]", "team=core")
    page.click("[name=_save]")
    expect(page.get_by_text("Waits for its first ping")).to_be_visible()
    path = page.url
    url = page.input_value("#ping-url")
    page.get_by_role("tab", name="PowerShell").click()
    expect(page.get_by_role("tabpanel").locator("pre:visible")).to_contain_text(url)
    with urlopen(url) as answer:
        assert answer.read() == b"OK\n"
    with urlopen(Request(url.rstrip("/"), method="HEAD")) as answer:
        assert answer.read() == b""
    page.goto(path)
    expect(page.get_by_text("Up", exact=True)).to_be_visible()
    assert page.input_value("[name=period]") == "1d"
    with urlopen(Request(f"{url}3", b"no space left", method="POST")) as answer:
        assert answer.status == 200
    page.goto(path)
    expect(page.get_by_text("It said that it failed")).to_be_visible()
    expect(page.get_by_text("Failed (3)")).to_be_visible()
    chat = installation.my_chat()
    installation.told(chat, "FIRING", "Nightly backup", "no space left")
    stored = "SELECT enabled, reason FROM alerts_heartbeat WHERE name = 'Nightly backup'"
    assert installation.query(stored) == [(1, "failed")]
    picture(page, "heartbeat-down")
    reload_until(page, "/alerts/alertgroup/", "Nightly backup")
    page.goto("/alerts/heartbeat/")
    picture(page, "heartbeats")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    assert installation.query(stored)[0][0] == 0
    installation.told(chat, "RESOLVED", "Nightly backup")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Up", exact=True)).to_be_visible()
    assert installation.query(stored)[0][0] == 1
    delete_row(page, "/alerts/heartbeat/", "Nightly backup")
    expect(page.get_by_text("No heartbeat yet.")).to_be_visible()


def test_a_ping_that_does_not_come_is_told(
    open_console: Callable[..., Page], installation: Installation
) -> None:
    page = open_console(viewport={"width": 1280, "height": 900})
    page.goto("/alerts/heartbeat/")
    page.get_by_role("link", name="Add a heartbeat").click()
    page.get_by_label("Name").fill("Certificates")
    page.get_by_label("Period").fill("1m")
    page.get_by_label("Grace").fill("1m")
    page.get_by_label("Grace").press("Enter")
    expect(page.get_by_text("Waits for its first ping")).to_be_visible()
    path = page.url
    url = page.input_value("#ping-url")
    with urlopen(url) as answer:
        assert answer.read() == b"OK\n"
    page.goto(path)
    expect(page.get_by_text("next due")).to_be_visible()
    # As if its period and its grace were just over, and all of them heard.
    installation.query("UPDATE alerts_sweepmark SET up_since = datetime('now', '-1 hour')")
    installation.query(
        "UPDATE alerts_heartbeat SET due_at = datetime('now', '-2 seconds'),"
        " alarm_at = datetime('now', '-1 seconds') WHERE name = 'Certificates'"
    )
    installation.told(installation.my_chat(), "FIRING", "Certificates")
    page.goto("/alerts/heartbeat/")
    row = page.locator("#result_list tbody tr", has_text="Certificates")
    expect(row).to_contain_text("Down")
    with urlopen(url) as answer:
        assert answer.read() == b"OK\n"
    installation.told(installation.my_chat(), "RESOLVED", "Certificates")
    eventually(lambda: page.reload() and "Up" in row.inner_text())
    delete_row(page, "/alerts/heartbeat/", "Certificates")
