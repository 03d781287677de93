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
    seconds = 64.0 if ground.quick else 184.0
    with (
        ground.scaled_out("pace", Wanted(tenants=2), limited=True) as site,
        ground.alertmanager(site.telegram) as peer,
    ):
        site.tocsin.set_up(Wanted(tenants=1, groups=True, first=3))
        private, crowd, group = site.tocsin.tenants
        site.tocsin.start_web()
        chats = _with_channels(crowd, CHATS)
        # Enough that every chat has a call waiting to the end, and with a reserve.
        _fill(private, 0, int(1.2 * seconds) + 10)
        _fill(group, 1_000, int(0.5 * seconds) + 3 * GROUP_CALLS)
        _fill(crowd, 2_000, int(0.6 * seconds) + 10)
        if peer is not None:
            send(peer.job(first=5_000, alerts_per_post=100, posts=1))
        site.tocsin.start_worker()
        time.sleep(seconds)
        notes = site.telegram.notes()
    return [
        _row("private chat", private, [private.chat_id], notes),
        _row("group", group, [group.chat_id], notes),
        _row(f"bot with {CHATS} chats", crowd, chats, notes),
        _refusals([private, group, crowd], notes, is_peer_there=peer is not None),
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


def _fill(tenant: Tenant, first: int, alerts: int) -> None:
    """A message for each alert, in each of its chats."""
    sent = send(Job((tenant.ingest_url,), "separate", alerts, first=first, posts=1))
    assert sent.alerts == alerts


def _row(load: str, tenant: Tenant, chats: Sequence[int], notes: Notes) -> Row:
    """From its first call to the end of the run."""
    bot_id = int(tenant.token.partition(":")[0])
    arrivals = [call[0] for call in notes.calls if call[1] == bot_id and call[4] != REFUSED]
    end = max(call[0] for call in notes.calls)
    allowed = allowed_calls(chats, end - min(arrivals))
    percent = 100 * len(arrivals) / allowed
    note = f"of {allowed} allowed in {end - min(arrivals):.0f} s"
    return Row(f"pace, {load}", percent, "%", at_least(95), n=len(arrivals), note=note)


def _refusals(tenants: Sequence[Tenant], notes: Notes, *, is_peer_there: bool) -> Row:
    refused = [call for call in notes.calls if call[4] == REFUSED]
    theirs = [call for call in refused if call[3] == PEER_CHAT]
    calls = sum(1 for call in notes.calls if call[3] != PEER_CHAT)
    ours = len(refused) - len(theirs)
    arrived = sum(1 for call in notes.calls if call[3] == PEER_CHAT and call[4] != REFUSED)
    peer = Peer("Alertmanager", len(theirs), f"{arrived} of 100 arrived") if is_peer_there else None
    return Row("pace, refused with 429", ours, "calls", at_most(0), peer, n=calls)
