"""Identities of alerts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import fingerprints

texts = st.text(st.characters(codec="utf-8"), max_size=20)


@pytest.mark.parametrize(
    ("labels", "fingerprint"),
    [
        ({}, "cbf29ce484222325"),
        ({"alertname": "alert1", "lbl1": "val1"}, "fac0861a85de433a"),
        ({"alertname": "alert1", "lbl1": "val2"}, "fab6861a85d5eeb5"),
    ],
)
def test_alertmanagers_own(labels: dict[str, str], fingerprint: str) -> None:
    """Vectors from Alertmanager and Grafana's webhook tests."""
    assert fingerprints.of_labels(labels) == fingerprint
    assert fingerprints.of_labels(dict(reversed(labels.items()))) == fingerprint
    assert fingerprints.of_labels({**labels, "replica": "a"}, frozenset(["replica"])) == fingerprint


def test_names_are_sorted_as_bytes() -> None:
    """U+FF5E sorts after U+1F514 as UTF-16, before it as bytes."""
    astral_last = fingerprints.of_labels({"\U0001f514": "1", "\uff5e": "2"})
    assert astral_last == fingerprints.of_labels({"\uff5e": "2", "\U0001f514": "1"})


@given(st.lists(texts, max_size=4), st.lists(texts, max_size=4))
def test_different_texts_have_different_hashes(one: list[str], two: list[str]) -> None:
    """["ab", "c"] is not ["a", "bc"]."""
    same = fingerprints.of_texts(one) == fingerprints.of_texts(two)
    assert same is (one == two)


@pytest.mark.parametrize("given_text", ["a", "0443238e254bbe4c", "disk-1.web_2~x", "x" * 64])
def test_a_usable_fingerprint_is_kept(given_text: str) -> None:
    assert fingerprints.as_given(given_text) == given_text


@pytest.mark.parametrize("given_text", ["", "x" * 65, "with space", "ü", "a/b", "a\n"])
def test_any_other_is_hashed(given_text: str) -> None:
    hashed = fingerprints.as_given(given_text)
    assert len(hashed) == 64
    assert fingerprints.as_given(hashed) == hashed
