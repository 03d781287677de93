"""Telegram's POSTs are stored before they are answered; nobody else's are."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from channels_app.bots import webhook_secret_of
from channels_app.models import Bot
from chatops.models import InboundUpdate, Reception
from chatops.receiving import inbox, webhooks
from chatops.receiving.receptions import reception_of
from deliveries import clock
from tests.factories import make_bot, make_organization

HEADER = "X-Telegram-Bot-Api-Secret-Token"


@pytest.fixture
def bot(db: None) -> Bot:
    """A bot whose webhook is agreed on; it need not be set."""
    bot = make_bot(make_organization())
    Bot.objects.filter(pk=bot.pk).update(updates="webhook")
    Reception.objects.create(bot=bot, way="webhook", is_settled=True, bot_proven_at=bot.proven_at)
    return bot


def url_of(bot: Bot) -> str:
    return f"/telegram/{reception_of(bot).path}/"


def update(update_id: int = 1, text: str = "hello") -> dict[str, Any]:
    person = {"id": 77, "is_bot": False, "first_name": "Ada"}
    chat = {"id": 77, "type": "private", "first_name": "Ada"}
    return {
        "update_id": update_id,
        "message": {"message_id": 1, "date": 1, "chat": chat, "from": person, "text": text},
    }


def post(
    bot: Bot, body: Any = None, *, secret: str | None = "", url: str = "", **extra: Any
) -> HttpResponse:
    """`secret`: "" is the right one, None none at all."""
    headers = {} if secret is None else {HEADER: secret or webhook_secret_of(bot)}
    data = body if isinstance(body, bytes) else json.dumps(body or update())
    return Client(enforce_csrf_checks=True).post(  # type: ignore[return-value]  # its own subclass
        url or url_of(bot), data, content_type="application/json", headers=headers, **extra
    )


def test_an_update_is_stored_and_answered_with_nothing(bot: Bot) -> None:
    response = post(bot)
    assert (response.status_code, response.content) == (200, b"")
    row = InboundUpdate.objects.get()
    assert (row.bot, row.update_id, row.kind, row.queue) == (bot, 1, "message", 77)
    assert reception_of(bot).received_at is not None
    assert not response.cookies


@pytest.mark.parametrize("bots", [1, 6])
def test_more_than_can_be_handled_is_left_with_telegram(bot: Bot, bots: int) -> None:
    """Of one bot, and of all bots of an organization."""
    most = inbox.WAITING_MAX if bots == 1 else inbox.OWNER_WAITING_MAX // (bots - 1) - 1
    others = [make_bot(bot.organization) for _ in range(bots - 1)]
    now = clock.now()
    times = {"received_at": now, "not_before": now}
    InboundUpdate.objects.bulk_create(
        InboundUpdate(bot=owner, update_id=number, kind="message", queue=1, payload={}, **times)
        for owner in others or [bot]
        for number in range(2, most + 2)
    )
    rest = 0 if bots == 1 else inbox.OWNER_WAITING_MAX - most * len(others)
    for number in range(rest):
        assert post(bot, update(10_000 + number)).status_code == 200
    response = post(bot)
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    InboundUpdate.objects.filter(update_id=2).update(state="done")
    assert post(bot).status_code == 200


def test_what_is_repeated_or_comes_late_changes_nothing(bot: Bot) -> None:
    for update_id in (5, 5, 3, 5, 3):
        assert post(bot, update(update_id)).status_code == 200
    assert sorted(InboundUpdate.objects.values_list("update_id", flat=True)) == [3, 5]
    post(bot, update(5, "another text"))
    assert InboundUpdate.objects.get(update_id=5).payload["message"]["text"] == "hello"


@pytest.mark.parametrize("secret", [None, "wrong", "ключ", " "])
def test_whoever_does_not_know_the_secret_is_refused_and_put_on_record_once(
    bot: Bot, secret: str | None
) -> None:
    for _ in range(3):
        given = secret.encode().decode("latin-1") if secret else secret
        assert post(bot, secret=given).status_code == 403
    assert not InboundUpdate.objects.exists()
    entry = AuditEntry.objects.get(action="forge update")
    assert entry.organization_id == bot.organization_id
    assert entry.ip_address == "127.0.0.1"
    Reception.objects.update(forged_at=entry.at - webhooks.FORGERIES_TOLD)
    post(bot, secret="wrong")
    assert AuditEntry.objects.filter(action="forge update").count() == 2


def test_another_bots_secret_opens_nothing(bot: Bot) -> None:
    other = make_bot(make_organization())
    assert post(bot, secret=webhook_secret_of(other)).status_code == 403
    assert post(other, url=url_of(bot)).status_code == 403
    assert not InboundUpdate.objects.exists()


@pytest.mark.parametrize(
    "path", ["/telegram/{}/", "/telegram/{}", "/telegram/", "/telegram", "/telegram/x/", "{bot}x/"]
)
def test_a_path_that_nobody_was_told_is_not_found(bot: Bot, path: str) -> None:
    url = path.format(uuid4(), bot=url_of(bot))
    assert post(bot, url=url).status_code == 404
    assert post(bot, url=f"/telegram/{bot.pk}/").status_code == 404, "not the bot's ID"


def test_only_posts_are_taken(bot: Bot) -> None:
    for method in ("get", "put", "delete", "head", "options"):
        response = getattr(Client(), method)(url_of(bot))
        assert (response.status_code, response["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"not JSON", 400),
        (b"[]", 400),
        (b'{"message": {}}', 400),
        (b'{"update_id": "1"}', 400),
        (b'{"update_id": true}', 400),
        (b"[" * 100_000, 400),
        (b'{"update_id": 1, "x": "' + b"a" * webhooks.BODY_MAX + b'"}', 413),
        (b"\xff\xfe", 400),
    ],
    ids=["empty", "text", "list", "no-id", "text-id", "true", "deep", "large", "bytes"],
)
def test_what_is_no_update_is_refused_and_not_stored(bot: Bot, body: bytes, status: int) -> None:
    assert post(bot, body or b" ").status_code == status
    assert not InboundUpdate.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b'{"update_id": 9, "new_kind": {"a": 1}}',
        b'{"update_id": 9}',
        b'{"update_id": 9, "message": "text"}',
        b'{"update_id": 9, "message": {"chat": {"id": 1e400, "type": "private"}, "text": NaN}}',
        b'{"update_id": 9, "message": {"chat": {"id": %d}, "text": "a\\u0000\\ud800"}}' % 2**80,
        b'{"update_id": 9, "a\\u0000": {"x": ' + b"[" * 200 + b"]" * 200 + b"}}",
    ],
)
def test_what_has_a_number_is_kept_whatever_it_is(bot: Bot, body: bytes) -> None:
    assert post(bot, body).status_code == 200
    assert InboundUpdate.objects.get().update_id == 9


def test_a_disabled_bots_updates_wait_at_telegram(bot: Bot) -> None:
    Bot.objects.filter(pk=bot.pk).update(enabled=False)
    response = post(bot)
    assert (response.status_code, response["Retry-After"]) == (503, "600")
    assert not InboundUpdate.objects.exists()


@pytest.mark.parametrize(
    ("changed", "agreed"),
    [
        ({"updates": "none"}, {}),
        ({"updates": "polling"}, {}),
        ({"proven_at": None}, {}),
        ({"api_url": "https://bots.example.net"}, {}),
        ({}, {"way": "none"}),
        ({}, {"is_settled": False}),
        ({}, {"server": "https://former.example.net"}),
        ({}, {"bot_proven_at": clock.now()}),
        ({}, {"bot_proven_at": None}),
    ],
)
def test_what_is_not_agreed_on_is_not_taken(
    bot: Bot, changed: dict[str, Any], agreed: dict[str, Any]
) -> None:
    assert post(bot).status_code == 200
    Bot.objects.filter(pk=bot.pk).update(**changed)
    Reception.objects.filter(bot=bot).update(**agreed)
    response = post(bot, update(2))
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert InboundUpdate.objects.count() == 1


def test_networks_may_be_told(bot: Bot, settings: Any) -> None:
    settings.TELEGRAM_WEBHOOK_NETWORKS = ["149.154.160.0/20", "91.108.4.0/22"]
    assert post(bot, REMOTE_ADDR="149.154.167.220").status_code == 200
    assert not AuditEntry.objects.filter(action="forge update").exists()
    for _ in range(3):
        assert post(bot).status_code == 403
    entry = AuditEntry.objects.get(action="forge update")
    assert entry.changes == {"why": ["", webhooks.ELSEWHERE]}
    assert entry.ip_address == "127.0.0.1"


def test_another_update_by_a_known_number_is_put_on_record_and_a_repetition_is_not(
    bot: Bot,
) -> None:
    floats = {"location": {"latitude": 52.520008, "longitude": -0.1}, "big": 2**60}
    said = update(5)
    said["message"] |= floats
    for _ in range(2):
        assert post(bot, said).status_code == 200
    assert not AuditEntry.objects.filter(action="forge update").exists()
    assert post(bot, update(5, "another text")).status_code == 200
    entry = AuditEntry.objects.get(action="forge update")
    assert entry.changes == {"why": ["", webhooks.OTHER_UPDATE]}


def test_telegram_is_asked_to_come_again_while_the_database_is_away(bot: Bot) -> None:
    def away(*_: Any) -> Any:
        raise OperationalError("the server closed the connection")

    with connection.execute_wrapper(away):
        response = webhooks.receive(RequestFactory().post("/telegram/x/"), uuid4())
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    with connection.execute_wrapper(
        lambda execute, sql, *rest: (
            away() if "chatops_inboundupdate" in sql else execute(sql, *rest)
        )
    ):
        assert post(bot).status_code == 503, "not before it is stored"


def test_it_costs_few_queries(bot: Bot) -> None:
    post(bot)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        post(bot, update(2))
    statements = [
        one["sql"] for one in queries if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))
    ]
    assert len(statements) <= 5, statements
