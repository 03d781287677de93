"""Mute timings: how people make them, and what a route tells in its quiet hours and after them."""

from typing import Any

import pytest
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from accounts.models import AuditEntry, Organization
from accounts.tenancy import ForeignOrganization
from alerts import publish
from alerts.models import GroupMessage, MuteTiming, Route
from alerts.muting import effects as mute_effects
from alerts.muting.mute_timings import (
    MuteTimingRefused,
    change_mute_timing,
    create_mute_timing,
    delete_mute_timing,
    state_of,
)
from alerts.routes import change_route
from tests.alerts.muting.muted import HOUR, calls, leave, pass_time, settle, silence
from tests.alerts.senders import LATER, Site, alert, make_site, webhook

pytestmark = pytest.mark.django_db

ALWAYS: Any = [{}]
NEVER: Any = [{"years": ["1999"]}]


def timing(site: Site, intervals: Any = ALWAYS, name: str = "night") -> MuteTiming:
    return create_mute_timing(COMMAND_LINE, site.organization, name, intervals)


def quiet(site: Site, intervals: Any = ALWAYS) -> MuteTiming:
    """The route tells nothing in these times."""
    made = timing(site, intervals)
    change_route(COMMAND_LINE, site.route, mute_timings=[made])
    return made


def morning_comes(made: MuteTiming) -> None:
    change_mute_timing(COMMAND_LINE, made, intervals=NEVER)
    settle()


def row_of(site: Site) -> GroupMessage:
    return GroupMessage.objects.get(organization=site.organization)


def test_what_fires_in_quiet_hours_is_told_after_them() -> None:
    site = make_site()
    made = quiet(site)
    site.post(webhook(alert()))
    settle()
    assert calls(site) == []
    assert row_of(site).muted == "timed"
    settle()
    assert calls(site) == [], "not before"
    morning_comes(made)
    ((method, text, rings),) = calls(site)
    assert (method, rings) == ("sendMessage", True)
    assert "uiet hours" not in text


def test_what_is_over_before_they_end_is_never_told() -> None:
    site = make_site()
    made = quiet(site)
    site.post(webhook(alert()))
    settle()
    site.post(webhook(alert(status="resolved")))
    settle()
    morning_comes(made)
    assert calls(site) == []


def test_a_message_stays_true_without_a_sound_and_is_repeated_after() -> None:
    site = make_site()
    site.post(webhook(alert()))
    publish.publish_due()
    leave()
    pass_time(HOUR)
    made = quiet(site)
    site.post(webhook(alert(), alert(labels={"instance": "db-1"})))
    settle()
    ((method, text, _),) = calls(site)
    assert method == "editMessageText"
    assert "🔇 Quiet hours of its route" in text
    assert "db-1" in text
    leave()
    pass_time(5 * HOUR)
    assert calls(site) == []
    morning_comes(made)
    (edit, reply) = calls(site)
    assert "uiet hours" not in edit[1]
    assert "new warning: InstanceDown · db-1" in reply[1]


def test_what_was_told_before_and_still_burns_is_said_once_after() -> None:
    site = make_site()
    site.post(webhook(alert()))
    publish.publish_due()
    leave()
    pass_time(HOUR)
    made = quiet(site)
    pass_time(5 * HOUR)
    leave()
    assert row_of(site).muted == "timed"
    morning_comes(made)
    assert any("still firing" in text and rings for _, text, rings in calls(site))


def test_what_ended_in_quiet_hours_shows_it_and_does_not_sound() -> None:
    site = make_site()
    site.post(webhook(alert()))
    publish.publish_due()
    leave()
    pass_time(HOUR)
    made = quiet(site)
    site.post(webhook(alert(status="resolved")))
    settle()
    assert [(method, rings) for method, _, rings in calls(site)] == [("editMessageText", False)]
    leave()
    morning_comes(made)
    assert calls(site) == []
    site.post(webhook(alert(startsAt=LATER)))
    settle()
    assert any("fired again" in text and rings for _, text, rings in calls(site))


def test_active_times_are_the_other_way_round() -> None:
    site = make_site()
    day, never = timing(site), timing(site, NEVER, "never")
    change_route(COMMAND_LINE, site.route, active_timings=[never])
    site.post(webhook(alert()))
    settle()
    assert row_of(site).muted == "timed"
    change_route(COMMAND_LINE, site.route, active_timings=[never, day])
    settle()
    assert len(calls(site)) == 1


def test_silenced_in_quiet_hours_waits_for_both() -> None:
    site = make_site()
    made = quiet(site)
    silence(site, ends_at=timezone.now() + 2 * HOUR)
    site.post(webhook(alert()))
    settle()
    morning_comes(made)
    assert calls(site) == []
    assert row_of(site).muted == "silenced"
    pass_time(2 * HOUR)
    assert len(calls(site)) == 1


def test_the_organizations_zone_counts() -> None:
    """Midnight to midnight of one day that is a Friday only there."""
    site = make_site()
    made = timing(site, [{"times": [{"start_time": "00:00", "end_time": "12:00"}]}])
    now = timezone.now()
    states = set()
    for zone in ("Pacific/Auckland", "Pacific/Honolulu", "UTC", "Asia/Tokyo"):
        Organization.objects.update(timezone=zone)
        made.refresh_from_db()
        states.add(state_of(MuteTiming.objects.select_related("organization").get(), now)[0])
    assert states == {True, False}


def test_nothing_is_done_over_and_over_while_it_holds() -> None:
    site = make_site()
    quiet(site)
    site.post(webhook(alert()))
    settle()
    assert mute_effects.apply_due() == 0
    assert publish.publish_due() == 0


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"intervals": []}, "intervals", "at least one"),
        ({"intervals": "night"}, "intervals", "list"),
        (
            {"intervals": [{"times": [{"start_time": "25:00", "end_time": "24:00"}]}]},
            "intervals",
            "0.times.0.start_time: '25:00' is no time",
        ),
        ({"name": " "}, "name", "Give a name"),
        ({"name": "x" * 101}, "name", "at most 100"),
        ({"name": "day"}, "name", "of this name"),
    ],
)
def test_what_is_refused(values: dict[str, Any], field: str, words: str) -> None:
    site = make_site()
    timing(site, name="day")
    with pytest.raises(MuteTimingRefused, match=words) as refused:
        create_mute_timing(
            COMMAND_LINE, site.organization, **{"name": "night", "intervals": ALWAYS, **values}
        )
    assert refused.value.field == field
    assert MuteTiming.objects.count() == 1


def test_one_that_a_route_uses_stays() -> None:
    site = make_site()
    made = quiet(site)
    with pytest.raises(MuteTimingRefused, match="“Everything else”"):
        delete_mute_timing(COMMAND_LINE, made)
    change_route(COMMAND_LINE, site.route, mute_timings=[])
    delete_mute_timing(COMMAND_LINE, made)
    assert not MuteTiming.objects.exists()


def test_every_change_is_recorded_and_counts() -> None:
    site = make_site()
    made = quiet(site)
    change_mute_timing(COMMAND_LINE, made, name="nights")
    change_mute_timing(COMMAND_LINE, made, name="nights")
    change_route(COMMAND_LINE, site.route, mute_timings=[made])
    entries = AuditEntry.objects.filter(object_type__in=["mute timing", "route"])
    said = [(one.action, sorted(one.changes)) for one in entries.order_by("id")]
    assert said[-3:] == [
        ("create", []),
        ("change", ["mute_timings"]),
        ("change", ["name"]),
    ]
    assert Organization.objects.get(pk=site.organization.pk).muting_version == 3


def test_another_organizations_timing_is_refused() -> None:
    site, other = make_site(), make_site()
    with pytest.raises(ForeignOrganization):
        change_route(COMMAND_LINE, site.route, mute_timings=[timing(other)])
    assert not Route.objects.filter(mute_timings__isnull=False).exists()
