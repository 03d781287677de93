"""The REST API's page in a real browser that may reach nothing but this site."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page

from tests.e2e.conftest import WAIT

SCROLLS = 200
pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def address(live_server: object) -> str:
    return str(live_server)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.set_default_timeout(WAIT)
    yield page
    page.close()


def scrolled_to(page: Page, path: str) -> Locator:
    """The first operation of this path: of a long document only what is in sight is drawn."""
    found = page.locator(".opblock-summary", has_text=path).first
    for _ in range(SCROLLS):
        if found.count():
            break
        page.mouse.wheel(0, 400)
        page.wait_for_timeout(200)
    found.scroll_into_view_if_needed()
    return found


def test_it_shows_the_document_and_asks_nobody_else(page: Page, address: str) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{address}/api/v1/docs/")
    page.locator(".opblock").first.wait_for()
    scrolled_to(page, "/api/v1/bots/")
    scrolled_to(page, "/api/v1/integrations/").click()
    page.locator(".opblock-body").first.wait_for()
    away = [url for url in asked if not url.startswith((address, "data:"))]
    assert away == []
    assert [line for line in complaints if "Content Security Policy" in line] == []
    assert [line for line in complaints if line.startswith("error")] == []
