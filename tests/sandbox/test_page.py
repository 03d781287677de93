"""The chat page in a real browser: what it shows, that it fits, can be read, and works by
keyboard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import OpenAt
from tests.sandbox.pictures import png
from tests.sandbox.process import SandboxBot, SandboxChat, SandboxHandle, running_sandbox

pytestmark = pytest.mark.browser

HTML = (
    "🔥 <b>[FIRING:2] DiskFull</b>\n<i>severity</i>: <u>critical</u> <s>warning</s> #disk\n"
    "<code>db-1.example.com:9100</code> see https://example.com/runbook and "
    "<a href='https://grafana.example.com/d/1'>dashboard</a>\n"
    "<blockquote>A quotation</blockquote>\n"
    "<blockquote expandable>one\ntwo\nthree\nfour\nfive</blockquote>\n"
    "<pre><code class='language-python'>" + "x = 1; " * 60 + "</code></pre>\n"
    "<tg-spoiler>hunter2</tg-spoiler> " + "unbroken" * 40
)
KEYBOARD = {
    "inline_keyboard": [
        [{"text": "Acknowledge", "callback_data": "ack:1", "style": "primary"}],
        [
            {"text": "Resolve it for good and for ever", "callback_data": "res:1"},
            {"text": "Open", "url": "https://grafana.example.com/a", "style": "danger"},
        ],
    ]
}
# Every text against the background behind it, as WCAG 2.1 measures contrast.
CONTRAST = """() => {
  const parse = color => (color.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => {
      v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = node => {
    for (; node; node = node.parentElement) {
      const color = parse(getComputedStyle(node).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const faults = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let count = 0;
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility()) continue;
    if (node.closest(".spoiler:not(.shown)")) continue;
    const text = light(parse(getComputedStyle(node).color)), back = light(behind(node));
    const ratio = (Math.max(text, back) + 0.05) / (Math.min(text, back) + 0.05);
    count++;
    if (ratio < 4.5) faults.push(`${ratio.toFixed(2)} ${node.className} ${node.textContent}`);
  }
  return {count, faults};
}"""


@dataclass(frozen=True, slots=True)
class Scene:
    telegram: SandboxHandle
    bot: SandboxBot
    ada: SandboxChat
    forum: SandboxChat
    alert_id: int


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with running_sandbox() as telegram:
        bot = telegram.create_bot("Alerts")
        ada = telegram.create_chat(bot=bot, first_name="Ada")
        forum = telegram.create_chat(
            "supergroup", bot=bot, title="Operations", topics=["Databases", "Network"]
        )
        telegram.create_chat("channel", bot=bot, title="A channel with a rather long name " * 3)
        telegram.say(ada, "/start hello")
        alert = telegram.api(
            bot,
            "sendMessage",
            chat_id=ada.id,
            text=HTML,
            parse_mode="HTML",
            reply_markup=KEYBOARD,
        )["result"]
        telegram.api(
            bot,
            "sendMessage",
            chat_id=ada.id,
            text="Still firing",
            disable_notification=True,
            reply_parameters={"message_id": alert["message_id"]},
        )
        picture = {"photo": ("graph.png", png(640, 200))}
        telegram.upload(bot, "sendPhoto", picture, chat_id=ada.id, caption="CPU")
        document = {"document": ("all-alerts.txt", b"x" * 123456)}
        telegram.upload(bot, "sendDocument", document, chat_id=ada.id)
        for name, topic in forum.topics.items():
            telegram.api(
                bot, "sendMessage", chat_id=forum.id, text=f"In {name}", message_thread_id=topic
            )
        telegram.api(bot, "sendMessage", chat_id=forum.id, text="In General")
        yield Scene(telegram, bot, ada, forum, alert["message_id"])


@pytest.fixture
def open_page(open_at: OpenAt, scene: Scene) -> OpenAt:
    """Opens the scene's page, unless `url` names another."""
    return lambda **options: open_at(**{"url": scene.telegram.url} | options)


def _send(scene: Scene, text: str) -> None:
    scene.telegram.api(scene.bot, "sendMessage", chat_id=scene.ada.id, text=text)


def _until(page: Any, expression: str) -> None:
    """The page's policy forbids `wait_for_function`; the test's own time limit ends the wait."""
    while not page.evaluate(expression):
        page.wait_for_timeout(20)


def _watch(page: Any, expression: str) -> None:
    """From now on `window.seen` tells whether this was ever true, however briefly."""
    page.evaluate(
        f"""() => {{
            window.seen = false;
            new MutationObserver(() => {{ window.seen ||= {expression}; }}).observe(
                document.body, {{subtree: true, attributes: true, childList: true}});
        }}"""
    )


def _open_chat(page: Any, title: str) -> None:
    page.click(f".chat-item:has-text('{title}')")
    known = {"Alerts": "Still firing", "Operations": "In General"}[title]
    page.wait_for_selector(f".bubble:has-text('{known}')")


def test_news_between_press_and_release_take_no_click_away(open_page: Any, scene: Scene) -> None:
    page = open_page()
    page.hover(".chat-item:has-text('Operations')")
    page.mouse.down()
    page.evaluate("drawChats()")
    page.mouse.up()
    page.wait_for_selector(".chat-item[aria-current=true]:has-text('Operations')")
    page.wait_for_selector(".bubble:has-text('In General')")


def test_messages_look_as_telegram_shows_them(open_page: Any, scene: Scene) -> None:
    page = open_page()
    _open_chat(page, "Alerts")
    alert = page.locator(f"#message-{scene.alert_id}")
    assert alert.locator("strong").inner_text() == "[FIRING:2] DiskFull"
    for tag, text in (("em", "severity"), ("u", "critical"), ("s", "warning")):
        assert alert.locator(f".text > {tag}").inner_text() == text
    assert alert.locator("pre .language").inner_text() == "python"
    links = alert.locator(".text a")
    assert [link.get_attribute("href") for link in links.all()] == [
        "https://example.com/runbook",
        "https://grafana.example.com/d/1",
    ]
    url_key = alert.locator("a.key")
    assert (url_key.get_attribute("target"), url_key.get_attribute("rel")) == (
        "_blank",
        "noopener noreferrer",
    )
    assert alert.locator("button.key").count() == 2
    assert page.locator(".own .text").inner_text() == "/start hello"
    silent = page.locator(".message:has-text('Still firing')").last
    assert silent.locator(".silent").is_visible()
    assert silent.locator(".reply span").inner_text().startswith("🔥 [FIRING:2] DiskFull")
    page.locator(".photo").scroll_into_view_if_needed()
    _until(page, "document.querySelector('.photo').complete")
    assert page.locator(".photo").evaluate("image => image.naturalWidth") == 640
    assert page.locator(".document-name").inner_text() == "all-alerts.txt"
    assert page.locator(".document-size").inner_text() == "123.5 kB"
    with page.expect_download() as download:
        page.click(".document")
    assert download.value.suggested_filename == "all-alerts.txt"


def test_quotes_unfold_and_spoilers_are_revealed(open_page: Any, scene: Scene) -> None:
    page = open_page()
    _open_chat(page, "Alerts")
    alert = page.locator(f"#message-{scene.alert_id}")
    folded = alert.locator(".folded")
    height = folded.bounding_box()["height"]
    alert.locator(".more").click()
    body = alert.locator(".entity-expandable-blockquote > div")
    assert body.bounding_box()["height"] > height
    spoiler = alert.locator(".spoiler")
    assert spoiler.evaluate("node => getComputedStyle(node).color") == "rgba(0, 0, 0, 0)"
    spoiler.click()
    assert spoiler.evaluate("node => getComputedStyle(node).color") != "rgba(0, 0, 0, 0)"


def test_news_appear_live(open_page: Any, scene: Scene) -> None:
    page = open_page()
    _open_chat(page, "Alerts")
    telegram, bot, ada = scene.telegram, scene.bot, scene.ada
    sent = telegram.api(bot, "sendMessage", chat_id=ada.id, text="fresh news")["result"]
    message = page.locator(f"#message-{sent['message_id']}")
    message.wait_for()
    target = {"chat_id": ada.id, "message_id": sent["message_id"]}
    telegram.api(bot, "editMessageText", text="corrected <news>", **target)
    page.wait_for_selector(".bubble:has-text('corrected <news>')")
    edited = message.locator(".edited")
    assert re.fullmatch(r"edited \d\d:\d\d( [AP]M)?", edited.inner_text())
    telegram.api(bot, "deleteMessage", **target)
    message.wait_for(state="detached")
    telegram.api(bot, "sendMessage", chat_id=scene.forum.id, text="elsewhere")
    page.wait_for_selector(".chat-item:has-text('Operations') .badge")


def test_news_that_overtake_others_are_drawn_in_their_order(open_page: Any, scene: Scene) -> None:
    page = open_page()
    _open_chat(page, "Alerts")
    held: list[Any] = []
    page.route("**/messages?ids=*", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/messages?ids=*"):
        _send(scene, "the first")
    _send(scene, "the second")
    _until(page, "state.pending.size || byId('messages').innerText.includes('the second')")
    held[0].continue_()
    for text in ("the first", "the second"):
        page.wait_for_selector(f".bubble:has-text('{text}')")
    assert page.locator(".message .text").all_inner_texts()[-2:] == ["the first", "the second"]


def test_what_comes_while_a_chat_is_opened_stays(open_page: Any, scene: Scene) -> None:
    page = open_page()
    held: list[Any] = []
    page.route("**/messages?limit=60", lambda route: held.append((route, route.fetch())))
    page.click(".chat-item:has-text('Alerts')")
    while not held:
        page.wait_for_timeout(10)
    _send(scene, "in between")
    _until(page, "state.pending.size || byId('messages').innerText.includes('in between')")
    route, before = held[0]
    assert "in between" not in before.text()
    route.fulfill(response=before)
    page.wait_for_selector(".message:has-text('hello')")
    page.wait_for_selector(".bubble:has-text('in between')")


def test_an_edit_of_what_is_not_shown_is_no_news(open_page: Any) -> None:
    with running_sandbox() as telegram:
        bot = telegram.create_bot("Alerts")
        chat = telegram.create_chat(bot=bot)
        sent = [
            telegram.api(bot, "sendMessage", chat_id=chat.id, text=f"alert {number}")["result"]
            for number in range(70)
        ]
        page = open_page(url=telegram.url)
        page.click(".chat-item")
        page.wait_for_selector(".bubble:has-text('alert 69')")
        target = {"chat_id": chat.id, "message_id": sent[0]["message_id"]}
        telegram.api(bot, "editMessageText", text="corrected", **target)
        telegram.api(bot, "sendMessage", chat_id=chat.id, text="the last")
        page.wait_for_selector(".bubble:has-text('the last')")
        assert "corrected" not in page.locator(".message .text").all_inner_texts()
        page.close()


def test_a_storm_is_drawn_and_a_reset_leaves_an_empty_page(open_page: Any) -> None:
    with running_sandbox() as telegram:
        bot = telegram.create_bot("Alerts")
        chat = telegram.create_chat(bot=bot)
        page = open_page(url=telegram.url)
        with page.expect_response("**/messages?limit=60"):
            page.click(".chat-item")
        for number in range(300):
            telegram.api(bot, "sendMessage", chat_id=chat.id, text=f"alert {number}")
        page.wait_for_selector(".bubble:has-text('alert 299')")
        assert page.locator(".message").count() == 300
        assert page.locator(".bubble").last.is_visible()
        assert page.evaluate("isAtEnd()")
        telegram.reset()
        page.wait_for_selector(".message", state="detached")
        page.wait_for_selector(".chat-item", state="detached")
        assert page.locator("#chat-title").inner_text() == "Choose a chat"
        page.close()


def test_topics_filter(open_page: Any, scene: Scene) -> None:
    page = open_page()
    _open_chat(page, "Operations")
    visible = ".message:not([hidden]) .text"
    assert "In Databases" in page.locator(visible).all_inner_texts()
    page.click(".chip:has-text('Databases')")
    assert page.locator(visible).all_inner_texts() == ["In Databases"]
    assert page.locator(".chip[aria-pressed=true]").inner_text() == "Databases"
    page.click(".chip:has-text('General')")
    assert page.locator(visible).first.inner_text() == "In General"


def test_replies_lead_to_their_message(open_page: Any, scene: Scene) -> None:
    page = open_page(height=400)
    _open_chat(page, "Alerts")
    _watch(page, f"byId('message-{scene.alert_id}').classList.contains('flash')")
    page.locator(".reply").first.click()
    _until(page, "window.seen")


@pytest.mark.parametrize("width", [320, 360, 720, 1100])
def test_nothing_overflows(open_page: Any, width: int) -> None:
    page = open_page(width=width)
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0
    _open_chat(page, "Alerts")
    assert page.evaluate(overflow) <= 0
    wide = page.evaluate(
        """() => [...document.querySelectorAll('.bubble, .keyboard, .key, .document, .reply')]
          .filter(node => node.getBoundingClientRect().right > innerWidth)
          .map(node => node.className)"""
    )
    assert wide == []
    scroll = page.locator("#scroll")
    assert scroll.evaluate("node => node.scrollWidth - node.clientWidth") <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(open_page: Any, scheme: str) -> None:
    page = open_page(scheme=scheme)
    for title in ("Operations", "Alerts"):
        _open_chat(page, title)
        measured = page.evaluate(CONTRAST)
        assert measured["count"] > 15
        assert measured["faults"] == []
    page.click("#developer-open")
    page.wait_for_selector("#developer[open] li")
    assert page.evaluate(CONTRAST)["faults"] == []


def test_by_keyboard_alone(open_page: Any) -> None:
    page = open_page(width=360)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "developer-open"
    page.keyboard.press("Enter")
    page.wait_for_selector("#developer[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector("#developer", state="hidden")
    page.keyboard.press("Tab")
    first = page.evaluate("document.activeElement.dataset.key")
    page.keyboard.press("ArrowDown")
    second = page.evaluate("document.activeElement.dataset.key")
    assert first
    assert second
    assert first != second
    assert page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)") >= 2
    while "Alerts" not in page.evaluate("document.activeElement.innerText"):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector(".bubble")
    assert page.evaluate("document.activeElement.id") == "chat-title"
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('spoiler')"):
            break
    page.keyboard.press("Enter")
    assert page.locator(".spoiler.shown").count() == 1
    page.keyboard.press("Escape")
    page.wait_for_selector(".side", state="visible")
    assert "Alerts" in page.evaluate("document.activeElement.innerText")


def test_tokens_are_only_copied_in_the_developer_panel(open_page: Any, scene: Scene) -> None:
    page = open_page()
    assert scene.bot.token not in page.content()
    page.click("#developer-open")
    page.wait_for_selector("#developer[open] li")
    assert scene.bot.token not in page.content()
    assert str(scene.forum.id) in page.locator("#chat-ids").inner_text()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    _watch(page, "document.querySelector('#bots button').textContent === 'Copied'")
    page.click("#bots button")
    _until(page, "window.seen")
    assert page.evaluate("navigator.clipboard.readText()") == scene.bot.token


def test_the_pages_data_hold_no_token_and_its_files_no_script(scene: Scene) -> None:
    for path in ("/", "/_sandbox/page/chats"):
        response = requests.get(scene.telegram.url + path, timeout=60)
        assert "script-src 'self'" in response.headers["Content-Security-Policy"]
        assert scene.bot.token not in response.text
    evil = {"document": ("x.html", b"<script>alert(1)</script>")}
    sent = scene.telegram.upload(scene.bot, "sendDocument", evil, chat_id=scene.ada.id)
    unique_id = sent["result"]["document"]["file_unique_id"]
    response = requests.get(f"{scene.telegram.url}/_sandbox/page/files/{unique_id}", timeout=60)
    assert response.headers["Content-Disposition"] == "attachment; filename*=UTF-8''x.html"
    assert response.headers["Content-Type"] == "application/octet-stream"
    for path in ("/static/../page.py", "/static/page.py", "/_sandbox/page/files/none"):
        assert requests.get(scene.telegram.url + path, timeout=60).status_code == 404
