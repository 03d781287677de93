"""Channels: chat IDs as people type them, one organization per chat, migration."""

from typing import Any, cast

import pytest

from accounts.audit import COMMAND_LINE
from accounts.models import AuditEntry
from accounts.tenancy import ForeignOrganization
from channels_app import channels, loans
from channels_app.models import Chat, NotificationChannel, Verification
from tests.factories import make_bot, make_channel, make_organization


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("987654321", (987654321, "")),
        (" -1001234567890 ", (-1001234567890, "")),
        ("−100123", (-100123, "")),
        (-5, (-5, "")),
        ("@my_channel", (None, "my_channel")),
        ("my_channel", (None, "my_channel")),
        ("https://t.me/my_channel", (None, "my_channel")),
        ("t.me/my_channel/", (None, "my_channel")),
    ],
)
def test_chat_ids_as_people_type_them(typed: str | int, expected: tuple[int | None, str]) -> None:
    assert channels.parse_chat_id(typed) == expected


@pytest.mark.parametrize(
    "typed", ["", "0", "abc", "@1abc", "12.5", "9" * 17, "https://e.org/x", "+5"]
)
def test_what_is_no_chat_is_refused_with_examples(typed: str) -> None:
    with pytest.raises(channels.ChannelRefused, match="-100") as refusal:
        channels.parse_chat_id(typed)
    assert refusal.value.field == "chat_id"


@pytest.mark.django_db
def test_per_bot_a_chat_belongs_to_one_organization() -> None:
    owner, other = make_organization(), make_organization()
    bot = make_bot(owner)
    loans.lend_bot(COMMAND_LINE, bot, other)
    make_channel(bot, chat_id=-100777)
    with pytest.raises(channels.ChannelRefused) as refusal:
        make_channel(bot, organization=other, chat_id=-100777)
    assert refusal.value.field == "chat_id"
    make_channel(bot, organization=other, chat_id=-100778)


@pytest.mark.django_db
def test_through_a_lent_bot_nobody_reaches_anothers_chat_by_a_second_name_of_it() -> None:
    owner, borrower = make_organization(), make_organization()
    bot = make_bot(owner)
    loans.lend_bot(COMMAND_LINE, bot, borrower)
    make_channel(bot, chat_id="@ops_alerts")
    with pytest.raises(channels.ChannelRefused, match="number") as refusal:
        make_channel(bot, organization=borrower, chat_id="@ops_alerts_too")
    assert refusal.value.field == "chat_id"


@pytest.mark.django_db
def test_two_topics_of_one_chat_are_two_channels() -> None:
    bot = make_bot(make_organization())
    first = make_channel(bot, chat_id=-100777, message_thread_id=2)
    second = make_channel(bot, chat_id=-100777, message_thread_id=3)
    assert first.chat_id == second.chat_id


@pytest.mark.django_db
def test_a_foreign_bot_does_not_exist() -> None:
    bot = make_bot(make_organization())
    with pytest.raises(channels.ChannelRefused, match="no such bot"):
        make_channel(bot, organization=make_organization())


@pytest.mark.django_db
def test_a_name_is_used_once() -> None:
    bot = make_bot(make_organization())
    make_channel(bot, name="Ops")
    with pytest.raises(channels.ChannelRefused) as refusal:
        make_channel(bot, name="Ops")
    assert refusal.value.field == "name"
    other = make_channel(bot, name="Dev")
    with pytest.raises(channels.ChannelRefused):
        channels.change_channel(COMMAND_LINE, other, name="Ops")


@pytest.mark.django_db
def test_another_topic_or_chat_asks_for_verification_again_and_another_name_does_not() -> None:
    channel = make_channel(make_bot(make_organization()))
    for values, expected in (
        ({"name": "New name"}, Verification.OK),
        ({"message_thread_id": 7}, Verification.PENDING),
        ({"chat_id": "-100999"}, Verification.PENDING),
    ):
        channel.verification = Verification.OK
        channel.save()
        assert channels.change_channel(COMMAND_LINE, channel, **values).verification == expected


@pytest.mark.django_db
def test_unknown_settings_and_zones_are_refused_by_name() -> None:
    bot = make_bot(make_organization())
    with pytest.raises(channels.ChannelRefused) as refusal:
        make_channel(bot, timezone="Mars/Base")
    assert refusal.value.field == "timezone"
    with pytest.raises(channels.ChannelRefused) as refusal:
        make_channel(bot, organization_id="x")
    assert refusal.value.field == "organization_id"


@pytest.mark.django_db
def test_a_migrated_group_keeps_its_channels() -> None:
    channel = make_channel(make_bot(make_organization()), chat_id=-4321)
    chat = channels.retarget(channel.chat, -1001234567890)
    assert chat.chat_id == -1001234567890
    assert chat.type == Chat.Type.SUPERGROUP
    assert AuditEntry.objects.filter(action="migrate").count() == 1


@pytest.mark.django_db
def test_a_group_that_migrated_into_a_known_chat_hands_its_channels_over() -> None:
    bot = make_bot(make_organization())
    old = make_channel(bot, chat_id=-4321)
    new = make_channel(bot, chat_id=-1001234567890)
    assert channels.retarget(old.chat, -1001234567890) == new.chat
    old.refresh_from_db()
    assert old.chat == new.chat


@pytest.mark.django_db
def test_a_group_cannot_migrate_into_another_organizations_chat() -> None:
    owner, other = make_organization(), make_organization()
    bot = make_bot(owner)
    loans.lend_bot(COMMAND_LINE, bot, other)
    old = make_channel(bot, chat_id=-4321)
    make_channel(bot, organization=other, chat_id=-1001234567890)
    with pytest.raises(ForeignOrganization):
        channels.retarget(old.chat, -1001234567890)


@pytest.mark.django_db
def test_disabling_twice_is_recorded_once() -> None:
    channel = make_channel(make_bot(make_organization()))
    assert channels.disable_channel(channel, "blocked", {"problem": "blocked"})
    assert not channels.disable_channel(channel, "blocked", {"problem": "blocked"})
    assert AuditEntry.objects.filter(action="disable").count() == 1
    assert channels.set_channel_enabled(COMMAND_LINE, channel, True)
    channel.refresh_from_db()
    assert channel.disabled_reason == ""


@pytest.mark.django_db
def test_deleting_the_last_channel_frees_the_chat() -> None:
    bot = make_bot(make_organization())
    first = make_channel(bot, chat_id=-100777, message_thread_id=2)
    second = make_channel(bot, chat_id=-100777)
    channels.delete_channel(COMMAND_LINE, first)
    assert Chat.objects.filter(bot=bot).exists()
    channels.delete_channel(COMMAND_LINE, second)
    assert not Chat.objects.filter(bot=bot).exists()


@pytest.mark.django_db
def test_a_new_channel_lets_anyone_in_its_chat_act_and_leaves_no_trail() -> None:
    channel = make_channel(make_bot(make_organization()))
    channel.refresh_from_db()
    assert (channel.actions, channel.trail, channel.silence_durations) == (
        NotificationChannel.Actions.ANYONE,
        False,
        ["1h", "4h"],
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("actions", "everybody", "anyone, members, nobody"),
        ("silence_durations", "1h", "list"),
        ("silence_durations", ["1h", "soon"], "'soon'"),
        ("silence_durations", ["0h"], "'0h'"),
        ("silence_durations", ["31d"], "at most 30d"),
        ("silence_durations", ["²h"], "no duration"),
        ("silence_durations", [3600], "'3600'"),
        ("silence_durations", [f"{n}m" for n in range(1, 8)], "at most 6"),
    ],
)
def test_a_wrong_policy_of_buttons_is_refused_by_field(
    field: str, value: object, says: str
) -> None:
    channel = make_channel(make_bot(make_organization()))
    with pytest.raises(channels.ChannelRefused, match=says) as refusal:
        channels.change_channel(COMMAND_LINE, channel, **cast("Any", {field: value}))
    assert refusal.value.field == field


@pytest.mark.django_db
def test_durations_of_buttons_keep_their_order_and_come_once() -> None:
    channel = make_channel(make_bot(make_organization()))
    given = [" 4h", "30m", "4h", "1w"]
    channel = channels.change_channel(COMMAND_LINE, channel, silence_durations=given)
    channel.refresh_from_db()
    assert channel.silence_durations == ["4h", "30m", "1w"]
