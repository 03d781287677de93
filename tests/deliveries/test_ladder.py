"""The ladder and the calls that take each other's place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliveries.calls import Call, as_send, overlay
from deliveries.decisions import Refusal
from deliveries.ladder import Step, apply, fit_to, next_step

KEYS = {"inline_keyboard": [[{"text": "a", "callback_data": "b"}]]}
RICH = Call(
    "sendMessage",
    {"text": "<b>x</b>", "parse_mode": "HTML", "reply_markup": KEYS, "message_thread_id": 7},
    {},
    "x",
)
PHOTO = Call(
    "sendPhoto",
    {"photo": "https://example.org/a.png", "caption": "<b>x</b>", "parse_mode": "HTML"},
    {},
    "x",
)
DOCUMENT = Call("sendDocument", {}, {"document": {"render": "report", "id": "1"}}, "summary")


VIDEO = Call("sendVideo", {"duration": 5, "caption": "<b>x</b>", "parse_mode": "HTML"}, {}, "x")
POLL = Call("sendPoll", {"question": "q", "reply_markup": KEYS, "message_thread_id": 7})
ALBUM = Call("sendMediaGroup", {"media": [{"type": "photo"}] * 3}, {}, "one")


@pytest.mark.parametrize(
    ("call", "refusal", "steps"),
    [
        (RICH, Refusal.OTHER, ["keyboard", "plain", "reply", "topic"]),
        (RICH, Refusal.KEYBOARD, ["keyboard", "plain", "reply", "topic"]),
        (RICH, Refusal.MARKUP, ["plain", "keyboard", "reply", "topic"]),
        (RICH, Refusal.TOPIC, ["topic", "keyboard", "plain", "reply"]),
        (RICH, Refusal.REPLY, ["reply", "keyboard", "plain", "topic"]),
        (PHOTO, Refusal.MEDIA, ["media", "plain", "reply"]),
        (PHOTO, Refusal.OTHER, ["media", "plain", "reply"]),
        (DOCUMENT, Refusal.MEDIA, ["media", "reply"]),
        (VIDEO, Refusal.MEDIA, ["media", "plain", "reply"]),
        (ALBUM, Refusal.MEDIA, ["media", "reply"]),
        (ALBUM, Refusal.MARKUP, ["media", "reply"]),
        (POLL, Refusal.MEDIA, []),
        (POLL, Refusal.MARKUP, []),
        (POLL, Refusal.KEYBOARD, ["keyboard", "reply", "topic"]),
        (POLL, Refusal.TOPIC, ["topic", "keyboard", "reply"]),
        (Call("sendChatAction", {"action": "typing"}), Refusal.OTHER, []),
    ],
)
def test_the_fitting_step_goes_first(call: Call, refusal: Refusal, steps: list[str]) -> None:
    taken: list[Step] = []
    replies = call.sends
    while (step := next_step(call, taken, refusal, replies=replies)) is not None:
        taken.append(step)
    assert taken == steps


def test_every_step_leaves_out_what_it_names() -> None:
    assert apply(RICH, [Step.KEYBOARD]) == Call(
        "sendMessage", {"text": "<b>x</b>", "parse_mode": "HTML", "message_thread_id": 7}, {}, "x"
    )
    bare = apply(RICH, list(Step))
    assert bare is not None
    assert bare.params == {"text": "x"}


def test_a_photo_without_its_photo_is_a_text() -> None:
    text = apply(PHOTO, [Step.MEDIA])
    assert text is not None
    assert (text.method, text.params) == (
        "sendMessage",
        {"text": "<b>x</b>", "parse_mode": "HTML"},
    )


def test_a_document_without_caption_becomes_its_plain_text() -> None:
    text = apply(DOCUMENT, [Step.MEDIA])
    assert text is not None
    assert (text.method, text.params, text.files) == ("sendMessage", {"text": "summary"}, {})
    assert apply(Call("sendDocument", {}, DOCUMENT.files), [Step.MEDIA]) is None


def test_an_edit_without_its_media_changes_the_caption() -> None:
    media = {"type": "video", "media": "attach://file", "caption": "new", "has_spoiler": True}
    edit = Call(
        "editMessageMedia", {"media": media, "reply_markup": KEYS}, {"file": {"render": "r"}}
    )
    assert apply(edit, [Step.MEDIA]) == Call(
        "editMessageCaption", {"caption": "new", "reply_markup": KEYS}
    )


def test_what_only_a_video_has_does_not_go_with_its_text() -> None:
    text = apply(VIDEO, [Step.MEDIA])
    assert text is not None
    assert (text.method, text.params) == ("sendMessage", {"text": "<b>x</b>", "parse_mode": "HTML"})


def test_an_album_becomes_the_text_of_its_captions() -> None:
    assert apply(ALBUM, [Step.MEDIA]) == Call("sendMessage", {"text": "one"}, {}, "one")
    assert apply(Call("sendMediaGroup", ALBUM.params), [Step.MEDIA]) is None
    assert ALBUM.weight == 3


def test_edits_of_which_each_does_its_own_take_nobodys_place() -> None:
    live = Call("editMessageLiveLocation", {"latitude": 1, "longitude": 1})
    moved = Call("editMessageLiveLocation", {"latitude": 2, "longitude": 2})
    stopped = Call("stopMessageLiveLocation", {})
    assert overlay(live, moved) == moved
    assert overlay(live, stopped) is None
    assert overlay(Call("sendLocation", {"latitude": 0}), live) is None
    keyboard = Call("editMessageReplyMarkup", {"reply_markup": KEYS})
    assert overlay(live, keyboard) == Call(live.method, {**live.params, "reply_markup": KEYS})
    assert overlay(keyboard, Call("editMessageText", {"text": "y"})) is not None


def test_plain_text_is_cut_to_the_limit() -> None:
    call = Call("sendMessage", {"text": "x" * 5000, "parse_mode": "HTML"})
    plain = apply(call, [Step.PLAIN])
    assert plain is not None
    assert len(str(plain.params["text"])) == 4096


def test_edits_take_the_method_of_what_is_shown() -> None:
    caption = Call("editMessageCaption", {"caption": "c", "parse_mode": "HTML"})
    assert fit_to(caption, "text").method == "editMessageText"
    assert fit_to(caption, "photo") == caption
    text = Call("editMessageText", {"text": "t", "link_preview_options": {}})
    assert fit_to(text, "document") == Call("editMessageCaption", {"caption": "t"})


def test_a_waiting_send_takes_over_the_edit() -> None:
    new = overlay(RICH, Call("editMessageText", {"text": "y"}, {}, "y"))
    assert new == Call("sendMessage", {"message_thread_id": 7, "text": "y"}, {}, "y")
    new = overlay(PHOTO, Call("editMessageCaption", {"caption": "y"}))
    assert new == Call("sendPhoto", {"photo": "https://example.org/a.png", "caption": "y"})
    new = overlay(RICH, Call("editMessageReplyMarkup", {}))
    assert new is not None
    assert new.params == {"text": "<b>x</b>", "parse_mode": "HTML", "message_thread_id": 7}


def test_new_media_replaces_the_waiting_document() -> None:
    media = {"type": "document", "media": "attach://new", "caption": "v2"}
    spec = {"render": "report", "id": "2"}
    new = overlay(DOCUMENT, Call("editMessageMedia", {"media": media}, {"new": spec}))
    assert new == Call("sendDocument", {"caption": "v2"}, {"document": spec})


def test_new_media_brings_its_thumbnail_and_leaves_what_only_the_old_one_had() -> None:
    waiting = Call(
        "sendVideo",
        {"has_spoiler": True, "duration": 5, "message_thread_id": 7, "protect_content": True},
        {"video": {"attachment": "1"}, "thumbnail": {"attachment": "2"}},
    )
    media = {"type": "audio", "media": "attach://a", "thumbnail": "attach://t", "title": "x"}
    files = {"a": {"attachment": "3"}, "t": {"attachment": "4"}}
    new = overlay(waiting, Call("editMessageMedia", {"media": media}, files))
    assert new == Call(
        "sendAudio",
        {"message_thread_id": 7, "protect_content": True, "title": "x"},
        {"audio": {"attachment": "3"}, "thumbnail": {"attachment": "4"}},
    )


def test_what_shows_nothing_cannot_be_sent_anew() -> None:
    assert as_send(Call("editMessageReplyMarkup", {"reply_markup": KEYS})) is None
    assert as_send(Call("deleteMessage", {})) is None


@given(
    st.sampled_from([RICH, PHOTO, DOCUMENT]),
    st.lists(st.sampled_from(list(Refusal)), min_size=8, max_size=8),
    st.booleans(),
)
def test_the_ladder_always_ends(call: Call, refusals: list[Refusal], replies: bool) -> None:
    taken: list[Step] = []
    for refusal in refusals:
        step = next_step(call, taken, refusal, replies=replies)
        if step is None:
            break
        assert step not in taken
        taken.append(step)
        assert apply(call, taken) is not None
    else:
        pytest.fail("more steps than there are")
