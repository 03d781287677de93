"""An Alertmanager's configuration, imported and stored: the tester shows the receivers that amtool
shows."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from accounts.audit import COMMAND_LINE
from accounts.models import Organization
from alerts.importing.amconfig import read_configuration
from alerts.provisioning.apply import provision
from alerts.provisioning.from_alertmanager import convert
from alerts.route_table import forget_cached_routes
from alerts.route_trial import try_labels
from tests.alerts.importing.test_flatten import labels, receivers_by_amtool, tree
from tests.factories import make_organization, make_token

pytestmark = pytest.mark.django_db

CONFIGURATIONS = 15
LABELS_EACH = 6
RECEIVERS = 40


def configuration(routes: list[dict[str, Any]]) -> str:
    """Each receiver is a chat of its own, so that a channel tells which one it was."""
    receivers = [
        {
            "name": f"r{n}",
            "telegram_configs": [{"bot_token": make_token(123456789), "chat_id": -1000 - n}],
        }
        for n in range(RECEIVERS)
    ]
    return json.dumps({"route": {"receiver": "r0", "routes": routes}, "receivers": receivers})


def receivers_by_tester(organization: Organization, given: dict[str, str]) -> list[str]:
    taken = [step for step in try_labels(organization, given).steps if step.is_taken]
    return [shown.channel.name for step in taken for shown in step.shown]


@pytest.mark.parametrize("seed", range(CONFIGURATIONS))
def test_the_tester_agrees_with_amtool(seed: int, amtool: str, tmp_path: Path) -> None:
    random_ = random.Random(20_000 + seed)
    text = configuration(tree(random_))
    path = tmp_path / "alertmanager.yml"
    path.write_text(text)
    read = read_configuration(text)
    organization = make_organization()
    provision(COMMAND_LINE, organization, read.document, convert(read).items)
    forget_cached_routes()
    for _ in range(LABELS_EACH):
        given = labels(random_)
        wanted = receivers_by_amtool(amtool, path, given)
        assert receivers_by_tester(organization, given) == wanted, given
