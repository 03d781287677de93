"""How much of what Telegram's limits allow is used, with the limits enforced: at a private chat, at
a group, and at a bot whose chats want more than it may send. All at once, with a bot for each."""

import time
from collections.abc import Sequence

from bench.ground import PEER_CHAT, Ground
from bench.limits import BOT_CALLS, GROUP_CALLS, allowed_calls
from bench.load import Job, send
from bench.product import Tenant, Wanted
from bench.rows import Peer, Row, at_least, at_most
from bench.servers import Notes

CHATS = 2 * BOT_CALLS
"""Of the bot-bound load: they may take twice what the bot may send."""
REFUSED = 429


def run(ground: Ground) -> list[Row]:
    """Efficiency of each load, and how often Telegram had to refuse."""
    seconds = 48.0 if ground.quick else 124.0
    with (
        ground.scaled_out("pace", Wanted(tenants=2), limited=True) as site,
        ground.alertmanager(site.telegram) as peer,
    ):
        site.tocsin.set_up(Wanted(tenants=1, groups=True, first=3))
        private, crowd, group = site.tocsin.tenants
        site.tocsin.start_web()
        chats = _with_channels(crowd, CHATS)
        # Enough that every chat has a call waiting to the end, and with a reserve.
        calls = _fill(private, 0, int(1.2 * seconds) + 10)
        calls += _fill(group, 1_000, int(0.5 * seconds) + 3 * GROUP_CALLS)
        calls += _fill(crowd, 2_000, int(0.6 * seconds) + 10) * CHATS
        site.publish_all(calls)
        if peer is not None:
            send(peer.job(first=5_000, alerts_per_post=100, posts=1))
        site.tocsin.start_worker()
        time.sleep(seconds)
        notes = site.telegram.notes()
    return [
        _row("private chat", private, [private.chat_id], notes),
        _row("group", group, [group.chat_id], notes),
        _row(f"bot with {CHATS} chats", crowd, chats, notes),
        _refusals(notes, is_peer_there=peer is not None),
    ]


def _with_channels(tenant: Tenant, chats: int) -> list[int]:
    """Give its bot so many chats in all, and its default route all of them."""
    chat_ids = [tenant.chat_id + 10_000 + number for number in range(chats - 1)]
    channels = [tenant.channel_id]
    for chat_id in chat_ids:
        body = {"name": f"Chat {chat_id}", "bot": tenant.bot_id, "chat_id": chat_id}
        channels.append(tenant.api("POST", "channels/", body)["id"])
    (route,) = [row for row in tenant.api("GET", "routes/")["results"] if row["is_default"]]
    tenant.api("PATCH", f"routes/{route['id']}/", {"channels": channels})
    return [tenant.chat_id, *chat_ids]


def _fill(tenant: Tenant, first: int, alerts: int) -> int:
    """A message for each alert, in each of its chats; returns how many alerts."""
    sent = send(Job((tenant.ingest_url,), "separate", alerts, first=first, posts=1))
    assert sent.alerts == alerts
    return alerts


def _row(load: str, tenant: Tenant, chats: Sequence[int], notes: Notes) -> Row:
    """From its first call to the end of the run."""
    bot_id = int(tenant.token.partition(":")[0])
    calls = [call for call in notes.calls if call[1] == bot_id]
    arrivals = [call[0] for call in calls if call[4] != REFUSED]
    seconds = max(call[0] for call in notes.calls) - min(arrivals)
    allowed = allowed_calls(chats, seconds)
    note = f"of {allowed} allowed in {seconds:.0f} s; {len(calls) - len(arrivals)} refused"
    percent = 100 * len(arrivals) / allowed
    return Row(f"pace, {load}", percent, "%", at_least(95), n=len(arrivals), note=note)


def _refusals(notes: Notes, *, is_peer_there: bool) -> Row:
    ours = [call[4] for call in notes.calls if call[3] != PEER_CHAT]
    theirs = [call[4] for call in notes.calls if call[3] == PEER_CHAT]
    note = f"{len(theirs) - theirs.count(REFUSED)} of 100 arrived"
    peer = Peer("Alertmanager", theirs.count(REFUSED), note) if is_peer_there else None
    what = "pace, refused with 429"
    return Row(what, ours.count(REFUSED), "calls", at_most(0), peer, n=len(ours))
