"""Ten thousand alerts in ten seconds to one group chat, with Telegram's limits enforced."""

from collections.abc import Mapping, Sequence

from bench.ground import Ground
from bench.limits import GROUP_CALLS, GROUP_SECONDS
from bench.load import send
from bench.payloads import is_critical
from bench.product import Wanted
from bench.rows import Peer, Plot, Row, at_most, shares_of
from bench.servers import Told

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
        job = site.tocsin.job("storm", alerts_per_post=PER_POST, posts=posts, rate=rate)
        due = send(job).sent_at()
        seen = site.telegram.wait_for_all(due, patience)
        notes = site.telegram.notes()
        told = site.telegram.told()
        stages = site.stages(before, alerts)
    waits = sorted(seen[name] - at for name, at in due.items() if name in seen)
    hidden = len(due) - len(waits)
    # What was never seen waited at least as long as we did.
    longest = patience if hidden else max(waits)
    arrivals = [call[0] for call in notes.calls]
    refused = sum(call[4] != 200 for call in notes.calls)
    note = f"{len(arrivals)} calls, at most {_most(arrivals)} in a minute, {refused} refused"
    if hidden:
        note += f"; {hidden} still hidden after {patience:.0f} s"
    if len(due) < alerts:
        note += f"; {alerts - len(due)} NOT ACCEPTED"
    alone = Peer("Alertmanager", alerts / GROUP_CALLS * GROUP_SECONDS, "reckoned from the limit")
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
            plot=_plot(due, seen),
        ),
        _order(due, seen, told),
    ]


def _plot(due: Mapping[str, float], seen: Mapping[str, float]) -> Plot:
    """What was never seen keeps the lines below 100 %."""
    series = {}
    for name, wanted in (("critical", True), ("others", False)):
        of_it = {alert: at for alert, at in due.items() if is_critical(alert) is wanted}
        waits = [seen[alert] - at for alert, at in of_it.items() if alert in seen]
        series[name] = shares_of(waits, of=len(of_it))
    axis = "seconds from POST until visible"
    return Plot("storm", axis, "% of alerts", series, mark=BUDGET)


def _order(due: Mapping[str, float], seen: Mapping[str, float], told: Sequence[Told]) -> Row:
    found = faults(told)
    waits = [seen[name] - at for name, at in due.items() if name in seen and is_critical(name)]
    note = f"critical ones visible after {max(waits, default=PATIENCE):.1f} s at most"
    if digests := [call for call in told if not _is_document(call[1])]:
        at, _, listed = digests[0]
        critical = sum(map(is_critical, listed))
        note += (
            f"; first digest after {at - min(due.values()):.1f} s: {critical} critical of the"
            f" {len(listed)} it lists"
        )
    note += "".join(f"; {fault}" for fault in found)
    what = "storm, digests and documents out of order or incomplete"
    return Row(what, len(found), "", at_most(0), n=len(told), note=note)


def faults(told: Sequence[Told]) -> list[str]:
    """What is wrong with the digests and documents of a storm, in the order in which they came.

    Critical alerts stand before all others, at the top of the first digest as in each document, and
    no document leaves out what was told before it.
    """
    found = []
    known: set[str] = set()
    digests = [names for _, method, names in told if not _is_document(method)]
    if not digests:
        found.append("no digest")
    elif not is_critical(digests[0][0]):
        found.append("no critical alert at the top of the first digest")
    for number, (_, method, names) in enumerate(told, 1):
        is_document = _is_document(method)
        what = f"{'document' if is_document else 'digest'} in call {number}"
        others = [is_critical(name) for name in names]
        if others != sorted(others, reverse=True):
            found.append(f"{what}: not by severity")
        if is_document and (missing := len(known - set(names))):
            found.append(f"{what}: without {missing} that were told before")
        known |= set(names)
    if len(digests) == len(told):
        found.append("no document")
    return found


def _is_document(method: str) -> bool:
    return method in ("sendDocument", "editMessageMedia")


def _most(arrivals: Sequence[float]) -> int:
    """How many calls came within a minute at most."""
    return max(
        (sum(0 <= other - at < GROUP_SECONDS for other in arrivals) for at in arrivals), default=0
    )
