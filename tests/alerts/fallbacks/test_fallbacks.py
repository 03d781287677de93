"""Setting, changing and testing fallbacks: write functions, REST and console."""

from typing import Any

import pytest
from django.test import Client

from accounts.audit import COMMAND_LINE
from accounts.models import AuditEntry, Role
from accounts.tenancy import ForeignOrganization
from alerts.fallbacks import changes as fallbacks
from alerts.models import Fallback, FallbackCall
from channels_app.models import NotificationChannel
from deliveries.models import Delivery
from tests.alerts.fallbacks.stage import grave, let_pass, make_stage, send, sweep
from tests.alerts.senders import Site, make_site, webhook
from tests.factories import make_bot, make_channel, make_membership, make_organization
from tests.rest import Api

pytestmark = pytest.mark.django_db


def others(site: Site, count: int) -> list[NotificationChannel]:
    """Further channels, each of a bot of its own."""
    return [make_channel(make_bot(site.organization, name=f"Bot {n}")) for n in range(count)]


def to(channel: NotificationChannel, target: NotificationChannel) -> Fallback:
    """Let `target` take over from `channel`."""
    return fallbacks.set_fallback(COMMAND_LINE, channel, kind="channel", target=target).fallback


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"kind": "pigeon"}, "kind", "channel, email, webhook"),
        ({"kind": "email"}, "addresses", "at least one"),
        ({"kind": "email", "addresses": ["ada"]}, "addresses", "'ada' is no e-mail address"),
        ({"kind": "email", "addresses": ["a@b.example\nBcc: x@y.example"]}, "addresses", "is no"),
        ({"kind": "email", "addresses": ["a@b.example"] * 1, "minutes": 0}, "minutes", "0 is not"),
        ({"kind": "email", "addresses": ["a@b.example"], "minutes": 1441}, "minutes", "1441"),
        ({"kind": "email", "addresses": ["a@b.example"], "threshold": "x"}, "threshold", "high"),
        ({"kind": "webhook", "url": ""}, "url", "It must start with http"),
        ({"kind": "webhook", "url": "ftp://a.example/"}, "url", "must start with http"),
        ({"kind": "webhook", "url": "https://u:p@a.example/"}, "url", "User names"),
        ({"kind": "channel"}, "target", "Choose the channel"),
        ({"kind": "email", "addresses": [f"a{n}@b.example" for n in range(21)]}, "addresses", "21"),
    ],
)
def test_what_cannot_be_is_refused_by_field(values: dict[str, Any], field: str, words: str) -> None:
    site = make_site()
    with pytest.raises(fallbacks.FallbackRefused, match=words) as refused:
        fallbacks.set_fallback(COMMAND_LINE, site.channels[0], **values)
    assert refused.value.field == field
    assert not Fallback.objects.exists()


def test_loops_are_refused_with_the_way_they_go() -> None:
    site = make_site()
    a, (b, c) = site.channels[0], others(site, 2)
    with pytest.raises(fallbacks.FallbackRefused, match="leads back"):
        to(a, a)
    to(a, b)
    to(b, c)
    with pytest.raises(fallbacks.FallbackRefused) as refused:
        to(c, a)
    assert f"{c} → {a} → {b} → {c}" in str(refused.value)
    assert refused.value.field == "target"
    to(c, make_channel(a.chat.bot))


def test_a_channel_of_another_organization_is_nobodys() -> None:
    site = make_site()
    theirs = make_channel(make_bot(make_organization()))
    with pytest.raises(ForeignOrganization):
        to(site.channels[0], theirs)
    api = Api(site.organization)
    path = f"channels/{site.channels[0].pk}/fallback/"
    answer = api.ask("PUT", path, {"kind": "channel", "target": str(theirs.pk)})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "does_not_exist"
    assert api.get(f"channels/{theirs.pk}/fallback/").status_code == 404
    assert api.ask("PUT", f"channels/{theirs.pk}/fallback/", {"kind": "email"}).status_code == 404


def test_another_channel_takes_over_with_a_message_of_its_own() -> None:
    site = make_site()
    (other,) = others(site, 1)
    fallback = to(site.channels[0], other)
    to(other, make_channel(site.channels[0].chat.bot))  # must not take over what other takes over
    assert not fallbacks.same_bot(fallback)
    site.post(webhook(grave()))
    let_pass(6)
    assert sweep() == 1
    call = FallbackCall.objects.get()
    assert call.state == "accepted"
    delivery = Delivery.objects.get(purpose="fallback")
    assert call.delivery == delivery
    assert (delivery.channel, delivery.chat) == (other, other.chat)
    assert f"Undelivered in {site.channels[0].name}" in delivery.plain_text
    assert "FIRING critical" in delivery.plain_text
    assert delivery.params["parse_mode"] == other.parse_mode
    let_pass(60)
    assert sweep() == 0, "what a fallback sends is taken over by nobody"


def test_the_same_bot_is_said_to_be() -> None:
    site = make_site(channels=2)
    fallback = to(site.channels[0], site.channels[1])
    assert fallbacks.same_bot(fallback)
    shown = Api(site.organization).get(f"channels/{site.channels[0].pk}/fallback/").json()
    assert shown["same_bot"] is True


def test_another_url_asks_for_the_secret_again() -> None:
    site = make_site()
    channel = site.channels[0]
    saved = fallbacks.set_fallback(COMMAND_LINE, channel, kind="webhook", url="https://a.example/x")
    assert fallbacks.secret_of(saved.fallback) == saved.secret
    assert saved.secret not in saved.fallback.secret_encrypted
    kept = fallbacks.set_fallback(COMMAND_LINE, channel, minutes=7)
    assert kept.secret == ""
    for wrong in ("", "tfs_guess", "ü"):
        with pytest.raises(fallbacks.FallbackRefused) as refused:
            fallbacks.set_fallback(COMMAND_LINE, channel, url="https://evil.example/", secret=wrong)
        assert refused.value.field == "secret"
    assert Fallback.objects.get().url == "https://a.example/x"
    moved = fallbacks.set_fallback(
        COMMAND_LINE, channel, url="https://b.example/", secret=saved.secret
    )
    assert moved.secret == ""
    anew = fallbacks.set_fallback(COMMAND_LINE, channel, url="https://c.example/", new_secret=True)
    assert anew.secret not in ("", saved.secret)
    away = fallbacks.set_fallback(COMMAND_LINE, channel, kind="email", addresses=["a@b.example"])
    assert (away.fallback.url, away.fallback.secret_encrypted) == ("", "")
    told = str(list(AuditEntry.objects.values_list("changes", flat=True)))
    assert saved.secret not in told
    assert "a.example/x" not in told


# --- REST ----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_rest_from_nothing_to_a_test_and_back(receiver: Any) -> None:
    site = make_site()
    api = Api(site.organization)
    path = f"channels/{site.channels[0].pk}/fallback/"
    assert api.get(path).status_code == 404
    assert api.post(f"{path}test/").status_code == 404
    made = api.ask("PUT", path, {"kind": "webhook", "url": receiver.url, "minutes": 3})
    assert made.status_code == 201, made.content
    assert made["Cache-Control"] == "no-store"
    secret = made.json()["secret"]
    receiver.secret = secret
    shown = api.get(path).json()
    assert "secret" not in shown
    assert (shown["url"], shown["minutes"], shown["threshold"]) == (receiver.url, 3, "critical")
    reader = Api(site.organization, Role.VIEWER).get(path)
    assert reader.json()["url"] == f"http://127.0.0.1:{receiver.port}/…"
    refused = api.ask("PUT", path, {"kind": "webhook", "url": "https://b.example/"})
    assert refused.json()["errors"][0]["pointer"] == "/secret"
    assert api.get(f"{path}test/").status_code == 404
    asked = api.post(f"{path}test/")
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
    assert asked["Location"].endswith(f"/api/v1/{path}test/")
    send()
    verdict = api.get(f"{path}test/").json()
    assert (verdict["state"], verdict["answer"]) == ("ok", "HTTP 200")
    assert receiver.bodies[0]["event"] == "test"
    assert receiver.verified == [True]
    again = api.ask("PUT", path, {"kind": "webhook", "url": "https://b.example/", "secret": secret})
    assert (again.status_code, again.json()["minutes"]) == (200, 5), "what is left out is as new"
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404


def test_a_group_tells_that_it_was_taken_over() -> None:
    site, _ = make_stage()
    site.post(webhook(grave()))
    let_pass(6)
    sweep()
    api = Api(site.organization)
    group = api.get("groups/").json()["results"][0]["id"]
    (message,) = api.get(f"groups/{group}/").json()["messages"]
    (taken,) = message["take_overs"]
    assert taken["told"] == "Undelivered for 6 min; being sent by e-mail to ada@example.org."
    FallbackCall.objects.update(state="accepted")
    client = Client()
    client.force_login(make_membership(organization=site.organization).user)
    page = client.get(f"/alerts/alertgroup/{group}/change/").content.decode()
    assert "Undelivered for 6 min; sent by e-mail to ada@example.org." in page
    assert "Taken over by the fallback" in page


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("status", "state", "words"), [(200, "ok", "HTTP 200"), (500, "failed", "HTTP 500")]
)
def test_a_test_is_tried_once(receiver: Any, status: int, state: str, words: str) -> None:
    site, fallback = make_stage(kind="webhook", addresses=[], url=receiver.url)
    receiver.status = status
    api = Api(site.organization, Role.RESPONDER)
    path = f"channels/{site.channels[0].pk}/fallback/test/"
    api.post(path)
    send()
    send()
    assert len(receiver.bodies) == 1
    verdict = api.get(path).json()
    assert verdict["state"] == state
    assert words in verdict["answer"]
    assert fallback.pk


def test_a_test_that_nobody_takes_has_a_verdict_in_time() -> None:
    site, _ = make_stage()
    path = f"channels/{site.channels[0].pk}/fallback/test/"
    api = Api(site.organization)
    api.post(path)
    let_pass(10 / 60)
    verdict = api.get(path).json()
    assert verdict["state"] == "failed"
    assert "worker" in verdict["answer"]


# --- console -------------------------------------------------------------------------------------


def owner(site: Site) -> Client:
    client = Client()
    client.force_login(make_membership(organization=site.organization).user)
    return client


@pytest.mark.django_db(transaction=True)
def test_console_from_the_channels_page_to_a_test(receiver: Any) -> None:
    site = make_site()
    channel = site.channels[0]
    client = owner(site)
    opened = client.post(f"/channels_app/notificationchannel/{channel.pk}/press/fallback/")
    assert opened.headers["Location"] == f"/alerts/fallback/add/?channel={channel.pk}"
    page = client.get(opened.headers["Location"]).content.decode()
    assert f'<option value="{channel.pk}" selected' in page
    form = {"channel": channel.pk, "kind": "webhook", "url": receiver.url}
    form |= {"threshold": "critical", "minutes": 5, "enabled": "on"}
    wrong = client.post("/alerts/fallback/add/", {**form, "url": "nowhere"})
    assert "must start with http" in wrong.content.decode()
    made = client.post("/alerts/fallback/add/", form)
    fallback = Fallback.objects.get()
    receiver.secret = fallbacks.secret_of(fallback)
    assert receiver.secret in made.content.decode()
    assert "no-store" in made["Cache-Control"]
    page = client.get(f"/alerts/fallback/{fallback.pk}/change/").content.decode()
    assert receiver.secret not in page
    pressed = client.post(
        f"/alerts/fallback/{fallback.pk}/press/test/", headers={"HX-Request": "true"}
    )
    assert "Sending a test" in pressed.content.decode()
    send()
    assert "HTTP 200" in client.get(f"/alerts/fallback/{fallback.pk}/last-test/").content.decode()
    assert receiver.verified == [True]
    opened = client.post(f"/channels_app/notificationchannel/{channel.pk}/press/fallback/")
    assert str(fallback.pk) in opened.headers["Location"]
    listed = client.get("/alerts/fallback/").content.decode()
    assert f"to the webhook at 127.0.0.1:{receiver.port}" in listed
    assert "s3cret" not in listed
    change = {**form, "url": "https://b.example/"}
    del change["channel"]
    refused = client.post(f"/alerts/fallback/{fallback.pk}/change/", change)
    assert "Enter the present secret" in refused.content.decode()


def test_console_warns_of_the_same_bot() -> None:
    site = make_site(channels=2)
    fallback = to(site.channels[0], site.channels[1])
    page = owner(site).get(f"/alerts/fallback/{fallback.pk}/change/").content.decode()
    assert "The other channel has the same bot" in page
