"""A web server with pictures, one of which hangs for as long as the test wants."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PNG = b"\x89PNG\r\n\x1a\nnot much of a picture"


class PictureServer:
    """`url` + "/good…" is a picture, "/missing…" is none, "/hangs…" answers once `release` is set.

    `asked`: how often each path was asked for.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: Counter[str] = Counter()
        self.release = threading.Event()


@contextmanager
def picture_server() -> Iterator[PictureServer]:
    """One on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked[self.path] += 1
            if self.path.startswith("/hangs"):
                state.release.wait(60)
            with suppress(OSError):  # who asked has left
                self.send_response(404 if self.path.startswith("/missing") else 200)
                self.send_header("Content-Type", "image/png")
                self.send_header("Content-Length", str(len(PNG)))
                self.end_headers()
                self.wfile.write(PNG)

        def log_message(self, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state = PictureServer(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield state
    finally:
        state.release.set()
        server.shutdown()
        server.server_close()
