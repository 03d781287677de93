"""Paths below /hooks/ that are no endpoints: senders hear it in JSON, and never of a page."""

from typing import Any
from urllib.parse import unquote

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db
KEY = "ti_" + "k" * 43


@pytest.mark.parametrize("method", ["get", "head", "post", "put", "delete", "patch", "options"])
@pytest.mark.parametrize(
    "path",
    [
        f"/hooks/v1/{KEY}/typo",
        f"/hooks/v1/{KEY}/typo/",
        f"/hooks/v1/{KEY}/api/v1/alerts",
        f"/hooks/v1/{KEY}/api",
        f"/hook/v1/{KEY}/",
        f"/hooks/v2/{KEY}/",
        f"/hooks/{KEY}/",
        f"/hooks/v1/{KEY}/a%0Ab",
        "/hooks/",
        "/hooks",
        "/hook",
    ],
)
def test_a_path_that_is_none_is_named_in_json(method: str, path: str) -> None:
    response = getattr(Client(enforce_csrf_checks=True), method)(path)
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response["Cache-Control"] == "no-store"
    if method != "head":
        detail = response.json()["detail"]
        assert unquote(path).replace(KEY, "KEY") in detail
        assert "/hooks/v1/KEY/" in detail
        assert KEY not in detail


@pytest.mark.parametrize("path", ["api/v1/alerts", "api/v1/alerts/", "api/v1"])
def test_alertmanagers_first_api_is_named(path: str) -> None:
    response = Client(enforce_csrf_checks=True).post(f"/hooks/v1/{KEY}/{path}", "[]", "text/plain")
    said = "Alertmanager's API v1 is gone; use api_version: v2."
    assert (response.status_code, said in response.json()["detail"]) == (404, True)


def test_a_long_path_is_cut() -> None:
    detail = Client().post(f"/hooks/v9/{'a' * 5000}").json()["detail"]
    assert len(detail) < 600


def test_the_endpoints_are_still_there() -> None:
    client = Client(enforce_csrf_checks=True)
    said: list[Any] = [
        client.post(path).json()
        for path in (f"/hooks/v1/{KEY}", f"/hooks/v1/heartbeat/{KEY}/", "/hooks/v1")
    ]
    assert all("with this key" in one["detail"] for one in said)
    assert "was not found" in client.get(f"/hooks/v1/{KEY}/api/v2/typo").content.decode()
