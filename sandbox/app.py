"""The ASGI application: Bot API, file downloads, control API and chat page on one port."""

from __future__ import annotations

from collections.abc import Collection

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.bot_api import BotApi
from sandbox.control import Control
from sandbox.control_people import People
from sandbox.downloads import download
from sandbox.page import Page
from sandbox.visitors import visitors_only


def make_app(api: BotApi, names: Collection[str] = ()) -> ASGIApp:
    """Bot API calls go straight to their endpoint; everything else through Starlette's router.

    `names`: how this machine is called besides localhost and its addresses, in lower case.
    """
    world = api.world
    site = Starlette(
        routes=[
            *Page(world).routes(),
            *Control(api).routes(),
            *People(api).routes(),
            download(world),
        ],
        exception_handlers={404: _not_found},
    )

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/bot"):
            await api(scope, receive, send)
        elif scope["type"] == "http":
            await site(scope, receive, send)

    return visitors_only(application, names)


async def _not_found(request: Request, error: Exception) -> Response:
    """As the Bot API server answers whatever is no call."""
    return JSONResponse({"ok": False, "error_code": 404, "description": "Not Found"}, 404)
