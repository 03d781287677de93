"""Silences as they are made, changed and ended: each verb on a database."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.audit import Actor
from accounts.models import AuditEntry, Organization, Way
from alerts.integrations import create_integration
from alerts.matchers import format_matchers, read_matchers
from alerts.models import Silence
from alerts.muting.silences import (
    LASTING_MAX,
    LASTING_OF_INTEGRATION_MAX,
    TooManySilences,
    Wanted,
    change_silence,
    create_silence,
    expire_silence,
    extend_silence,
    state_of,
)
from alerts.muting.silencing import SilenceRefused, SilenceState
from alerts.purge import purge
from deliveries import clock
from tests.alerts.senders import make_site
from tests.factories import make_organization

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
ANNA = Actor(name="anna@example.org", way=Way.API)


@pytest.fixture
def organization() -> Organization:
    return make_organization()


def wanted(start: float = 0, end: float = 1, matchers: Any = "a=b", **values: Any) -> Wanted:
    """Hours from now."""
    now = clock.now()
    return Wanted(matchers, now + start * HOUR, now + end * HOUR, **values)


def version(organization: Organization) -> int:
    organization.refresh_from_db()
    return organization.muting_version


def entries(organization: Organization) -> list[tuple[str, str]]:
    rows = AuditEntry.objects.filter(organization=organization, object_type="silence")
    return list(rows.order_by("id").values_list("action", "actor_name"))


def test_a_new_one(organization: Organization) -> None:
    silence = create_silence(ANNA, organization, wanted(comment="Disk replaced"))
    silence.refresh_from_db()
    assert silence.matchers == [{"name": "a", "op": "=", "value": "b"}]
    assert (silence.author, silence.way) == ("anna@example.org", "api")
    assert silence.due_at == silence.starts_at
    assert state_of(silence) is SilenceState.ACTIVE
    assert entries(organization) == [("create", "anna@example.org")]
    assert version(organization) == 1


def test_a_start_that_is_past_is_now(organization: Organization) -> None:
    before = clock.now()
    silence = create_silence(ANNA, organization, wanted(-5, 1))
    assert before <= silence.starts_at <= clock.now()


def test_somebody_else_may_be_named(organization: Organization) -> None:
    silence = create_silence(ANNA, organization, wanted(author="bert"))
    assert silence.author == "bert"
    assert entries(organization) == [("create", "anna@example.org")]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"matchers": "a"}, "matchers"),
        ({"matchers": 'a=""'}, "matchers"),
        ({"start": 2, "end": 1}, "ends_at"),
        ({"start": -2, "end": -1}, "ends_at"),
        ({"comment": "x" * 2001}, "comment"),
        ({"comment": "\0"}, "comment"),
        ({"author": "x" * 255}, "author"),
    ],
)
def test_refused(organization: Organization, values: dict[str, Any], field: str) -> None:
    kept = create_silence(ANNA, organization, wanted())
    with pytest.raises(SilenceRefused) as refused:
        create_silence(ANNA, organization, wanted(**values))
    assert refused.value.field == field
    with pytest.raises(SilenceRefused) as refused:
        change_silence(ANNA, kept, wanted(**values))
    assert refused.value.field == field
    assert Silence.objects.count() == 1
    assert version(organization) == 1


def test_a_longer_end_is_the_same_silence(organization: Organization) -> None:
    silence = create_silence(ANNA, organization, wanted())
    longer = Wanted("a=b", silence.starts_at, silence.ends_at + HOUR, comment="Longer")
    changed = change_silence(ANNA, silence, longer)
    assert changed.pk == silence.pk
    assert (changed.ends_at, changed.comment) == (longer.ends_at, "Longer")
    assert changed.author == "anna@example.org"
    assert changed.due_at is not None
    assert changed.due_at >= changed.updated_at
    entry = AuditEntry.objects.filter(organization=organization).latest("id")
    assert (entry.action, entry.changes["comment"]) == ("change", ["", "Longer"])
    assert version(organization) == 2


def test_other_matchers_are_another_silence(organization: Organization) -> None:
    silence = create_silence(ANNA, organization, wanted())
    new = change_silence(ANNA, silence, Wanted("c=d", silence.starts_at, silence.ends_at))
    silence.refresh_from_db()
    assert new.pk != silence.pk
    assert (state_of(silence), state_of(new)) == (SilenceState.EXPIRED, SilenceState.ACTIVE)
    assert format_matchers(read_matchers(new.matchers)) == '{c="d"}'
    assert [action for action, _ in entries(organization)] == ["create", "expire", "create"]
    assert silence.due_at is not None


def test_a_pending_one_moves(organization: Organization) -> None:
    silence = create_silence(ANNA, organization, wanted(1, 2))
    assert silence.due_at == silence.starts_at
    moved = wanted(3, 4)
    changed = change_silence(ANNA, silence, moved)
    assert (changed.pk, changed.starts_at) == (silence.pk, moved.starts_at)
    assert changed.due_at == moved.starts_at
    now = wanted(-1, 4)
    began = change_silence(ANNA, changed, now)
    assert began.pk != silence.pk
    silence.refresh_from_db()
    assert state_of(silence) is SilenceState.EXPIRED
    assert silence.starts_at <= silence.ends_at


def test_one_that_ended_begins_anew(organization: Organization) -> None:
    silence = create_silence(ANNA, organization, wanted())
    expire_silence(ANNA, silence)
    silence.refresh_from_db()
    ended_at = silence.ends_at
    again = change_silence(ANNA, silence, wanted())
    silence.refresh_from_db()
    assert again.pk != silence.pk
    assert silence.ends_at == ended_at
    assert [action for action, _ in entries(organization)] == ["create", "expire", "create"]


@pytest.mark.parametrize("start", [0, 1])
def test_ended_once(organization: Organization, start: int) -> None:
    silence = create_silence(ANNA, organization, wanted(start, start + 1))
    assert expire_silence(ANNA, silence)
    silence.refresh_from_db()
    assert state_of(silence) is SilenceState.EXPIRED
    assert silence.starts_at <= silence.ends_at == silence.due_at
    assert not expire_silence(ANNA, silence)
    assert version(organization) == 2


def test_longer_by_so_much_than_by_now(organization: Organization) -> None:
    silence = create_silence(ANNA, organization, wanted())
    stale = Silence.objects.get(pk=silence.pk)
    extend_silence(ANNA, silence, HOUR)
    assert extend_silence(ANNA, stale, HOUR).ends_at == silence.ends_at + 2 * HOUR
    expire_silence(ANNA, silence)
    with pytest.raises(SilenceRefused, match="has ended"):
        extend_silence(ANNA, stale, HOUR)
    assert Silence.objects.count() == 1


def test_what_was_purged_meanwhile_is_refused(organization: Organization) -> None:
    silence = create_silence(ANNA, organization, wanted())
    Silence.objects.all().delete()
    assert not expire_silence(ANNA, silence)
    with pytest.raises(SilenceRefused, match="has ended"):
        extend_silence(ANNA, silence, HOUR)
    with pytest.raises(SilenceRefused, match="is gone"):
        change_silence(ANNA, silence, wanted(end=2))


def test_it_ends_by_itself(organization: Organization) -> None:
    silence = create_silence(ANNA, organization, wanted())
    Silence.objects.update(starts_at=silence.starts_at - HOUR, ends_at=silence.starts_at)
    assert not expire_silence(ANNA, silence)
    silence.refresh_from_db()
    assert state_of(silence) is SilenceState.EXPIRED
    assert entries(organization) == [("create", "anna@example.org")]


def fill(organization: Organization, number: int, **values: Any) -> Silence:
    """As many that last, and as many that are over; one of the first."""
    now = clock.now()
    made = [
        Silence(
            organization=organization,
            matchers=[{"name": "a", "op": "=", "value": "b"}],
            starts_at=now - 2 * HOUR,
            ends_at=now + end * HOUR,
            updated_at=now,
            **values,
        )
        for end in (-1, 1)
        for _ in range(number)
    ]
    return Silence.objects.bulk_create(made)[-1]


def test_an_organization_has_so_many_at_most(organization: Organization) -> None:
    site = make_site()
    last = fill(organization, LASTING_MAX - 1)
    create_silence(ANNA, organization, wanted())
    for integration in (None, create_integration(ANNA, organization, "x")[0]):
        with pytest.raises(TooManySilences, match=r"2,000 .* End") as refused:
            create_silence(ANNA, organization, wanted(integration=integration))
        assert refused.value.field == ""
    create_silence(ANNA, site.organization, wanted())
    other = change_silence(ANNA, last, wanted(matchers="c=d"))
    assert other.pk != last.pk
    with pytest.raises(TooManySilences):
        change_silence(ANNA, last, wanted(matchers="e=f"))
    expire_silence(ANNA, other)
    create_silence(ANNA, organization, wanted())


def test_an_integration_has_so_many_at_most() -> None:
    site = make_site()
    fill(site.organization, LASTING_OF_INTEGRATION_MAX, integration=site.integration)
    with pytest.raises(TooManySilences, match=rf"'{site.integration.name}' .*500 .* End"):
        create_silence(ANNA, site.organization, wanted(integration=site.integration))
    create_silence(ANNA, site.organization, wanted())
    create_silence(
        ANNA,
        site.organization,
        wanted(integration=create_integration(ANNA, site.organization, "y")[0]),
    )


def test_a_foreign_one_is_not_found(organization: Organization) -> None:
    silence = create_silence(ANNA, organization, wanted())
    silence.organization = make_organization()
    assert not expire_silence(ANNA, silence)
    assert state_of(Silence.objects.get()) is SilenceState.ACTIVE


def test_old_ones_go_once_their_end_was_told(organization: Organization, settings: Any) -> None:
    now: datetime = clock.now()
    old = now - settings.RETENTION["groups"] - HOUR

    def stored(ends_at: datetime, due_at: datetime | None) -> Silence:
        return Silence.objects.create(
            organization=organization,
            starts_at=old - HOUR,
            ends_at=ends_at,
            updated_at=now,
            due_at=due_at,
        )

    gone = stored(old, None)
    kept = {stored(old, old).pk, stored(now, None).pk, stored(now + HOUR, now + HOUR).pk}
    assert purge()["silences"] == 1
    assert set(Silence.objects.values_list("pk", flat=True)) == kept
    assert gone.pk not in kept
