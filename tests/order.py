"""In what order tests run, and which of them in one process.

A file's tests run in one process. So do those of files that share a whole product (`manage.py up`):
each process would start one of its own, which takes 6 s of a core, and 3 % of one for as long as it
idles. They follow each other, so that it ends with the last of them.
"""

from typing import Any

from xdist.scheduler import LoadScopeScheduling

SHARED = {
    "tests/e2e/": "tests/e2e/",
    **dict.fromkeys(
        (
            f"tests/flows/test_{name}.py"
            for name in (
                "amtool",
                "faults_processes",
                "faults_telegram",
                "muting",
                "own_commands",
                "payloads_bad",
                "peers",
                "snippets",
                "talking",
            )
        ),
        "tests/flows/system.py",
    ),
}
"""A folder's or a file's tests, and the name for all that run in one process with them."""

LONG = (
    "tests/e2e/",
    "tests/flows/system.py",
    "tests/flows/test_rest_openapi.py",
    "tests/flows/test_upstreams.py",
    "tests/deploy/test_several.py",
    "tests/deploy/test_clocks.py",
    "tests/deploy/test_rabbitmq.py",
    "tests/deploy/test_stopping.py",
    "tests/deploy/test_rolling.py",
    "tests/config/test_worker.py",
    "tests/config/test_without_broker.py",
    "tests/deliveries/test_bad_neighbours.py",
    "tests/deliveries/test_simulated_lane.py",
    "tests/alerts/message_templates/test_api.py",
    "tests/architecture/test_isolation.py",
    "tests/up/test_supervision.py",
    "tests/flows/test_leaks.py",
    "tests/chatops/forgery/test_forgery.py",
    "tests/alerts/upstreams/test_words.py",
    "tests/deliveries/test_dispatcher.py",
    "tests/deliveries/test_wakeup.py",
    "tests/flows/test_storm.py",
    "tests/alerts/importing/test_flatten.py",
    "tests/up/test_prepare.py",
    "tests/sandbox/test_page.py",
    "tests/deliveries/test_probing.py",
    "tests/deliveries/test_hand_over.py",
    "tests/deliveries/test_looks.py",
    "tests/deliveries/test_lanes.py",
    "tests/config/watching/test_heartbeat.py",
    "tests/config/test_rsgi.py",
    "tests/deliveries/test_recovery.py",
    "tests/config/test_wait_for_migrations.py",
    "tests/up/test_install.py",
    "tests/alerts/fallbacks/test_dying.py",
    "tests/flows/test_rest_roles.py",
    "tests/flows/test_rest_secrets.py",
    "tests/accounts/test_api_idempotency.py",
    "tests/alerts/sources/test_peers.py",
)
"""What takes longest, measured. It begins first, so that in the end no process works on one of them
while the others have nothing left to do."""
_PLACES = {name: place for place, name in enumerate(LONG)}


def part_of(nodeid: str) -> str:
    """What a test runs in one process with: its file, or a name of SHARED."""
    file = nodeid.partition("::")[0]
    folder = "/".join(file.split("/")[:2]) + "/"
    return SHARED.get(file) or SHARED.get(folder) or file


def place_of(nodeid: str) -> int:
    """Before and after which others it runs."""
    return _PLACES.get(part_of(nodeid), len(LONG))


class ByPart(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives each process a part, and the next one when it is done."""

    def _split_scope(self, nodeid: str) -> str:
        return part_of(nodeid)


def scheduler(config: Any, log: Any) -> Any:
    """For `--dist loadfile`."""
    return ByPart(config, log) if config.getvalue("dist") == "loadfile" else None
