"""`/telegram/<path>/`: where Telegram posts a bot's updates. It hears 200 once one is stored.

Whoever knows the path still has to know the secret that only Telegram was told. Telegram tries
again after anything but 2xx, for up to 24 hours, so what may pass is 503.
"""

import hmac
import ipaddress
import json
import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import Error as DatabaseFailure
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from accounts import audit
from accounts.audit import Actor
from accounts.middleware import client_address
from accounts.models import Way
from accounts.problems import problem_response
from botapi import failpoints
from channels_app.bots import webhook_secret_of
from channels_app.encryption import CannotDecrypt
from channels_app.models import Bot
from chatops.incoming import Incoming, UnreadableUpdate, take_in
from chatops.models import Reception
from chatops.receiving import inbox, receptions
from deliveries import clock, tally

log = logging.getLogger(__name__)

BODY_MAX = 1 << 20
"""Bytes. An update is a few thousand."""
RETRY_AFTER = 5
SWITCHED_OFF_AFTER = 600
"""Seconds: the updates of a disabled bot wait at Telegram, as they do where it is polled."""
FORGERIES_TOLD = timedelta(hours=1)
"""What was not Telegram's is put on record at most so often for each bot; all of it is counted."""
WRONG_SECRET = "the secret was missing or wrong"  # noqa: S105  # words
ELSEWHERE = "it did not come from Telegram's networks"
NO_UPDATE = "the body was no update"
NOT_JSON = "The body is not JSON."
OTHER_UPDATE = "its number was another update's"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  # the header's name


@csrf_exempt
def receive(request: HttpRequest, path: UUID) -> HttpResponse:
    """One update (Bot API setWebhook)."""
    if request.method != "POST":
        refusal = _refused(405, "not_a_post", "Telegram posts updates here; use POST.")
        refusal["Allow"] = "POST"
        return refusal
    try:
        return _receive(request, path)
    except (DatabaseFailure, CannotDecrypt) as error:
        log.warning("an update could not be stored: %s", type(error).__name__)
        return _later("The update was not stored. Send it again.", RETRY_AFTER)


@csrf_exempt
def unknown(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Whatever else is below /telegram/."""
    return _refused(404, "unknown_path", "No bot receives updates here.")


def _receive(request: HttpRequest, path: UUID) -> HttpResponse:
    reception = Reception.objects.filter(path=path).select_related("bot").first()
    if reception is None:
        return unknown(request)
    if not _is_from_telegram(request):
        _put_on_record(request, reception, ELSEWHERE)
        return _refused(403, "elsewhere", "Updates are taken from Telegram's networks alone.")
    if not _knows_secret(request, reception):
        _put_on_record(request, reception, WRONG_SECRET)
        return _refused(403, "wrong_secret", f"The header {SECRET_HEADER} is missing or wrong.")
    if not reception.bot.enabled:
        return _later("This bot is disabled.", SWITCHED_OFF_AFTER)
    if not receptions.is_agreed(reception, Bot.Updates.WEBHOOK):
        return _later("It is not agreed that updates of this bot are posted here.", RETRY_AFTER)
    try:
        update = take_in(json.loads(_body(request)))
    except UnreadablePostError:
        return _later("The body did not arrive.", RETRY_AFTER)
    except RequestDataTooBig:
        _put_on_record(request, reception, NO_UPDATE)
        return _refused(413, "too_large", f"An update has at most {BODY_MAX} bytes.")
    except (ValueError, RecursionError) as error:
        _put_on_record(request, reception, NO_UPDATE)
        why = f"This is no update: {error}." if isinstance(error, UnreadableUpdate) else NOT_JSON
        return _refused(400, "unreadable", why)
    return _store(request, reception, update)


def _store(
    request: HttpRequest, reception: Reception, update: tuple[Incoming, Any]
) -> HttpResponse:
    try:
        new = inbox.store(
            reception.bot,
            [update],
            also=lambda: receptions.note_arrival(reception),
            heard_as=reception.bot.proven_at,
            heard_from=inbox.server_of(reception.bot),
        )
    except inbox.InboxFull:
        return _later("Too many updates of this bot wait already.", RETRY_AFTER)
    if not new and inbox.is_another(reception.bot, update):
        _put_on_record(request, reception, OTHER_UPDATE)
    tally.count(tally.UPDATE_POSTS, "accepted" if new else "repeated")
    failpoints.hit("updates.before_answer")
    return HttpResponse(status=200)


def _body(request: HttpRequest) -> bytes:
    """Raises RequestDataTooBig before more than BODY_MAX is read."""
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    if length > BODY_MAX:
        raise RequestDataTooBig
    body = request.read(BODY_MAX + 1)
    if len(body) > BODY_MAX:
        raise RequestDataTooBig
    return body


def _knows_secret(request: HttpRequest, reception: Reception) -> bool:
    secret = webhook_secret_of(reception.bot)
    given = request.headers.get(SECRET_HEADER, "")
    return bool(secret) and hmac.compare_digest(given.encode(), secret.encode())


def _is_from_telegram(request: HttpRequest) -> bool:
    """By TELEGRAM_WEBHOOK_NETWORKS; empty: anybody who knows the secret is Telegram."""
    networks = [ipaddress.ip_network(entry) for entry in settings.TELEGRAM_WEBHOOK_NETWORKS]
    if not networks:
        return True
    address = client_address(request)
    return address is not None and any(ipaddress.ip_address(address) in one for one in networks)


def _put_on_record(request: HttpRequest, reception: Reception, why: str) -> None:
    """In the audit of the bot's owner, and so seldom that nobody floods it."""
    now = clock.now()
    if reception.forged_at is not None and reception.forged_at > now - FORGERIES_TOLD:
        return
    untold = Q(forged_at=None) | Q(forged_at__lte=now - FORGERIES_TOLD)
    who = Actor("somebody who is not Telegram", Way.TELEGRAM, ip_address=client_address(request))
    bot = reception.bot
    with transaction.atomic():
        if Reception.objects.filter(untold, pk=reception.pk).update(forged_at=now):
            audit.record(who, bot.organization_id, "forge update", bot, {"why": ("", why)})


def _refused(status: int, outcome: str, detail: str) -> HttpResponse:
    tally.count(tally.UPDATE_POSTS, outcome)
    return problem_response(status, detail)


def _later(detail: str, seconds: int) -> HttpResponse:
    response = _refused(503, "unavailable", detail)
    response["Retry-After"] = str(seconds)
    return response
