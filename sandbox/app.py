"""The ASGI application: Bot API, file downloads, control API and chat page on one port."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from starlette.applications import Starlette

from sandbox.bot_api import BotApi
from sandbox.control import Control
from sandbox.downloads import download
from sandbox.journal import Journal
from sandbox.page import Page
from sandbox.world import World

ASGIApplication: TypeAlias = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]


def make_app(world: World, journal: Journal | None = None) -> ASGIApplication:
    """Bot API calls go straight to their endpoint; everything else through Starlette's router."""
    api = BotApi(world, journal or Journal())
    site = Starlette(routes=[*Page(world).routes(), *Control(api).routes(), download(world)])

    async def application(
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/bot"):
            await api(scope, receive, send)
        elif scope["type"] == "http":
            await site(scope, receive, send)

    return application
