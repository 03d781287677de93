"""Routes in a browser: one that chooses by a label, their order, and where an alert would go."""

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import (
    Installation,
    add_channel,
    delete_row,
    open_row,
    pictures,
    reload_until,
)
from tests.e2e.test_pages import DESK, check

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


ROUTES = "/alerts/route/"
COUNTS_AFTER = 3.5
"""Seconds after which a changed route counts."""


def picture(page: Page, name: str) -> None:
    """At a desk in the light, on a phone in the dark."""
    if folder := pictures():
        page.screenshot(path=folder / f"{name}-light.png", full_page=True)
        page.set_viewport_size({"width": 390, "height": 844})
        page.evaluate("document.documentElement.classList.add('dark')")
        page.screenshot(path=folder / f"{name}-dark.png", full_page=True)
        page.evaluate("document.documentElement.classList.remove('dark')")
        page.set_viewport_size({"width": 1280, "height": 900})


def test_a_channel_and_a_sound_are_chosen(open_console: Callable[..., Page]) -> None:
    page = open_console(viewport={"width": 1280, "height": 900})
    page.goto("/alerts/route/add/")
    page.fill("[name=name]", "Teams")
    for title in ("Channel by a label", "Sound by severity"):
        page.get_by_text(title, exact=True).click()
    page.fill("[name=choose_by]", "team")
    page.get_by_label("Value 1").fill("core")
    page.select_option("[name=sound_warning]", "silent")
    page.click("[name=_save]")
    expect(page.get_by_text("Choose a channel for the value “core”.")).to_be_visible()
    page.get_by_label("Channel 1").select_option(index=1)
    picture(page, "route-choices")
    page.click("[name=_save]")
    row = page.locator("#result_list tbody tr", has_text="Teams")
    expect(row).to_contain_text("by team: core →")
    picture(page, "routes")
    row.locator("th a").click()
    expect(page.get_by_label("Value 1")).to_have_value("core")
    expect(page.get_by_label("Value 4")).to_have_value("")
    assert page.input_value("[name=sound_warning]") == "silent"
    delete_row(page, ROUTES, "Teams")


def add_route(page: Page, name: str, matchers: str, channel: str) -> None:
    page.goto(f"{ROUTES}add/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Matchers").fill(matchers)
    page.locator("#id_channels").get_by_label(channel).check()
    page.get_by_label("Name").press("Enter")
    expect(page.get_by_role("row", name=re.compile(name))).to_contain_text(channel)


def order(page: Page, *names: str) -> list[str]:
    """These routes as the list has them."""
    rows = page.locator("#result_list tbody tr th").all_inner_texts()
    return [row for row in rows if row in names]


def test_the_order_decides_and_can_be_tried(
    open_console: Callable[..., Page], installation: Installation
) -> None:
    page = open_console(viewport=DESK, reduced_motion="reduce")
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(f"{page.url}: script: {error}"))
    mine = installation.my_chat()
    bridge = add_channel(page, installation, "Bridge")
    page.goto(f"{ROUTES}add/")
    page.get_by_label("Name").fill("Aft deck")
    page.get_by_label("Matchers").fill('deck="aft"\nship=~"M("')
    page.click("[name=_save]")
    expect(page.get_by_text("line 2: bad regular expression 'M('")).to_be_visible()
    failures += check(page, "route-refused")
    names = ("Aft deck", "All decks")
    add_route(page, names[0], 'deck="aft"', "My chat")
    add_route(page, names[1], 'deck=~".+"', "Bridge")
    assert order(page, *names) == [*names]

    # Where would it go? Without a mouse, and without sending anything.
    page.get_by_role("link", name="Try which routes an alert would take").press("Enter")
    labels = page.get_by_label("Labels")
    labels.fill('deck="aft"\nship')
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Try")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("line 2: one of = != =~ !~ is expected")
    failures += check(page, "trial-refused")
    labels.fill("deck=aft\nalertname=Leak")
    page.get_by_role("button", name="Try").press("Enter")
    steps = page.locator("[data-trial] > li")
    taken = steps.filter(has=page.locator(".tocsin-state-success"))
    expect(taken).to_have_count(1)
    expect(taken).to_contain_text("Aft deck Every matcher holds.")
    expect(taken).to_contain_text("To My chat")
    expect(taken.locator("blockquote")).to_contain_text("Leak")
    expect(steps.filter(has_text="All decks")).to_contain_text(
        "Not tried: “Aft deck” takes the alert and ends the search."
    )
    failures += check(page, "trial")
    trial = page.url
    assert installation.said(mine, "Leak") == []
    installation.fire("Leak one", deck="aft")
    installation.told(mine, "Leak one")

    # Moved up, the other one takes it.
    page.goto(ROUTES)
    page.get_by_role("button", name="Move up: All decks").press("Enter")
    expect(page.locator("#result_list tbody tr th").first).to_be_visible()
    assert order(page, *names) == ["All decks", "Aft deck"]
    rows = installation.query(
        "SELECT name FROM alerts_route WHERE name IN (?, ?) ORDER BY position", *names
    )
    assert rows == [("All decks",), ("Aft deck",)]
    moved = time.monotonic()
    page.goto(trial)
    expect(taken).to_contain_text("All decks")
    time.sleep(max(0.0, COUNTS_AFTER - (time.monotonic() - moved)))
    installation.fire("Leak two", deck="aft")
    installation.told(bridge, "Leak two")
    assert installation.said(mine, "Leak two") == []

    # The alert that went astray says why, and one can try what would have been.
    reload_until(page, "/alerts/alert/", "Leak two")
    open_row(page, "/alerts/alert/", "Leak two")
    page.get_by_role("link", name="Why it went where it went").press("Enter")
    expect(page.get_by_text("Tried with Leak two as it came.")).to_be_visible()
    expect(taken).to_contain_text("To Bridge")
    failures += check(page, "trial-of-an-alert")
    labels.fill("deck=")
    page.get_by_role("button", name="Try").press("Enter")
    expect(taken).to_contain_text("Everything else")
    for title in ("Leak one", "Leak two"):
        installation.resolve(title, deck="aft")
    for name in names:
        delete_row(page, ROUTES, name)
    assert failures == []
