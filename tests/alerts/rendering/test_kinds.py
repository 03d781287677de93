"""Every cell of the table: what is shown × what is wanted → calls."""

from dataclasses import dataclass, replace
from itertools import product

import pytest

from alerts.rendering import kinds
from alerts.rendering.kinds import NOTHING, Call, Form, Shown, Wanted, kind_after

TEXT = Shown("text", "t1", keyboard="k1")
PHOTO = Shown("photo", "c1", image="i1", keyboard="k1")


@dataclass(frozen=True)
class Group:
    """A group in both forms that a message may have."""

    text: Form
    caption: Form
    image: str
    keyboard: str
    document: str

    def wanted(self, shown: Shown) -> Wanted:
        """In the form that the message becomes."""
        form = self.caption if kind_after(shown, self.image) == "photo" else self.text
        return Wanted(form, self.image, self.keyboard, self.document)


def plan(shown: Shown, group: Group) -> tuple[Call, ...]:
    return kinds.plan(shown, group.wanted(shown))


def shown_after(shown: Shown, group: Group) -> Shown:
    return kinds.shown_after(shown, group.wanted(shown))


def wanted(
    text: str = "t1", caption: str = "c1", image: str = "", keyboard: str = "k1", **more: object
) -> Group:
    overflow = bool(more.get("overflow"))
    caption_overflow = bool(more.get("caption_overflow", overflow))
    return Group(
        Form(text, overflow),
        Form(caption, caption_overflow),
        image=image,
        keyboard=keyboard,
        document=str(more.get("document", "d1")),
    )


MESSAGE_TABLE = [
    # shown, wanted, call
    (NOTHING, wanted(), "sendMessage"),
    (NOTHING, wanted(image="i1"), "sendPhoto"),
    (TEXT, wanted(), None),
    (TEXT, wanted(caption="c2"), None),
    (TEXT, wanted(text="t2"), "editMessageText"),
    (TEXT, wanted(text="t2", keyboard="k2"), "editMessageText"),
    (TEXT, wanted(keyboard="k2"), "editMessageReplyMarkup"),
    (TEXT, wanted(keyboard=""), "editMessageReplyMarkup"),
    (TEXT, wanted(image="i1"), "editMessageMedia"),
    (TEXT, wanted(text="t2", image="i1", keyboard="k2"), "editMessageMedia"),
    (PHOTO, wanted(image="i1"), None),
    (PHOTO, wanted(text="t2", image="i1"), None),
    (PHOTO, wanted(caption="c2", image="i1"), "editMessageCaption"),
    (PHOTO, wanted(caption="c2", image="i1", keyboard="k2"), "editMessageCaption"),
    (PHOTO, wanted(image="i1", keyboard="k2"), "editMessageReplyMarkup"),
    (PHOTO, wanted(image="i2"), "editMessageMedia"),
    (PHOTO, wanted(caption="c2", image="i2", keyboard="k2"), "editMessageMedia"),
    # A photo cannot become a text: it stays, and its caption tells the truth.
    (PHOTO, wanted(), None),
    (PHOTO, wanted(caption="c2"), "editMessageCaption"),
    (PHOTO, wanted(keyboard="k2"), "editMessageReplyMarkup"),
]


@pytest.mark.parametrize(("shown", "want", "method"), MESSAGE_TABLE)
def test_message(shown: Shown, want: Group, method: str | None) -> None:
    assert [call.method for call in plan(shown, want)] == ([method] if method else [])


@pytest.mark.parametrize(
    ("document", "want", "method"),
    [
        ("", wanted(), None),
        ("", wanted(overflow=True), "sendDocument"),
        ("d1", wanted(overflow=True), None),
        ("d1", wanted(overflow=True, document="d2"), "editMessageMedia"),
        ("d1", wanted(), "deleteMessage"),
    ],
)
@pytest.mark.parametrize("base", [NOTHING, TEXT, PHOTO], ids=lambda base: base.kind)
def test_document(base: Shown, document: str, want: Group, method: str | None) -> None:
    shown = replace(base, document=document)
    calls = [call for call in plan(shown, want) if call.target == "document"]
    assert calls == ([Call(method, "document")] if method else [])  # type: ignore[arg-type]  # table


def test_only_the_form_that_is_shown_decides_about_the_document() -> None:
    want = wanted(overflow=False, caption_overflow=True)
    assert plan(TEXT, want) == ()
    assert plan(PHOTO, want) == (Call("sendDocument", "document"),)
    with_image = wanted(image="i1", caption_overflow=True)
    assert plan(NOTHING, with_image) == (Call("sendPhoto"), Call("sendDocument", "document"))


def test_a_lost_photo_leaves_no_image_behind() -> None:
    lost = Shown("none", "c1", image="i1")
    assert plan(lost, wanted()) == (Call("sendMessage"),)
    assert shown_after(lost, wanted()).image == ""


SHOWN = [
    replace(base, keyboard=keyboard, document=document)
    for base in (NOTHING, TEXT, PHOTO)
    for keyboard, document in product(["", "k1"], ["", "d1"])
]
WANTED = [
    wanted(text, caption, image, keyboard, overflow=overflow, document=document)
    for text, caption, image, keyboard, overflow, document in product(
        ["t1", "t2"], ["c1", "c2"], ["", "i1", "i2"], ["", "k1"], [False, True], ["d1", "d2"]
    )
]


@pytest.mark.parametrize("shown", SHOWN)
def test_every_cell_settles(shown: Shown) -> None:
    for want in WANTED:
        calls = plan(shown, want)
        after = shown_after(shown, want)
        assert plan(after, want) == ()
        assert shown_after(after, want) == after
        assert len(calls) <= 2
        assert [call.target for call in calls] in (
            [],
            ["message"],
            ["document"],
            ["message", "document"],
        )
        assert bool(calls) == (shown != after)
        if shown.kind == "photo":
            assert after.kind == "photo"
