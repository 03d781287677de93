"""How much the scenarios send."""

import os

SCALE = float(os.environ.get("FAULTS_SCALE", "1"))


def scaled(number: int) -> int:
    """So many, times FAULTS_SCALE."""
    return max(1, round(number * SCALE))
