"""The table of kinds against the specification: all of it is offered, or says why not."""

import pytest

from botapi.spec import fields_of, methods
from deliveries.calls import KIND_SENT_BY, SEND_MEDIA
from deliveries.kinds import CHANGEABLE, CHANGES, KINDS, OWN, WITHHELD
from deliveries.models import SentMessage

ALL = [*KINDS.values(), *CHANGES.values()]


def test_every_method_of_the_table_is_used() -> None:
    used = {kind.method for kind in ALL} | {"deleteMessages"}
    assert used == set(methods())


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.method)
def test_its_files_and_texts_are_parameters(kind: object) -> None:
    assert isinstance(kind, type(ALL[0]))
    known = fields_of(kind.method)
    files = {name for name, field in known.items() if field.is_file and name not in WITHHELD}
    assert {rule.name for rule in kind.files} == files
    for text in kind.texts:
        assert text.name in known
        assert text.mode in known
    modes = {name for name in known if name.endswith("parse_mode")}
    assert modes == {text.mode for text in kind.texts}


def test_what_is_withheld_is_in_the_specification() -> None:
    everywhere = {name for owner in methods() for name in fields_of(owner)}
    nested = ("InlineKeyboardButton", "KeyboardButton", "InputPollOption", "InputMediaVideo")
    everywhere |= {name for owner in nested for name in fields_of(owner)}
    for key in WITHHELD:
        owner, _, name = key.rpartition(".")
        assert name in (fields_of(owner) if owner else everywhere), key


def test_required_parameters_are_offered() -> None:
    for kind in ALL:
        for name, field in fields_of(kind.method).items():
            if field.required and name not in ("chat_id", "message_id"):
                assert name not in WITHHELD, (kind.method, name)
                assert name not in OWN


def test_the_names_agree() -> None:
    made = {kind.method: name for name, kind in KINDS.items() if name != "action"}
    assert made == KIND_SENT_BY
    assert set(KIND_SENT_BY.values()) == set(SentMessage.Kind.values)
    assert {KINDS[name].method for name in KINDS if KINDS[name].caption} == set(SEND_MEDIA)
    assert CHANGEABLE.keys() == CHANGES.keys()
