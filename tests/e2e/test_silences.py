"""Silencing at the console, with the mouse and without."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Installation, eventually, reload_until
from tests.e2e.test_pages import DESK, check

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def test_from_an_alert_to_the_end_of_its_silence(
    open_console: Callable[..., Page], installation: Installation
) -> None:
    for host in ("attic", "cellar"):
        installation.post(
            {
                "title": "Fan broken",
                "status": "firing",
                "severity": "warning",
                "labels": {"host": host, "team": "house"},
            }
        )
    page = open_console(viewport=DESK, reduced_motion="reduce", timezone_id="Asia/Tokyo")
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(f"{page.url}: script: {error}"))
    reload_until(page, "/alerts/alert/?q=Fan", "host=attic")
    page.get_by_role("row", name=re.compile("host=attic")).get_by_role("link").first.click()
    page.get_by_role("button", name="Silence…").click()

    matchers = page.get_by_label("Matchers")
    expect(matchers).to_have_value(re.compile('host="attic"'))
    preview = page.locator("#silence-preview")
    expect(preview).to_contain_text("1 firing alert matches now")
    matchers.fill('team="house"\nhost=~"attic|cellar"')
    expect(preview).to_contain_text("2 firing alerts match now")
    matchers.fill('team=""')
    expect(preview).to_contain_text("must not match the empty text")
    matchers.fill('team="house"')
    expect(preview).to_contain_text("2 firing alerts match now")
    until = page.get_by_label("Until")
    expect(until).to_be_hidden()
    page.locator("[name=duration]").select_option(label="until a time…")
    expect(until).to_be_visible()
    failures += check(page, "silence-form")
    page.locator("[name=duration]").select_option(label="4 hours")
    page.locator("[name=comment]").fill("New fans come on Friday")
    page.click("[name=_save]")

    expect(page.get_by_text("was added successfully")).to_be_visible()
    failures += check(page, "silence-added")
    row = page.get_by_role("row", name=re.compile("New fans come on Friday"))
    expect(row).to_contain_text("Active")
    expect(row).to_contain_text("2 alerts")
    expect(row).to_contain_text("GMT+9")
    failures += check(page, "silence-list")
    # What the chat shows says so, once for both groups, and nothing rings.
    chat = installation.my_chat()
    eventually(lambda: len(installation.said(chat, "Fan broken", "Silenced until")) == 2)
    rung = len(installation.said(chat, "Fan broken"))
    stored = "SELECT ends_at FROM alerts_silence WHERE comment = 'New fans come on Friday'"
    ((ends_at,),) = installation.query(stored)

    # The form has the time in the zone in which the list has it.
    row.get_by_role("link").first.click()
    expect(page.get_by_text("In the zone Asia/Tokyo.")).to_be_visible()
    until_here = page.get_by_label("Until").input_value()
    in_utc = datetime.fromisoformat(ends_at)
    assert datetime.fromisoformat(until_here) == in_utc.replace(
        second=0, microsecond=0
    ) + timedelta(hours=9)
    page.go_back()

    more = row.get_by_role("button", name=re.compile("1 h more"))
    before = row.locator("time").last.get_attribute("datetime")
    more.focus()
    page.keyboard.press("Enter")
    expect(row.locator("time").last).not_to_have_attribute("datetime", str(before))
    ((later,),) = installation.query(stored)
    assert datetime.fromisoformat(later) == in_utc + timedelta(hours=1)
    row.get_by_role("button", name=re.compile("End now")).click()
    expect(row).to_contain_text("Expired")
    expect(row.get_by_role("button")).to_have_count(0)

    # What still burns rings again.
    eventually(lambda: installation.said(chat, "Fan broken", "Silenced until") == [])
    eventually(lambda: len(installation.said(chat, "Fan broken")) == rung + 2)
    for host in ("attic", "cellar"):
        installation.resolve("Fan broken", "warning", host=host, team="house")
    assert failures == []


def test_several_last_longer_and_are_ended_at_once(
    open_console: Callable[..., Page], installation: Installation
) -> None:
    page = open_console(viewport=DESK)
    for number in range(2):
        page.goto("/alerts/silence/add/")
        page.get_by_label("Matchers").fill(f'alertname="Bulk{number}"')
        page.click("[name=_save]")
        expect(page.get_by_text(f'alertname="Bulk{number}"')).to_be_visible()
    stored = "SELECT ends_at FROM alerts_silence WHERE matchers LIKE '%Bulk%' ORDER BY id"
    before = [datetime.fromisoformat(one) for (one,) in installation.query(stored)]
    for action, told in (
        ("1 h more", "2 silences last an hour longer."),
        ("End now", "2 silences ended."),
    ):
        for number in range(2):
            row = page.get_by_role("row", name=re.compile(f"Bulk{number}"))
            row.locator("[name=_selected_action]").check()
        page.locator("[name=action]").select_option(label=action)
        page.get_by_role("button", name="Run").click()
        expect(page.get_by_text(told)).to_be_visible()
        after = [datetime.fromisoformat(one) for (one,) in installation.query(stored)]
        if action == "1 h more":
            assert after == [one + timedelta(hours=1) for one in before]
    assert all(one < before[0] for one in after)
    page.goto("/alerts/silence/?state=active")
    expect(page.get_by_text("Bulk0")).to_have_count(0)
