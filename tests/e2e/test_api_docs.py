"""The REST API's page in a real browser that may reach nothing but this site."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def address(live_server: object) -> str:
    return str(live_server)


@pytest.fixture
def page(address: str) -> Iterator[Page]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    environment: dict[str, str | float | bool] = {**os.environ, "no_proxy": "*"}
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"], env=environment
        )
        page = browser.new_page()
        page.set_default_timeout(60_000)
        yield page
        browser.close()


def test_it_shows_the_document_and_asks_nobody_else(page: Page, address: str) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{address}/api/v1/docs/")
    page.locator("text=/api/v1/bots/").first.wait_for()
    page.locator(".opblock").nth(40).wait_for()
    page.locator(".opblock-summary", has_text="/api/v1/integrations/").first.click()
    page.locator(".opblock-body").first.wait_for()
    away = [url for url in asked if not url.startswith((address, "data:"))]
    assert away == []
    assert [line for line in complaints if "Content Security Policy" in line] == []
    assert [line for line in complaints if line.startswith("error")] == []
