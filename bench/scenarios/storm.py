"""Ten thousand alerts in ten seconds to one group chat, with Telegram's limits enforced."""

from bench.ground import Ground
from bench.limits import GROUP_CALLS, GROUP_SECONDS
from bench.load import send
from bench.product import Wanted
from bench.rows import Peer, Row, at_most

SECONDS = 10.0
PER_POST = 100
BUDGET = 60.0
PATIENCE = 120.0


def run(ground: Ground) -> list[Row]:
    """Seconds until an alert was visible, in a message or in a document: the longest of all."""
    alerts = 1_000 if ground.quick else 10_000
    patience = BUDGET if ground.quick else PATIENCE
    posts = alerts // PER_POST
    with ground.scaled_out("storm", Wanted(groups=True), limited=True) as site:
        site.tocsin.start_web()
        site.tocsin.start_worker()
        before = site.cpu()
        rate = posts / SECONDS
        job = site.tocsin.job("separate", alerts_per_post=PER_POST, posts=posts, rate=rate)
        due = send(job).sent_at()
        seen = site.telegram.wait_for_all(due, patience)
        notes = site.telegram.notes()
        stages = site.stages(before, alerts)
    waits = sorted(seen[name] - at for name, at in due.items() if name in seen)
    hidden = len(due) - len(waits)
    # What was never seen waited at least as long as we did.
    longest = patience if hidden else max(waits)
    calls = sum(1 for call in notes.calls if call[4] == 200)
    note = f"{calls} calls" + (f"; {hidden} still hidden after {patience:.0f} s" if hidden else "")
    if len(due) < alerts:
        note += f"; {alerts - len(due)} NOT ACCEPTED"
    alone = Peer("Alertmanager", alerts / GROUP_CALLS * GROUP_SECONDS, "reckoned from the limit")
    curve = [(wait, (place + 1) / len(due)) for place, wait in enumerate(waits)]
    return [
        Row(
            f"storm, {alerts:,} alerts to one group chat, all visible",
            longest,
            "s",
            at_most(BUDGET),
            alone,
            n=len(due),
            note=note,
            unfinished=bool(hidden),
            stages=stages,
            series={"Tocsin": curve},
        )
    ]
