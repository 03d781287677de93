"""What an upstream's list of alerts says about ours."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from alerts.fingerprints import of_labels
from alerts.upstreams.listed import (
    Firing,
    NotAlerts,
    found_again,
    is_of_that_sender,
    missing,
    read_listed,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SOON, LATE = NOW + timedelta(minutes=5), NOW + timedelta(hours=5)
LABELS = {"alertname": "Down", "instance": "a", "replica": "1"}
NONE: frozenset[str] = frozenset()
REPLICA = frozenset(("replica",))


@pytest.mark.parametrize(
    ("expires_at", "unlisted_until", "is_listed", "does"),
    [
        (None, None, True, ""),
        (None, None, False, "gets an end"),
        (None, SOON, False, "gets an end"),  # its sender told of it since
        (SOON, SOON, False, ""),  # runs
        (SOON, SOON, True, "gets it taken back"),
        (LATE, None, False, ""),  # a sender's, or a resolve timeout's
        (LATE, None, True, ""),
        (LATE, SOON, False, ""),
        (LATE, SOON, True, ""),
    ],
)
def test_what_happens_to_one_that_fires(
    expires_at: datetime | None, unlisted_until: datetime | None, is_listed: bool, does: str
) -> None:
    one = Firing(UUID(int=1), "a", expires_at, unlisted_until)
    listed = frozenset(["a"] if is_listed else ["b"])
    assert (missing([one], listed) == [one]) is (does == "gets an end")
    assert (found_again([one], listed) == [one]) is (does == "gets it taken back")


def listed(labels: dict[str, str], fingerprint: str) -> dict[str, Any]:
    return {"labels": labels, "annotations": {}, "fingerprint": fingerprint}


@pytest.mark.parametrize(
    ("kind", "ignored", "labels", "given", "ours"),
    [
        ("alertmanager", NONE, LABELS, of_labels(LABELS), of_labels(LABELS)),
        ("alertmanager", REPLICA, LABELS, of_labels(LABELS), of_labels(LABELS, REPLICA)),
        ("grafana", NONE, {**LABELS, "__alert_rule_uid__": "x"}, "ab" * 8, "ab" * 8),
        ("grafana", REPLICA, {**LABELS, "__x__": "y"}, "ab" * 8, of_labels(LABELS, REPLICA)),
    ],
)
def test_under_which_fingerprint_a_listed_one_came(
    kind: str, ignored: frozenset[str], labels: dict[str, str], given: str, ours: str
) -> None:
    assert read_listed([listed(labels, given)], kind, ignored) == {ours}


@pytest.mark.parametrize(
    "answer", [None, {}, "x", [1], [listed(LABELS, "ab"), {}], [{"labels": []}]]
)
def test_what_is_not_wholly_understood_proves_nothing(answer: Any) -> None:
    with pytest.raises(NotAlerts):
        read_listed(answer, "alertmanager", NONE)


@pytest.mark.parametrize(
    ("fingerprint", "kind", "ignored", "is_its"),
    [
        (of_labels(LABELS), "alertmanager", NONE, True),
        (of_labels(LABELS, REPLICA), "alertmanager", REPLICA, True),
        ("ab" * 8, "alertmanager", NONE, False),
        ("ab" * 32, "alertmanager", NONE, False),
        ("backup", "alertmanager", NONE, False),
        ("ab" * 8, "grafana", NONE, True),
        ("ab" * 32, "grafana", NONE, False),
        ("backup", "grafana", NONE, False),
    ],
)
def test_whose_it_is(fingerprint: str, kind: str, ignored: frozenset[str], is_its: bool) -> None:
    assert is_of_that_sender(fingerprint, LABELS, kind, ignored) is is_its
