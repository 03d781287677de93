"""Whose a bot is."""

import pytest

from channels_app import proof
from tests.factories import make_bot, make_organization, make_token

pytestmark = pytest.mark.django_db


def test_the_database_itself_keeps_two_from_being_proven() -> None:
    first, second = (
        make_bot(make_organization(), token=make_token(123456789), proven=False) for _ in range(2)
    )
    proof.prove(first, {"id": 123456789})
    with pytest.raises(proof.ProvenElsewhere):
        proof.prove(second, {"id": 123456789})
    with pytest.raises(proof.NotProven, match="987654321"):
        proof.prove(second, {"id": 987654321})
