"""What the environment may say to `up`, and how a wrong value is answered."""

import os
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import pytest
from celery import Celery
from redis import Redis

from config.supervisor.options import StartRefusedError, read_options, redis_socket_urls, setting
from config.supervisor.probes import redis_ready
from config.supervisor.processes import Places, child_environment, redis_process, sandbox_process
from tests import clock

ROOT = Path("/srv/the product")


def test_nothing_set_is_a_product_on_this_machine_with_a_sandbox() -> None:
    options = read_options({}, ROOT)
    assert options.data_dir == ROOT / "var"
    assert (options.bind, options.port, options.sandbox_port) == ("127.0.0.1", 8000, 8001)
    assert options.site_url == "http://localhost:8000"
    assert options.sandbox
    assert options.sqlite
    assert options.private_redis
    assert options.chat_page_url == "http://localhost:8001"


@pytest.mark.parametrize(
    ("environ", "is_on"),
    [
        ({"TELEGRAM_BOT_TOKEN": "1:x"}, False),
        ({"TELEGRAM_BOT_TOKEN": "1:x", "SANDBOX": "on"}, True),
        ({"SANDBOX": "off"}, False),
        ({"SANDBOX": "0"}, False),
        ({"SANDBOX": "True"}, True),
        ({"SANDBOX": ""}, True),
    ],
)
def test_the_sandbox_is_on_unless_there_is_a_real_bot(environ: dict[str, str], is_on: bool) -> None:
    assert read_options(environ, ROOT).sandbox is is_on


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"PORT": "http"}, "PORT=http is not a port"),
        ({"PORT": "0"}, "from 1 to 65535"),
        ({"PORT": "70000"}, "from 1 to 65535"),
        ({"PORT": "８０"}, "from 1 to 65535"),
        ({"PORT": "65535"}, "PORT + 1"),
        ({"SANDBOX": "maybe"}, "SANDBOX=maybe is neither on nor off"),
        ({"BIND": "nas.local"}, "BIND=nas.local is not an IP address"),
        ({"SANDBOX_BIND": "*"}, "SANDBOX_BIND=* is not an IP address"),
        ({"PORT_FILE": "/nowhere/port"}, "PORT_FILE=/nowhere/port cannot be read"),
    ],
)
def test_a_wrong_value_is_named_with_the_way_out(environ: dict[str, str], words: str) -> None:
    with pytest.raises(StartRefusedError) as refusal:
        read_options(environ, ROOT)
    assert words in str(refusal.value)


def test_a_file_is_read_and_wins_over_the_variable(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("5:from-a-file\n")
    environ = {"TELEGRAM_BOT_TOKEN": "6:other", "TELEGRAM_BOT_TOKEN_FILE": str(tmp_path / "token")}
    assert setting(environ, "TELEGRAM_BOT_TOKEN") == "5:from-a-file"
    options = read_options(environ, ROOT)
    assert not options.sandbox
    assert "from-a-file" not in repr(options)


@pytest.mark.parametrize(
    ("environ", "broker", "redis"),
    [
        ({"REDIS_URL": "redis://h:1/2"}, "redis://h:1/2", "redis://h:1/2"),
        ({"CELERY_BROKER_URL": "redis://h:1/2"}, "redis://h:1/2", "redis://h:1/2"),
        (
            {"REDIS_URL": "unix:///run/my%20redis.sock?db=0"},
            "redis+socket:///run/my%20redis.sock?virtual_host=0",
            "unix:///run/my%20redis.sock?db=0",
        ),
        ({"CELERY_BROKER_URL": "amqp://h//"}, "amqp://h//", ""),
        (
            {"CELERY_BROKER_URL": "amqp://h//", "REDIS_URL": "redis://r"},
            "amqp://h//",
            "redis://r",
        ),
    ],
)
def test_a_redis_named_once_serves_both(environ: dict[str, str], broker: str, redis: str) -> None:
    options = read_options(environ, ROOT)
    assert (options.broker_url, options.redis_url) == (broker, redis)
    assert options.private_redis is not bool(broker and redis)


def test_both_libraries_reach_a_redis_at_an_odd_path_by_these_urls() -> None:
    with TemporaryDirectory(prefix="it's 100% odd ") as folder:
        places = Places(redis_socket=Path(folder) / "r.sock", heartbeat=Path(folder) / "beat")
        process = redis_process(read_options({}, ROOT), places, os.environ)
        with subprocess.Popen(process.argv, stdout=subprocess.DEVNULL, cwd=folder) as redis:
            deadline = clock.now() + 20
            while not redis_ready(places.redis_socket) and clock.now() < deadline:
                time.sleep(0.02)
            broker_url, redis_url = redis_socket_urls(places.redis_socket)
            with Redis.from_url(redis_url) as client:
                with Celery(broker=broker_url).connection() as connection:
                    connection.ensure_connection(max_retries=1, timeout=60)
                    connection.SimpleQueue("wake-ups").put({})
                assert client.llen("wake-ups") == 1
                assert client.config_get("save")["save"] == ""
            assert places.redis_socket.stat().st_mode & 0o777 == 0o600
            redis.terminate()


@pytest.mark.parametrize(
    ("bind", "site_url", "page"),
    [
        ("0.0.0.0", "http://nas.home:8000", "http://nas.home:8001"),
        ("192.168.1.5", "", "http://192.168.1.5:8001"),
        ("::1", "", "http://[::1]:8001"),
        ("localhost", "", "http://localhost:8001"),
    ],
)
def test_the_chat_page_is_named_as_a_person_reaches_it(bind: str, site_url: str, page: str) -> None:
    options = read_options({"SANDBOX_BIND": bind, "SITE_URL": site_url}, ROOT)
    argv = sandbox_process(options, {}).argv
    assert urlsplit(page).hostname == argv[argv.index("--name") + 1], "and it answers to that name"
    assert options.chat_page_url == page


def test_children_hear_what_was_decided(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("8100")
    environ = {
        "PORT_FILE": str(tmp_path / "port"),
        "OUTBOUND_ALLOWED_HOSTS": "proxy.home",
        "SECRET_KEY_FILE": "/run/secrets/key",
        "PATH": "/bin",
    }
    options = read_options(environ, ROOT)
    places = Places(redis_socket=tmp_path / "r.sock", heartbeat=tmp_path / "beat")
    env = child_environment(environ, options, places)
    assert env["PORT"] == "8100"
    assert env["SITE_URL"] == "http://localhost:8100"
    assert env["DATA_DIR"] == "/srv/the product/var"
    assert env["OUTBOUND_ALLOWED_HOSTS"] == "proxy.home,127.0.0.1:8101,localhost:8101"
    assert env["WORKER_HEARTBEAT_FILE"] == str(tmp_path / "beat")
    assert env["CELERY_BROKER_URL"].startswith("redis+socket://")
    assert env["SECRET_KEY_FILE"] == "/run/secrets/key"
    assert env["PATH"] == "/bin"
    assert "PORT_FILE" not in env, "it would win over PORT in the children"
