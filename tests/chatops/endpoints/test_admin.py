"""Endpoints on the console: their secret is shown once."""

from typing import Any

import pytest

from chatops.endpoints.changes import secret_of
from chatops.models import Endpoint, EndpointCall
from tests.console import Person

pytestmark = pytest.mark.django_db


def test_a_secret_is_shown_by_the_answer_alone() -> None:
    person = Person()
    form: dict[str, Any] = {"name": "Deploys", "url": "https://example.org/hook"}
    page = person.send("/chatops/endpoint/add/", 200, **form)
    row = Endpoint.objects.get()
    assert "Secret of the endpoint Deploys" in page
    assert secret_of(row) in page
    path = f"/chatops/endpoint/{row.pk}/change/"
    assert secret_of(row) not in person.read(path)
    former = secret_of(row)
    page = person.send(path, 200, **form, new_secret="on")
    row.refresh_from_db()
    assert secret_of(row) != former
    assert secret_of(row) in page
    assert "Enter the present secret" in person.send(
        path, 200, **(form | {"url": "https://elsewhere.example.org/"})
    )


def test_the_page_waits_for_what_comes_of_a_test() -> None:
    person = Person()
    form: dict[str, Any] = {"name": "Deploys", "url": "https://example.org/hook"}
    person.send("/chatops/endpoint/add/", 200, **form)
    path = f"/chatops/endpoint/{Endpoint.objects.get().pk}/change/"
    asks = f'id="endpoint-calls" class="tocsin-panel" aria-live="polite" hx-get="{path}"'
    assert asks not in person.read(path)
    person.send(path.replace("change/", "press/test/"))
    assert asks in person.read(path)
    EndpointCall.objects.update(state=EndpointCall.State.FAILED, attempts=2, said="It said 500.")
    page = person.read(path)
    assert "It said 500." in page
    assert asks not in page
    # One that is told again for a day is nothing to look at meanwhile.
    calls = {"state": EndpointCall.State.WAITING, "event": EndpointCall.Event.APPROVAL}
    EndpointCall.objects.update(**calls)
    assert asks not in person.read(path)
