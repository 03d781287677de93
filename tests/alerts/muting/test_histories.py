"""Any history of alerts, silences, inhibit rules and quiet hours: nothing muted is heard, and all
that burns is told once nothing mutes it any more.
"""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from alerts import publish
from alerts.models import Alert, AlertGroup, GroupMessage, InhibitRule, MuteTiming, Silence
from alerts.muting.decisions import Muting
from alerts.muting.inhibit_rules import change_inhibit_rule, create_inhibit_rule
from alerts.muting.known import muting_in
from alerts.muting.mute_timings import change_mute_timing, create_mute_timing
from alerts.muting.silences import Wanted, change_silence, expire_silence
from alerts.route_table import forget_cached_routes
from alerts.routes import change_route
from channels_app.models import NotificationChannel
from tests.alerts.muting.muted import calls, leave, pass_time, settle, silence
from tests.alerts.senders import Site, alert, make_site, webhook

pytestmark = pytest.mark.django_db

NAMES = ("Alder", "Birch", "Cedar", "Dogwood", "Elder", "Fir")
GROUPS = 3
STEPS = 40
ALWAYS: Any = [{}]
NEVER: Any = [{"years": ["1999"]}]


class History:
    """One site, and what chance does to it. `episodes`: when each alert last began."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.site: Site = make_site()
        NotificationChannel.objects.update(renotify_interval=0)
        self.began: dict[str, int] = {}
        self.firing: set[str] = set()
        self.clock = 0
        self.timing = create_mute_timing(COMMAND_LINE, self.site.organization, "night", NEVER)
        self.rule = create_inhibit_rule(
            COMMAND_LINE,
            self.site.organization,
            source_matchers='alertname=~"Alder|Birch"',
            target_matchers='alertname!="Alder"',
            equal=["zone"],
        )
        change_route(COMMAND_LINE, self.site.route, mute_timings=[self.timing])

    def post(self, name: str, status: str) -> None:
        self.clock += 1
        begins = status == "firing" and name not in self.firing
        if begins:
            self.began[name] = self.clock
        start = timezone.now() - timedelta(days=1) + timedelta(seconds=self.began[name])
        end = timezone.now() - timedelta(days=1) + timedelta(seconds=self.clock)
        told = alert(
            name,
            status,
            labels={"zone": "ab"[NAMES.index(name) % 2]},
            startsAt=start.isoformat(),
            **({"endsAt": end.isoformat()} if status == "resolved" else {}),
        )
        group = NAMES.index(name) % GROUPS
        self.site.post(webhook(told, groupKey=f"group {group}"))
        (self.firing.add if status == "firing" else self.firing.discard)(name)

    # --- what may happen ---

    def fire(self) -> None:
        self.post(self.chance.choice(NAMES), "firing")

    def resolve(self) -> None:
        if self.firing:
            self.post(self.chance.choice(sorted(self.firing)), "resolved")

    def silence(self) -> None:
        names = "|".join(self.chance.sample(NAMES, self.chance.randint(1, 4)))
        now = timezone.now()
        begin = now + timedelta(minutes=self.chance.choice((0, 0, 20)))
        end = begin + timedelta(minutes=self.chance.choice((10, 30, 90)))
        silence(self.site, f'alertname=~"{names}"', starts_at=begin, ends_at=end)

    def expire(self) -> None:
        if held := list(Silence.objects.order_by("pk")):
            expire_silence(COMMAND_LINE, self.chance.choice(held))

    def lengthen(self) -> None:
        now = timezone.now()
        if held := list(Silence.objects.filter(ends_at__gt=now).order_by("pk")):
            one = self.chance.choice(held)
            end = now + timedelta(minutes=self.chance.choice((5, 120)))
            start = max(one.starts_at, now) if one.starts_at > now else one.starts_at
            if end > start:
                change_silence(COMMAND_LINE, one, Wanted(one.matchers, start, end, "", "anna"))

    def night(self) -> None:
        self.turn(self.timing, NEVER if self.timing.intervals == ALWAYS else ALWAYS)

    def turn(self, timing: MuteTiming, intervals: Any) -> None:
        self.timing = change_mute_timing(COMMAND_LINE, timing, intervals=intervals)

    def inhibit(self) -> None:
        rule = InhibitRule.objects.get()
        change_inhibit_rule(COMMAND_LINE, rule, enabled=not rule.enabled)
        forget_cached_routes()

    def time(self) -> None:
        pass_time(timedelta(minutes=self.chance.choice((1, 15, 45, 300))))

    def step(self) -> str:
        is_night = self.timing.intervals == ALWAYS
        rules_off = not InhibitRule.objects.get().enabled
        kinds: list[Callable[[], None]] = [
            *6 * [self.fire],
            *4 * [self.resolve],
            *2 * [self.silence],
            *2 * [self.time],
            *(6 if is_night else 1) * [self.night],
            *(6 if rules_off else 1) * [self.inhibit],
            *(self.expire, self.lengthen),
        ]
        kind = self.chance.choice(kinds)
        kind()
        return kind.__name__

    # --- what has to hold ---

    def check(self, what: str) -> None:
        """Settled: nothing that is muted was heard just now, what burns besides is known to the
        chat, and nothing is looked at again."""
        groups = AlertGroup.objects.filter(is_open=True).select_related("organization")
        names = {str(pk): name for pk, name in Alert.objects.values_list("pk", "name")}
        mutings = muting_in(list(groups), timezone.now())
        heard = " ".join(text for _, text, rings in calls(self.site) if rings)
        for row in GroupMessage.objects.filter(group__in=groups):
            muting = mutings.get(row.group_id, Muting({}))
            mine = row.group.members.filter(alert__status="firing")
            burning = {str(pk) for pk in mine.values_list("alert_id", flat=True)}
            quiet = burning if muting.is_timed else burning & muting.mutes.keys()
            wrong = {names[pk] for pk in quiet if names[pk] in heard}
            assert not wrong, f"after {what}: {wrong} in {heard!r}"
            told = row.shown.get("told") or {}
            known = {pk for pk, (status, *_) in told.items() if status == "firing"}
            lost = {names[pk] for pk in burning - quiet - known}
            assert not lost, f"after {what}: {lost} not told"
        assert publish.publish_due() == 0, f"after {what} something is due without end"
        leave()

    def wake_up(self) -> None:
        """Nothing mutes any more."""
        for one in Silence.objects.all():
            expire_silence(COMMAND_LINE, one)
        self.turn(self.timing, NEVER)
        change_inhibit_rule(COMMAND_LINE, InhibitRule.objects.get(), enabled=False)
        settle()


@pytest.mark.parametrize("seed", range(6))
def test_nothing_muted_is_heard_and_nothing_is_lost(seed: int) -> None:
    history = History(seed)
    for _ in range(STEPS):
        what = history.step()
        settle()
        history.check(what)
    history.wake_up()
    history.check("the end")
    assert not GroupMessage.objects.exclude(muted="")
    burning = Alert.objects.filter(status="firing").values_list("name", flat=True)
    assert set(burning) == history.firing
