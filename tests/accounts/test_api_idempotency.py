"""The same Idempotency-Key does its work once, however many ask at once."""

import json
import threading
from typing import Any

import pytest
from django.db import connection

from accounts.idempotency import Answer, KeyInvalid, KeyReused, once
from accounts.models import AuditEntry, Organization, Way
from tests.factories import make_bot, make_channel, make_organization
from tests.rest import Api, places, problem_of


def work(organization: Organization) -> Answer:
    """Something that leaves a row."""
    AuditEntry.objects.create(
        organization=organization, actor_name="a", way=Way.SYSTEM, action="work", object_type="x"
    )
    return Answer(202, {"url": "u"})


def done() -> int:
    return AuditEntry.objects.filter(action="work").count()


@pytest.mark.django_db
def test_replayed_refused_and_scoped() -> None:
    one, other = make_organization(), make_organization()
    assert once(one, "s", "k", {"a": 1}, lambda: work(one)) == Answer(202, {"url": "u"})
    again = once(one, "s", "k", {"a": 1}, lambda: work(one))
    assert again == Answer(202, {"url": "u"}, replayed=True)
    with pytest.raises(KeyReused):
        once(one, "s", "k", {"a": 2}, lambda: work(one))
    assert done() == 1
    once(one, "t", "k", {"a": 2}, lambda: work(one))
    once(other, "s", "k", {"a": 2}, lambda: work(other))
    once(one, "s", None, {"a": 1}, lambda: work(one))
    assert done() == 4


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb", "\x00"])
def test_keys_that_are_none(key: str) -> None:
    with pytest.raises(KeyInvalid):
        once(make_organization(), "s", key, {}, lambda: Answer(200, {}))


@pytest.mark.django_db
def test_work_that_fails_leaves_the_key_free() -> None:
    organization = make_organization()

    def fail() -> Answer:
        work(organization)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        once(organization, "s", "k", {}, fail)
    assert done() == 0
    assert not once(organization, "s", "k", {"other": 1}, lambda: work(organization)).replayed


@pytest.mark.django_db(transaction=True)
def test_at_once_sends_once() -> None:
    organization = make_organization()
    channel = make_channel(make_bot(organization))
    api = Api(organization)
    barrier = threading.Barrier(6)
    answers: list[Any] = []

    def send() -> None:
        try:
            barrier.wait()
            mine = Api(organization, key=api.key)
            path, headers = f"channels/{channel.pk}/messages/", {"Idempotency-Key": "deploy-17"}
            answers.append(mine.post(path, {"text": "hello"}, headers=headers))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [202] * 6
    assert len({json.dumps(answer.json(), sort_keys=True) for answer in answers}) == 1
    assert sorted("Idempotent-Replayed" in answer for answer in answers) == [False] + [True] * 5
    assert len(api.get("deliveries/").json()["results"]) == 1


@pytest.mark.django_db
def test_over_http() -> None:
    organization = make_organization()
    channel = make_channel(make_bot(organization))
    api = Api(organization)
    path = f"channels/{channel.pk}/messages/"
    headers = {"Idempotency-Key": "k"}
    refused = api.post(path, {"text": ""}, headers=headers)
    assert places(refused) == {"/text": "invalid"}
    first = api.post(path, {"text": "a"}, headers=headers)
    again = api.post(path, {"text": "a"}, headers=headers)
    assert again.json() == first.json()
    assert again["Location"] == first["Location"] == first.json()["url"]
    assert (first.get("Idempotent-Replayed"), again["Idempotent-Replayed"]) == (None, "true")
    for other in ({"text": "b"}, {"text": "a", "silent": True}):
        assert places(api.post(path, other, headers=headers), 409) == {"Idempotency-Key": "reused"}
    stranger = Api()
    theirs = make_channel(make_bot(stranger.organization))
    answer = stranger.post(f"channels/{theirs.pk}/messages/", {"text": "b"}, headers=headers)
    assert answer.status_code == 202
    long = api.post(path, {"text": "a"}, headers={"Idempotency-Key": "k" * 256})
    assert places(long) == {"Idempotency-Key": "invalid"}
    test = f"channels/{channel.pk}/test/"
    first, again = (api.post(test, headers=headers) for _ in range(2))
    assert first.json()["id"] == again.json()["id"]
    assert len(api.get("probes/?kind=test").json()["results"]) == 1
    assert problem_of(api.post(path, {"text": "x" * 4097}), 400)
