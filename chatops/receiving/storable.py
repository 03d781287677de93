"""Any JSON value as both databases store it. Pure.

Telegram sends nothing else. A Bot API server of somebody's choice may, and an update that cannot be
stored would come again for ever and keep all others behind it.
"""

import math
from collections.abc import Mapping
from typing import Any

from alerts.sources.json_text import clean

MAX_DEPTH = 40
_INTEGER_MAX = 2**63


def storable(value: Any, depth: int = 0) -> Any:
    """NUL and lone surrogates become U+FFFD; what is nested too deep, and numbers that are none or
    beyond 64 bits, become null."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        if depth == MAX_DEPTH:
            return None
        return {clean(str(name)): storable(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return None if depth == MAX_DEPTH else [storable(item, depth + 1) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and not -_INTEGER_MAX <= value < _INTEGER_MAX:
        return None
    return value
