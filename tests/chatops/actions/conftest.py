"""A program that own commands call."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.alerts.fallbacks.receivers import Receiver
from tests.chatops.actions.stage import Stage, make_action_stage
from tests.chatops.conftest import Talk


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    with Receiver().running() as server:
        settings.OUTBOUND_ALLOWED_HOSTS |= {f"127.0.0.1:{server.port}"}
        yield server


@pytest.fixture
def stage(talk: Talk, receiver: Receiver) -> Stage:
    return make_action_stage(talk, receiver)
