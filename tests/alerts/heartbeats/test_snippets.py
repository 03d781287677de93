"""What to paste into a job, pasted, with a URL that holds what each program takes for its own."""

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from alerts.heartbeats.snippets import heartbeat_snippets
from alerts.snippets import Snippet
from tests.pasting import cron, sh, systemd

PATH = "/a%20b's&c$HOME(d);`e`!/hooks/v1/heartbeat/th_-A_b/"
NAMES = ["crontab", "shell", "wget", "powershell", "systemd"]
SAID = "done: 100 % \"sure\" $HOME 'x' `y` \\ ünï\n"


class Pinged:
    """A server, and (method, path, body) of what came."""

    def __init__(self) -> None:
        self.pings: list[tuple[str, str, str]] = []
        self.refusals = 0
        pinged = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.do_GET()

            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length).decode()
                is_refused = pinged.refusals > 0
                pinged.refusals -= is_refused
                if not is_refused:
                    pinged.pings.append((self.command, self.path, body))
                self.send_response(503 if is_refused else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}{PATH}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Hear no more."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def pinged() -> Iterator[Pinged]:
    made = Pinged()
    yield made
    made.stop()


def snippet(name: str, url: str, cron_times: str = "") -> Snippet:
    return {one.name: one for one in heartbeat_snippets(url, cron_times)}[name]


def job(folder: Path, code: int) -> str:
    """A program that says something and ends with the code."""
    (folder / "said").write_text(SAID)
    file = folder / "job"
    file.write_text(f"#!/bin/sh\ncat '{folder / 'said'}'\nexit {code}\n")
    file.chmod(0o755)
    return str(file)


def test_there_is_one_for_each_way_to_start_a_job() -> None:
    assert [one.name for one in heartbeat_snippets("http://x/", "")] == NAMES


def test_crontab(pinged: Pinged, tmp_path: Path) -> None:
    made = snippet("crontab", pinged.url, "*/5 1-3 * * mon")
    assert made.code.startswith("*/5 1-3 * * mon /usr/local/bin/job && curl ")
    assert snippet("crontab", pinged.url).code.startswith("0 3 * * * ")
    assert SAID in cron(made.code.replace("/usr/local/bin/job", job(tmp_path, 0)))
    assert pinged.pings == [("GET", PATH, "")]
    cron(made.code.replace("/usr/local/bin/job", job(tmp_path, 3)), status=3)
    assert len(pinged.pings) == 1, "a job that failed does not ping"


def test_crontab_with_the_exit_code(pinged: Pinged, tmp_path: Path) -> None:
    made = snippet("crontab", pinged.url)
    tip = made.steps[-1].partition("exit code: ")[2]
    assert tip.startswith("; curl")
    for code in (0, 3):
        cron(f"0 3 * * * {job(tmp_path, code)} {tip}\n")
    assert [path for _, path, _ in pinged.pings] == [f"{PATH}0", f"{PATH}3"]


@pytest.mark.parametrize("code", [0, 7])
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_shell(pinged: Pinged, tmp_path: Path, shell: str, code: int) -> None:
    text = snippet("shell", pinged.url).code
    assert text.startswith("#!/bin/sh\n")
    sh(text.replace("/usr/local/bin/job", job(tmp_path, code)), shell=shell, status=code)
    said = SAID.rstrip("\n")
    assert pinged.pings == [("GET", f"{PATH}start", ""), ("POST", f"{PATH}{code}", said)]


def test_curl_asks_again_while_nobody_answers(pinged: Pinged) -> None:
    pinged.refusals = 1
    ping = snippet("crontab", pinged.url).code.partition("&& ")[2]
    cron(f"* * * * * {ping}")
    assert len(pinged.pings) == 1
    pinged.stop()
    done = subprocess.run(
        ["sh", "-c", ping.replace("--retry 6", "--retry 1 -v").replace("\\%", "%")],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode != 0
    assert done.stderr.count("failed: Connection refused") == 2, "a restart must not cost a ping"


def test_wget(pinged: Pinged) -> None:
    if shutil.which("wget") is None:
        pytest.skip("wget is not installed")
    assert sh(snippet("wget", pinged.url).code) == ""
    ((method, path, _),) = pinged.pings
    assert (method, path.replace("%60", "`")) == ("GET", PATH)  # it escapes what it may


def test_systemd(pinged: Pinged, tmp_path: Path) -> None:
    unit = snippet("systemd", pinged.url).code
    systemd(unit, "ExecStartPre")
    for code, status in (("exited", "0"), ("exited", "3"), ("killed", "TERM"), ("dumped", "SEGV")):
        systemd(unit, "ExecStopPost", EXIT_CODE=code, EXIT_STATUS=status)
    assert [path.removeprefix(PATH) for _, path, _ in pinged.pings] == [
        *("start", "0", "3", "fail", "fail")
    ]
    if analyze := shutil.which("systemd-analyze"):  # its own reader, where there is one
        file = tmp_path / "job.service"
        file.write_text(f"{unit}Type=oneshot\nExecStart=/bin/true\n")
        command = [analyze, "verify", str(file)]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")


# There is no PowerShell to run it; its strings are read by about_Quoting_Rules: 'verbatim', where a
# quote is written twice, and "expandable", where $name and ${name} stand for values. Curly quotes
# are quotes as well.
_SINGLE = "'\u2018\u2019\u201a\u201b"
_VERBATIM = re.compile(rf"[{_SINGLE}]((?:[^{_SINGLE}]|[{_SINGLE}]{{2}})*)[{_SINGLE}]")


@pytest.mark.parametrize("curly", ["", "\u2018\u2019\u201a\u201b"])
def test_powershell_reads_the_url_to_the_letter(curly: str) -> None:
    url = f"https://tocsin.example.org{PATH}{curly}"
    first, _, rest = snippet("powershell", url).code.partition("\n")
    name, _, quoted = first.partition(" = ")
    assert name == "$ping"
    found = _VERBATIM.fullmatch(quoted)
    assert found is not None
    assert re.sub(rf"([{_SINGLE}])\1", r"\1", found[1]) == url
    assert url not in rest, "said once"


def test_powershell_is_balanced_and_expands_only_what_it_sets() -> None:
    code = snippet("powershell", "https://tocsin.example.org/").code
    outside = re.sub(r'"[^"]*"|\'[^\']*\'', "", code)
    for opening, closing in ("{}", "()"):
        assert outside.count(opening) == outside.count(closing) > 0
    assert '"' not in outside
    assert "'" not in outside
    set_here = set(re.findall(r"^\s*\$(\w+) = ", code, re.MULTILINE)) | {"wait"}
    used = set(re.findall(r"[$@](\w+)", code))
    assert used - set_here == {"LASTEXITCODE", "_"}
    assert "`" not in code
