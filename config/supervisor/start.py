"""One start: processes in order, the first organization, readiness, the greeting."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from config.supervisor import probes
from config.supervisor.options import Options, StartRefusedError
from config.supervisor.processes import (
    Places,
    prepare_process,
    redis_process,
    sandbox_process,
    web_process,
    worker_process,
)
from config.supervisor.terminal import Greeting, greet
from config.supervisor.watch import Child, Watch, how_it_ended

READY_WITHIN = 120.0
"""Seconds; a small board with a slow card needs many of them, and a hang must still be told."""


@dataclass(frozen=True, slots=True)
class FirstBot:
    """The bot and chat that `quickstart` is to find or make; all empty when there are none."""

    token: str = ""
    chat_id: str = ""
    api_url: str = ""

    @property
    def identity(self) -> dict[str, str]:
        """What tells one from another without its secret (the number before the token's colon).

        The sandbox's chat does not count: somebody who plays there may block or leave it.
        """
        chat_id = "" if self.api_url else self.chat_id
        return {"bot_id": self.token.partition(":")[0], "chat_id": chat_id}

    def quickstart_arguments(self) -> list[str]:
        """Arguments of `manage.py quickstart`."""
        given = {"--bot-token": self.token, "--chat-id": self.chat_id, "--api-url": self.api_url}
        return ["--json", *(f"{name}={value}" for name, value in given.items() if value)]


class Start:
    """What runs already, and what has been learnt so far."""

    def __init__(
        self, options: Options, env: Mapping[str, str], places: Places, watch: Watch
    ) -> None:
        self.options = options
        self.env = env
        self.places = places
        self.watch = watch
        self.memory = options.data_dir / "quickstart.json"
        self.fresh: dict[str, Any] = {}
        """What quickstart told this time; its password and URL are shown once and kept nowhere."""

    def run(self) -> None:
        """Start everything and greet; returns early when a stop was asked for.

        Raises StartRefusedError when something fails; what runs by then is the caller's to stop.
        """
        options, watch = self.options, self.watch
        if options.private_redis:
            watch.start(redis_process(options, self.places, self.env))
        if options.sandbox:
            watch.start(sandbox_process(options, self.env))
        prepare = watch.start(prepare_process(options, self.env))
        self._answer(prepare, self._first_bot())
        if watch.is_stopping():
            self._show_password()
            return
        web = watch.start(web_process(options, self.env))
        worker = watch.start(worker_process(options, self.env))
        try:
            self._wait(lambda: self._are_ready(web, worker), "web and worker")
        except StartRefusedError:
            self._show_password()
            raise
        if watch.is_stopping():
            self._show_password()
            return
        watch.terminal.block(greet(watch.terminal, self._greeting()))

    def _first_bot(self) -> FirstBot:
        """The operator's bot, else the sandbox's first one as soon as the sandbox answers."""
        if self.options.bot_token:
            return FirstBot(self.options.bot_token, self.options.chat_id)
        if not self.options.sandbox:
            return FirstBot()
        url = f"{self.options.sandbox_url}/_sandbox/world"
        found: list[FirstBot] = []

        def look() -> bool:
            world = probes.http_json(url)
            if world is not None:
                found.append(first_bot_of(world, self.options.sandbox_url))
            return bool(found)

        self._wait(look, "the sandbox")
        return found[0] if found else FirstBot()

    def _answer(self, prepare: Child, first_bot: FirstBot) -> None:
        """Tell the preparing process what to set up, and take in what it says."""
        watch = self.watch
        known = self._remembered().get("first_bot")
        is_new = known is None or (first_bot.token and known != first_bot.identity)
        if not watch.is_stopping():
            request = {"quickstart": first_bot.quickstart_arguments() if is_new else None}
            watch.ask(prepare, json.dumps(request))
        while prepare.is_running and not watch.is_stopping() and not watch.dead():
            watch.pump(1)
            self._take_in(prepare)
        watch.flush()
        self._take_in(prepare)
        if self.fresh:
            remembered = {"email": self.fresh.get("email", ""), "first_bot": first_bot.identity}
            self.memory.write_text(json.dumps(remembered), encoding="utf-8")
        if not watch.is_stopping():
            self._refuse_if_dead()
            watch.children.remove(prepare)

    def _take_in(self, prepare: Child) -> None:
        """Act on what a one-shot child has answered; raises StartRefusedError when it refused."""
        while prepare.answers:
            line = prepare.answers.pop(0)
            try:
                said = json.loads(line)
            except ValueError:  # a migration may print
                self.watch.terminal.child_line(prepare.name, line)
                continue
            if "refused" in said:
                raise StartRefusedError(said["refused"])
            if "note" in said:
                self.watch.terminal.note(said["note"])
            self.fresh |= said.get("quickstart", {})

    def _are_ready(self, web: Child, worker: Child) -> bool:
        if self.options.private_redis and not probes.redis_ready(self.places.redis_socket):
            return False
        if not probes.beats_since(self.places.heartbeat, worker.started_wall):
            return False
        return probes.http_ready(
            f"{self.options.web_url}/readyz", urlsplit(self.options.site_url).netloc
        )

    def _wait(self, done: Callable[[], bool], what: str) -> None:
        """Raises StartRefusedError when a child died or time ran out; a stop just returns."""
        if self.watch.wait_until(done, READY_WITHIN) or self.watch.is_stopping():
            return
        self._refuse_if_dead()
        raise StartRefusedError(
            f"{what[0].upper()}{what[1:]} did not become ready within {READY_WITHIN:g} s. "
            "`LOG_LEVEL=INFO make run` shows more."
        )

    def _refuse_if_dead(self) -> None:
        for child in self.watch.dead():
            self.watch.flush()
            self._take_in(child)
            if child.process.quiet:
                self.watch.show_tail(child)
            ended = how_it_ended(child.popen.returncode if child.popen else 0)
            where = f"Its last lines are above, marked `{child.name}`. " if child.tail else ""
            raise StartRefusedError(
                f"{child.name} {ended}. {where}Start again once that is mended; "
                "`LOG_LEVEL=INFO make run` shows more."
            )

    def _remembered(self) -> dict[str, Any]:
        try:
            remembered = json.loads(self.memory.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return remembered if isinstance(remembered, dict) else {}

    def _show_password(self) -> None:
        """Whatever else went wrong: a password that was made cannot be shown again later."""
        if self.fresh.get("password"):
            self.watch.terminal.note(
                f"log in as {self.fresh.get('email')} with password {self.fresh['password']}"
            )

    def _greeting(self) -> Greeting:
        known = self._remembered() | self.fresh
        return Greeting(
            site_url=self.options.site_url,
            email=known.get("email", ""),
            password=self.fresh.get("password") or "",
            ingest_url=self.fresh.get("ingest_url") or "",
            chat_page_url=self.options.chat_page_url if self.options.sandbox else "",
            data_dir=str(self.options.data_dir),
        )


def first_bot_of(world: Any, api_url: str) -> FirstBot:
    """From `GET /_sandbox/world`: the first bot, and the first chat that lets it write."""
    if not world["bots"]:
        return FirstBot()
    bot = world["bots"][0]
    open_to_bot = [
        str(chat["id"])
        for chat in world["chats"]
        if chat["states"].get(str(bot["id"])) in {"active", "administrator"}
    ]
    chat_id = open_to_bot[0] if open_to_bot else ""
    return FirstBot(token=bot["token"], chat_id=chat_id, api_url=api_url)
