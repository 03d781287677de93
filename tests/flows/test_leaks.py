"""No secret in logs, answers, the database, the broker, files or command lines, whatever fails.

The whole product runs at LOG_LEVEL=DEBUG and is driven into every trouble that prints something.
Shown on purpose, once: quickstart's output, the first screen of `up`, and an integration's URL to
those who may manage it.
"""

import base64
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
import redis
import requests

from tests.alerts.senders import alert, webhook
from tests.flows.system import WITHIN, Stage, System, eventually, running_system

FIRST_SCREEN_ENDS = "Ctrl-C stops everything."
OWN_SECRETS = ("secret_key", "encryption_keys")
"""Files that are the secrets."""


def leaks(text: str, secrets: dict[str, str]) -> list[str]:
    """The names of the secrets in the text, also as URLs, JSON and Base64 spell them."""
    found = []
    for name, secret in secrets.items():
        encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
        forms = {secret, quote(secret, safe=""), secret.replace("/", "\\/"), encoded[:-1]}
        if any(form in text for form in forms):
            found.append(name)
    return found


@dataclass
class Lab:
    """A product in trouble; `answers` is everything it said over HTTP."""

    system: System
    stage: Stage
    answers: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, **options: object) -> requests.Response:
        """A request whose answer is kept, headers included."""
        answer = requests.request(
            method,
            f"{self.system.url}{path}",
            timeout=WITHIN,
            allow_redirects=False,
            **options,  # type: ignore[arg-type]  # passed on
        )
        self.answers.append(f"{answer.status_code} {answer.headers}\n{answer.text}")
        return answer

    @property
    def authorization(self) -> dict[str, str]:
        """The owner's API key."""
        return {"Authorization": f"Bearer {self.system.api_key}"}

    @property
    def key(self) -> str:
        """The integration's key."""
        return self.stage.ingest_url.rstrip("/").rpartition("/")[2]

    def secrets(self) -> dict[str, str]:
        """Name → secret. Of a token the part after the colon; of a key its random part."""
        system, data_dir = self.system, self.system.data_dir
        password = re.search(r"password: (\S+)", system.running.output)
        assert password
        found = {
            "API key": system.api_key,
            "integration key": self.key,
            "quickstart's integration key": system.ingest_url.rstrip("/").rpartition("/")[2],
            "SECRET_KEY": (data_dir / "secret_key").read_text().strip(),
            "ENCRYPTION_KEYS": (data_dir / "encryption_keys").read_text().strip().split(":")[1],
            "password": password[1],
        }
        for bot in system.telegram.world()["bots"]:
            found[f"token of {bot['username']}"] = bot["token"].partition(":")[2]
        return found

    def database(self) -> str:
        """The whole database as SQL text."""
        with closing(sqlite3.connect(self.system.data_dir / "tocsin.sqlite3")) as connection:
            return "\n".join(connection.iterdump())

    def logs(self) -> str:
        """Everything printed after the first screen."""
        return self.system.running.output.partition(FIRST_SCREEN_ENDS)[2]

    def broker(self) -> str:
        """Everything that Redis holds."""
        client = redis.Redis(unix_socket_path=str(self.system.data_dir / "run" / "redis.sock"))
        parts = []
        for key in client.scan_iter():
            kind = client.type(key)
            value = client.lrange(key, 0, -1) if kind == b"list" else client.dump(key)
            parts.append(f"{key!r} {value!r}")
        return "\n".join(parts)

    def files(self) -> str:
        """DATA_DIR, but for the secrets themselves, the database and the sandbox, which is a
        Telegram and knows the tokens."""
        return "\n".join(
            path.read_text(errors="replace")
            for path in self.system.data_dir.rglob("*")
            if path.is_file()
            and path.name not in OWN_SECRETS
            and not path.name.startswith("tocsin.sqlite3")
            and "sandbox" not in path.parts
        )

    def command_lines(self) -> str:
        """How each process was called."""
        pids = [self.system.pid(name) for name in ("redis", "sandbox", "web", "worker")]
        return "\n".join(Path(f"/proc/{pid}/cmdline").read_text() for pid in pids)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A product that has been through everything below."""
    data_dir = tmp_path_factory.mktemp("leaks") / "data"
    with running_system(data_dir, LOG_LEVEL="DEBUG") as system:
        lab = Lab(system, system.make_stage())
        fail_to_send(lab)
        fail_to_reach(lab)
        ask_for_error_pages(lab)
        break_views(lab)
        yield lab


def fail_to_send(lab: Lab) -> None:
    """Resets, HTML, refusals that repeat the token, a revoked token, a blocked bot."""
    stage, telegram = lab.stage, lab.stage.telegram
    echo = f"Bad Request: can't parse entities of /bot{stage.bot.token}/sendMessage"
    for number, (kind, fields) in enumerate(
        (
            ("reset_before", {}),
            ("bad_gateway", {}),
            ("lost_answer", {}),
            ("unauthorized", {}),
            ("error", {"code": 400, "description": echo}),
            ("error", {"code": 500, "description": echo}),
        )
    ):
        telegram.fault(kind, bot=stage.bot, method="sendMessage", **fields)  # type: ignore[arg-type]  # a table of keywords
        stage.post(webhook(alert(f"Failing{number}"), groupKey=f"failing {number}"))
        stage.wait_for(f"Failing{number}", seconds=40)
    blocked = lab.system.make_stage()
    telegram.set_state(blocked.chat, "blocked", bot=blocked.bot)
    blocked.post(webhook(alert("Blocked")))
    eventually(lambda: not blocked.channel()["enabled"], what="the disabled channel")


def fail_to_reach(lab: Lab) -> None:
    """Bots whose server has no address, may not be reached, or does not listen."""
    for number, api_url in enumerate(
        ("https://no-such-host.invalid", "http://169.254.169.254", "http://127.0.0.1:9")
    ):
        bot = lab.stage.telegram.create_bot(f"Lost {number}")
        made = lab.ask(
            "POST",
            "/api/v1/bots/",
            json={"name": f"Lost {number}", "token": bot.token, "api_url": api_url},
            headers=lab.authorization,
        )
        if made.status_code == 201:
            checked = lab.ask(
                "POST", f"/api/v1/bots/{made.json()['id']}/verify/", headers=lab.authorization
            )
            probe = f"/api/v1/probes/{checked.json()['id']}/"

            def is_told(probe: str = probe) -> bool:
                told = lab.ask("GET", probe, headers=lab.authorization).json()
                return told["state"] in {"ok", "failed"}

            eventually(is_told, what=f"the verdict on {api_url}")
    for token in (f"{lab.stage.bot.token}x", lab.stage.bot.token.replace(":", " "), "12:34"):
        body = {"name": "Bad", "token": token}
        lab.ask("POST", "/api/v1/bots/", json=body, headers=lab.authorization)


def ask_for_error_pages(lab: Lab) -> None:
    """400, 401, 403, 404, 405 and 413 at every entry, with secrets wherever somebody may put them.

    An answer may repeat what its own request said in its path, so those go without secrets there.
    """
    key, token = lab.key, lab.stage.bot.token
    hooks = f"/hooks/v1/{key}/"
    bearer = {"Authorization": f"Bearer {key}"}
    for method, path, options in (
        ("GET", hooks, {}),
        ("POST", hooks, {"data": b"{", "headers": {"Content-Type": "application/json"}}),
        ("POST", hooks, {"data": b"x", "headers": {"Content-Type": "image/png"}}),
        ("POST", hooks, {"data": b" " * (16 * 2**20 + 1)}),
        ("POST", hooks, {"data": b"1", "headers": {"Host": "evil.example"}}),
        ("POST", f"{hooks}nowhere/", {"data": b"{}"}),
        ("POST", f"/hooks/v1/{key[:-1]}/", {"data": b"{}"}),
        ("POST", "/hooks/v1/", {"data": b"{}", "headers": {"Authorization": f"Bearer {key}x"}}),
        ("POST", "/hooks/v1/", {"data": b"{", "headers": bearer}),
        ("GET", "/api/v1/bots/", {}),
        ("GET", "/api/v1/bots/", {"headers": {"Authorization": f"Bearer {lab.system.api_key}x"}}),
        ("GET", "/api/v1/nowhere/", {"headers": lab.authorization}),
        ("POST", "/api/v1/bots/", {"data": b"{", "headers": lab.authorization}),
        ("POST", "/api/v1/bots/", {"json": {"token": token}, "headers": lab.authorization}),
        ("GET", "/api/v1/bots/", {"headers": lab.authorization}),
        ("GET", "/api/v1/channels/", {"headers": lab.authorization}),
        ("GET", "/api/v1/deliveries/", {"headers": lab.authorization}),
        ("GET", "/api/v1/traces/", {"headers": lab.authorization}),
        ("GET", "/api/v1/audit/", {"headers": lab.authorization}),
        ("GET", "/api/v1/api-keys/", {"headers": lab.authorization}),
        ("GET", "/api/v1/schema/", {}),
        ("GET", "/", {}),
        ("GET", "/nowhere/", {}),
        ("POST", "/login/", {"data": {"username": "x", "password": token}}),
        ("POST", "/telegram/00000000-0000-0000-0000-000000000000/", {"data": token}),
        ("GET", "/healthz", {}),
        ("GET", "/readyz", {}),
        ("GET", "/metrics", {}),
    ):
        answer = lab.ask(method, path, **options)
        assert answer.status_code < 500, (method, path, answer.text)
    for row in lab.system.api("GET", "deliveries/")["results"]:
        lab.ask("GET", f"/api/v1/deliveries/{row['id']}/", headers=lab.authorization)
    for row in lab.system.api("GET", "traces/")["results"]:
        lab.ask("GET", f"/api/v1/traces/{row['id']}/", headers=lab.authorization)


@contextmanager
def missing_table(lab: Lab, name: str) -> Iterator[None]:
    """A table that is away, as after a restore gone wrong: its views fail as views can."""

    def rename(old: str, new: str) -> None:
        with closing(sqlite3.connect(lab.system.data_dir / "tocsin.sqlite3")) as connection:
            connection.execute("PRAGMA busy_timeout = 5000")
            connection.execute("PRAGMA legacy_alter_table = ON")
            connection.execute(f'ALTER TABLE "{old}" RENAME TO "{new}"')

    rename(name, f"{name}_away")
    try:
        yield
    finally:
        rename(f"{name}_away", name)


def break_views(lab: Lab) -> None:
    """500 and 503, with tracebacks in the log."""
    with missing_table(lab, "accounts_auditentry"):
        listed = lab.ask("GET", "/api/v1/audit/", headers=lab.authorization)
        body = {"name": "Broken", "token": lab.stage.telegram.create_bot().token}
        made = lab.ask("POST", "/api/v1/bots/", json=body, headers=lab.authorization)
    with missing_table(lab, "alerts_trace"):
        posted = lab.ask("POST", f"/hooks/v1/{lab.key}/", json={"title": "Lost"})
    with missing_table(lab, "django_session"):
        page = lab.ask("GET", "/", cookies={"tocsin_session": "x" * 32})
    statuses = [answer.status_code for answer in (listed, made, posted, page)]
    assert statuses == [503, 503, 503, 500], statuses
    eventually(lambda: "Traceback" in lab.logs(), what="a traceback in the log")


PLACES: dict[str, Callable[[Lab], str]] = {
    "logs": Lab.logs,
    "answers": lambda lab: "\n".join(lab.answers),
    "database": Lab.database,
    "broker": Lab.broker,
    "files": Lab.files,
    "command lines": Lab.command_lines,
}


@pytest.mark.parametrize("place", PLACES)
def test_no_secret_is_in(lab: Lab, place: str) -> None:
    text = PLACES[place](lab)
    assert text, f"{place}: there is nothing to look at"
    assert leaks(text, lab.secrets()) == []


def test_the_troubles_were_seen(lab: Lab) -> None:
    """What is looked through is not empty of failures."""
    logs, answers, database = lab.logs(), "\n".join(lab.answers), lab.database()
    assert "DEBUG" in logs
    assert "Traceback" in logs
    eventually(lambda: "Subject: " in lab.logs(), what="the mail that a channel was disabled")
    assert {answer.partition(" ")[0] for answer in lab.answers} >= {
        *("200", "400", "401", "404", "405", "413", "415", "500", "503"),
    }
    assert "can't parse entities of /bot" in answers + database, "the refusal that held the token"


def test_checker_finds_every_secret_in_every_spelling(lab: Lab) -> None:
    for name, secret in lab.secrets().items():
        encoded = base64.b64encode(secret.encode()).decode()
        for form in (secret, quote(secret, safe=""), encoded):
            assert name in leaks(f"DEBUG x=/bot{form}/getMe", lab.secrets())
    assert leaks("nothing in here", lab.secrets()) == []


def test_a_planted_leak_is_found_where_it_was_planted(lab: Lab) -> None:
    """Last: from here on the database and the answers hold a secret."""
    planted = lab.stage.bot.token.partition(":")[2]
    name = f"token of {lab.stage.bot.username}"
    answer = lab.ask("POST", f"/hooks/v1/{lab.key}/", json={"title": planted})
    trace = answer.json()["trace"]
    lab.ask("GET", f"/api/v1/traces/{trace}/", headers=lab.authorization)
    assert leaks(lab.database(), lab.secrets()) == [name]
    assert leaks("\n".join(lab.answers), lab.secrets()) == [name]
