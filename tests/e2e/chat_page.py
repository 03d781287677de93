"""The sandbox's chat page as a person uses it, and what is asked of it wherever they stand."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.e2e.conftest import pictures

CHECKS = (Path(__file__).parent / "page_checks.js").read_text()
DESK: ViewportSize = {"width": 1100, "height": 860}
PHONE: ViewportSize = {"width": 390, "height": 780}
LOOKS = (
    ("light", DESK, "light"),
    ("dark", DESK, "dark"),
    ("phone", PHONE, "light"),
    ("phone-dark", PHONE, "dark"),
)


@dataclass
class ChatPage:
    """One window of one person. `failures`: scripts that broke, and what `look` found."""

    page: Page
    failures: list[str] = field(default_factory=list)
    since: str = "0"
    """The message before which nothing counts: that was there when the person did their last."""

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.failures.append(f"script: {error}"))

    # --- where they are ---

    def open(self, title: str, key: str = "") -> None:
        """The chat of this title, or the private one of a bot and a person, `<bot>:<person>`."""
        if key:
            row = self.page.locator(f'.chat-item[data-key="{key}"]')
        else:
            name = self.page.locator(".chat-item-name").get_by_text(title, exact=True)
            row = self.page.locator(".chat-item").filter(has=name)
        key = row.get_attribute("data-key") or ""
        row.click()
        expect(self.page.locator("#chat-title")).to_have_text(title)
        expect(self.page.locator(f'#messages[data-chat="{key}"]')).to_be_attached()
        expect(self.page.locator("#composer")).to_be_visible()
        self.mark()

    def open_link(self, url: str, person: str) -> None:
        """As by a click on it on the person's phone."""
        self.page.click("#developer-open")
        self.page.fill("#link", url)
        self.page.select_option("#link-person", label=person)
        self.page.click("#open-link button")

    def write_as(self, person: str) -> None:
        """Of several who may write here this one does."""
        if self.page.locator("#person").is_visible():
            self.page.select_option("#person", label=person)

    # --- what they do ---

    def mark(self) -> None:
        """From here on."""
        shown = self.page.locator(".message")
        self.since = (shown.last.get_attribute("data-id") or "0") if shown.count() else "0"

    def write(self, text: str) -> None:
        """Type and send."""
        self.mark()
        self.page.fill("#text", text)
        self.page.press("#text", "Enter")

    def reply(self, message: Locator, text: str) -> None:
        """By the message's Reply."""
        message.hover()
        message.locator(".action", has_text="Reply").click()
        expect(self.page.locator("#context-text")).to_contain_text("Reply to:")
        self.write(text)

    def press(self, label: str, message: Locator | None = None) -> None:
        """The button below that message, else below the last one that has it."""
        self.mark()
        self.key(label, message).click()

    def key(self, label: str, message: Locator | None = None) -> Locator:
        """That button."""
        within = message or self.page.locator(".messages")
        return within.get_by_role("button", name=label, exact=True).last

    def tap(self, label: str) -> None:
        """A key of the keyboard that the bot put in the place of the letters."""
        self.mark()
        self.page.locator("#reply-keyboard").get_by_role("button", name=label, exact=True).click()

    def choose(self, label: str) -> None:
        """In the window in which people or chats are chosen."""
        self.page.locator("#chooser .choice", has_text=label).locator("input").check()
        self.page.locator("#chooser").get_by_role("button", name="Choose").click()

    # --- what they see ---

    def told(self, *words: str) -> Locator:
        """What the bot said since, with all these words; it is there now."""
        found = self.page.locator(f"#message-{self.since} ~ .message:not(.own)")
        if self.since == "0":
            found = self.page.locator(".message:not(.own)")
        return self._with(found, words)

    def shown(self, *words: str) -> Locator:
        """The last message of anybody with all these words."""
        return self._with(self.page.locator(".message"), words)

    def _with(self, found: Locator, words: Iterable[str]) -> Locator:
        """The last of them that has all the words; from now on this one, whatever it says."""
        for word in words:
            found = found.filter(has_text=word)
        expect(found.last).to_be_visible()
        number = found.last.get_attribute("data-id")
        return self.page.locator(f"#message-{number}")

    def toast(self, words: str) -> None:
        """What is said for a moment."""
        expect(self.page.locator("#notice")).to_contain_text(words)

    def window(self, words: str) -> None:
        """What is said until it is closed; then it is."""
        expect(self.page.locator("#alert-text")).to_contain_text(words)
        self.page.locator("#alert").get_by_role("button", name="OK").click()

    def keys(self, message: Locator) -> list[str]:
        """The labels below it."""
        return [label.removesuffix("↗") for label in message.locator(".key").all_inner_texts()]

    def reply_keys(self) -> list[str]:
        """The labels in the place of the letters."""
        expect(self.page.locator("#reply-keyboard")).to_be_visible()
        return self.page.locator("#reply-keyboard .key").all_inner_texts()

    def look(self, name: str) -> None:
        """What is wrong with what is seen now, at a desk and on a phone, light and dark."""
        self.page.evaluate(CHECKS)
        for look, size, scheme in LOOKS:
            self.page.set_viewport_size(size)
            self.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            self.page.mouse.move(0, 0)
            self.page.evaluate("toEnd()")
            for what in ("unreadable", "sideways", "cutOff"):
                found = self.page.evaluate(f"{what}()")
                self.failures += [f"{name} {look} {what}: {one}" for one in found]
            if folder := pictures():
                self.page.screenshot(path=folder / f"talking-{name}-{look}.png")
        self.page.set_viewport_size(DESK)
        self.page.emulate_media(color_scheme="light")


def link_on(page: Page) -> str:
    """The link that a page of the console shows."""
    value = page.get_by_label(re.compile("^Link to @")).input_value()
    assert value.startswith("https://t.me/"), value
    return value
