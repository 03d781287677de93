"""`python -m sandbox`: serve the sandbox until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Collection
from pathlib import Path

from granian.constants import Interfaces
from granian.server.embed import Server

from sandbox.app import make_app
from sandbox.bot_api import BotApi
from sandbox.journal import Journal
from sandbox.scenery import build_default_world
from sandbox.storage import Storage, StorageError
from sandbox.world import World


def main() -> None:
    arguments = _arguments()
    logging.basicConfig(level=logging.WARNING)
    serving = serve(
        arguments.host,
        arguments.port,
        arguments.state,
        names=[name.lower() for name in (arguments.host, *arguments.name)],
        quiet=arguments.quiet,
    )
    try:
        asyncio.new_event_loop().run_until_complete(serving)
    except (StorageError, AddressError) as error:
        sys.exit(f"sandbox: {error}")
    # Everything is written. An orderly end would wait for calls that hang and pages that listen,
    # and the server's own threads would then abort in it.
    sys.stdout.flush()
    os._exit(0)


class AddressError(Exception):
    """Host or port cannot be listened on; the text says why."""


async def serve(
    host: str, port: int, state: Path | None, *, names: Collection[str], quiet: bool
) -> None:
    """Serve until a signal. `state` is the folder that keeps the world; None keeps nothing.
    `names` are those of this machine besides localhost.

    Raises AddressError and StorageError.
    """
    _check_address(host, port)
    world = World()
    storage = None if state is None else Storage(state)
    if storage is None or not storage.load(world):
        build_default_world(world)
    api = BotApi(world, Journal())
    api.courier.resume()
    server = Server(
        make_app(api, names),
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        websockets=False,
        backlog=1024,
        log_enabled=False,
        log_access=False,
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    serving = asyncio.create_task(server.serve())
    serving.add_done_callback(lambda _: stopping.set())
    writing = None if storage is None else asyncio.create_task(storage.run(world, stopping))
    if not quiet and await _is_listening(host, port, serving):
        print(f"sandbox ready on http://{host}:{port}/", flush=True)  # noqa: T201 - for people
    await stopping.wait()
    if writing is not None:
        await writing
    if serving.done():
        serving.result()  # it ended by itself: let its error be seen


def _check_address(host: str, port: int) -> None:
    """The server itself would share a port that is taken, and calls would go here and there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise AddressError(f"cannot listen on {host} port {port}: {reason}") from None


async def _is_listening(host: str, port: int, serving: asyncio.Task[None]) -> bool:
    """Wait until the port answers; False when the server ended instead."""
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(0.01)
            continue
        writer.close()
        return True
    return False


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        help="a name of this machine under which browsers and bots reach it; may be repeated",
    )
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--state", type=Path, metavar="DIR", help="keep the world in this folder")
    parser.add_argument("--quiet", action="store_true", help="print nothing")
    return parser.parse_args()


if __name__ == "__main__":
    main()
