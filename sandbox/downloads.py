"""`/file/bot<token>/<file_path>`: what getFile points to (Bot API, getFile). Only Telegram's cloud
serves it.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.world import World


def download(world: World) -> Route:
    async def serve(request: Request) -> Response:
        bot = world.bots_by_token.get(request.path_params["token"])
        if bot is None:
            return _error(401, "Unauthorized")
        file = world.files.by_path.get((bot.id, request.path_params["path"]))
        content = None if file is None else world.files.content(file)
        if content is None:
            return _error(404, "Not Found")
        return Response(content, media_type="application/octet-stream")

    return Route("/file/bot{token}/{path:path}", serve)


def _error(code: int, description: str) -> Response:
    return JSONResponse({"ok": False, "error_code": code, "description": description}, code)
