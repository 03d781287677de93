"""The template editor: what Telegram would show stands beside what is written, while it is."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.e2e.conftest import Installation, eventually, open_row, pictures, reload_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

CHECKS = (Path(__file__).parent / "page_checks.js").read_text()
DESK: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 800}


def photograph(page: Page, name: str) -> None:
    page.evaluate(CHECKS)
    for what in ("unreadable", "sideways"):
        assert page.evaluate(f"{what}()") == [], name
    if folder := pictures():
        page.screenshot(path=folder / f"{name}.png", full_page=True)


def test_a_template_is_written_seen_saved_and_delivered(
    installation: Installation, open_console: Callable[..., Page]
) -> None:
    installation.post({"title": "DiskFull", "severity": "critical", "labels": {"host": "db <1>"}})
    page = open_console(viewport=DESK, reduced_motion="reduce")
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    reload_until(page, "/alerts/alertgroup/", "DiskFull")

    page.goto(f"{installation.url}/alerts/messagetemplate/")
    page.get_by_role("link", name="On-call", exact=True).click()
    message = page.locator("[data-preview-message]")
    expect(message).to_contain_text("InstanceDown")
    expect(message.locator("strong").first).to_contain_text("CRITICAL: InstanceDown")
    photograph(page, "template-on-call")

    body = page.locator("#id_body")
    body.fill("{{ emoji }} <b>{{ nam }}</b>")
    error = page.locator("[data-preview-error]")
    expect(error).to_have_text("There is no ‘nam’. Did you mean ‘name’? (line 1, column 19)")
    expect(body).to_have_attribute("aria-invalid", "true")
    photograph(page, "template-error")
    page.locator("#id_name").fill("Ours")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Did you mean ‘name’?").first).to_be_visible()
    assert installation.query("SELECT id FROM alerts_messagetemplate WHERE name = 'Ours'") == []

    # Without a mouse: to the template, and from there to the choice of what is shown.
    body.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("{{ emoji }} <b>{{ name }}</b> on <code>{{ alerts[0].labels.host }}</code>")
    expect(error).to_be_empty()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "preview-told"
    page.keyboard.type("DiskFull")
    expect(message).to_have_text("🔴 DiskFull on db <1>")
    expect(message.locator("code")).to_have_text("db <1>")
    expect(page.locator("[data-preview-note]")).to_contain_text("of 4,096 characters")
    page.get_by_role("checkbox", name="My chat").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    assert failures == []

    installation.post({"title": "HostDown", "severity": "critical", "labels": {"host": "web-7"}})
    installation.told(installation.my_chat(), "🔴 HostDown on web-7")
    ((stored,),) = installation.query("SELECT body FROM alerts_messagetemplate WHERE name = 'Ours'")
    assert "<code>{{ alerts[0].labels.host }}</code>" in stored
    for dark, size, name in ((False, DESK, "desk"), (True, PHONE, "phone-dark")):
        page.goto(f"{installation.url}/alerts/messagetemplate/")
        page.set_viewport_size(size)
        page.evaluate("dark => document.documentElement.classList.toggle('dark', dark)", dark)
        photograph(page, f"templates-{name}")
        page.get_by_role("link", name="Ours").click()
        expect(message).to_contain_text("InstanceDown")
        page.evaluate("dark => document.documentElement.classList.toggle('dark', dark)", dark)
        photograph(page, f"template-{name}")
    assert failures == []

    # Taken from its channel, what comes next is told in the usual way.
    page.set_viewport_size(DESK)
    open_row(page, "/alerts/messagetemplate/", "Ours")
    page.get_by_role("checkbox", name="My chat").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    eventually(lambda: not installation.query("SELECT id FROM alerts_channeltemplate"))
    installation.post({"title": "PortDown", "severity": "critical", "labels": {"host": "web-8"}})
    assert "on web-8" not in installation.told(installation.my_chat(), "PortDown").text


GO = """\
{{ define "telegram.list" }}{{ range . }}
• <b>{{ .Labels.alertname }}</b> on <code>{{ .Labels.instance }}</code> for {{ since .StartsAt }}
{{- end }}{{ end }}
{{ define "telegram.message" }}{{ .Status | toUpper }} ({{ len .Alerts }}) to {{ .Receiver }}
{{ template "telegram.list" .Alerts.Firing }}{{ template "telegram.list" .Alerts.Resolved }}
{{ end }}"""


def test_a_go_template_is_converted(
    installation: Installation, open_console: Callable[..., Page]
) -> None:
    page = open_console(viewport=DESK, reduced_motion="reduce")
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    for dark, size, name in ((False, DESK, "desk"), (True, PHONE, "phone-dark")):
        page.set_viewport_size(size)
        page.goto(f"{installation.url}/alerts/messagetemplate/")
        page.get_by_role("link", name="Convert a Go template").click()
        page.evaluate("dark => document.documentElement.classList.toggle('dark', dark)", dark)
        text = page.get_by_label("Go template").last
        text.fill("a {{ if }}")
        page.get_by_role("button", name="Convert").click()
        expect(page.get_by_text("A value is missing.")).to_be_visible()
        page.evaluate("dark => document.documentElement.classList.toggle('dark', dark)", dark)
        photograph(page, f"template-convert-{name}")
        text.fill(GO)
        page.get_by_role("button", name="Convert").click()
        expect(page.locator("[data-draft-notes]")).to_contain_text("a minute later")
        expect(page.locator("[data-preview-message]")).to_contain_text("FIRING (3) to Prometheus")
        expect(page.locator("#id_body")).to_contain_text("{# Not converted: {{ since .StartsAt }}")
        page.evaluate("dark => document.documentElement.classList.toggle('dark', dark)", dark)
        photograph(page, f"template-draft-{name}")
    page.locator("#id_name").fill("From Go")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    assert failures == []
