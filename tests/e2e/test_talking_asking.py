"""What programs ask people, and what people ask inline, as it is seen in a chat."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Installation, eventually
from tests.e2e.desk import Desk, set_desk
from tests.e2e.talking import ALONE, GROUP
from tests.e2e.test_pages import check
from tests.sandbox.endpoint import Endpoint, running_endpoint

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def stage(installation: Installation, open_windows: Callable[..., Page]) -> Desk:
    return set_desk(installation, open_windows)


@pytest.fixture
def desk(stage: Desk) -> Desk:
    """Her private chat is open."""
    stage.open()
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
