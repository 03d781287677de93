"""Inhibit rules: which alerts keep which others quiet, from when, and until when."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from accounts.models import AuditEntry, Organization
from alerts import expiry, publish, publish_claim
from alerts.integrations import create_integration, delete_integration
from alerts.models import Alert, GroupMessage, InhibitRule, InhibitSource
from alerts.muting import effects as mute_effects
from alerts.muting import inhibit_effects
from alerts.muting.inhibit_rules import (
    InhibitRuleRefused,
    change_inhibit_rule,
    create_inhibit_rule,
    delete_inhibit_rule,
)
from alerts.publish_hold import AT_LATEST, hold
from alerts.publish_read import load
from alerts.route_table import forget_cached_routes
from tests.alerts.muting.muted import HOUR, calls, leave, pass_time, settle, silence
from tests.alerts.senders import END, LATER, Site, alert, make_site, webhook

pytestmark = pytest.mark.django_db


def rule(site: Site, **values: Any) -> InhibitRule:
    """Critical alerts keep warnings of the same instance quiet."""
    wanted = {
        "name": "severe first",
        "source_matchers": 'severity="critical"',
        "target_matchers": 'severity="warning"',
        "equal": ["instance"],
        **values,
    }
    made = create_inhibit_rule(COMMAND_LINE, site.organization, **wanted)
    forget_cached_routes()
    mute_effects.apply_due()
    return made


def critical(status: str = "firing", **values: Any) -> dict[str, Any]:
    return webhook(
        alert("Down", status, labels={"severity": "critical"}, **values), groupKey="critical"
    )


def warning(status: str = "firing", **values: Any) -> dict[str, Any]:
    return webhook(alert("Slow", status, **values), groupKey="warning")


def texts(site: Site) -> list[str]:
    return [text for _, text, _ in calls(site)]


def row_of(site: Site) -> GroupMessage:
    """Of the warning."""
    return GroupMessage.objects.get(
        organization=site.organization, group__members__alert__name="Slow"
    )


def test_a_target_is_held_back_while_its_source_fires_and_told_then() -> None:
    site = make_site()
    rule(site)
    site.post(critical())
    site.post(warning())
    settle()
    (said,) = texts(site)
    assert "Down" in said
    row = row_of(site)
    assert (row.muted, row.due_at) == ("inhibited", None)
    leave()
    site.post(critical("resolved"))
    settle()
    assert row_of(site).muted == ""
    assert any("Slow" in text and rings for _, text, rings in calls(site))


def test_in_one_post_whatever_their_order() -> None:
    site = make_site()
    rule(site)
    both = [alert("Slow"), alert("Down", labels={"severity": "critical"})]
    site.post(webhook(*both))
    settle()
    (said,) = texts(site)
    assert "Down" in said
    assert "Slow" not in said
    assert "🔇 1 inhibited by severe first" in said


def test_other_instances_are_told() -> None:
    site = make_site()
    rule(site)
    site.post(critical())
    site.post(warning(labels={"instance": "web-2"}))
    settle()
    assert len(calls(site)) == 2


def test_what_resolves_while_it_is_inhibited_is_never_told() -> None:
    site = make_site()
    rule(site)
    site.post(critical())
    site.post(warning())
    settle()
    site.post(warning("resolved"))
    settle()
    site.post(critical("resolved"))
    settle()
    assert not any("Slow" in text for text in texts(site))


def test_a_message_says_so_and_sounds_when_the_source_ends() -> None:
    site = make_site()
    rule(site)
    site.post(warning())
    settle()
    leave()
    pass_time(HOUR)
    site.post(critical())
    site.post(webhook(alert("Slow"), alert("Slower"), groupKey="warning"))
    settle()
    edits = [text for method, text, _ in calls(site) if method == "editMessageText"]
    assert len(edits) == 1
    assert "🔇 Inhibited by severe first" in edits[0]
    sent = [text for method, text, _ in calls(site) if method == "sendMessage"]
    assert not any("Slow" in text for text in sent)
    leave()
    site.post(critical("resolved"))
    settle()
    replies = [text for method, text, rings in calls(site) if method == "sendMessage" and rings]
    said = ["🟡 new warning: Slower · web-1", "🟡 no longer inhibited: Slow · web-1"]
    assert said in [text.splitlines() for text in replies]


def test_a_source_that_expires_lets_go() -> None:
    site = make_site()
    rule(site)
    site.post(critical())
    site.post(warning())
    settle()
    leave()
    Alert.objects.filter(name="Down").update(expires_at=timezone.now() - timedelta(seconds=1))
    expiry.expire_due(timezone.now())
    settle()
    assert any("Slow" in text and rings for _, text, rings in calls(site))


def test_a_source_that_fires_again_inhibits_again() -> None:
    site = make_site()
    rule(site)
    site.post(critical())
    site.post(critical("resolved"))
    site.post(critical(startsAt=LATER))
    site.post(warning())
    settle()
    assert row_of(site).muted == "inhibited"


def test_a_silenced_source_inhibits_all_the_same() -> None:
    site = make_site()
    rule(site)
    silence(site, 'severity="critical"')
    site.post(critical())
    site.post(warning())
    settle()
    assert calls(site) == []


def test_one_source_of_two_is_enough() -> None:
    site = make_site()
    rule(site, equal=[])
    site.post(critical())
    site.post(webhook(alert("Other", labels={"severity": "critical"}), groupKey="other"))
    site.post(warning())
    settle()
    site.post(critical("resolved"))
    settle()
    assert row_of(site).muted == "inhibited"


def test_what_ceases_to_be_a_source_inhibits_nothing_not_even_itself() -> None:
    """One identity, whose severity its sender lowers."""
    site = make_site()
    rule(site)
    site.post(
        {
            "title": "Disk",
            "fingerprint": "d",
            "status": "firing",
            "labels": {"instance": "web-1", "severity": "critical"},
        }
    )
    site.post(warning())
    settle()
    assert row_of(site).muted == "inhibited"
    leave()
    site.post(
        {
            "title": "Disk",
            "fingerprint": "d",
            "status": "firing",
            "labels": {"instance": "web-1", "severity": "warning"},
        }
    )
    settle()
    assert not GroupMessage.objects.exclude(muted="")
    assert any("Slow" in text for text in texts(site))


def test_what_ceases_to_be_a_source_as_another_one_of_its_key_is_told_inhibits_nothing() -> None:
    site = make_site()
    rule(site)
    first = alert("First", labels={"severity": "critical"})
    second = alert("Second", labels={"severity": "critical"})
    site.post(webhook(first, groupKey="sources"))
    first["labels"]["severity"] = "info"  # with the fingerprint that it had
    site.post(webhook(first, second, groupKey="sources"))
    assert Alert.objects.get(name="First").labels["severity"] == "info"
    keys = dict(InhibitSource.objects.values_list("alert__name", "key"))
    assert (keys["First"], bool(keys["Second"])) == ("", True)
    site.post(warning())
    settle()
    assert row_of(site).muted == "inhibited"
    second["status"] = "resolved"
    site.post(webhook(first, second, groupKey="sources"))
    settle()
    assert row_of(site).muted == ""


def test_a_new_rule_finds_what_fires_already() -> None:
    site = make_site()
    site.post(critical())
    settle()
    rule(site)
    site.post(warning())
    settle()
    assert row_of(site).muted == "inhibited"


def test_sources_that_were_stored_by_an_older_table_are_found_later() -> None:
    site = make_site()
    made = create_inhibit_rule(
        COMMAND_LINE,
        site.organization,
        source_matchers='severity="critical"',
        target_matchers='severity="warning"',
        equal=["instance"],
    )
    site.post(warning())  # reads the table, with the rule, …
    made_at = made.changed_at
    assert made_at is not None
    mute_effects.apply_due()
    site.post(critical())
    InhibitSource.objects.all().delete()  # … as if one without it had been used
    made.refresh_from_db()
    assert made.due_at == made_at + inhibit_effects.KNOWN_EVERYWHERE
    InhibitRule.objects.update(changed_at=made_at - 2 * HOUR, due_at=timezone.now())
    mute_effects.apply_due()
    assert not InhibitRule.objects.exclude(due_at=None)
    assert InhibitSource.objects.get().alert.name == "Down"


def other_sender(site: Site) -> Site:
    """Another integration of the same organization."""
    integration, key = create_integration(COMMAND_LINE, site.organization, "the other")
    return Site(site.organization, integration, key, site.route, site.channels)


def test_a_source_whose_integration_is_deleted_lets_go() -> None:
    site = make_site()
    rule(site)
    other = other_sender(site)
    other.post(critical())
    site.post(warning())
    settle()
    leave()
    delete_integration(COMMAND_LINE, other.integration)
    settle()
    assert row_of(site).muted == ""
    assert any("Slow" in text and rings for _, text, rings in calls(site))


def test_what_is_inhibited_is_looked_at_again_though_nothing_says_that_its_source_is_gone() -> None:
    site = make_site()
    rule(site)
    site.post(critical())
    site.post(warning())
    settle()
    leave()
    InhibitSource.objects.all().delete()
    pass_time(AT_LATEST - timedelta(minutes=1))
    assert row_of(site).muted == "inhibited"
    pass_time(timedelta(minutes=1))
    assert any("Slow" in text and rings for _, text, rings in calls(site))


def test_what_is_silenced_as_well_is_looked_at_no_later() -> None:
    site = make_site()
    rule(site)
    site.post(critical())
    made = silence(site, "team=core", ends_at=timezone.now() + timedelta(minutes=5))
    both = [alert("Slow"), alert("Slower", labels={"team": "core"})]
    site.post(webhook(*both, groupKey="warning"))
    settle()
    row = GroupMessage.objects.get(group__members__alert__name="Slower")
    assert (row.muted, row.sound_due_at) == ("inhibited", made.ends_at)


@pytest.mark.parametrize("others", [0, 1])
def test_a_rules_deletion_lets_go_what_is_held_after_it(others: int) -> None:
    """Read by the rule, and committed after what followed its deletion: as if a process was killed
    right behind its commit, this test's transaction runs no hooks."""
    site = make_site()
    made = rule(site)
    for number in range(others):
        rule(site, source_matchers=f'alertname="Never{number}"')
    site.post(critical())
    settle()
    leave()
    site.post(warning())
    claimed = publish_claim.claim(10)
    loaded = load(claimed.ids, timezone.now())
    delete_inhibit_rule(COMMAND_LINE, made)
    if others:
        mute_effects.apply_due()
    hold(loaded.held, loaded.mutings)
    settle()
    assert row_of(site).muted == ""
    assert any("Slow" in text and rings for _, text, rings in calls(site))


@pytest.mark.parametrize("others", [0, 1])
def test_a_rules_deletion_itself_touches_no_message(others: int) -> None:
    site = make_site()
    made = rule(site)
    for number in range(others):
        rule(site, source_matchers=f'alertname="Never{number}"')
    site.post(critical())
    site.post(warning())
    settle()
    with CaptureQueriesContext(connection) as queries:
        delete_inhibit_rule(COMMAND_LINE, made)
    assert not [one for one in queries if "alerts_groupmessage" in one["sql"]]
    assert row_of(site).due_at is None
    settle()
    assert row_of(site).muted == ""


@pytest.mark.parametrize("how", ["delete", "disable", "change"])
def test_a_rule_that_is_no_more_lets_go(how: str) -> None:
    site = make_site()
    made = rule(site)
    site.post(critical())
    site.post(warning())
    settle()
    leave()
    if how == "delete":
        delete_inhibit_rule(COMMAND_LINE, made)
    elif how == "disable":
        change_inhibit_rule(COMMAND_LINE, made, enabled=False)
    else:
        change_inhibit_rule(COMMAND_LINE, made, equal=["alertname"])
    settle()
    assert any("Slow" in text and rings for _, text, rings in calls(site))


def test_a_changed_rule_goes_by_its_new_labels() -> None:
    site = make_site()
    made = rule(site, equal=["alertname"])
    site.post(critical())
    site.post(warning())
    settle()
    assert row_of(site).muted == ""
    change_inhibit_rule(COMMAND_LINE, made, equal=["instance"])
    mute_effects.apply_due()
    GroupMessage.objects.update(due_at=timezone.now())
    settle()
    assert row_of(site).muted == "inhibited"


def test_what_is_being_published_as_its_source_ends_is_let_go_too() -> None:
    """Read while the source fired, and committed after its end was looked at."""
    site = make_site()
    rule(site)
    site.post(critical())
    settle()
    leave()
    site.post(warning())
    claimed = publish_claim.claim(10)
    site.post(critical("resolved"))
    assert mute_effects.apply_due() == 1
    assert row_of(site).due_at is not None, "though it is not known yet that it is muted"
    publish.publish_claimed(claimed)
    settle()
    assert any("Slow" in text for text in texts(site))


def test_what_ends_with_its_source_is_not_told_however_its_end_is_published() -> None:
    """The source's end is looked at between the claim of the target's end and its commit."""
    site = make_site()
    rule(site)
    site.post(critical())
    site.post(warning())
    settle()
    leave()
    site.post(webhook(*warning("resolved")["alerts"], *critical("resolved")["alerts"]))
    GroupMessage.objects.update(due_at=timezone.now())
    claimed = publish_claim.claim(10)
    mute_effects.apply_due()
    publish.publish_claimed(claimed)
    settle()
    assert not any("Slow" in text for text in texts(site))


def test_a_source_that_ends_again_meanwhile_is_looked_at_again() -> None:
    site = make_site()
    rule(site)
    site.post(critical())
    site.post(critical("resolved"))
    again = timezone.now()

    def end_again(execute: Callable[..., Any], sql: str, *others: Any) -> Any:
        if "claimed_until" in sql:  # what is let go is being looked for
            InhibitSource.objects.update(due_at=again)
        return execute(sql, *others)

    with connection.execute_wrapper(end_again):
        mute_effects.apply_due()
    assert InhibitSource.objects.get().due_at == again
    mute_effects.apply_due()
    assert InhibitSource.objects.get().due_at is None


@pytest.mark.parametrize("others", [1, 8])
def test_a_source_that_ended_lets_go_of_what_it_held_back_alone(others: int) -> None:
    site = make_site()
    rule(site)
    on = [{"instance": f"web-{number}", "severity": "critical"} for number in range(others + 1)]
    down = [alert("Down", labels=labels) for labels in on]
    site.post(webhook(*down, groupKey="critical"))
    for labels in on:
        slow = alert("Slow", labels=labels | {"severity": "warning"})
        site.post(webhook(slow, groupKey=f"warning {labels['instance']}"))
    settle()
    assert GroupMessage.objects.filter(muted="inhibited").count() == others + 1
    leave()
    site.post(webhook(down[0] | {"status": "resolved", "endsAt": END}, groupKey="critical"))
    with CaptureQueriesContext(connection) as queries:
        assert inhibit_effects.apply_due(timezone.now()) == 1
    assert len(queries) <= 12
    freed = GroupMessage.objects.exclude(due_at=None).filter(muted="inhibited").get()
    assert freed.group.members.get().alert.labels["instance"] == "web-0"


def test_a_source_that_had_two_keys_since_the_last_look_lets_go_of_both() -> None:
    site = make_site()
    rule(site)
    down = alert("Down", labels={"severity": "critical"}) | {"fingerprint": "d"}
    site.post(webhook(down, groupKey="critical"))
    site.post(warning())
    site.post(webhook(alert("Slow", labels={"instance": "web-2"}), groupKey="elsewhere"))
    publish.publish_due()
    assert InhibitSource.objects.get().former == ""
    for instance in ("web-2", "web-3"):
        down["labels"]["instance"] = instance
        site.post(webhook(down, groupKey="critical"))
        publish.publish_due()
    settle()
    assert not GroupMessage.objects.filter(muted="inhibited")


PLAN = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN "}


def test_what_is_muted_is_found_by_its_index() -> None:
    site = make_site()
    with CaptureQueriesContext(connection) as queries:
        mute_effects.release_timed(timezone.now())
        inhibit_effects.apply_due(timezone.now())
        inhibit_effects.let_go(site.organization.pk)
    asked = [one["sql"] for one in queries if "muted" in one["sql"].partition(" WHERE ")[2]]
    assert len(asked) == 3
    with connection.cursor() as cursor:
        for sql in asked:
            cursor.execute(PLAN[connection.vendor] + sql)
            plan = str(cursor.fetchall())
            assert "group_message_muted" in plan or connection.vendor == "postgresql", plan


def test_what_a_source_held_back_is_found_by_its_key_and_its_groups() -> None:
    site = make_site()
    rule(site)
    site.post(critical())
    site.post(warning())
    settle()
    key = InhibitSource.objects.get().key
    with CaptureQueriesContext(connection) as queries:
        inhibit_effects.let_go_of(site.organization.pk, {key})
    assert row_of(site).due_at is not None
    asked = [one["sql"] for one in queries if one["sql"].startswith("SELECT")]
    indexes = ("group_message_claimed", "inhibited_group_key", "(group_id=?)")
    with connection.cursor() as cursor:
        for sql, index in zip(asked, indexes, strict=True):
            cursor.execute(PLAN[connection.vendor] + sql)
            plan = str(cursor.fetchall())
            assert index in plan or connection.vendor == "postgresql", plan


def test_another_organizations_alerts_inhibit_nothing() -> None:
    site, other = make_site(), make_site()
    rule(site)
    rule(other)
    other.post(critical())
    site.post(warning())
    settle()
    assert any("Slow" in text for text in texts(site))


def test_without_rules_no_statement_is_made() -> None:
    site, ruled = make_site(), make_site()
    rule(ruled)
    site.post(warning())
    with CaptureQueriesContext(connection) as queries:
        site.post(warning("resolved"))
        settle()
    assert not [one for one in queries if "UPDATE alerts_inhibitsource" in one["sql"]]


@pytest.mark.parametrize("number", [1, 10])
def test_how_many_queries_inhibition_costs(number: int) -> None:
    site = make_site()
    rule(site)
    site.post(critical())
    for one in range(number):
        site.post(webhook(alert(f"Slow {one}"), groupKey=f"group {one}"))
    publish.publish_due()
    GroupMessage.objects.filter(muted="inhibited").update(due_at=timezone.now())
    claimed = publish_claim.claim(100)
    with CaptureQueriesContext(connection) as queries:
        publish.publish_claimed(claimed)
    assert len(claimed.ids) == number
    assert len(queries) <= 12


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"source_matchers": ""}, "source_matchers", "at least one"),
        ({"target_matchers": "severity"}, "target_matchers", "is expected after 'severity'"),
        ({"target_matchers": 'a=~"("'}, "target_matchers", "bad regular expression"),
        ({"equal": "instance"}, "equal", "list"),
        ({"equal": [""]}, "equal", "label names"),
        ({"equal": ["a"] * 51}, "equal", "at most 50"),
        ({"name": "x" * 101}, "name", "at most 100"),
    ],
)
def test_what_is_refused(values: dict[str, Any], field: str, words: str) -> None:
    site = make_site()
    with pytest.raises(InhibitRuleRefused, match=words) as refused:
        rule(site, **values)
    assert refused.value.field == field
    assert not InhibitRule.objects.exists()


def test_every_change_is_recorded_and_counts() -> None:
    site = make_site()
    made = rule(site)
    change_inhibit_rule(COMMAND_LINE, made, name="other", equal=["instance"])
    change_inhibit_rule(COMMAND_LINE, made, name="other")
    delete_inhibit_rule(COMMAND_LINE, made)
    entries = AuditEntry.objects.filter(object_type="inhibit rule").order_by("id")
    assert [(one.action, sorted(one.changes)) for one in entries] == [
        ("create", []),
        ("change", ["name"]),
        ("delete", []),
    ]
    assert Organization.objects.get(pk=site.organization.pk).muting_version == 3
