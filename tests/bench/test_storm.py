"""How the order and the completeness of a storm's digests and documents are judged."""

import pytest

from bench.payloads import is_critical, marker
from bench.scenarios.storm import faults
from bench.servers import Told

CRITICAL = [marker(number) for number in range(100) if is_critical(marker(number))]
OTHERS = [marker(number) for number in range(100) if not is_critical(marker(number))]
DIGEST = (3.0, "sendMessage", [*CRITICAL, *OTHERS[:5]])
DOCUMENT = (4.0, "sendDocument", CRITICAL + OTHERS)
REPLACED = (40.0, "editMessageMedia", CRITICAL + OTHERS)


def test_one_in_twenty_is_critical() -> None:
    assert [int(name[2:-1]) for name in CRITICAL] == [19, 39, 59, 79, 99]


def test_a_storm_in_order_has_no_faults() -> None:
    edited = (8.0, "editMessageText", DIGEST[2])
    assert faults([DIGEST, DOCUMENT, edited, REPLACED]) == []


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ([DOCUMENT], "no digest"),
        ([DIGEST], "no document"),
        ([(3.0, "sendMessage", OTHERS[:5]), DOCUMENT], "no critical alert at the top"),
        ([DIGEST, (4.0, "sendDocument", OTHERS + CRITICAL)], "document in call 2: not by severity"),
        (
            [DIGEST, DOCUMENT, (8.0, "editMessageText", [OTHERS[0], CRITICAL[0]])],
            "digest in call 3: not by severity",
        ),
        (
            [DIGEST, DOCUMENT, (40.0, "editMessageMedia", (CRITICAL + OTHERS)[:-2])],
            "document in call 3: without 2 that were told before",
        ),
    ],
)
def test_faults_are_found(told: list[Told], fault: str) -> None:
    assert [found for found in faults(told) if found.startswith(fault)] != []
