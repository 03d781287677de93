"""Acknowledging, taking back, commenting: what it changes, and what the channels are told."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from psycopg.errors import DeadlockDetected, DiskFull

from accounts.audit import Actor
from accounts.models import Role, Way
from alerts import publish, responding
from alerts.ingest import TRIES
from alerts.models import Alert, AlertGroup, GroupMessage, Silence, TimelineEvent
from alerts.muting.silences import LASTING_MAX, Wanted
from alerts.responding import ResponseRefused
from deliveries import clock
from deliveries.models import Delivery
from tests.alerts.senders import Site, alert, make_site, webhook
from tests.console import Person
from tests.rest import Api, places, problem_of

pytestmark = pytest.mark.django_db

ANNA = Actor(name="anna@example.org", way=Way.API)
BERT = Actor(name="bert@example.org", way=Way.CONSOLE)


@pytest.fixture
def site() -> Site:
    site = make_site(2)
    site.post(webhook(alert()))
    publish.publish_due()
    return site


def group_of(site: Site) -> AlertGroup:
    return AlertGroup.objects.get(organization=site.organization)


def texts(site: Site) -> list[str]:
    """What waits to be sent, of each channel."""
    rows = Delivery.objects.filter(organization=site.organization, state="waiting")
    return [row.params["text"] for row in rows.order_by("id")]


def lines(site: Site) -> list[tuple[str, str, str]]:
    rows = TimelineEvent.objects.filter(organization=site.organization).order_by("id")
    return list(rows.exclude(actor_name="").values_list("kind", "actor_name", "way"))


def test_all_channels_learn_who_is_on_it(site: Site) -> None:
    assert responding.acknowledge(ANNA, group_of(site))
    publish.publish_due()
    assert len(texts(site)) == 2
    assert all("👀 Acknowledged by anna@example.org" in text for text in texts(site))
    assert lines(site) == [("acknowledged", "anna@example.org", "api")]


def test_the_first_one_stays(site: Site) -> None:
    group = group_of(site)
    assert responding.acknowledge(ANNA, group)
    assert not responding.acknowledge(BERT, group)
    assert group_of(site).acknowledged_by == "anna@example.org"
    assert len(lines(site)) == 1


def test_taking_it_back(site: Site) -> None:
    group = group_of(site)
    assert not responding.unacknowledge(BERT, group), "nobody was on it"
    responding.acknowledge(ANNA, group)
    assert responding.unacknowledge(BERT, group)
    assert (group_of(site).acknowledged_at, group_of(site).acknowledged_by) == (None, "")
    publish.publish_due()
    assert not any("Acknowledged" in text for text in texts(site))
    assert [line[:2] for line in lines(site)] == [
        ("acknowledged", "anna@example.org"),
        ("unacknowledged", "bert@example.org"),
    ]


def test_what_is_acknowledged_is_not_repeated(site: Site) -> None:
    responding.acknowledge(ANNA, group_of(site))
    publish.publish_due()
    assert not GroupMessage.objects.filter(
        organization=site.organization, repeat_at__isnull=False
    ).exists()
    responding.unacknowledge(ANNA, group_of(site))
    publish.publish_due()
    assert (
        GroupMessage.objects.filter(organization=site.organization, repeat_at__isnull=False).count()
        == 2
    )


def test_it_ends_when_the_group_closes_and_fires_again(site: Site) -> None:
    responding.acknowledge(ANNA, group_of(site))
    site.post(webhook(alert(status="resolved")))
    with pytest.raises(ResponseRefused, match="over"):
        responding.acknowledge(BERT, group_of(site))
    later = (clock.now() + timedelta(hours=1)).isoformat()
    site.post(webhook(alert(startsAt=later)))
    assert group_of(site).is_open
    assert group_of(site).acknowledged_at is None
    assert responding.acknowledge(BERT, group_of(site))


def test_it_ends_when_the_severity_rises(site: Site) -> None:
    responding.acknowledge(ANNA, group_of(site))
    site.post(webhook(alert(labels={"severity": "critical"}, fingerprint="f" * 16), alert()))
    assert group_of(site).acknowledged_at is None


@pytest.mark.parametrize("text", ["", "  \n", "x" * 2_001, "a\0b"])
def test_what_is_no_comment(site: Site, text: str) -> None:
    with pytest.raises(ResponseRefused):
        responding.comment(ANNA, group_of(site), text)


def test_a_comment_is_a_line_in_the_timeline_and_no_news(site: Site) -> None:
    responding.comment(ANNA, group_of(site), " Disk is replaced at 9 ")
    line = TimelineEvent.objects.get(organization=site.organization, kind="comment")
    assert line.data == {"why": "Disk is replaced at 9"}
    assert publish.publish_due() == 0


# --- resolving -----------------------------------------------------------------------------------


def test_resolving_ends_what_fires_and_closes_the_group(site: Site) -> None:
    site.post(webhook(alert(), alert(labels={"instance": "web-2"})))
    publish.publish_due()
    assert responding.resolve(ANNA, group_of(site)) == 2
    group = group_of(site)
    assert (group.is_open, group.status) == (False, "resolved")
    assert set(Alert.objects.values_list("status", "ended_by")) == {("resolved", "person")}
    assert lines(site) == [
        ("resolved", "anna@example.org", "api"),
        ("closed", "anna@example.org", "api"),
    ]
    publish.publish_due()
    assert all("RESOLVED" in text for text in texts(site)[:2])
    with pytest.raises(ResponseRefused, match="Nothing fires"):
        responding.resolve(BERT, group)


def test_what_its_sender_repeats_stays_resolved_and_what_begins_anew_fires(site: Site) -> None:
    responding.resolve(ANNA, group_of(site))
    site.post(webhook(alert()))
    assert not group_of(site).is_open
    later = (clock.now() + timedelta(hours=1)).isoformat()
    site.post(webhook(alert(startsAt=later)))
    assert AlertGroup.objects.filter(organization=site.organization, is_open=True).count() == 1


def test_an_alert_that_fires_elsewhere_by_now_is_left_alone(site: Site) -> None:
    group = group_of(site)
    Alert.objects.update(episode=2)
    with pytest.raises(ResponseRefused, match="Nothing fires"):
        responding.resolve(ANNA, group)


# --- assigning -----------------------------------------------------------------------------------


def test_it_is_somebodys(site: Site) -> None:
    carla = Person(site.organization, Role.VIEWER).membership.user
    assert responding.assign(ANNA, group_of(site), carla)
    assert not responding.assign(BERT, group_of(site), carla)
    publish.publish_due()
    assert len(texts(site)) == 2
    assert all(f"👤 Assigned to {carla.email}" in text for text in texts(site))
    assert responding.assign(BERT, group_of(site), None)
    assert not responding.assign(BERT, group_of(site), None)
    publish.publish_due()
    assert not any("Assigned" in text for text in texts(site))
    assert [line[:2] for line in lines(site)] == [
        ("assigned", "anna@example.org"),
        ("assigned", "bert@example.org"),
    ]


def test_to_whom_it_cannot_be_assigned(site: Site) -> None:
    stranger = Person().membership.user
    gone = Person(site.organization, Role.VIEWER).membership.user
    gone.is_active = False
    gone.save()
    for user in (stranger, gone):
        with pytest.raises(ResponseRefused, match="member"):
            responding.assign(ANNA, group_of(site), user)
    site.post(webhook(alert(status="resolved")))
    with pytest.raises(ResponseRefused, match="over"):
        responding.assign(ANNA, group_of(site), None)
    assert lines(site) == []


# --- REST and console ----------------------------------------------------------------------------


def test_over_rest(site: Site) -> None:
    api = Api(site.organization, Role.RESPONDER)
    path = f"groups/{group_of(site).pk}/"
    answer = api.post(f"{path}acknowledge/")
    assert answer.status_code == 200, answer.json()
    assert answer.json()["acknowledged_by"] == "API key responder key"
    assert api.post(f"{path}acknowledge/").json()["acknowledged_by"] == "API key responder key"
    assert api.post(f"{path}comment/", {"text": "On it"}).json()["data"] == {"why": "On it"}
    assert "/text" in places(api.post(f"{path}comment/", {}))
    assert "/text" in places(api.post(f"{path}comment/", {"text": " "}))
    assert api.post(f"{path}unacknowledge/").json()["acknowledged_at"] is None
    site.post(webhook(alert(status="resolved")))
    assert "over" in problem_of(api.post(f"{path}acknowledge/"), 409)["detail"]
    kinds = [line["kind"] for line in api.get(path).json()["timeline"]]
    assert [kind for kind in kinds if kind in ("acknowledged", "comment", "unacknowledged")] == [
        "acknowledged",
        "comment",
        "unacknowledged",
    ]
    assert api.post(f"{path}acknowledge/", {"by": "me"}).status_code == 400


def test_whose_it_is_and_that_it_is_over_over_rest(site: Site) -> None:
    api = Api(site.organization, Role.RESPONDER)
    path = f"groups/{group_of(site).pk}/"
    member = Person(site.organization, Role.VIEWER).membership
    answer = api.post(f"{path}assign/", {"member": str(member.pk)})
    assert answer.json()["assigned_name"] == member.user.email
    assert api.post(f"{path}assign/", {"member": None}).json()["assigned_name"] == ""
    stranger = Person().membership
    assert "/member" in places(api.post(f"{path}assign/", {"member": str(stranger.pk)}))
    assert "/member" in places(api.post(f"{path}assign/", {}))
    assert api.post(f"{path}resolve/").json()["status"] == "resolved"
    assert "Nothing fires" in problem_of(api.post(f"{path}resolve/"), 409)["detail"]
    assert "over" in problem_of(api.post(f"{path}assign/", {"member": None}), 409)["detail"]


def test_many_at_once_over_rest(site: Site) -> None:
    site.post(webhook(alert("DiskFull"), groupKey="2"))
    site.post(webhook(alert("HighCPU"), groupKey="3"))
    api = Api(site.organization, Role.RESPONDER)
    ids = [str(one.pk) for one in AlertGroup.objects.filter(organization=site.organization)]
    assert len(ids) == 3
    answer = api.post("groups/acknowledge/", {"groups": ids[:2]}).json()
    assert (sorted(answer["done"]), answer["refused"]) == (sorted(ids[:2]), [])
    assert api.post("groups/resolve/", {"groups": ids[1:]}).json()["refused"] == []
    again = api.post("groups/resolve/", {"groups": ids}).json()
    assert again["done"] == [ids[0]]
    assert {one["id"] for one in again["refused"]} == set(ids[1:])
    foreign = make_site()
    foreign.post(webhook(alert()))
    refused = api.post("groups/resolve/", {"groups": [str(group_of(foreign).pk)]})
    assert list(places(refused)) == ["/groups/0"]


def test_several_are_silenced_over_rest(site: Site) -> None:
    site.post(webhook(alert("DiskFull"), alert("DiskFull", labels={"instance": "b"}), groupKey="2"))
    mixed = [
        alert("Mixed1", labels={"severity": "warning", "instance": "c"}),
        alert("Mixed2", labels={"severity": "critical", "instance": "d"}),
    ]
    site.post(webhook(*mixed, groupKey="3"))
    api = Api(site.organization, Role.RESPONDER)
    rows = list(AlertGroup.objects.filter(organization=site.organization).order_by("pk"))
    ids = [str(one.pk) for one in rows]
    body = {"groups": ids, "duration": "2h", "comment": "Moving"}
    once = {"Idempotency-Key": "once"}
    first = api.post("groups/silence/", body, headers=once)
    answer = first.json()
    assert first.status_code == 200, answer
    assert len(answer["silences"]) == len(answer["done"]) == Silence.objects.count() == 2
    (refused,) = answer["refused"]
    assert "no label that all of these alerts have" in refused["reason"]
    assert api.post("groups/silence/", body, headers=once).json() == answer
    assert Silence.objects.count() == len(answer["done"])
    for group_id, silence_id in zip(answer["done"], answer["silences"], strict=True):
        line = TimelineEvent.objects.get(group=group_id, kind="silenced")
        assert line.data["silence"] == silence_id
        assert Silence.objects.get(pk=silence_id).comment == "Moving"
    assert "/ends_at" in places(api.post("groups/silence/", {"groups": ids}))
    past = {"groups": ids, "ends_at": "2020-01-01T00:00:00Z"}
    assert "/ends_at" in places(api.post("groups/silence/", past))
    foreign = make_site()
    foreign.post(webhook(alert()))
    theirs = {"groups": [str(group_of(foreign).pk)], "duration": "1h"}
    assert list(places(api.post("groups/silence/", theirs))) == ["/groups/0"]


def test_what_is_done_to_several_is_done_in_one_order_and_again_after_a_deadlock(
    site: Site,
) -> None:
    """Two people at the same groups would wait for each other in a circle."""
    for number in range(3):
        site.post(webhook(alert(f"A{number}"), groupKey=str(number)))
    groups = list(AlertGroup.objects.order_by("-pk"))
    seen: list[AlertGroup] = []

    def work(group: AlertGroup) -> bool:
        seen.append(group)
        done = responding.acknowledge(ANNA, group)
        if len(seen) == 2:
            raise OperationalError from DeadlockDetected()
        return done

    outcome = responding.to_each(groups, work)
    ordered = groups[::-1]
    assert seen == [ordered[0], ordered[1], *ordered[1:]]
    assert outcome.done == [(group, True) for group in ordered]


@pytest.mark.parametrize(("cause", "times"), [(DeadlockDetected(), TRIES), (DiskFull(), 1)])
def test_what_fails_again_and_again_is_an_error(site: Site, cause: Exception, times: int) -> None:
    tries: list[AlertGroup] = []

    def work(group: AlertGroup) -> None:
        tries.append(group)
        raise OperationalError from cause

    with pytest.raises(OperationalError):
        responding.to_each([group_of(site)], work)
    assert len(tries) == times


def test_several_are_silenced_as_far_as_there_may_be_more(site: Site) -> None:
    site.post(webhook(alert("DiskFull"), groupKey="2"))
    now = clock.now()
    Silence.objects.bulk_create(
        Silence(
            organization=site.organization,
            starts_at=now,
            ends_at=now + timedelta(hours=1),
            updated_at=now,
        )
        for _ in range(LASTING_MAX - 1)
    )
    groups = AlertGroup.objects.filter(organization=site.organization)
    outcome = responding.silence_each(ANNA, groups, Wanted((), now, now + timedelta(hours=1)))
    assert len(outcome.done) == 1
    ((_, reason),) = outcome.refused
    assert "2,000" in reason


def test_who_may(site: Site) -> None:
    path = f"groups/{group_of(site).pk}/acknowledge/"
    assert Api(site.organization, Role.VIEWER).post(path).status_code == 403
    assert Api().post(path).status_code == 404
    page = f"/alerts/alertgroup/{group_of(site).pk}/press/acknowledge/"
    Person(site.organization, Role.VIEWER).send(page, 403)
    Person().send(page, 404)
    assert group_of(site).acknowledged_at is None


def test_on_the_console(site: Site) -> None:
    person = Person(site.organization, Role.RESPONDER)
    path = f"/alerts/alertgroup/{group_of(site).pk}/"
    assert "Acknowledge" in person.read("/alerts/alertgroup/")
    assert "Take back" not in person.read(f"{path}change/")
    person.send(f"{path}press/acknowledge/")
    assert group_of(site).acknowledged_by == person.membership.user.email
    page = person.read(f"{path}change/")
    assert "Take the acknowledgement back" in page
    person.send(f"{path}comment/", text="Disk is <b>full</b>")
    page = person.read(f"{path}change/")
    assert "Disk is &lt;b&gt;full&lt;/b&gt;" in page
    person.send(f"{path}press/unacknowledge/")
    assert group_of(site).acknowledged_at is None
    answer = person.client.post(f"{path}comment/", {"text": " "}, follow=True)
    assert "Write something." in answer.content.decode()
    Person().send(f"{path}comment/", 404, text="x")
    Person(site.organization, Role.VIEWER).send(f"{path}comment/", 403, text="x")
    assert TimelineEvent.objects.filter(kind="comment").count() == 1
