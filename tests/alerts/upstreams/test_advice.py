"""What is said about an upstream that does not agree."""

import pytest

from alerts.upstreams.advice import advice_for


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        ("it refuses the credential (HTTP 401)", "that may write silences"),
        ("it answers with HTTP 404", "address up to the path"),
        ("it does not answer with JSON", "address up to the path"),
        ("it answers with HTTP 503", "its log"),
        ("am.example.org: it redirects (HTTP 302); give the final URL", "that it leads to"),
        ("am.example.org: not loaded within 5 s", "this machine reach it"),
        ("am.example.org: no answer within 5 s", "this machine reach it"),
        ("am.example.org: am.example.org:9093 does not answer: timed out", "machine reach it"),
        ("am.example.org: the connection broke", "this machine reach it"),
        ("1 silence cannot be kept equal; there: it answers with HTTP 400", "The others are"),
        ("the database was not reached", ""),
        ("Tocsin failed at it; its log says why", ""),
        ("", ""),
    ],
)
def test_by_what_it_failed_with(problem: str, words: str) -> None:
    advice = advice_for(problem)
    assert words in advice
    assert bool(words) == bool(advice)
