"""What every dialogue can do: ask for a contact or a place, refuse, stop, go back, survive."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.db import transaction

from botapi.callback_data import unpack
from chatops.context import Context, make_context
from chatops.conversations import engine
from chatops.conversations.definition import Again, Dialogue, Step, Stop, Values
from chatops.conversations.questions import Answer, Choice, Prompt
from chatops.conversations.rows import conversation_of
from chatops.incoming import read_update
from chatops.models import Conversation
from chatops.responding.acting import Done
from deliveries.models import Delivery
from tests.chatops.conftest import Talk
from tests.chatops.stage import Stage, make_stage

CONTACT = (Choice("Send my number", "", "contact"),)
PLACE = (Choice("Send where I am", "", "location"),)


def ask_number(context: Context, values: Values) -> Prompt:
    return Prompt("Your number?", (CONTACT,))


def take_number(context: Context, values: Values, answer: Answer) -> str:
    if answer.contact is None:
        raise Again("Press the button.")
    return str(answer.contact["phone_number"])


def ask_place(context: Context, values: Values) -> Prompt:
    if values["number"] == "stop":
        raise Stop("No more of this.")
    return Prompt("Where are you?", (PLACE,), inline=False)


def take_place(context: Context, values: Values, answer: Answer) -> float:
    if answer.location is None:
        raise Again("Send a place.")
    return float(answer.location["latitude"])


def finish(context: Context, values: Values) -> Done:
    return Done("called", f"{values['number']} at {values['place']}")


DIALOGUE = Dialogue(
    "call",
    (Step("number", ask_number, take_number), Step("place", ask_place, take_place)),
    finish,
)
_ids = iter(range(1, 1_000_000))


@pytest.fixture
def stage(talk: Talk) -> Stage:
    return make_stage(talk)


def heard(stage: Stage, **fields: Any) -> Context:
    """Ada's message in private, as a handler gets it."""
    number = next(_ids)
    person = {"id": stage.ada.id, "is_bot": False, "first_name": "Ada"}
    chat = {"id": stage.ada.id, "type": "private", "first_name": "Ada"}
    message = {"message_id": number, "date": 1, "chat": chat, "from": person}
    update = read_update({"update_id": number, "message": message | fields})
    return make_context(stage.talk.bot, update, {})


def says(stage: Stage, dialogue: Dialogue | None = DIALOGUE, **fields: Any) -> str:
    """What comes of it; the row is read anew, as another process would."""
    context = heard(stage, **fields)
    with transaction.atomic():
        row = conversation_of(context)
        assert row is not None
        handled = engine.said(context, row, dialogue)
    assert handled is not None
    return handled.outcome


def begin(stage: Stage, values: Mapping[str, Any] | None = None) -> None:
    with transaction.atomic():
        engine.begin(heard(stage, text="/call"), DIALOGUE, values or {})


def last() -> Delivery:
    return Delivery.objects.filter(purpose="answer").latest("pk")


def test_a_contact_and_a_place_are_asked_for_and_only_ones_own_counts(stage: Stage) -> None:
    begin(stage)
    assert last().params["reply_markup"]["keyboard"][0] == [
        {"text": "Send my number", "request_contact": True}
    ]
    other = {"phone_number": "+1", "first_name": "B", "user_id": 5}
    assert says(stage, contact=other) == "asked again"
    assert "Press the button." in last().params["text"]
    own = {"phone_number": "+49", "first_name": "A", "user_id": stage.ada.id}
    assert says(stage, contact=own) == "call: asked place"
    assert says(stage, photo=[{"file_id": "x"}]) == "asked again"
    assert says(stage, location={"latitude": 52.5, "longitude": 13.4}) == "called"
    assert last().params["text"] == "+49 at 52.5"
    assert last().params["reply_markup"] == {"remove_keyboard": True, "selective": False}
    assert not Conversation.objects.exists()


def test_back_forgets_the_answer_before(stage: Stage) -> None:
    begin(stage)
    own = {"phone_number": "+49", "first_name": "A", "user_id": stage.ada.id}
    says(stage, contact=own)
    assert says(stage, text="‹ Back") == "call: asked number"
    assert Conversation.objects.get().data["values"] == {}
    assert says(stage, text="‹ Back") == "asked again", "there is nothing before it"


@pytest.mark.parametrize("choice", ["cancel", "back"])
def test_a_choice_may_be_called_like_a_button(stage: Stage, choice: str) -> None:
    """As an organization's own command may call one."""

    def ask_what(context: Context, values: Values) -> Prompt:
        return Prompt("What?", ((Choice(choice, choice),),), inline=True)

    def take_what(context: Context, values: Values, answer: Answer) -> str:
        return answer.text

    def say(context: Context, values: Values) -> Done:
        return Done("picked", values["what"])

    number = Step("number", ask_number, take_number)
    pick = Dialogue("pick", (number, Step("what", ask_what, take_what)), say)
    with transaction.atomic():
        engine.begin(heard(stage, text="/pick"), pick, {})
    own = {"phone_number": "+49", "first_name": "A", "user_id": stage.ada.id}
    assert says(stage, pick, contact=own) == "pick: asked what"
    assert says(stage, pick, text=choice) == "picked"
    assert last().params["text"] == choice


def test_a_step_may_end_it(stage: Stage) -> None:
    begin(stage, {"number": "stop"})
    assert last().params["text"] == "No more of this."
    assert not Conversation.objects.exists()


def test_what_is_known_from_the_start_is_not_asked(stage: Stage) -> None:
    begin(stage, {"number": "+1", "place": 0.5})
    assert last().params["text"] == "+1 at 0.5"
    assert not Conversation.objects.exists()


def test_a_dialogue_that_exists_no_more(stage: Stage) -> None:
    begin(stage)
    assert says(stage, None, text="+49") == "call: dropped"


def test_the_buttons_of_an_inline_question_know_their_turn(stage: Stage) -> None:
    stage.fire("HighCPU", "DiskFull")
    stage.asks(stage.ada, "/silence")
    first = last().params["reply_markup"]["inline_keyboard"]
    stage.asks(stage.ada, "what?")
    again = last().params["reply_markup"]["inline_keyboard"]
    read = [unpack(rows[0][0]["callback_data"]) for rows in (first, again)]
    assert [one.argument for one in read if one] == ["1.0", "2.0"]
    said = stage.press_data(stage.ada, stage.ada, 1, first[0][0]["callback_data"])
    assert said == engine.ANSWERED
    stage.press(stage.ada, stage.ada, "Cancel")
    assert not Conversation.objects.exists()
