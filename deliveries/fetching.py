"""Files that a message names by URL: loaded by us when it is sent, guarded and capped, and then
uploaded. Telegram is never asked to fetch anything.
"""

import mimetypes
import time
from collections.abc import Mapping
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from django.conf import settings

from botapi.client import InputFile
from botapi.limits import DOCUMENT_BYTES_MAX
from botapi.outbound import Fetched, FetchFailed, GuardRefused, OutboundPolicy, fetch
from deliveries.kinds import FILES, FileRule
from deliveries.uploads import Upload, upload_faults

SECONDS = 25.0
"""For all files of one call; what is left of its deadline is for the upload."""


class NotLoaded(Exception):
    """The URL gave no file that can be sent; the text says why, without the URL."""


def load(links: Mapping[str, Mapping[str, str]]) -> dict[str, InputFile]:
    """The files by their parts; each {"url": …, "rule": a name of FILES}. Raises NotLoaded."""
    ends = time.monotonic() + SECONDS
    loaded: dict[str, InputFile] = {}
    for part, link in links.items():
        left = DOCUMENT_BYTES_MAX - sum(len(one.content) for one in loaded.values())
        seconds = ends - time.monotonic()
        if seconds <= 0:
            raise NotLoaded(f"the files were not loaded within {SECONDS:g} s")
        loaded[part] = _one(link["url"], FILES[link["rule"]], seconds, left)
    return loaded


def _one(url: str, rule: FileRule, seconds: float, bytes_left: int) -> InputFile:
    try:
        fetched = fetch(
            url,
            max_bytes=min(rule.url_bytes, bytes_left),
            total_timeout=min(rule.url_seconds, seconds),
            accept=rule.url_types,
            policy=OutboundPolicy(allowed_hosts=settings.OUTBOUND_ALLOWED_HOSTS),
        )
    except (FetchFailed, GuardRefused) as error:
        raise NotLoaded(f"The {rule.noun} could not be loaded: {error}") from None
    upload = Upload(_name(url, fetched), fetched.content_type, fetched.body)
    faults, fitting = upload_faults(rule, upload)
    if faults:
        raise NotLoaded(f"The {rule.noun} can't be sent. {faults[0].words}")
    return InputFile(fitting.name, fitting.content, fitting.content_type)


def _name(url: str, fetched: Fetched) -> str:
    """As the URL calls it, with an ending."""
    name = PurePosixPath(unquote(urlsplit(url).path)).name or "file"
    if PurePosixPath(name).suffix:
        return name
    return name + (mimetypes.guess_extension(fetched.content_type) or "")
