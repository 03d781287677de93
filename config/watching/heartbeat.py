"""A sign of life to somebody outside, while alerts are really delivered and only then.

Whoever waits for it at HEARTBEAT_URL raises the alarm when it stays out. Several workers may all
send it: each goes by how the installation stands, not by itself.
"""

import logging
import threading
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections

from botapi.outbound import FetchFailed, GuardRefused, InvalidAddress, OutboundPolicy, ping
from config.watching import facts
from config.watching.verdict import Verdict, judge

log = logging.getLogger(__name__)

CALL_SECONDS = 10.0
FIRST_SECONDS = 10.0
"""After the start: until then nothing has been noted yet."""
LOOK_AGAIN_SECONDS = 5.0
"""While it is withheld: the outside hears soon that all is well again."""


class Heartbeat(threading.Thread):
    """Asks for `url` every `seconds` while the installation delivers, until `stop` is set."""

    def __init__(
        self,
        url: str,
        seconds: float,
        stop: threading.Event,
        reader: facts.Reader = facts.cached,
    ) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._reader = reader
        self._url = url
        self._seconds = seconds
        self._stopped = stop
        self._policy = policy_for(url)
        self._withheld: tuple[str, ...] = ()

    def run(self) -> None:
        """Look, and send."""
        pause = min(FIRST_SECONDS, self._seconds)
        while not self._stopped.wait(pause):
            verdict = look(self._reader)
            self._say(verdict)
            if verdict.delivers:
                self.send()
            pause = self._seconds if verdict.delivers else min(LOOK_AGAIN_SECONDS, self._seconds)

    def _say(self, verdict: Verdict) -> None:
        """Log when it is withheld and why, and when it is sent again."""
        reasons = () if verdict.delivers else verdict.reasons
        if reasons and not self._withheld:
            log.error("no heartbeat is sent: %s", " ".join(reasons))
        elif self._withheld and not reasons:
            log.warning("the heartbeat is sent again")
        self._withheld = reasons

    def send(self) -> None:
        """One, now; a failure is logged."""
        try:
            ping(self._url, total_timeout=CALL_SECONDS, policy=self._policy)
        except (FetchFailed, GuardRefused, InvalidAddress) as error:  # they hold no URL
            log.warning("the heartbeat did not arrive: %s", error)
        except Exception as error:  # noqa: BLE001  # the next one may arrive
            log.warning("the heartbeat did not arrive: %s", type(error).__name__)


def look(reader: facts.Reader = facts.cached) -> Verdict:
    """How the installation stands; failing when the database does not say."""
    try:
        return judge(reader.read())
    except (DatabaseError, InterfaceError) as error:
        return Verdict("failing", (f"The database does not answer ({type(error).__name__}).",))
    finally:
        close_old_connections()


def policy_for(url: str) -> OutboundPolicy:
    """The operator named this host, so it is allowed, and reached directly; where calls go through
    OUTBOUND_PROXY, so does this one, unless the host is in OUTBOUND_ALLOWED_HOSTS."""
    allowed = settings.OUTBOUND_ALLOWED_HOSTS
    if settings.OUTBOUND_PROXY:
        return OutboundPolicy(allowed_hosts=allowed, proxy=settings.OUTBOUND_PROXY)
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return OutboundPolicy(allowed_hosts=allowed | {f"{host}:{port}"})


def start(stop: threading.Event) -> None:
    """Begin to send, where HEARTBEAT_URL is set; until `stop` is."""
    if settings.HEARTBEAT_URL:
        Heartbeat(settings.HEARTBEAT_URL, settings.HEARTBEAT_SECONDS, stop).start()
