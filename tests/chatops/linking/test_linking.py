"""A person's Telegram account: linked by a link that they open and confirm, by nothing else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import AuditEntry, Role
from channels_app.loans import lend_bot
from chatops import processing
from chatops.incoming import read_update
from chatops.linking import link_codes, people
from chatops.linking.identities import identity_of
from chatops.linking.link_codes import Kind, LinkRefused
from chatops.models import InboundUpdate, LinkAttempt, LinkCode, TelegramIdentity
from chatops.receiving import inbox
from deliveries import clock
from deliveries.models import Delivery
from tests.chatops.conftest import Talk
from tests.chatops.linking import actor_of, issue, last, member, named, refusals
from tests.factories import make_membership, make_organization


@pytest.fixture
def talk(make_talk: Callable[..., Talk]) -> Talk:
    return named(make_talk())


def over(row: LinkCode) -> None:
    LinkCode.objects.filter(pk=row.pk).update(expires_at=clock.now() - timedelta(seconds=1))


def test_a_person_is_linked_once_they_say_that_it_was_they(talk: Talk) -> None:
    who = member(talk, Role.VIEWER)
    row, code = issue(talk, Kind.PERSON, who)
    chat = talk.private_chat()
    talk.say(chat, f"/start {code}")
    assert "go back to the page" in talk.texts(chat)[-1]
    row.refresh_from_db()
    assert (row.telegram_id, row.used_at is not None) == (chat.id, True)
    assert identity_of(talk.bot, chat.id) is None, "not before it is confirmed"
    identity, former = people.confirm(actor_of(who), row)
    assert former is None
    assert identity_of(talk.bot, chat.id) == identity
    assert (identity.user, identity.bot, identity.organization) == (
        who.user,
        talk.bot,
        talk.organization,
    )
    assert AuditEntry.objects.for_organization(talk.organization).filter(action="link").exists()
    assert code not in str(list(LinkCode.objects.values())), "only its hash is stored"
    with pytest.raises(LinkRefused, match="answered before"):
        people.confirm(actor_of(who), row)


def test_whoever_was_first_with_a_stolen_link_gets_nothing(talk: Talk) -> None:
    who = member(talk)
    row, code = issue(talk, Kind.PERSON, who)
    thief, mine = talk.private_chat(), talk.private_chat()
    talk.say(thief, f"/start {code}")
    talk.say(mine, f"/start {code}")
    assert "not valid any more" in talk.texts(mine)[-1]
    row.refresh_from_db()
    assert row.telegram_id == thief.id, "the page shows the thief's name"
    people.refuse(actor_of(who), row)
    with pytest.raises(LinkRefused):
        people.confirm(actor_of(who), row)
    assert not TelegramIdentity.objects.exists()
    entry = AuditEntry.objects.filter(action="refuse link").latest("id")
    assert entry.changes["telegram_id"] == ["", thief.id]


def test_nobody_else_confirms_it(talk: Talk) -> None:
    row, code = issue(talk, Kind.PERSON)
    talk.say(talk.private_chat(), f"/start {code}")
    row.refresh_from_db()
    other = member(talk, Role.OWNER)
    for refused in (people.confirm, people.refuse):
        with pytest.raises(LinkRefused, match="somebody else"):
            refused(actor_of(other), row)
    assert not TelegramIdentity.objects.exists()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("expired", "its time was over"),
        ("withdrawn", "it was used before"),
        ("moved", "the bot was given another token, server or proxy since"),
        ("other bot", "it was for another bot"),
        ("in a group", "it was for another kind of chat"),
        ("guessed", "no such link"),
    ],
)
def test_what_is_wrong_links_nobody_and_is_written_down(
    talk: Talk, make_talk: Callable[..., Talk], change: str, why: str
) -> None:
    row, code = issue(talk, Kind.PERSON)
    heard, chat = talk, talk.private_chat()
    if change == "expired":
        over(row)
    elif change == "withdrawn":
        link_codes.close(row, confirmed=False)
    elif change == "moved":
        talk.bot.proven_at = clock.now()
        talk.bot.save()
    elif change == "other bot":
        heard = named(make_talk())
        chat = heard.private_chat()
    elif change == "in a group":
        chat = talk.telegram.create_chat("supergroup", bot=talk.telegram_bot)
    else:
        code = "link-" + "x" * 32
    name = heard.telegram_bot.username
    fields: dict[str, Any] = {}
    if change == "in a group":
        fields["from_id"] = talk.private_chat().id
    heard.say(chat, f"/start@{name} {code}" if fields else f"/start {code}", **fields)
    assert "not valid any more" in last(heard, chat)
    row.refresh_from_db()
    assert row.used_at is None
    assert not TelegramIdentity.objects.exists()
    assert refusals(talk.organization) == [why]


def test_wrong_codes_are_answered_ten_times_an_hour_and_then_not(talk: Talk) -> None:
    guesser, honest = talk.private_chat(), talk.private_chat()
    for number in range(link_codes.WRONG_MAX):
        talk.telegram.say(guesser, f"/start link-{number}", bot_id=talk.telegram_bot.id)
    row, code = issue(talk, Kind.PERSON)
    talk.telegram.say(guesser, f"/start {code}", bot_id=talk.telegram_bot.id)
    talk.settle()
    assert talk.outcomes()[-1] == "too many wrong links"
    row.refresh_from_db()
    assert row.used_at is None, "not even a right one is looked at"
    assert len(refusals(talk.organization)) == link_codes.WRONG_MAX
    assert LinkAttempt.objects.count() == link_codes.WRONG_MAX
    talk.say(honest, f"/start {code}")
    row.refresh_from_db()
    assert row.telegram_id == honest.id, "others are answered"
    LinkAttempt.objects.update(at=clock.now() - link_codes.WRONG_WITHIN - timedelta(seconds=1))
    talk.say(guesser, f"/start {issue(talk, Kind.PERSON)[1]}")
    assert "go back to the page" in talk.texts(guesser)[-1], "an hour later"


def test_the_audit_names_no_stranger_who_tries(talk: Talk) -> None:
    """Nor a member of another organization: it is told that it was the same person again."""
    elsewhere = make_membership(user__first_name="Augusta", user__last_name="King")
    ada, sam = talk.private_chat(), talk.private_chat()
    TelegramIdentity.objects.create(
        user=elsewhere.user, bot=talk.bot, telegram_id=ada.id, name="Ada"
    )
    for chat in (ada, ada, sam):
        talk.say(chat, "/start link-wrong")
    own = member(talk)
    vic = talk.private_chat()
    TelegramIdentity.objects.create(user=own.user, bot=talk.bot, telegram_id=vic.id, name="Vic")
    talk.say(vic, "/start link-wrong")
    rows = AuditEntry.objects.for_organization(talk.organization).filter(action="refuse link")
    first, again, other, members = rows.order_by("id")
    for entry in (first, again, other):
        told = f"{entry.actor_name} {entry.changes}"
        assert (entry.actor, entry.actor_name) == (None, "a person in Telegram")
        assert not any(word in told for word in (str(ada.id), str(sam.id), "Person", "King"))
    assert first.changes["person"] == again.changes["person"] != other.changes["person"]
    assert [entry.changes["wrong links"][1] for entry in (first, again, other)] == [1, 2, 1]
    assert members.actor == own.user, "one's own members are named"


def test_nobody_loses_their_account_by_opening_anothers_link(talk: Talk) -> None:
    chat = talk.private_chat()
    victim = talk.link(chat.id)
    attacker = member(talk)
    row, code = issue(talk, Kind.PERSON, attacker)
    talk.say(chat, f"/start {code}")
    assert "/unlink first" in talk.texts(chat)[-1]
    row.refresh_from_db()
    assert row.used_at is None
    found = identity_of(talk.bot, chat.id)
    assert found is not None
    assert found.user == victim.user
    talk.say(chat, "/unlink")
    assert identity_of(talk.bot, chat.id) is None
    talk.say(chat, f"/start {code}")
    row.refresh_from_db()
    people.confirm(actor_of(attacker), row)
    found = identity_of(talk.bot, chat.id)
    assert found is not None
    assert found.user == attacker.user
    assert talk.outcomes()[1] == "unlinked"


def test_an_account_that_was_taken_meanwhile_is_not_confirmed(talk: Talk) -> None:
    who, chat = member(talk), talk.private_chat()
    row, code = issue(talk, Kind.PERSON, who)
    talk.say(chat, f"/start {code}")
    talk.link(chat.id)
    row.refresh_from_db()
    with pytest.raises(people.TelegramAccountTaken):
        people.confirm(actor_of(who), row)
    row.refresh_from_db()
    assert row.closed_at is None


def test_another_account_takes_the_place_of_the_first(talk: Talk) -> None:
    who, chats = member(talk), [talk.private_chat(), talk.private_chat()]
    for chat in chats:
        row, code = issue(talk, Kind.PERSON, who)
        talk.say(chat, f"/start {code}")
        row.refresh_from_db()
        _, former = people.confirm(actor_of(who), row)
    assert former is not None
    assert former.telegram_id == chats[0].id
    assert identity_of(talk.bot, chats[0].id) is None
    assert identity_of(talk.bot, chats[1].id) is not None


@pytest.mark.parametrize("change", ["late", "moved", "left"])
def test_what_changed_since_it_was_opened_is_not_confirmed(talk: Talk, change: str) -> None:
    who = member(talk)
    row, code = issue(talk, Kind.PERSON, who)
    talk.say(talk.private_chat(), f"/start {code}")
    row.refresh_from_db()
    if change == "late":
        row.used_at = clock.now() - people.CONFIRM_WITHIN
        row.save()
    elif change == "moved":
        talk.bot.api_url, talk.bot.proven_at = "", clock.now()
        talk.bot.save()
    else:
        who.delete()
    with pytest.raises(LinkRefused):
        people.confirm(actor_of(who), row)
    assert not TelegramIdentity.objects.exists()


def test_what_telegram_says_counts_everywhere_and_what_a_server_says_with_its_bot(
    talk: Talk, settings: Any
) -> None:
    settings.TELEGRAM_API_URL = talk.telegram.url
    talk.bot.api_url = ""
    talk.bot.save()
    who, chat = member(talk), talk.private_chat()
    row, code = issue(talk, Kind.PERSON, who)
    talk.say(chat, f"/start {code}")
    row.refresh_from_db()
    identity, _ = people.confirm(actor_of(who), row)
    assert identity.bot is None
    elsewhere = make_membership(user=who.user)
    assert people.seen_by(elsewhere.organization, [elsewhere]) == {elsewhere.pk: [identity]}
    talk.bot.api_url = talk.telegram.url
    talk.bot.save()
    assert identity_of(talk.bot, chat.id) is None


def test_a_server_of_ones_own_names_nobody_elsewhere(talk: Talk) -> None:
    who, chat = member(talk), talk.private_chat()
    row, code = issue(talk, Kind.PERSON, who)
    talk.say(chat, f"/start {code}")
    row.refresh_from_db()
    people.confirm(actor_of(who), row)
    elsewhere = make_membership(user=who.user)
    assert people.seen_by(elsewhere.organization, [elsewhere]) == {}
    actions = AuditEntry.objects.for_organization(elsewhere.organization).values_list("action")
    assert ("link",) not in list(actions)


def test_an_owner_unlinks_who_is_in_no_other_organization(talk: Talk) -> None:
    owner, chat = member(talk, Role.OWNER), talk.private_chat()
    linked = talk.link(chat.id)
    elsewhere = make_membership(user=linked.user)
    with pytest.raises(LinkRefused, match="another organization"):
        people.unlink_member(actor_of(owner), linked)
    assert identity_of(talk.bot, chat.id) is not None
    elsewhere.delete()
    assert people.unlink_member(actor_of(owner), linked) == 1
    assert identity_of(talk.bot, chat.id) is None


def test_a_new_link_withdraws_the_one_before(talk: Talk) -> None:
    who, chat = member(talk), talk.private_chat()
    _, first = issue(talk, Kind.PERSON, who)
    _, second = issue(talk, Kind.PERSON, who)
    talk.say(chat, f"/start {first}")
    assert "not valid any more" in talk.texts(chat)[-1]
    talk.say(chat, f"/start {second}")
    assert "go back to the page" in talk.texts(chat)[-1]


def test_a_link_leads_to_a_bot_that_works_and_that_is_theirs(talk: Talk) -> None:
    stranger = make_membership()
    with pytest.raises(LinkRefused) as refused:
        issue(talk, Kind.PERSON, stranger)
    assert refused.value.field == "bot"
    lend_bot(actor_of(member(talk)), talk.bot, stranger.organization)
    assert issue(talk, Kind.GROUP, stranger)[0].organization == stranger.organization
    talk.bot.enabled = False
    talk.bot.save()
    with pytest.raises(LinkRefused):
        issue(talk, Kind.GROUP, stranger)


def test_what_a_borrower_asks_is_not_read_by_the_bots_owner(talk: Talk) -> None:
    borrower = make_membership(organization=make_organization(name="Borrower"))
    lend_bot(actor_of(member(talk)), talk.bot, borrower.organization)
    _, code = issue(talk, Kind.PERSON, borrower)
    talk.say(talk.private_chat(), f"/start {code}")
    talk.say(talk.private_chat(), f"/start {code}")
    owners = Delivery.objects.values_list("organization", flat=True)
    assert set(owners) == {borrower.organization_id}
    assert refusals(talk.organization) == []
    assert refusals(borrower.organization) == ["it was used before"]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(payload=st.text(max_size=80))
def test_no_payload_that_we_did_not_make_links(talk: Talk, payload: str) -> None:
    LinkAttempt.objects.all().delete()
    row, _ = issue(talk, Kind.PERSON)
    raw: dict[str, Any] = {
        "message_id": 1,
        "chat": {"id": 77, "type": "private", "first_name": "Ada"},
        "from": {"id": 77, "is_bot": False, "first_name": "Ada"},
        "date": 1,
        "text": f"/start link-{payload}",
        "entities": [{"type": "bot_command", "offset": 0, "length": 6}],
    }
    number = InboundUpdate.objects.filter(bot=talk.bot).count() + 1
    update = {"update_id": number, "message": raw}
    inbox.store(talk.bot, [(read_update(update), update)])
    assert processing.process_due() == 1
    assert talk.outcomes()[-1] == "refused a link: no such link"
    row.refresh_from_db()
    assert row.used_at is None
