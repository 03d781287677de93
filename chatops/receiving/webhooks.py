"""`/telegram/<path>/`: where Telegram posts a bot's updates. It hears 200 once one is stored.

Whoever knows the path still has to know the secret that only Telegram was told. Telegram tries
again after anything but 2xx, for up to 24 hours, so what may pass is 503.
"""

import hmac
import ipaddress
import json
import logging
from datetime import timedelta
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
from chatops.incoming import UnreadableUpdate, take_in
from chatops.models import Reception
from chatops.receiving import inbox, receptions
from deliveries import clock

log = logging.getLogger(__name__)

BODY_MAX = 1 << 20
"""Bytes. An update is a few thousand."""
RETRY_AFTER = 5
SWITCHED_OFF_AFTER = 600
"""Seconds: the updates of a disabled bot wait at Telegram, as they do where it is polled."""
FORGERIES_TOLD = timedelta(hours=1)
"""A bot's wrong secrets are put on record at most so often."""
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  # the header's name


@csrf_exempt
def receive(request: HttpRequest, path: UUID) -> HttpResponse:
    """One update (Bot API setWebhook)."""
    if request.method != "POST":
        refusal = problem_response(405, "Telegram posts updates here; use POST.")
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
    return problem_response(404, "No bot receives updates here.")


def _receive(request: HttpRequest, path: UUID) -> HttpResponse:
    reception = Reception.objects.filter(path=path).select_related("bot").first()
    if reception is None:
        return unknown(request)
    if not _is_from_telegram(request):
        return problem_response(403, "Updates are taken from Telegram's networks alone.")
    if not _knows_secret(request, reception):
        _put_on_record(request, reception)
        return problem_response(403, f"The header {SECRET_HEADER} is missing or wrong.")
    if not reception.bot.enabled:
        return _later("This bot is disabled.", SWITCHED_OFF_AFTER)
    if not receptions.is_agreed(reception, Bot.Updates.WEBHOOK):
        return _later("It is not agreed that updates of this bot are posted here.", RETRY_AFTER)
    try:
        update = take_in(json.loads(_body(request)))
    except (RequestDataTooBig, UnreadablePostError):
        return problem_response(413, f"An update has at most {BODY_MAX} bytes.")
    except UnreadableUpdate as error:
        return problem_response(400, f"This is no update: {error}.")
    except (ValueError, RecursionError):
        return problem_response(400, "The body is not JSON.")
    try:
        inbox.store(
            reception.bot,
            [update],
            also=lambda: receptions.note_arrival(reception),
            heard_as=reception.bot.proven_at,
        )
    except inbox.InboxFull:
        return _later("Too many updates of this bot wait already.", RETRY_AFTER)
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


def _put_on_record(request: HttpRequest, reception: Reception) -> None:
    """In the audit of the bot's owner, and so seldom that nobody floods it."""
    now = clock.now()
    if reception.forged_at is not None and reception.forged_at > now - FORGERIES_TOLD:
        return
    untold = Q(forged_at=None) | Q(forged_at__lte=now - FORGERIES_TOLD)
    who = Actor("somebody without the secret", Way.TELEGRAM, ip_address=client_address(request))
    bot = reception.bot
    with transaction.atomic():
        if Reception.objects.filter(untold, pk=reception.pk).update(forged_at=now):
            audit.record(who, bot.organization_id, "forge update", bot)


def _later(detail: str, seconds: int) -> HttpResponse:
    response = problem_response(503, detail)
    response["Retry-After"] = str(seconds)
    return response
