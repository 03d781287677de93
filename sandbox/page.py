"""The chat page `/`: its shell, its data, its files and its live news (server-sent events)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from sandbox.page_data import (
    download_name,
    find_dialog,
    list_dialogs,
    message_items,
    visible_messages,
)
from sandbox.page_input import input_json
from sandbox.world import World

STATIC = Path(__file__).parent / "static"
PAGE_SIZE = 60
MAX_PAGE_SIZE = 500
BATCH_SECONDS = 0.1
"""News are sent in batches, so that a storm of messages costs little."""
_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class Page:
    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[Route]:
        data = "/_sandbox/page"
        return [
            Route("/", self.shell),
            Route("/static/{name}", self.static),
            Route(f"{data}/chats", self.chats),
            Route(f"{data}/chats/{{key}}/messages", self.messages),
            Route(f"{data}/chats/{{key}}/input", self.input),
            Route(f"{data}/files/{{file_unique_id}}", self.file),
            Route(f"{data}/events", self.events),
        ]

    async def shell(self, request: Request) -> Response:
        return _static_file("page.html")

    async def static(self, request: Request) -> Response:
        return _static_file(request.path_params["name"])

    async def chats(self, request: Request) -> Response:
        return JSONResponse(list_dialogs(self.world), headers=_HEADERS)

    async def messages(self, request: Request) -> Response:
        """`?ids=1,2` gives these messages, otherwise the last ones, or those `?before=` a
        message.
        """
        dialog = find_dialog(self.world, request.path_params["key"])
        if dialog is None:
            return JSONResponse({"error": "no such chat"}, 404)
        query = request.query_params
        if "ids" in query:
            wanted = [dialog.messages.get(int(text)) for text in query["ids"].split(",") if text]
            found = [message for message in wanted if message and not message.deleted_time]
        else:
            limit = min(int(query.get("limit", PAGE_SIZE)), MAX_PAGE_SIZE)
            found = visible_messages(dialog, int(query.get("before", 0)), limit)
        return JSONResponse(message_items(self.world, dialog, found), headers=_HEADERS)

    async def input(self, request: Request) -> Response:
        """What is below and beside the messages, for `?person=` if they may write there."""
        dialog = find_dialog(self.world, request.path_params["key"])
        if dialog is None:
            return JSONResponse({"error": "no such chat"}, 404)
        person_id = int(request.query_params.get("person", 0))
        return JSONResponse(input_json(self.world, dialog, person_id), headers=_HEADERS)

    async def file(self, request: Request) -> Response:
        """Pictures are shown, everything else is downloaded under its own name."""
        files = self.world.files
        file = files.by_id.get(request.query_params.get("file_id", "")) or files.by_unique_id(
            request.path_params["file_unique_id"]
        )
        content = None if file is None else files.content(file)
        if file is None or content is None:
            return JSONResponse({"error": "the file is gone"}, 404)
        if file.kind not in {"photo", "thumbnail"}:
            name = quote(download_name(file), safe="")
            headers = _HEADERS | {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
            return Response(content, media_type="application/octet-stream", headers=headers)
        return Response(content, media_type=file.mime_type, headers=_HEADERS)

    async def events(self, request: Request) -> Response:
        return StreamingResponse(self._news(), media_type="text/event-stream", headers=_HEADERS)

    async def _news(self) -> AsyncIterator[str]:
        with self.world.feed.subscription() as queue:
            yield "retry: 1000\n\n"
            while True:
                news = [await queue.get()]
                await asyncio.sleep(BATCH_SECONDS)
                while not queue.empty():
                    news.append(queue.get_nowait())
                yield f"data: {json.dumps(news)}\n\n"


def _static_file(name: str) -> Response:
    path = STATIC / name
    if path.parent != STATIC or path.suffix not in _TYPES or not path.exists():
        return Response("Not Found", 404)
    return Response(path.read_bytes(), media_type=_TYPES[path.suffix], headers=_HEADERS)
