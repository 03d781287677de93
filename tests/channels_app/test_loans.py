"""Bots are lent, and taken back."""

import pytest

from accounts.audit import COMMAND_LINE
from channels_app import bots, loans
from tests.factories import make_bot, make_organization

pytestmark = pytest.mark.django_db


def test_a_loan_makes_the_bot_usable_and_taking_it_back_ends_that() -> None:
    owner, other = make_organization(), make_organization()
    bot = make_bot(owner)
    assert not bots.bots_usable_by(other).exists()
    grant = loans.lend_bot(COMMAND_LINE, bot, other)
    assert list(bots.bots_usable_by(other)) == [bot]
    loans.take_back(COMMAND_LINE, grant)
    assert not bots.bots_usable_by(other).exists()
