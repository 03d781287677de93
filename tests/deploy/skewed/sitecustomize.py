"""On a process's PYTHONPATH: its wall clock is CLOCK_OFF seconds off, its monotonic one right.

libfaketime would do it for all of a process, but makes Python's sleeps and waits fail.
"""

import os
from datetime import datetime, timedelta

from django.utils import timezone

_right = timezone.now
_off = timedelta(seconds=float(os.environ["CLOCK_OFF"]))


def _wrong() -> datetime:
    return _right() + _off


timezone.now = _wrong
