"""What a bot's page says of inline mode, and of what keeps its updates away."""

import pytest

from channels_app.models import Bot
from chatops.models import InlineChoice, Reception
from chatops.receiving.reception_advice import ADVICE, Trouble, problem
from tests.console import Person
from tests.factories import make_bot


@pytest.mark.django_db
def test_inline_mode_is_explained_where_it_is_off() -> None:
    person = Person()
    bot = make_bot(person.organization)
    Bot.objects.update(facts={})
    path = f"/channels_app/bot/{bot.pk}/change/"
    assert "not known before the bot was checked" in person.read(path)
    Bot.objects.update(facts={"supports_inline_queries": False}, username="a_bot")
    assert "/setinline</code>, then check the bot here" in person.read(path)
    Bot.objects.update(facts={"supports_inline_queries": True})
    assert "/setinlinefeedback</code> is off" in person.read(path)
    InlineChoice.objects.create(organization=person.organization, words="cpu", times=3)
    page = person.read(path)
    assert "“cpu” (3)" in page
    assert "@a_bot words" in page


@pytest.mark.django_db
@pytest.mark.parametrize("trouble", Trouble)
def test_what_keeps_updates_away_is_told_in_order(trouble: Trouble) -> None:
    """First what was met with, and whose words they are, then the advice, which points at nothing
    below itself."""
    person = Person()
    bot = make_bot(person.organization)
    Reception.objects.update_or_create(bot=bot, defaults={"problem": problem(trouble, "so it is")})
    page = person.read(f"/channels_app/bot/{bot.pk}/change/")
    met = "What happened" if trouble == Trouble.UNREACHABLE else "Telegram says"
    assert f"{met}: <q>so it is</q>" in page
    assert "below" not in str(ADVICE[trouble])
