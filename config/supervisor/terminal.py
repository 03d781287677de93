"""What people see: notes of the supervisor, lines of its children, the greeting."""

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

LONGEST_LINE = 4000
"""Characters of a child's line that are shown; a dumped document would bury everything else."""

COLOURS = {"redis": "35", "web": "36", "worker": "34", "sandbox": "32", "prepare": "33"}


class Terminal:
    """Writes to a stream that may be a terminal, a log file, or closed at any moment."""

    def __init__(self, stream: TextIO, *, colour: bool) -> None:
        self._stream = stream
        self._colour = colour

    def note(self, text: str) -> None:
        """Something the supervisor did or saw."""
        self._write(self._paint("2", "tocsin   ") + self._paint("2", "| ") + text)

    def child_line(self, name: str, line: str) -> None:
        """A line of a child's log, marked with whose it is."""
        self._write(
            self._paint(COLOURS.get(name, "2"), f"{name:<9}") + self._paint("2", "| ") + plain(line)
        )

    def error(self, text: str) -> None:
        """Why `up` ends with a failure, and what to do."""
        self._write(self._paint("31;1", "Tocsin did not start. ") + text)

    def block(self, text: str) -> None:
        """Text of several lines that stands on its own."""
        self._write(text)

    def heading(self, text: str) -> str:
        """`text`, emphasised where that can be shown."""
        return self._paint("1", text)

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text + "\n")
            self._stream.flush()
        except OSError:
            # The terminal was closed or the pipe's reader left: alerts still have to be delivered.
            # (Python docs, "Note on SIGPIPE": what is buffered would fail again at exit.)
            with open(os.devnull, "w") as nowhere:  # noqa: PTH123 -- not a path of ours
                os.dup2(nowhere.fileno(), self._stream.fileno())


def terminal_for(stream: TextIO, environ: Mapping[str, str]) -> Terminal:
    """A terminal on `stream`, coloured only where a person looks at it (https://no-color.org)."""
    colour = stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    return Terminal(stream, colour=colour)


def plain(line: str) -> str:
    """`line` shortened, and without control characters: a payload could put them in a log."""
    shown = line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE] + " …"
    return "".join(char if char.isprintable() or char == "\t" else "�" for char in shown)


@dataclass(frozen=True, slots=True)
class Greeting:
    """What the first screen says; `password` and `ingest_url` on the very first start only."""

    site_url: str
    email: str
    password: str
    ingest_url: str
    chat_page_url: str
    data_dir: str


def greet(terminal: Terminal, greeting: Greeting) -> str:
    """The text that tells a person where to go next."""
    lines = ["", terminal.heading("Tocsin is running."), "", f"  Console   {greeting.site_url}/"]
    lines += [f"  Log in    {line}" for line in _login(greeting)]
    if greeting.chat_page_url:
        lines.append(
            f"  Chats     {greeting.chat_page_url}/   a Telegram on this machine; nothing leaves it"
        )
    if greeting.ingest_url:
        lines += [
            "",
            "  Send an alert and watch it arrive in the chat:",
            "",
            f"    {curl_line(greeting.ingest_url)}",
        ]
    else:
        lines += ["", "  Send alerts to the URL of an integration: Console → Integrations."]
    lines += ["", f"  Data is kept in {greeting.data_dir}. Ctrl-C stops everything.", ""]
    return "\n".join(lines)


def curl_line(ingest_url: str) -> str:
    """A command that sends an alert when pasted into a POSIX shell."""
    body = '{"title": "Disk almost full", "severity": "critical", "labels": {"host": "nas"}}'
    words = ["curl", "-H", "Content-Type: application/json", "-d", body, ingest_url]
    return " ".join(map(shlex.quote, words))


def _login(greeting: Greeting) -> list[str]:
    who = greeting.email or "with your account"
    if greeting.password:
        return [f"{who}   password: {greeting.password}   (shown this once: keep it)"]
    command = shlex.join(
        [os.path.relpath(sys.executable), "manage.py", "changepassword", greeting.email or "EMAIL"]
    )
    return [f"{who}   (forgotten the password? {command})"]
