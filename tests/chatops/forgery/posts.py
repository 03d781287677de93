"""POSTs to a bot's webhook by whoever is not Telegram, or plays Telegram's back."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.test import Client, override_settings

from channels_app.bots import webhook_secret_of
from chatops.actions.tokens import token_of
from chatops.models import ActionRun, InboundUpdate
from chatops.receiving import webhooks
from tests.chatops.forgery.attacks import Attack, audit, figure
from tests.chatops.forgery.scene import Scene, person, private
from tests.chatops.receiving.test_webhooks import HEADER, url_of
from tests.sandbox.process import Json

TELEGRAM = "149.154.167.220"
NETWORKS = override_settings(TELEGRAM_WEBHOOK_NETWORKS=["149.154.160.0/20", "91.108.4.0/22"])
PROXIED = override_settings(TRUSTED_PROXIES=["127.0.0.1/32"])


def acknowledging(scene: Scene) -> Json:
    """A press of Acknowledge by Ada, who may: what a forger would have her do."""
    message = scene.alert_message()
    query = {
        "id": "8000001",
        "from": person(scene.home.ada),
        "message": message.message,
        "chat_instance": "1",
        "data": scene.button("Acknowledge"),
    }
    return {"update_id": scene.number, "callback_query": query}


def refused(status: int, **how: Any) -> Any:
    """That press, in a way that must not count."""
    return lambda scene: scene.post(acknowledging(scene), status=status, **how)


def with_body(status: int, body: bytes) -> Any:
    """What is no update, from who knows the secret."""
    return lambda scene: scene.post(body, status=status)


def other_bots_secret(scene: Scene) -> None:
    secret = webhook_secret_of(scene.other_bot)
    scene.post(acknowledging(scene), status=403, secret=secret)


def other_bots_path(scene: Scene) -> None:
    """The right secret, where another bot is spoken to."""
    secret, url = webhook_secret_of(scene.bot), url_of(scene.other_bot)
    scene.post(acknowledging(scene), status=403, secret=secret, url=url)


def nobodys_paths(scene: Scene) -> None:
    right = url_of(scene.bot)
    for path in (f"/telegram/{uuid4()}/", f"/telegram/{scene.bot.pk}/", f"{right}x/", "/telegram/"):
        scene.post(acknowledging(scene), status=404, url=path)


def not_posted(scene: Scene) -> None:
    headers = {HEADER: webhook_secret_of(scene.bot)}
    for method in ("get", "put", "delete", "patch"):
        ask = getattr(Client(), method)
        response = ask(url_of(scene.bot), headers=headers)
        assert response.status_code == 405, method


def said_before(scene: Scene) -> tuple[Json, InboundUpdate]:
    """Something that was handled, and its row."""
    message = {
        "message_id": 1,
        "date": 1,
        "chat": private(scene.home.sam),
        "from": person(scene.home.sam),
        "text": "hello",
    }
    number = scene.number
    update = {"update_id": number, "message": message}
    scene.post(update)
    return update, InboundUpdate.objects.get(update_id=number)


def replayed(scene: Scene) -> None:
    update, row = said_before(scene)
    for _ in range(3):
        scene.post(update)
    assert InboundUpdate.objects.get(pk=row.pk).handled_at == row.handled_at


def replayed_with_another_body(scene: Scene) -> None:
    update, row = said_before(scene)
    scene.post(acknowledging(scene) | {"update_id": update["update_id"]})
    again = InboundUpdate.objects.get(pk=row.pk)
    assert (again.handled_at, again.payload) == (row.handled_at, row.payload)


def not_from_its_networks(scene: Scene) -> None:
    """It says that Telegram sent it on, and nobody who may say so stands in front."""
    with NETWORKS:
        for value in (TELEGRAM, f"{TELEGRAM}, {TELEGRAM}", f"203.0.113.9, {TELEGRAM}"):
            headers = {HEADER: webhook_secret_of(scene.bot), "X-Forwarded-For": value}
            body = json.dumps(acknowledging(scene))
            response = Client().post(
                url_of(scene.bot), body, content_type="application/json", headers=headers
            )
            assert response.status_code == 403, value


def not_from_its_networks_through_a_proxy(scene: Scene) -> None:
    """The proxy adds who really asked at the end of what the forger wrote."""
    with NETWORKS, PROXIED:
        headers = {
            HEADER: webhook_secret_of(scene.bot),
            "X-Forwarded-For": f"{TELEGRAM}, 203.0.113.9",
        }
        body = json.dumps(acknowledging(scene))
        response = Client().post(
            url_of(scene.bot), body, content_type="application/json", headers=headers
        )
        assert response.status_code == 403


def as_a_form(scene: Scene) -> None:
    """With the right secret, which no page of others can have a browser send."""
    fields = {name: json.dumps(value) for name, value in acknowledging(scene).items()}
    headers = {HEADER: webhook_secret_of(scene.bot)}
    assert Client().post(url_of(scene.bot), fields, headers=headers).status_code == 400


def about_a_run(token: Callable[[ActionRun], str], status: int = 401) -> Any:
    """As its endpoint would, with this token."""

    def work(scene: Scene) -> None:
        run = ActionRun.objects.get()
        headers = {"Authorization": f"Bearer {token(run)}"}
        body = json.dumps({"state": "done", "text": "Forged"})
        response = Client().post(
            f"/runs/{run.pk}/", body, content_type="application/json", headers=headers
        )
        assert response.status_code == status

    return work


WRONG_TOKEN = figure("wrong_token", "run_posts")
WRONG_SECRET = audit("forge update: the secret was missing or wrong")
ELSEWHERE = audit("forge update: it did not come from Telegram's networks")
UNREADABLE = audit("forge update: the body was no update")

ATTACKS = (
    Attack("a wrong secret", refused(403, secret="wrong"), WRONG_SECRET),
    Attack("no secret", refused(403, secret=None), WRONG_SECRET),
    Attack(
        "a secret of other letters",
        refused(403, secret="ключ".encode().decode("latin-1")),
        WRONG_SECRET,
    ),
    Attack("another bot's secret", other_bots_secret, WRONG_SECRET),
    Attack("the right secret on another bot's path", other_bots_path, WRONG_SECRET),
    Attack("the right secret on a path of nobody", nobodys_paths, figure("unknown_path")),
    Attack("a request that is no POST", not_posted, figure("not_a_post")),
    Attack("an update that was handled", replayed, figure("repeated")),
    Attack(
        "another update by the number of one that was handled",
        replayed_with_another_body,
        audit("forge update: its number was another update's"),
    ),
    Attack("a made-up X-Forwarded-For", not_from_its_networks, ELSEWHERE),
    Attack(
        "a made-up X-Forwarded-For before a proxy's",
        not_from_its_networks_through_a_proxy,
        ELSEWHERE,
    ),
    Attack(
        "a body that is too large",
        with_body(413, b'{"update_id": 1, "x": "' + b"a" * webhooks.BODY_MAX + b'"}'),
        UNREADABLE,
    ),
    Attack("a body that is not JSON", with_body(400, b"not JSON"), UNREADABLE),
    Attack("JSON that is no update", with_body(400, b"[1]"), UNREADABLE),
    Attack("deep JSON", with_body(400, b"[" * 100_000), UNREADABLE),
    Attack("an update as a form", as_a_form, UNREADABLE),
    Attack("a run's end without its token", about_a_run(lambda run: ""), WRONG_TOKEN),
    Attack("a run's end by its ID", about_a_run(lambda run: f"trun_{run.pk.hex}"), WRONG_TOKEN),
    Attack(
        "a run's end by another's token", about_a_run(lambda run: token_of(uuid4())), WRONG_TOKEN
    ),
    Attack(
        "the end of a run that was not begun",
        about_a_run(lambda run: token_of(run.pk), 410),
        figure("gone", "run_posts"),
    ),
)
