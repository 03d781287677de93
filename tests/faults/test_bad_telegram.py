"""On PostgreSQL: a Telegram that fails in every way at once."""

from typing import Any

import pytest

from tests.faults.processes import Processes
from tests.faults.scale import scaled
from tests.faults.site import Crowd, Place, Site, make_lives
from tests.flows.system import eventually
from tests.sandbox.process import SandboxHandle

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

BOTS, CHATS_A_BOT, ALERTS = 20, 3, 600
HANG_SECONDS = 5.0
MIX: dict[str, dict[str, Any]] = {
    "internal_error": {"probability": 0.05},
    "reset_before": {"probability": 0.025},
    "reset_after": {"probability": 0.025},
    "hang_before": {"probability": 0.025, "seconds": HANG_SECONDS},
    "hang_after": {"probability": 0.025, "seconds": HANG_SECONDS},
    "drip": {"probability": 0.02, "seconds": 0.01},
    "too_many_requests": {"probability": 0.02, "retry_after": 1},
}
METHODS = ("sendMessage", "editMessageText")


@pytest.fixture(scope="module")
def site(on_postgres: Processes, telegram: SandboxHandle) -> Site:
    return Site(on_postgres, telegram)


def test_a_mix_of_faults_loses_nothing(site: Site) -> None:
    telegram = site.telegram
    places = site.make_places(BOTS, CHATS_A_BOT)
    blocked, revoked = places[0], places[CHATS_A_BOT]
    (migrated,) = site.make_places(1, 1, "group")
    for method in METHODS:
        for kind, fields in MIX.items():
            telegram.fault(kind, method=method, count=None, **fields)
    crowd = Crowd(site, make_lives([*places, migrated], scaled(ALERTS), seed=2))
    telegram.wait_for_calls("sendMessage", 50)
    telegram.set_state(blocked.chat, "blocked", bot=blocked.bot)
    upgraded = telegram.set_state(migrated.chat, "upgraded")["migrate_to_chat_id"]
    site.ledger.moved[migrated.chat.id] = upgraded
    revoking = telegram.fault("unauthorized", bot=revoked.bot, count=None)
    crowd.join(scaled(120))
    assert len(site.ledger.final()) == scaled(ALERTS)
    eventually(lambda: not _channel(site, blocked)["enabled"], 60, what="the disabled channel")
    _mend(site, blocked, revoked, revoking)
    site.check(scaled(240))
    assert set(MIX) <= {call.fault for call in telegram.calls()}, "each kind of fault struck"
    assert site.ledger.marked, "nothing may have been sent twice: then the mix proves little"


def _mend(site: Site, blocked: Place, revoked: Place, revoking: int) -> None:
    """As people do it; the rest of the trouble goes on."""
    site.telegram.set_state(blocked.chat, "active", bot=blocked.bot)
    site.api("PATCH", f"channels/{blocked.channel_id}/", {"enabled": True})
    site.telegram.remove_fault(revoking)
    again = {"token": revoked.bot.token, "api_url": site.telegram.url}
    site.api("PATCH", f"bots/{revoked.bot_id}/", again)


def _channel(site: Site, place: Place) -> dict[str, object]:
    shown: dict[str, object] = site.api("GET", f"channels/{place.channel_id}/")
    return shown
