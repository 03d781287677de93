"""Pictures that alerts bring, fetched in parallel; the text never waits longer or fails for one."""

import logging
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor, wait

from django.conf import settings

from botapi.limits import PHOTO_BYTES_MAX
from botapi.outbound import Fetched, FetchFailed, GuardRefused, OutboundPolicy, fetch

logger = logging.getLogger(__name__)

SECONDS = 3.0
TYPES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
"""What Telegram shows as a photo → the end of its file name."""
_THREADS = 8

_pool = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="images")


def fetch_images(urls: Collection[str]) -> dict[str, Fetched]:
    """URL → picture, of those that arrived within SECONDS altogether."""
    if not urls:
        return {}
    futures = {_pool.submit(_fetch, url): url for url in set(urls)}
    done, late = wait(futures, timeout=SECONDS)
    for future in late:
        future.cancel()
    found = {futures[future]: future.result() for future in done}
    return {url: picture for url, picture in found.items() if picture is not None}


def _fetch(url: str) -> Fetched | None:
    try:
        return fetch(
            url,
            max_bytes=PHOTO_BYTES_MAX,
            total_timeout=SECONDS,
            accept=TYPES,
            policy=OutboundPolicy(allowed_hosts=settings.OUTBOUND_ALLOWED_HOSTS),
        )
    except (FetchFailed, GuardRefused) as error:
        logger.info("A picture was left out: %s", error)
        return None
