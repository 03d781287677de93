"""Escalations from the POST to the chats."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from accounts.models import AuditEntry, new_id
from accounts.tenancy import ForeignOrganization
from alerts import publish, responding
from alerts.escalations import changes as escalations
from alerts.escalations import watch as escalation_watch
from alerts.escalations.changes import EscalationRefused, Step
from alerts.integration_keys import forget_cached_keys
from alerts.models import AlertGroup, EscalationPolicy, GroupMessage, TimelineEvent
from alerts.muting.silences import Wanted, create_silence, expire_silence
from alerts.route_table import forget_cached_routes
from alerts.routes import change_route, set_channels
from channels_app.models import NotificationChannel
from deliveries.models import Delivery
from tests.alerts.senders import LATER, Site, alert, make_site, webhook
from tests.factories import make_bot, make_channel

pytestmark = pytest.mark.django_db


class Scene:
    """A site whose route escalates to two further channels."""

    def __init__(self, **values: Any) -> None:
        self.site: Site = make_site()
        bot = self.site.channels[0].chat.bot
        self.lead = make_channel(bot, name="Lead")
        self.boss = make_channel(bot, name="Boss")
        steps = [Step(15, [self.lead]), Step(45, [self.lead, self.boss])]
        self.policy = escalations.create_policy(
            COMMAND_LINE, self.site.organization, "Nights", steps=steps, **values
        )
        change_route(COMMAND_LINE, self.site.route, escalation=self.policy)
        forget_cached_routes()

    def post(self, *alerts: dict[str, Any]) -> AlertGroup:
        assert self.site.post(webhook(*alerts)).status_code == 202
        return AlertGroup.objects.get()


@pytest.fixture
def scene() -> Scene:
    return Scene(repeat_every=30, repeat_times=2)


def pass_minutes(number: float) -> None:
    """As if what is to come were so much nearer, and what was told so much longer ago."""
    by = timedelta(minutes=number)
    AlertGroup.objects.exclude(escalate_at=None).update(escalate_at=F("escalate_at") - by)
    GroupMessage.objects.exclude(sounded_at=None).update(sounded_at=F("sounded_at") - by)


def told(channel: NotificationChannel) -> list[tuple[str, str, bool]]:
    """(method, text, whether it rings) of the calls to a channel."""
    publish.publish_due()
    calls = Delivery.objects.filter(channel=channel).order_by("created_at", "sequence")
    return [
        (
            call.method,
            call.params.get("text", ""),
            not call.params.get("disable_notification", False),
        )
        for call in calls
    ]


def escalate(minutes: float) -> int:
    pass_minutes(minutes)
    return escalation_watch.sweep()


def kinds() -> list[str]:
    return list(TimelineEvent.objects.order_by("id").values_list("kind", flat=True))


def test_what_nobody_acknowledges_is_told_to_others(scene: Scene) -> None:
    scene.post(alert())
    assert told(scene.lead) == []
    assert escalate(14.9) == 0
    assert escalate(0.1) == 1
    assert escalate(0) == 0
    ((method, text, rings),) = told(scene.lead)
    assert (method, rings) == ("sendMessage", True)
    assert "Escalated after 15 min: nobody acknowledged" in text
    assert told(scene.boss) == []
    first = told(scene.site.channels[0])
    assert "Escalated after 15 min" in first[-1][1]
    event = TimelineEvent.objects.get(kind="escalated")
    assert event.data["why"] == "after 15 min unacknowledged, to Lead"


def test_later_steps_ring_again_where_it_is_known(scene: Scene) -> None:
    scene.post(alert())
    escalate(15)
    sent(scene.lead)
    assert escalate(29.9) == 0
    assert escalate(0.1) == 1
    assert told(scene.boss)[0][2]
    _, text, rings = told(scene.lead)[-1]
    assert rings
    assert "⏫ Escalated after 45 min: nobody acknowledged: InstanceDown" in text
    assert GroupMessage.objects.get(channel=scene.lead).escalation == 2
    assert [escalate(30) for _ in range(4)] == [1, 1, 0, 0]
    assert AlertGroup.objects.get().escalate_at is None
    assert kinds().count("escalated") == 4


def sent(channel: NotificationChannel) -> None:
    """As if its calls had left."""
    publish.publish_due()
    for row in GroupMessage.objects.filter(channel=channel).select_related("message"):
        assert row.message is not None
        row.message.state = "shown"
        row.message.save()
    Delivery.objects.filter(channel=channel).update(state=Delivery.State.SENT)


def test_an_acknowledgement_ends_it(scene: Scene) -> None:
    group = scene.post(alert())
    escalate(15)
    responding.acknowledge(COMMAND_LINE, group)
    assert AlertGroup.objects.get().escalate_at is None
    assert escalate(300) == 0
    assert "Escalated" not in told(scene.lead)[-1][1]


def test_one_that_comes_between_reading_and_the_step_ends_it_too(scene: Scene) -> None:
    scene.post(alert())
    pass_minutes(15)
    seen = AlertGroup.objects.get()
    responding.acknowledge(COMMAND_LINE, seen)
    group = AlertGroup.objects.select_related("organization", "route__escalation").get()
    group.escalate_at = seen.escalate_at  # as a sweep read it before
    assert not escalation_watch._look_at(group, None, timezone.now())
    assert "escalated" not in kinds()
    assert not GroupMessage.objects.filter(channel=scene.lead).exists()


def test_the_step_itself_asks_whether_somebody_acknowledged(scene: Scene) -> None:
    scene.post(alert())
    pass_minutes(15)
    group = AlertGroup.objects.select_related("organization", "route__escalation").get()
    AlertGroup.objects.update(acknowledged_at=timezone.now())  # as the release before does it
    assert not escalation_watch._look_at(group, None, timezone.now())
    assert escalation_watch.sweep() == 0
    assert "escalated" not in kinds()


def test_of_two_sweeps_one_takes_the_step(scene: Scene) -> None:
    scene.post(alert())
    pass_minutes(15)
    rows = AlertGroup.objects.select_related("organization", "route__escalation")
    first, second = rows.get(), rows.get()
    now = timezone.now()
    assert escalation_watch._look_at(first, None, now)
    assert not escalation_watch._look_at(second, None, now)
    assert kinds().count("escalated") == 1


def test_who_takes_the_acknowledgement_back_begins_anew(scene: Scene) -> None:
    group = scene.post(alert())
    escalate(15)
    responding.acknowledge(COMMAND_LINE, group)
    responding.unacknowledge(COMMAND_LINE, group)
    assert escalate(14) == 0
    assert escalate(1) == 1
    assert TimelineEvent.objects.filter(kind="escalated").last().data["step"] == 1  # type: ignore[union-attr]  # there is one


def test_the_end_ends_it_and_is_told_where_it_escalated_to(scene: Scene) -> None:
    scene.post(alert())
    escalate(15)
    sent(scene.lead)
    group = scene.post(alert(status="resolved"))
    assert group.escalate_at is None
    assert escalate(300) == 0
    assert any("resolved" in text.lower() for _, text, _ in told(scene.lead)[1:])


def test_what_fires_again_begins_anew(scene: Scene) -> None:
    scene.post(alert())
    scene.post(alert(status="resolved"))
    group = scene.post(alert(startsAt=LATER))
    assert group.is_open
    assert group.escalate_at is not None
    assert group.escalate_at > timezone.now() + timedelta(minutes=14)


def fire_again(scene: Scene) -> None:
    """What escalated, after an end that everybody was told of."""
    scene.post(alert())
    escalate(15)
    for payload in (alert(status="resolved"), alert(startsAt=LATER)):
        for message in GroupMessage.objects.select_related("channel"):
            sent(message.channel)
        pass_minutes(5)
        scene.post(payload)


def test_what_fires_again_rings_where_it_escalated_once_its_step_comes_again(scene: Scene) -> None:
    fire_again(scene)
    assert told(scene.site.channels[0])[-1][2]
    edit, reply = told(scene.lead)[-2:]
    assert edit[1].startswith("<b>🟡 FIRING")
    assert not reply[2]
    pass_minutes(5)
    assert escalate(10) == 1
    _, text, rings = told(scene.lead)[-1]
    assert rings
    assert "Escalated after 15 min" in text


def test_what_fires_again_rings_at_once_where_its_route_tells_it(scene: Scene) -> None:
    set_channels(COMMAND_LINE, scene.site.route, [scene.lead])
    forget_cached_routes()
    fire_again(scene)
    _, text, rings = told(scene.lead)[-1]
    assert rings, text


def test_a_rise_of_what_was_acknowledged_begins_anew(scene: Scene) -> None:
    group = scene.post(alert())
    responding.acknowledge(COMMAND_LINE, group)
    group = scene.post(alert(labels={"severity": "critical"}))
    assert (group.acknowledged_at, group.escalate_at is None) == (None, False)


def test_what_is_not_bad_enough_escalates_once_it_is() -> None:
    scene = Scene(threshold="critical")
    assert scene.post(alert()).escalate_at is None
    group = scene.post(alert(labels={"severity": "critical"}))
    assert group.escalate_at is not None
    assert scene.post(alert()).escalate_at is None


def test_a_channel_that_left_the_route_but_was_escalated_to_stays(scene: Scene) -> None:
    scene.post(alert())
    escalate(15)
    told(scene.lead)
    set_channels(COMMAND_LINE, scene.site.route, [])
    assert "No longer routed here" not in told(scene.lead)[-1][1]
    assert "No longer routed here" in told(scene.site.channels[0])[-1][1]


@pytest.mark.parametrize(
    ("silent", "sound", "rings"),
    [
        ("never", {"warning": "silent"}, (False, True)),
        ("always", {"warning": "ring"}, (True, True)),
        ("always", {"warning": "silent"}, (False, False)),
    ],
)
def test_a_route_does_not_silence_what_escalates(
    scene: Scene, silent: str, sound: dict[str, str], rings: tuple[bool, bool]
) -> None:
    NotificationChannel.objects.update(silent=silent)
    change_route(COMMAND_LINE, scene.site.route, sound=sound)
    scene.post(alert())
    assert [loud for *_, loud in told(scene.site.channels[0])] == [rings[0]]
    escalate(15)
    assert [loud for *_, loud in told(scene.lead)] == [rings[1]]


def test_what_is_silenced_does_not_escalate_until_its_own_channels_had_their_time(
    scene: Scene,
) -> None:
    scene.post(alert())
    now = timezone.now()
    silence = create_silence(
        COMMAND_LINE,
        scene.site.organization,
        Wanted(matchers='alertname="InstanceDown"', starts_at=now, ends_at=now + timedelta(days=1)),
    )
    assert escalate(15) == 0
    assert escalate(1) == 0
    expire_silence(COMMAND_LINE, silence)
    assert escalate(1) == 0
    assert escalate(14) == 0
    assert escalate(1) == 1


def test_a_policy_that_a_route_gets_counts_from_then_on(scene: Scene) -> None:
    change_route(COMMAND_LINE, scene.site.route, escalation=None)
    forget_cached_routes()
    assert scene.post(alert()).escalate_at is None
    change_route(COMMAND_LINE, scene.site.route, escalation=scene.policy)
    assert escalate(15) == 1
    change_route(COMMAND_LINE, scene.site.route, escalation=None)
    assert AlertGroup.objects.get().escalate_at is None


def test_a_deleted_policy_escalates_no_further(scene: Scene) -> None:
    scene.post(alert())
    escalations.delete_policy(COMMAND_LINE, scene.policy)
    assert AlertGroup.objects.get().escalate_at is None
    scene.site.route.refresh_from_db()
    assert scene.site.route.escalation is None


def test_a_stale_clock_without_a_policy_is_stopped(scene: Scene) -> None:
    scene.post(alert())
    type(scene.site.route).objects.update(escalation=None)
    assert escalate(15) == 0
    assert AlertGroup.objects.get().escalate_at is None


def test_a_step_whose_channels_are_gone_says_so(scene: Scene) -> None:
    scene.post(alert())
    scene.policy.steps.all()[0].channels.clear()
    assert escalate(15) == 1
    assert "nobody" in TimelineEvent.objects.get(kind="escalated").data["why"]


def test_steps_that_an_outage_made_late_are_not_replayed(scene: Scene) -> None:
    scene.post(alert())
    assert escalate(300) == 1
    assert escalate(0) == 0
    assert escalate(29) == 0
    assert escalate(1.1) == 1


def copies(group: AlertGroup, number: int, **values: Any) -> list[AlertGroup]:
    """Groups like it, of the same route."""
    rows = []
    for index in range(number):
        row = AlertGroup.objects.get(pk=group.pk)
        row.pk, row.key_hash = new_id(), str(index)
        for name, value in values.items():
            setattr(row, name, value)
        rows.append(row)
    return AlertGroup.objects.bulk_create(rows)


def test_one_group_that_cannot_be_read_stops_no_other(scene: Scene) -> None:
    group = scene.post(alert())
    long_ago = timezone.now() - timedelta(days=1)
    copies(group, 1, escalate_at=long_ago, escalation=["of another version"])
    assert escalate(15) == 1
    assert TimelineEvent.objects.get(kind="escalated").group == group


def test_many_that_cannot_be_read_come_behind_the_others_and_not_in_each_log(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    group = scene.post(alert())
    long_ago = timezone.now() - timedelta(days=1)
    broken = escalation_watch.SWEPT
    copies(group, broken, escalate_at=long_ago, escalation=["of another version"])
    assert escalate(15) == 0
    assert escalate(0) == 1
    assert TimelineEvent.objects.get(kind="escalated").group == group
    assert len(caplog.records) == broken


def test_many_that_are_muted_do_not_keep_a_step_waiting(scene: Scene) -> None:
    group = scene.post(alert())
    long_ago = timezone.now() - timedelta(days=1)
    copies(group, escalation_watch.SWEPT, escalate_at=long_ago, escalation={"held": True})
    assert escalate(15) == 1
    assert TimelineEvent.objects.get(kind="escalated").group == group


def test_ingest_asks_nothing_more_for_it() -> None:
    def cost(site: Site) -> int:
        forget_cached_keys()
        forget_cached_routes()
        with CaptureQueriesContext(connection) as queries:
            site.post(webhook(alert()))
        return len(queries)

    assert cost(make_site()) == cost(Scene().site)


def test_changes_are_recorded(scene: Scene) -> None:
    escalations.change_policy(COMMAND_LINE, scene.policy, steps=[Step(5, [scene.boss])])
    entry = AuditEntry.objects.get(object_type="escalation policy", action="change")
    assert entry.changes["steps"][1] == ["after 5 min: Boss"]
    escalations.change_policy(COMMAND_LINE, scene.policy, steps=[Step(5, [scene.boss])])
    assert AuditEntry.objects.filter(action="change", object_type="escalation policy").count() == 1


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "Nights"}, "name"),
        ({"threshold": "awful"}, "threshold"),
        ({"repeat_times": 21, "repeat_every": 5}, "repeat_times"),
        ({"repeat_times": 2}, "repeat_every"),
        ({"afters": []}, "steps"),
        ({"afters": [0]}, "steps"),
        ({"afters": [15, 15]}, "steps"),
        ({"afters": [20, 15]}, "steps"),
        ({"afters": [20_000]}, "steps"),
        ({"no_channels": True}, "steps"),
    ],
)
def test_what_is_no_policy_is_refused(scene: Scene, values: dict[str, Any], field: str) -> None:
    channels = [] if values.pop("no_channels", False) else [scene.boss]
    steps = [Step(after, channels) for after in values.pop("afters", [15])]
    values = {"name": "New"} | values
    with pytest.raises(EscalationRefused) as refused:
        escalations.create_policy(COMMAND_LINE, scene.site.organization, steps=steps, **values)
    assert refused.value.field == field
    assert EscalationPolicy.objects.count() == 1


def test_foreign_channels_and_policies_are_refused(scene: Scene) -> None:
    other = make_site()
    foreign = make_channel(make_bot(other.organization))
    with pytest.raises(ForeignOrganization):
        escalations.change_policy(COMMAND_LINE, scene.policy, steps=[Step(5, [foreign])])
    with pytest.raises(ForeignOrganization):
        change_route(COMMAND_LINE, other.route, escalation=scene.policy)
