"""Every page of the console: fits a phone and a desk, can be read in light and dark.

With CONSOLE_PICTURES=<folder> each page is photographed three times on the way.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.e2e.conftest import Installation, pictures, reload_until
from tests.sandbox.process import SandboxChat

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

CHECKS = (Path(__file__).parent / "page_checks.js").read_text()
DESK: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}
STILL = "*, *::before, *::after { transition: none !important; animation: none !important; }"

LISTS = {
    "groups": "/alerts/alertgroup/",
    "alerts": "/alerts/alert/",
    "silences": "/alerts/silence/",
    "traces": "/alerts/trace/",
    "storms": "/alerts/storm/",
    "approvals": "/chatops/approval/",
    "endpoints": "/chatops/endpoint/",
    "own-commands": "/chatops/ownaction/",
    "runs": "/chatops/actionrun/",
    "deliveries": "/deliveries/delivery/",
    "troubles": "/deliveries/trouble/",
    "integrations": "/alerts/integration/",
    "routes": "/alerts/route/",
    "templates": "/alerts/messagetemplate/",
    "channels": "/channels_app/notificationchannel/",
    "bots": "/channels_app/bot/",
    "members": "/accounts/membership/",
    "keys": "/accounts/apikey/",
    "audit": "/accounts/auditentry/",
    "settings": "/accounts/organization/",
    "loans": "/channels_app/botgrant/",
    "fallbacks": "/alerts/fallback/",
    "timings": "/alerts/mutetiming/",
    "inhibition": "/alerts/inhibitrule/",
    "heartbeats": "/alerts/heartbeat/",
    "escalations": "/alerts/escalationpolicy/",
}
ADDED = (
    *("integrations", "routes", "channels", "bots", "members", "keys", "loans", "fallbacks"),
    *("silences", "timings", "inhibition", "templates", "heartbeats", "escalations"),
    *("endpoints", "own-commands"),
)
ALONE = {
    "overview": "/",
    "password": "/password_change/",
    "telegram": "/chatops/linkcode/mine/",
    "connect": "/chatops/linkcode/chat/",
    "strangers": "/alerts/trace/unknown-keys/",
    "missing": "/no/such/page/",
    "nothing-found": "/alerts/alert/?q=nosuchalert",
}
SIGNED_OUT = {"login": "/login/", "reset": "/password/reset/", "sent": "/password/reset/sent/"}


@pytest.fixture(scope="module")
def alerts(installation: Installation) -> None:
    """What a busy evening leaves: every severity, a resolve, a refusal, long words."""
    for name, severity, status in (
        ("HostDown", "critical", "firing"),
        ("DiskAlmostFull", "warning", "firing"),
        ("CertificateExpires", "info", "firing"),
        ("BackupFailed", "high", "firing"),
        ("QueueGrows", "warning", "firing"),
        ("QueueGrows", "warning", "resolved"),
    ):
        installation.post(
            {
                "title": name,
                "message": f"{name} on db1.example.org: " + "a long explanation " * 8,
                "status": status,
                "severity": severity,
                "labels": {"host": "db1.example.org", "path": "/var/" + "long-" * 20},
                "annotations": {"runbook": "https://example.org/runbook"},
                "url": "https://example.org/graph",
            }
        )
    installation.post(
        {
            "version": "4",
            "groupKey": "{}:{}",
            "status": "firing",
            "groupLabels": {"alertname": "Mixed"},
            "alerts": [
                {"status": "firing", "labels": {"alertname": "Mixed", "instance": f"i{number}"}}
                for number in range(12)
            ]
            + [{"status": "firing", "labels": "no object"}],
        }
    )
    with pytest.raises(OSError, match="400"):
        installation.post("")


def check(page: Page, name: str) -> list[str]:
    """What is wrong with the page that is open, at a desk and on a phone, light and dark."""
    page.add_style_tag(content=STILL)
    page.evaluate(CHECKS)
    wrong = []
    for look, size, dark in (("light", DESK, False), ("dark", DESK, True), ("phone", PHONE, False)):
        page.set_viewport_size(size)
        page.evaluate("dark => document.documentElement.classList.toggle('dark', dark)", dark)
        for what in ("unreadable", "sideways", "cutOff"):
            wrong += [f"{name} {look} {what}: {one}" for one in page.evaluate(f"{what}()")]
        if folder := pictures():
            page.screenshot(path=folder / f"{name}-{look}.png", full_page=True)
    page.set_viewport_size(DESK)
    return wrong


def first_row(page: Page) -> str:
    """The URL of the list's first row; "" for an empty one."""
    link = page.locator("#result_list tbody th a").first
    return (link.get_attribute("href") or "") if link.count() else ""


def test_every_page_fits_and_can_be_read(
    alerts: None, open_console: Callable[..., Page], installation: Installation
) -> None:
    page = open_console(viewport=DESK, reduced_motion="reduce")
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(f"{page.url}: script: {error}"))
    reload_until(page, "/deliveries/delivery/?state__exact=sent", "Alert message")
    for name, path in ALONE.items():
        page.goto(path)
        failures += check(page, name)
    for name, path in LISTS.items():
        page.goto(path)
        failures += check(page, f"{name}-list")
        if row := first_row(page):
            page.goto(row)
            failures += check(page, f"{name}-one")
        if name in ADDED:
            page.goto(f"{path}add/")
            failures += check(page, f"{name}-add")
    assert failures == []


@pytest.fixture
def blocked(open_console: Callable[..., Page], installation: Installation) -> Iterator[None]:
    """Everybody blocks the bot. Afterwards nobody does, and what that disabled works again."""
    telegram = installation.telegram
    chats = [chat for chat in telegram.world()["chats"] if chat["type"] == "private"]
    people = [SandboxChat(chat["id"], "private", "") for chat in chats]
    for person in people:
        telegram.set_state(person, "blocked")
    yield
    for person in people:
        telegram.set_state(person, "active")
    page = open_console()
    page.goto("/channels_app/notificationchannel/")
    page.get_by_role("link", name="My chat", exact=True).click()
    page.get_by_role("button", name="Enable").click()
    expect(page.get_by_text("All is well.")).to_be_visible()


def test_a_blocked_chat_is_told_on_every_page(
    alerts: None, blocked: None, open_console: Callable[..., Page], installation: Installation
) -> None:
    installation.post({"title": "Unheard", "status": "firing", "severity": "critical"})
    page = open_console(viewport=DESK, reduced_motion="reduce")
    reload_until(page, "/", "The channel My chat is disabled")
    failures = check(page, "trouble")
    banner = page.get_by_role("status").filter(has_text="My chat is disabled")
    banner.get_by_role("link", name="Mend it").click()
    expect(page.get_by_text("This person has blocked the bot").first).to_be_visible()
    failures += check(page, "trouble-channel")
    page.goto("/alerts/alertgroup/")
    page.get_by_role("link", name="Unheard").click()
    expect(page.get_by_text("the channel is disabled")).to_be_visible()
    failures += check(page, "trouble-group")
    reload_until(page, "/deliveries/trouble/", "Channel My chat was disabled")
    page.get_by_role("link", name="Channel My chat was disabled").click()
    expect(page.get_by_text("This person has blocked the bot").first).to_be_visible()
    failures += check(page, "trouble-page")
    page.get_by_role("link", name="Open the channel").click()
    expect(page.get_by_role("button", name="Enable")).to_be_visible()
    assert failures == []


def test_the_checks_see_what_is_wrong(browser: Any, installation: Installation) -> None:
    page = browser.new_page(base_url=installation.url, viewport=DESK)
    page.goto("/login/")
    page.evaluate(
        """() => document.body.insertAdjacentHTML("beforeend",
            `<p style="width: 3000px; color: #999; background: #fff">pale and wide</p>
            <div style="overflow-x: auto; width: 90px"><button style="width: 200px">far</button>
            </div>`)"""
    )
    wrong = check(page, "planted")
    page.close()
    assert [one for one in wrong if "pale and wide" in one]
    assert [one for one in wrong if "sideways: 3" in one]
    assert [one for one in wrong if "cutOff: “far”" in one]


def test_who_is_signed_out_can_read_too(browser: Any, installation: Installation) -> None:
    page = browser.new_page(base_url=installation.url, viewport=DESK)
    failures = []
    for name, path in SIGNED_OUT.items():
        page.goto(path)
        failures += check(page, name)
    page.close()
    assert failures == []
