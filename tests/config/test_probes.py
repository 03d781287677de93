"""Schedulers and load balancers ask by address, without https."""

from typing import Any

import pytest
from django.test import Client


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_are_answered_under_every_name_and_not_redirected(
    client: Client, settings: Any, path: str
) -> None:
    settings.ALLOWED_HOSTS = ["tocsin.example.org"]
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(path, headers={"host": "10.1.2.3:8000"}).status_code == 200


@pytest.mark.django_db
def test_nothing_else_is(client: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["tocsin.example.org"]
    assert client.get("/login/", headers={"host": "10.1.2.3:8000"}).status_code == 400
    assert client.get("/healthz/x", headers={"host": "10.1.2.3:8000"}).status_code == 400
