"""The mapping of an integration, written in a browser against what came in."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Installation, pictures
from tests.e2e.test_pages import CHECKS, STILL

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
PAYLOAD = {
    "monitor": {"id": 3, "name": "Shop", "type": "http", "url": "https://shop.example.org"},
    "heartbeat": {"status": 0, "time": "2026-05-31 10:20:30", "msg": "connect ECONNREFUSED"},
    "msg": "[Shop] Down",
}
LOOKS = (("light", 1280, 900, False), ("dark", 390, 844, True))


@pytest.fixture
def page(open_console: Callable[..., Page], request: pytest.FixtureRequest) -> Page:
    """The mapping page of a new integration to which one payload came."""
    page = open_console(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page.goto("/alerts/integration/add/")
    page.fill("[name=name]", request.node.name)
    page.select_option("[name=kind]", "mapped")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("has no mapping yet")).to_be_visible()
    return page


def test_a_mapping_is_written_live(page: Page, installation: Installation) -> None:
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    url = page.get_by_label("Send alerts here").input_value()
    installation.post(PAYLOAD, url)
    page.get_by_role("link", name="Write the mapping").click()
    expect(page.get_by_label("To try with")).to_have_value(re.compile('"Shop"'))
    preview = page.get_by_role("region", name="Preview")
    expect(preview).to_contain_text("Mend what is marked first")

    page.get_by_label("Title", exact=True).fill("monitor..name")
    expect(page.locator("#error-title")).to_contain_text("character 9")
    page.get_by_label("Title", exact=True).fill("concat(monitor.name, ' is down')")
    expect(preview).to_contain_text("Shop is down")
    expect(page.locator("#error-title")).to_be_empty()
    page.get_by_label("URL", exact=True).fill("sum(msg)")
    expect(page.locator("#error-url")).to_contain_text("sum() needs")

    page.get_by_label("Begin with").select_option("uptime-kuma")
    expect(page.get_by_label("Title", exact=True)).to_have_value("monitor.name || msg")
    expect(preview).to_contain_text("Firing")
    expect(preview).to_contain_text("monitor=Shop")
    page.get_by_label("To try with").fill('{"msg": "Kuma Testing"}')
    expect(preview).to_contain_text("Kuma Testing")
    page.get_by_label("To try with").fill('{"msg": ')
    expect(page.locator("#error-payload")).to_contain_text("line 1")

    page.get_by_role("button", name="Save", exact=True).press("Enter")
    expect(page.get_by_text("The mapping is saved.")).to_be_visible()
    expect(page.get_by_label("Title", exact=True)).to_have_value("monitor.name || msg")
    installation.post(PAYLOAD, url)
    installation.told(installation.my_chat(), "FIRING", "Shop", "ECONNREFUSED")
    ((stored,),) = installation.query(
        "SELECT mapping FROM alerts_integration WHERE name = 'test_a_mapping_is_written_live'"
    )
    assert "monitor.name || msg" in stored
    page.goto("/alerts/alert/")
    expect(page.get_by_role("link", name="Shop", exact=True)).to_be_visible()
    assert failures == []


def test_the_page_can_be_read_everywhere(page: Page, installation: Installation) -> None:
    installation.post(PAYLOAD, page.get_by_label("Send alerts here").input_value())
    page.get_by_role("link", name="Write the mapping").click()
    page.get_by_label("Begin with").select_option("uptime-kuma")
    expect(page.get_by_role("region", name="Preview")).to_contain_text("monitor=Shop")
    page.get_by_label("Message", exact=True).fill("a..b")
    expect(page.locator("#error-message")).to_contain_text("character 3")
    page.get_by_label("Message", exact=True).fill("heartbeat.msg || sum(msg)")
    page.get_by_label("URL", exact=True).fill("sum(msg)")
    expect(page.locator("#error-url")).to_contain_text("sum() needs")
    page.add_style_tag(content=STILL)
    page.evaluate(CHECKS)
    wrong = []
    for look, width, height, dark in LOOKS:
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("dark => document.documentElement.classList.toggle('dark', dark)", dark)
        for what in ("unreadable", "sideways"):
            wrong += [f"{look} {what}: {one}" for one in page.evaluate(f"{what}()")]
        if folder := pictures():
            page.screenshot(path=folder / f"mapping-{look}.png", full_page=True)
            page.get_by_label("URL", exact=True).scroll_into_view_if_needed()
            page.screenshot(path=folder / f"mapping-{look}-within.png")
    assert wrong == []
