"""Silences kept equal with a real Alertmanager, set up in a browser."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.alerts.upstreams.test_sync import Theirs, alertmanager
from tests.e2e.conftest import reload_until
from tests.e2e.test_pages import DESK, check
from tests.ports import free_port

pytestmark = [pytest.mark.browser, pytest.mark.peers, pytest.mark.timeout(600)]


def test_from_a_wrong_address_to_silences_on_both_sides(
    open_console: Callable[..., Page], tmp_path: Path
) -> None:
    page = open_console(viewport=DESK, reduced_motion="reduce")
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(f"{page.url}: script: {error}"))
    page.goto("/alerts/integration/")
    links = page.locator("#result_list tbody th a")
    links.filter(has_not_text="Heartbeats").first.click()  # another file may have made those
    page.get_by_text("Keep silences equal with").click()
    failures += check(page, "upstream-add")
    address = page.get_by_label("Address")
    address.fill("alertmanager")
    page.get_by_role("button", name="Keep equal").click()
    expect(page.get_by_text("must start with http")).to_be_visible()
    failures += check(page, "upstream-refused")
    port = free_port()
    address.fill(f"http://127.0.0.1:{port}")
    page.get_by_role("button", name="Keep equal").click()
    state = page.locator("[data-upstream]")
    expect(state).to_have_attribute("data-upstream", "failed")
    expect(state).to_contain_text("They do not agree")
    failures += check(page, "upstream-failed")

    with alertmanager(tmp_path / "am", port) as url:
        Theirs(url).post("Theirs")
        page.locator("#upstream summary").click()
        page.get_by_role("button", name="Save and ask").click()
        expect(state).to_have_attribute("data-upstream", "agreed", timeout=10_000)
        expect(state).to_contain_text(re.compile(r"Last asked \d+ s ago"))
        failures += check(page, "upstream-agreed")
        here = page.url
        reload_until(page, "/alerts/silence/", "Theirs")
        row = page.get_by_role("row", name=re.compile("Theirs"))
        expect(row).to_contain_text(re.compile("of .+ alone"))
        failures += check(page, "silences-of-one")
        row.get_by_role("link").first.click()
        failures += check(page, "silence-of-one")
        page.goto(here)
        page.locator("#upstream summary").click()
        page.get_by_role("link", name="Remove…").click()
        expect(page.get_by_text("Silences stay on both sides")).to_be_visible()
        page.get_by_role("button", name="Remove").click()
        expect(page.get_by_text("Keep silences equal with")).to_be_visible()
    assert failures == []
