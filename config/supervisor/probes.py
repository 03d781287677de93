"""Is it ready? Small questions with short timeouts, asked over and over while starting."""

import json
import socket
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = 1.0
"""Seconds one question may take; the supervisor does nothing else meanwhile."""


def http_ready(url: str, host: str) -> bool:
    """Whether a GET is answered with 2xx, or with 3xx by a site that redirects to https.

    `host` is the Host header: the site's own, which ALLOWED_HOSTS always admits.
    """
    answer = _get(url, host)
    return answer is not None and 200 <= answer[0] < 400


def http_json(url: str) -> Any:
    """The JSON that a GET is answered with, or None while there is no such answer."""
    answer = _get(url, urlsplit(url).netloc)
    if answer is None or answer[0] != 200:
        return None
    try:
        return json.loads(answer[1])
    except ValueError:
        return None


def redis_ready(socket_path: Path) -> bool:
    """Whether Redis answers PING on its socket (RESP inline command)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(TIMEOUT)
        try:
            client.connect(str(socket_path))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def beats_since(heartbeat: Path, started: float) -> bool:
    """Whether the worker has touched its heartbeat file since `started` (Unix time)."""
    try:
        return heartbeat.stat().st_mtime >= started
    except OSError:
        return False


def _get(url: str, host: str) -> tuple[int, bytes] | None:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)
    try:
        connection.request("GET", parts.path, headers={"Host": host, "Connection": "close"})
        response = connection.getresponse()
        return response.status, response.read(1_000_000)
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
