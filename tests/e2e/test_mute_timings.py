"""Mute timings at the console: written with their preview, used by a route, and what that does."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Installation, delete_row, eventually, open_row, reload_until
from tests.e2e.test_pages import DESK, check

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

TIMINGS = "/alerts/mutetiming/"
ALWAYS = "- years: ['2000:2999']\n"
PAST = "- years: ['1999']\n"


def test_a_timing_is_written_used_and_taken_away_again(
    open_console: Callable[..., Page], installation: Installation
) -> None:
    page = open_console(viewport=DESK, reduced_motion="reduce", timezone_id="Asia/Tokyo")
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(f"{page.url}: script: {error}"))
    page.goto(TIMINGS)
    page.get_by_role("link", name="Add a mute timing").click()
    page.get_by_label("Name").fill("Deep night")
    intervals = page.get_by_label("Intervals")
    preview = page.locator("#timing-preview")
    expect(preview).to_contain_text("Write intervals above")

    # What is wrong is told with its place while one writes, and again by saving.
    intervals.fill("- times:\n    - start_time: '22:00'\n      end_time: '25:00'\n")
    expect(preview).to_contain_text("[0].times[0].end_time, line 3: '25:00' is no time")
    page.click("[name=_save]")
    expect(page.get_by_text("line 3: '25:00' is no time").first).to_be_visible()
    failures += check(page, "timing-refused")
    intervals.fill("- weekday: [monday]\n")
    expect(preview).to_contain_text("[0].weekday, line 1: There is no such part.")
    intervals.fill("- times: [\n")
    expect(preview).to_contain_text("It is no valid YAML")
    assert installation.query("SELECT count(*) FROM alerts_mutetiming") == [(0,)]

    # When it would hold is shown in the reader's zone: nine hours on from UTC.
    intervals.fill("- times:\n    - start_time: '09:00'\n      end_time: '17:00'\n")
    expect(preview.get_by_role("listitem")).to_have_count(4)
    expect(preview.locator("time").last).to_contain_text(re.compile("2:00:00 AM GMT\\+9$"))
    failures += check(page, "timing-preview")
    intervals.fill(PAST)
    expect(preview).to_contain_text("It holds at no time within a year.")
    intervals.fill(ALWAYS)
    expect(preview).to_contain_text("It holds now.")
    expect(preview).to_contain_text("for a year at least")
    intervals.press("Tab")
    page.get_by_label("Name").press("Enter")
    row = page.get_by_role("row", name=re.compile("Deep night"))
    expect(row).to_contain_text("no route")
    expect(row).to_contain_text("Holds")
    ((stored,),) = installation.query("SELECT intervals FROM alerts_mutetiming")
    assert json.loads(stored) == [{"years": ["2000:2999"]}]

    # A route is quiet at it: the group says so, and the chat is told nothing.
    page.goto("/alerts/route/add/")
    page.fill("[name=name]", "By night")
    page.get_by_label("Matchers").fill('shift="night"')
    page.get_by_role("checkbox", name="My chat").check()
    page.get_by_text("Quiet hours", exact=True).click()
    page.locator("#id_mute_timings").get_by_label("Deep night").check()
    page.click("[name=_save]")
    expect(page.get_by_role("row", name=re.compile("By night"))).to_contain_text("quiet at times")
    open_row(page, "/alerts/route/", "By night")
    expect(page.locator("#id_mute_timings").get_by_label("Deep night")).to_be_checked()
    installation.fire("Owl hoots", shift="night")
    eventually(
        lambda: installation.query("SELECT id FROM alerts_groupmessage WHERE muted = 'timed'")
    )
    reload_until(page, "/alerts/alertgroup/", "quiet hours of its route")
    open_row(page, "/alerts/alertgroup/", "Owl hoots")
    expect(page.get_by_text("Its route tells nothing now")).to_be_visible()
    expect(page.get_by_text("kept quiet: muted by its route's times")).to_be_visible()
    failures += check(page, "group-quiet-hours")
    assert installation.said(installation.my_chat(), "Owl hoots") == []

    # The list says who uses it, and one in use stays.
    page.goto(TIMINGS)
    expect(page.get_by_role("row", name=re.compile("Deep night"))).to_contain_text("By night")
    failures += check(page, "timings-list")
    delete_row(page, TIMINGS, "Deep night")
    expect(page.get_by_text("Take it from these routes first: “By night”.")).to_be_visible()

    # Once it holds no more, what still burns is told.
    open_row(page, TIMINGS, "Deep night")
    page.get_by_label("Intervals").fill(PAST)
    page.click("[name=_save]")
    expect(page.get_by_role("row", name=re.compile("Deep night"))).to_contain_text("Does not hold")
    message = installation.told(installation.my_chat(), "Owl hoots")
    assert not message.is_silent
    installation.resolve("Owl hoots", shift="night")
    delete_row(page, "/alerts/route/", "By night")
    delete_row(page, TIMINGS, "Deep night")
    expect(page.get_by_text("No mute timing yet.")).to_be_visible()
    assert failures == []
