"""A product small enough to break: the processes that `up` starts, without Django.

Each process obeys the file `<name>.orders` in the data folder, read when it starts, so that a test
can have it crash, hang or talk. What it did is appended to `events` there.
"""

import sys
from pathlib import Path

PART = '''
import json, os, signal, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

DATA = Path(os.environ["DATA_DIR"])


def note(text):
    with (DATA / "events").open("a") as file:
        file.write(text + "\\n")


def orders(name):
    path = DATA / f"{name}.orders"
    return path.read_text().split() if path.exists() else []


def obey(name):
    """Do what the test ordered; the orders hold until the test takes them back."""
    note(f"{name} started {os.getpid()}")
    for order in orders(name):
        word, _, value = order.partition("=")
        if word == "say":
            print(value, flush=True)
        if word == "exit":
            sys.exit(int(value))
        if word == "deaf":
            signal.signal(signal.SIGTERM, lambda *_: note(f"{name} ignores SIGTERM"))
            return

    def end(*_):
        note(f"{name} stopped")
        os._exit(0)

    signal.signal(signal.SIGTERM, end)


def serve(port, answers):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps(answers.get(self.path)).encode()
            self.send_response(200 if self.path in answers else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
'''

MANAGE = """
import json, os, sys, time
from pathlib import Path
from part import DATA, note, obey, orders

if sys.argv[1] == "prepare":
    obey("prepare")
    if "refuse" in orders("prepare"):
        print(json.dumps({"refused": "The database belongs to a newer version."}))
        sys.exit(1)
    request = json.loads(sys.stdin.readline())
    note(f"prepare asked {json.dumps(request)}")
    print(json.dumps({"note": "setting up the database"}), flush=True)
    if request["quickstart"] is not None:
        told = {"email": "admin@example.org", "password": "pass-123"}
        told["ingest_url"] = "http://localhost/hooks/v1/ti_1/"
        print(json.dumps({"quickstart": told}))
else:
    obey("worker")
    while True:
        Path(os.environ["WORKER_HEARTBEAT_FILE"]).touch()
        time.sleep(0.1)
"""

GRANIAN = """
import sys
from part import obey, serve

obey("web")
serve(int(sys.argv[sys.argv.index("--port") + 1]), {"/readyz": "ok"})
"""

SANDBOX = """
import sys
from part import obey, serve

obey("sandbox")
world = {
    "bots": [{"id": 42, "token": "42:secret"}],
    "chats": [{"id": 7, "states": {"42": "blocked"}}, {"id": -100, "states": {"42": "active"}}],
}
serve(int(sys.argv[sys.argv.index("--port") + 1]), {"/_sandbox/world": world})
"""

RUN = """
import sys
from pathlib import Path
sys.path.insert(0, {repository!r})
from config.supervisor.up import main
sys.exit(main(sys.argv[1:], root=Path({root!r})))
"""


def build(root: Path, repository: Path) -> list[str]:
    """Write the stand-in product to `root`; returns the command that runs `up` over it."""
    files = {
        "part.py": PART,
        "manage.py": MANAGE,
        # Found before the real one: `python -m` puts the working directory first.
        "granian.py": GRANIAN,
        "sandbox.py": SANDBOX,
        "run.py": RUN.format(repository=str(repository), root=str(root)),
    }
    root.mkdir(parents=True)
    for name, text in files.items():
        (root / name).write_text(text)
    return [sys.executable, str(root / "run.py")]
