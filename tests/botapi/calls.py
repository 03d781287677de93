"""What the tests of the client have in common."""

import pytest

from botapi.client import BotApiClient
from botapi.errors import BotApiFailure
from botapi.guard import OutboundPolicy
from tests.botapi.servers import Names, ScriptedServer

SECRET = "AAE" + "x" * 31 + "c"
TOKEN = f"123456789:{SECRET}"
LOCAL = OutboundPolicy(allowed_hosts=frozenset({"127.0.0.1"}))


def local_client(server: ScriptedServer, total_timeout: float = 45.0) -> BotApiClient:
    return BotApiClient(server.url, policy=LOCAL, total_timeout=total_timeout)


def fail(client: BotApiClient) -> BotApiFailure:
    """The failure of a call, whose text has been checked for the token."""
    with pytest.raises(BotApiFailure) as caught:
        client.call(TOKEN, "sendMessage", {"chat_id": 5, "text": "x"})
    assert SECRET not in repr(caught.value) + str(caught.value)
    return caught.value


def named(names: Names, *allowed: str, ca_file: str | None = None) -> OutboundPolicy:
    return OutboundPolicy(frozenset(allowed), ca_file=ca_file, resolver=names)
