"""`/hooks/v1/…`: where alerts come in. The sender hears 202 once they are stored, else why not.

Alertmanager tries again after 5xx alone, so whatever may pass is 503 with Retry-After, and 4xx says
that this POST will never do. Nothing here waits for the broker.
"""

import base64
import binascii
import json
import logging
import time
import zlib
from dataclasses import replace
from functools import partial
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.handlers.exception import response_for_exception
from django.db import Error as DatabaseFailure
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from accounts.middleware import client_address
from accounts.models import new_id
from accounts.problems import problem_response
from alerts import payloads, throttles
from alerts.heartbeats.feeds import feed
from alerts.idempotency import MAX_KEY, Idempotency, Replayed
from alerts.ingest import Accepted, Understood, ingest, understand
from alerts.integration_keys import integration_for_key
from alerts.integrations import signature_secret_of
from alerts.models import Integration
from alerts.resolve_timeout import with_end
from alerts.signatures import signature_problem
from alerts.sources.detect import Kind, detect_and_parse
from alerts.sources.incoming import IncomingBatch, ParseOptions, Unparseable
from alerts.sources.mapped import parse_mapped
from alerts.together import GATHERING, Gathering, Stored
from alerts.traces import Post, page_of, record_refusal
from botapi import failpoints
from deliveries import clock, tally

logger = logging.getLogger(__name__)

RETRY_AFTER = 5
"""Seconds after which a POST is worth another try when the database did not take it."""
POURED_AWAY = 4 * settings.INGEST_MAX_BYTES
"""Bytes beyond the limit that are read to the end for."""
TOO_LARGE = (
    f"The body is larger than {settings.INGEST_MAX_BYTES} bytes. Send fewer alerts in a POST."
)
HINT = (
    "Send alerts here with POST: JSON, an Alertmanager or Grafana webhook, form fields or text. "
    'Try: curl -d "Disk full" <this URL>'
)
_GZIP_OR_ZLIB = 47  # zlib: 32 (look at the header) + 15 (largest window)
_CHUNK = 1 << 16
_ENCODINGS = ("gzip", "x-gzip", "deflate")


OUTCOMES = {
    401: "unsigned",
    403: "switched_off",
    404: "unknown_key",
    405: "not_a_post",
    413: "too_large",
    503: "unavailable",
}
"""HTTP status → how a POST is counted; every other one is unreadable."""


class Refused(Exception):
    """The POST is not accepted. `members` go into the problem details, `headers` beside them;
    `outcome` is how it is counted where the status does not say it."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: dict[str, str] | None = None,
        outcome: str = "",
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.outcome = outcome
        self.detail = detail
        self.headers = headers or {}
        self.members = members

    def response(self) -> HttpResponse:
        """As RFC 9457 problem details."""
        tally.count(tally.POSTS, self.outcome or OUTCOMES.get(self.status, "unreadable"))
        response = problem_response(self.status, self.detail, **self.members)
        for name, value in self.headers.items():
            response[name] = value
        return response


@csrf_exempt
def receive(request: HttpRequest, key: str = "", accepted: int = 202) -> HttpResponse:
    """POST (or PUT, which Grafana can be told to use). `accepted` once it is stored, else 400, 401,
    403, 404, 405, 413, 415, 422 or 503."""
    if request.method not in ("POST", "PUT"):
        return Refused(405, HINT, headers={"Allow": "POST, PUT"}).response()
    try:
        return _receive(request, key, accepted)
    except Refused as refused:
        return refused.response()
    except DatabaseFailure as failure:
        return _not_stored(failure)


def _not_stored(failure: DatabaseFailure) -> HttpResponse:
    logger.error("A POST of alerts could not be stored", exc_info=failure)
    return Refused(
        503,
        "The database did not take this POST; nothing of it was stored. Send it again.",
        headers={"Retry-After": str(RETRY_AFTER)},
    ).response()


def _receive(request: HttpRequest, key: str, accepted: int) -> HttpResponse:
    received_at = clock.now()
    integration = integration_for_key(key or _key_in_header(request))
    raw, is_cut = _read(request, is_known=integration is not None)
    post = Post(
        received_at=received_at,
        body=raw,
        size=len(raw),
        content_type=request.headers.get("Content-Type", ""),
        remote_addr=client_address(request) or "",
        user_agent=request.headers.get("User-Agent", ""),
        accepted=accepted,
    )
    if integration is None:
        return _unknown_key(post)
    wait, limit = throttles.wait_for(integration)
    if wait:
        refused = Refused(
            503,
            f"Too many POSTs for {limit}. Send this one again later, or let an admin raise it.",
            headers={"Retry-After": str(wait)},
            outcome="limited",
        )
        return _refuse(integration, post, refused, keep=throttles.may_trace_refusal(integration))
    try:
        return _accept(request, integration, post, is_cut=is_cut)
    except Refused as refused:
        return _refuse(integration, post, refused)


def _accept(
    request: HttpRequest, integration: Integration, post: Post, *, is_cut: bool
) -> HttpResponse:
    if not integration.enabled:
        raise Refused(403, f"The integration {integration.name!r} is switched off.")
    if is_cut and integration.signature_secret_encrypted:
        raise Refused(413, f"{TOO_LARGE} The signature of a larger one is not checked.")
    _check_signature(request, integration, post.body)
    idempotency = _idempotency(request, integration, post.body)
    body, is_cut_again = _decoded(request, post.body)
    is_cut = is_cut or is_cut_again
    post = replace(post, body=body)
    options = ParseOptions(
        now=post.received_at,
        ignored_labels=frozenset(integration.ignored_labels),
        max_alerts=settings.INGEST_MAX_ALERTS,
    )
    try:
        if idempotency is not None:
            idempotency.raise_if_known()
        batch = _parse(integration, post, options)
        _keep(integration, post, batch.source)
        batch = replace(batch, incomplete=batch.incomplete or is_cut)
        batch = with_end(batch, integration.resolve_timeout, post.received_at)
        understood = understand(integration, batch, post, idempotency=idempotency)
        if integration.feeds_heartbeats:
            feed(integration, batch.alerts)
    except Unparseable as verdict:
        _keep(integration, post, payloads.UNREADABLE)
        if is_cut:
            raise Refused(413, f"{TOO_LARGE} Nothing in its beginning could be read.") from None
        raise Refused(
            verdict.status, verdict.reason, pointer=verdict.pointer, fix=verdict.fix
        ) from None
    except Replayed as replayed:
        return _replay(replayed, post.accepted)
    gathering: Gathering | None = request.META.get(GATHERING)
    if gathering is not None:
        return gathering.add(understood, partial(_told_later, request, understood))
    try:
        return _told(ingest(understood), post.accepted)
    except Replayed as replayed:
        return _replay(replayed, post.accepted)


def _parse(integration: Integration, post: Post, options: ParseOptions) -> IncomingBatch:
    """What the POST says. Raises Unparseable."""
    if integration.kind == Integration.Kind.MAPPED:
        stored, name = integration.mapping, integration.name
        return parse_mapped(post.body, post.content_type, stored=stored, name=name, options=options)
    kind = cast("Kind", integration.kind)
    return detect_and_parse(post.body, post.content_type, kind=kind, options=options)


def _keep(integration: Integration, post: Post, read_as: str) -> None:
    """The payload, to write a mapping by: a service, as a trace is."""
    is_known = read_as in payloads.KNOWN
    may_keep = throttles.may_keep_sample if is_known else throttles.may_keep_payload
    try:
        if may_keep(integration):
            payloads.keep(integration, post, read_as)
    except DatabaseFailure:
        logger.exception("A payload could not be kept")


def _told(stored: Accepted, status: int) -> HttpResponse:
    failpoints.hit("webhook.before_answer")
    answer = stored.answer()
    tally.count(tally.POSTS, "accepted")
    tally.count(tally.ALERTS, "accepted", answer["alerts"])
    tally.count(tally.ALERTS, "unreadable", len(answer["problems"]))
    return _answer(answer, status)


def _told_later(request: HttpRequest, understood: Understood, stored: Stored) -> HttpResponse:
    """As `receive` answers when a POST is stored at once."""
    post = understood.post
    if isinstance(stored, Accepted):
        return _told(stored, post.accepted)
    if isinstance(stored, Replayed):
        try:
            return _replay(stored, post.accepted)
        except Refused as refused:
            return _refuse(understood.integration, post, refused)
    if isinstance(stored, DatabaseFailure):
        return _not_stored(stored)
    return response_for_exception(request, stored)  # a defect: as Django answers one


def _answer(answer: dict[str, Any], status: int) -> HttpResponse:
    return HttpResponse(json.dumps(answer), status=status, content_type="application/json")


def _replay(replayed: Replayed, status: int) -> HttpResponse:
    if replayed.answer is None:
        raise Refused(
            422,
            "This Idempotency-Key came with another body before. Use a new key for a new POST.",
            header="Idempotency-Key",
        )
    tally.count(tally.POSTS, "repeated")
    response = _answer(replayed.answer, status)
    response["Idempotent-Replayed"] = "true"
    return response


def _refuse(
    integration: Integration, post: Post, refused: Refused, *, keep: bool = True
) -> HttpResponse:
    """The refusal, traced when it may be."""
    if keep:
        _trace(integration, post, refused)
    return refused.response()


def _trace(integration: Integration | None, post: Post, refused: Refused) -> None:
    """The trace is a service: the answer does not need it."""
    trace_id = new_id()
    try:
        record_refusal(integration, post, trace_id, refused.status, refused.detail)
    except DatabaseFailure:
        logger.exception("A refused POST could not be traced")
    else:
        refused.members |= {"trace": str(trace_id), "url": page_of(trace_id)}


def _unknown_key(post: Post) -> HttpResponse:
    refused = Refused(
        404, "There is no integration with this key. Copy the URL from the integration's page."
    )
    # One shape, traced or not: what a stranger hears depends on the key alone.
    if throttles.may_trace_stranger():
        _trace(None, replace(post, body=b""), refused)
        refused.members.clear()
    return refused.response()


def _key_in_header(request: HttpRequest) -> str:
    """From `Authorization: Bearer <key>`, or from Basic, where the key is the password."""
    scheme, _, credentials = request.headers.get("Authorization", "").strip().partition(" ")
    credentials = credentials.strip()
    if scheme.lower() != "basic":
        return credentials
    try:
        _, _, password = base64.b64decode(credentials).decode("utf-8", "replace").partition(":")
    except (binascii.Error, ValueError):
        return ""
    return password


def _read(request: HttpRequest, *, is_known: bool) -> tuple[bytes, bool]:
    """The body as it travelled, whatever Content-Length says, and whether the limit cut it.

    Of a sender whom we know, what the beginning holds is stored: refused it would send no less.
    """
    limit = settings.INGEST_MAX_BYTES
    stream: Any = request
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        # Django reads Content-Length bytes, and here there is no Content-Length.
        stream = request.META["wsgi.input"]
    try:
        try:
            body: bytes = request.body if stream is request else stream.read(limit + 1)
        except RequestDataTooBig:  # raised by what Content-Length says: nothing is read yet
            if not is_known:
                raise Refused(413, TOO_LARGE) from None
            body = stream.read(limit + 1)
    except (UnreadablePostError, OSError):
        raise Refused(400, "The connection broke before the body was whole.") from None
    if len(body) <= limit:
        return body, False
    if not is_known:
        raise Refused(413, TOO_LARGE)
    _pour_away(stream)
    return body[:limit], True


def _pour_away(stream: Any) -> None:
    """Read the rest, or a sender that still writes hears of a reset instead of our answer. Raises
    Refused where that takes too much."""
    for _ in range(POURED_AWAY // _CHUNK):
        try:
            if not stream.read(_CHUNK):
                return
        except (UnreadablePostError, OSError):
            return  # it has left; what came is kept
    raise Refused(413, TOO_LARGE)


def _decoded(request: HttpRequest, body: bytes) -> tuple[bytes, bool]:
    """The body without its Content-Encoding, and whether the limit cut it."""
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return body, False
    if encoding not in _ENCODINGS:
        raise Refused(
            415,
            f"Content-Encoding {encoding[:40]!r} is not understood. Use gzip, deflate or none.",
            header="Content-Encoding",
        )
    limit = settings.INGEST_MAX_BYTES
    reader = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        plain = reader.decompress(body, limit + 1)
    except zlib.error:
        raise Refused(400, f"The body is not {encoding}.", header="Content-Encoding") from None
    return plain[:limit], len(plain) > limit


def _check_signature(request: HttpRequest, integration: Integration, body: bytes) -> None:
    if not integration.signature_secret_encrypted:
        return
    header, timestamp_header = integration.signature_header, integration.signature_timestamp_header
    problem = signature_problem(
        signature_secret_of(integration),
        body,
        request.headers.get(header),
        request.headers.get(timestamp_header, "") if timestamp_header else None,
        time.time(),
    )
    if problem:
        raise Refused(
            401,
            f"The POST must be signed: {problem}. Give the sender this integration's secret.",
            header=header,
            headers={"WWW-Authenticate": f'HMAC header="{header}"'},
        )


def _idempotency(request: HttpRequest, integration: Integration, body: bytes) -> Idempotency | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_KEY:
        raise Refused(
            400, f"Idempotency-Key must have 1 to {MAX_KEY} characters.", header="Idempotency-Key"
        )
    return Idempotency.of(integration, key, body)
