"""An own command, from nothing to a run, in a browser."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.alerts.fallbacks.receivers import Receiver
from tests.e2e.conftest import reload_until
from tests.e2e.test_pages import DESK, check

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().running() as server:
        yield server


def test_from_an_endpoint_to_a_run(open_console: Callable[..., Page], receiver: Receiver) -> None:
    page = open_console(viewport=DESK, reduced_motion="reduce")
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(f"{page.url}: script: {error}"))
    receiver.answer = b'{"text": "Three lamps are on"}'
    page.goto("/chatops/endpoint/add/")
    page.get_by_label("Name").fill("House")
    page.get_by_label("URL").fill(receiver.url)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Secret of the endpoint House")).to_be_visible()

    page.goto("/chatops/ownaction/")
    page.get_by_role("link", name="Add an own command").click()
    page.get_by_label("Name").fill("ack")
    page.get_by_label("Description").fill("Lights on in a room")
    page.get_by_label("Endpoint").select_option(label="House")
    page.get_by_label("Parameter").select_option(label="Required")
    page.get_by_label("Choices").fill("Hall\nLiving room")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("/ack is a command that there is already.")).to_be_visible()
    failures += check(page, "own-command-refused")
    page.get_by_label("Name").fill("lightson")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("It was not run yet.")).to_be_visible()
    failures += check(page, "own-command-new")

    page.get_by_role("button", name="Test").click()
    reload_until(page, page.url, "Three lamps are on")
    failures += check(page, "own-command-run")
    page.get_by_role("link", name="/lightson Hall").click()
    expect(page.get_by_text("Three lamps are on")).to_be_visible()
    expect(page.get_by_text("House: Accepted")).to_be_visible()
    failures += check(page, "run")
    page.goto("/chatops/actionrun/")
    expect(page.get_by_role("link").filter(has_text="2").first).to_be_visible()
    failures += check(page, "runs")
    assert receiver.bodies[-1]["run"]["test"] is True
    page.goto("/chatops/ownaction/")
    expect(page.get_by_role("row").filter(has_text="lightson")).to_contain_text("done")
    failures += check(page, "own-commands")
    assert failures == []
