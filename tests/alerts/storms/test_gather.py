"""Publishers that decide at once, none of which sees what the others add to the same chat."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from django.utils import timezone

from alerts import publish, publish_claim
from alerts.models import AlertGroup, GroupMessage, Storm
from alerts.publish_claim import Claimed
from alerts.publish_read import Ready
from channels_app.models import Chat
from deliveries.messages import send_text
from deliveries.models import Delivery
from tests.alerts.senders import Site, make_site
from tests.alerts.test_races import together

pytestmark = pytest.mark.django_db(transaction=True)

PICTURE = "https://pictures.example.org/graph.png"
"""Never fetched. Who wants one is asked for between deciding and committing."""


def flood(site: Site, numbers: Sequence[int]) -> None:
    """An alert in a group of its own for each number; the first one of all wants a picture."""
    told = [{"title": f"A{n}", "fingerprint": f"f{n}", "status": "firing"} for n in numbers]
    for one in told:
        if one["title"] == "A0":
            one["image_url"] = PICTURE
    assert site.post(told).status_code == 202


def group_site() -> Site:
    """Ten calls may wait for its chat."""
    site = make_site()
    Chat.objects.update(type="supergroup")
    return site


def publish_meanwhile(claimed: Claimed, work: Callable[[], object]) -> None:
    """Publish these; others do their `work` after it was decided how, and before it stands."""
    done: list[Ready] = []

    def look(one: Ready) -> None:
        if not done:
            done.append(one)
            work()

    publish.publish_claimed(claimed, look)
    assert done, "nobody asked for the picture"


def waiting(site: Site) -> list[str]:
    """Purposes of the calls that wait."""
    rows = Delivery.objects.for_organization(site.organization).filter(state="waiting")
    return sorted(rows.values_list("purpose", flat=True))


def claims_of(site: Site, *sizes: int) -> list[Claimed]:
    """Claims of so many groups each, as publishers take them."""
    flood(site, range(sum(sizes)))
    claims = [publish_claim.claim(size) for size in sizes]
    assert [len(claimed.ids) for claimed in claims] == list(sizes)
    return claims


def test_what_is_little_for_each_and_too_much_together_is_a_storm() -> None:
    site = group_site()
    first, second = claims_of(site, 8, 8)
    publish_meanwhile(first, lambda: publish.publish_claimed(second))
    publish.publish_due()
    assert Storm.objects.get().joined == 16
    assert waiting(site) == ["digest", "digest"]
    assert not GroupMessage.objects.exclude(message=None).exists()


def test_who_decides_before_a_storm_joins_it() -> None:
    site = group_site()
    few, many = claims_of(site, 5, 40)
    publish_meanwhile(few, lambda: publish.publish_claimed(many))
    publish.publish_due()
    assert Storm.objects.get().joined == 45
    assert waiting(site) == ["digest", "digest"]


def test_publishers_at_once_leave_no_flood_of_single_messages() -> None:
    site = group_site()
    claims = claims_of(site, *[6] * 4)
    together(*[lambda claimed=one: publish.publish_claimed(claimed) for one in claims])
    publish.publish_due()
    assert Storm.objects.get().joined == 24
    assert waiting(site) == ["digest", "digest"]


def test_what_is_little_together_stays_alone() -> None:
    site = group_site()
    first, second = claims_of(site, 4, 6)
    publish_meanwhile(first, lambda: publish.publish_claimed(second))
    assert publish.publish_due() == 0
    assert not Storm.objects.exists()
    assert waiting(site) == ["group"] * 10


def test_what_waited_when_an_outage_became_a_storm_joins_it() -> None:
    site = group_site()
    flood(site, range(2))
    publish.publish_due()
    AlertGroup.objects.update(opened_at=timezone.now() - timedelta(minutes=9))
    site.post([{"title": f"A{n}", "fingerprint": f"f{n}", "status": "resolved"} for n in range(2)])
    publish.publish_due()
    assert Storm.objects.get().reason == "outage"
    flood(site, range(2, 10))
    publish.publish_due()
    assert waiting(site) == ["digest"] + ["group"] * 8
    flood(site, range(10, 12))
    publish.publish_due()
    assert (Storm.objects.get().reason, Storm.objects.get().joined) == ("storm", 12)
    assert "group" not in waiting(site)


def rest_messages(site: Site, number: int) -> None:
    """So many that a program had sent by REST."""
    for _ in range(number):
        send_text(site.channels[0], "Deployed")


def test_an_alert_among_what_programs_send_is_not_alone_in_a_digest() -> None:
    site = group_site()
    rest_messages(site, 15)
    flood(site, range(1, 2))
    publish.publish_due()
    assert waiting(site) == ["group"] + ["message"] * 15
    flood(site, range(2, 3))
    publish.publish_due()
    assert waiting(site) == ["digest"] + ["message"] * 15, "two are"
    assert Storm.objects.get().joined == 2
