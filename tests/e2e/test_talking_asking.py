"""What programs ask people, what people ask inline, and every kind of message that a program can
send, as all of it is seen in a chat."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import WAIT, Installation, eventually
from tests.e2e.talking import ALONE, GROUP, Scene, set_stage
from tests.e2e.test_pages import check
from tests.pictures import png
from tests.sandbox.endpoint import Endpoint, running_endpoint

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@dataclass(frozen=True)
class Desk:
    """The stage, with a key for the REST API and a channel to Tess's private chat."""

    scene: Scene
    key: str

    def post(self, path: str, body: Any, media_type: str = "application/json") -> Any:
        """The answer to a POST to the REST API."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": media_type}
        request = Request(f"{self.scene.installation.url}/api/v1/{path}", data, headers)
        with urlopen(request, timeout=WAIT / 1000) as answer:
            return json.loads(answer.read())

    def channel(self, name: str) -> str:
        """Its ID."""
        rows = self.scene.installation.query(
            "SELECT id FROM channels_app_notificationchannel WHERE name = ?", name
        )
        return str(rows[0][0])

    def send(self, kind: str, **fields: Any) -> None:
        """A message of this kind to Tess."""
        self.post(f"channels/{self.channel(ALONE)}/messages/", {"kind": kind, **fields})

    def upload(self, kind: str, name: str, content: bytes, **fields: str) -> None:
        """A file to her, as curl's -F sends it."""
        values = fields | {"kind": kind}
        parts = [f'name="{key}"\r\n\r\n{value}'.encode() for key, value in values.items()]
        parts.append(f'name="{kind}"; filename="{name}"\r\n\r\n'.encode() + content)
        head = b"--x\r\nContent-Disposition: form-data; "
        body = b"".join(head + part + b"\r\n" for part in parts) + b"--x--\r\n"
        path = f"channels/{self.channel(ALONE)}/messages/"
        self.post(path, body, "multipart/form-data; boundary=x")


@pytest.fixture(scope="module")
def stage(installation: Installation, open_windows: Callable[..., Page]) -> Desk:
    scene = set_stage(installation, open_windows)
    console = scene.console
    console.goto("/accounts/apikey/add/")
    console.fill("[name=name]", "Deploys")
    console.select_option("[name=role]", "admin")
    console.click("[name=_save]")
    key = console.input_value("#secret")
    return Desk(scene, key)


@pytest.fixture
def desk(stage: Desk) -> Desk:
    """Her private chat is open."""
    stage.scene.chat.failures.clear()
    stage.scene.chat.page.goto("/")
    stage.scene.private()
    return stage


@pytest.fixture
def program() -> Iterator[Endpoint]:
    """A program that takes POSTs."""
    with running_endpoint() as endpoint:
        yield endpoint


def add_endpoint(console: Page, url: str) -> list[str]:
    """At the console, with mistakes; what the pages' checks say."""
    console.goto("/chatops/endpoint/")
    console.get_by_role("link", name=re.compile("Add (an )?endpoint")).first.click()
    console.fill("[name=name]", "Deploys")
    for wrong, why in (
        ("nonsense", "It must start with http"),
        ("http://", "It has no valid host"),
        ("https://ada:secret@example.org/", "User names and passwords in URLs are not sent."),
    ):
        console.fill("[name=url]", wrong)
        console.click("[name=_save]")
        expect(console.locator(".field-url")).to_contain_text(why)
    failures = check(console, "endpoint-refused")
    console.fill("[name=url]", url)
    console.click("[name=_save]")
    expect(console.get_by_label("Secret of the endpoint Deploys")).to_be_visible()
    failures += check(console, "endpoint-secret")
    console.get_by_role("link", name="Done").click()
    failures += check(console, "endpoint-new")
    return failures


def open_newest(console: Page) -> None:
    """The approval that was asked last."""
    console.goto("/chatops/approval/")
    console.locator("#result_list tbody th a").first.click()
    console.wait_for_url(re.compile("/change/"))


def test_a_program_asks_and_hears_the_answer(desk: Desk, program: Endpoint) -> None:
    scene, chat, console = desk.scene, desk.scene.chat, desk.scene.console
    failures = add_endpoint(console, program.url)
    console.get_by_role("button", name="Send test").click()
    assert program.wait_for(1)[0]["event"] == "test"
    expect(console.get_by_text("accepted").first).to_be_visible()
    failures += check(console, "endpoint-tested")
    ((endpoint,),) = scene.installation.query(
        "SELECT id FROM chatops_endpoint WHERE name = 'Deploys'"
    )
    asked = {"channel": desk.channel(ALONE), "title": "Deploy 2.4.1?", "text": "To production."}
    desk.post("approvals/", asked | {"endpoint": endpoint})
    question = chat.told("Deploy 2.4.1?", "To production.")
    assert chat.keys(question) == ["Approve", "Deny"]
    chat.look("approval")
    open_newest(console)
    failures += check(console, "approval-open")
    chat.press("Approve", question)
    chat.toast("You answered: Approve")
    expect(question).to_contain_text(f"✔ Approve · {scene.installation.email}")
    assert chat.keys(question) == []
    chat.look("approval-answered")
    told = eventually(lambda: [one for one in program.updates if one["event"] == "approval"])
    assert told[0]["approval"]["answer"] == "approve"
    console.reload()
    expect(console.locator(".tocsin-facts")).to_contain_text("Approve")
    failures += check(console, "approval-answered")
    assert failures + chat.failures == []


def test_only_members_may_answer_and_a_question_can_be_taken_back(desk: Desk) -> None:
    scene, chat, console = desk.scene, desk.scene.chat, desk.scene.console
    telegram = scene.installation.telegram
    scene.group()
    group = desk.channel(GROUP)
    desk.post("approvals/", {"channel": group, "title": "Who may?", "expires_in": 900})
    question = chat.told("Who may?")
    talkers = next(one for one in telegram.world()["chats"] if one.get("title") == GROUP)
    eve = telegram.create_chat("private", first_name="Eva", last_name="Else", state="never_started")
    telegram.act(f"/chats/{talkers['id']}/members", user_id=eve.id, status="member")
    chat.page.goto("/")
    scene.group()
    chat.write_as("Eva Else")
    chat.press("Deny", question)
    chat.window(
        "Only members may answer this. Link your Telegram account first: /start in private."
    )
    open_newest(console)
    console.get_by_role("button", name="Cancel").click()
    expect(question).to_contain_text("Cancelled by")
    chat.look("approval-cancelled")
    assert chat.failures == []


def test_alerts_are_found_in_any_chat(desk: Desk) -> None:
    scene, chat = desk.scene, desk.scene.chat
    telegram, name = scene.installation.telegram, scene.bot.username
    chat.page.fill("#text", f"@{name} silo")
    expect(chat.page.locator("#suggestions")).to_be_hidden()
    for number in range(23):
        scene.installation.fire(f"Silo {number:02}", "warning", field="silos")
    telegram.change_bot(scene.bot, supports_inline_queries=True, inline_feedback=True)
    chat.page.goto("/")
    chat.open("Night shift")
    ask = chat.page.locator("#suggestions .suggestion")
    chat.write_as("Ada Lovelace")
    chat.page.fill("#text", f"@{name} silo")
    expect(ask.filter(has_text="Link your account to find your alerts")).to_be_visible()
    chat.look("inline-stranger")
    scene.private()
    chat.page.fill("#text", f"@{name} silo ")
    expect(ask.filter(has_text="Silo").first).to_be_visible()
    chat.look("inline")
    ask.filter(has_text="More results").click()
    expect(ask.filter(has_text="Silo").first).to_be_visible()
    chat.page.fill("#text", f"@{name} nosuchalert")
    expect(chat.page.locator("#suggestions .nothing")).to_have_text("No results")
    chat.page.fill("#text", f"@{name} silo 07")
    ask.filter(has_text="Silo 07").click()
    card = chat.shown("Silo 07", f"via @{name}")
    expect(card).to_contain_text("FIRING")
    chat.look("inline-card")
    for number in range(23):
        scene.installation.resolve(f"Silo {number:02}", "warning", field="silos")
    assert chat.failures == []


def test_people_vote(desk: Desk) -> None:
    chat = desk.scene.chat
    options = [{"text": "Yes"}, {"text": "No"}]
    desk.send("poll", question="Roll back?", options=options, is_anonymous=False)
    poll = chat.told("Roll back?", "0 votes")
    poll.locator(".option", has_text="Yes").click()
    expect(poll.locator(".option[aria-pressed=true]")).to_contain_text("1 · 100 %")
    chat.look("poll")
    assert chat.failures == []


def test_every_kind_of_message_is_seen(desk: Desk) -> None:
    chat = desk.scene.chat
    desk.upload("photo", "load.png", png(640, 320), caption="Load of the night")
    expect(chat.told("Load of the night").locator("img.photo")).to_be_visible()
    desk.upload("voice", "said.ogg", b"OggS said", duration="65")
    chat.told("Voice message", "1:05")
    desk.upload("video", "clip.mp4", b"clip", caption="The outage")
    chat.told("clip.mp4", "The outage")
    desk.send("location", latitude=48.2082, longitude=16.3738)
    chat.told("Location: 48.2082, 16.3738")
    chat.look("kinds-files")
    place = {"latitude": 48.2, "longitude": 16.4}
    desk.send("venue", title="Data centre 1", address="Main Street 1", **place)
    chat.told("Data centre 1, Main Street 1")
    desk.send("contact", phone_number="+43 1 234567", first_name="On call")
    chat.told("Contact: On call, +43 1 234567")
    desk.send("dice", emoji="🎯")
    chat.told("🎯")
    opens = {"text": "Open", "url": "https://example.org/4711"}
    copies = {"text": "Copy", "copy_text": {"text": "4711"}}
    markup = {"inline_keyboard": [[opens], [copies]]}
    desk.send("text", text="Ticket 4711", reply_markup=markup)
    ticket = chat.told("Ticket 4711")
    expect(ticket.get_by_role("link", name="Open")).to_have_attribute("target", "_blank")
    chat.look("kinds-rest")
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    chat.press("Copy", ticket)
    chat.toast("Copied.")
    keyboard = {"keyboard": [[{"text": "All well"}, {"text": "Help"}]], "one_time_keyboard": True}
    desk.send("text", text="How is it?", reply_markup=keyboard)
    chat.told("How is it?")
    assert chat.reply_keys() == ["All well", "Help"]
    chat.tap("All well")
    expect(chat.page.locator("#reply-keyboard")).to_be_hidden()
    assert chat.failures == []
