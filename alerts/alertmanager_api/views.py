"""`/hooks/v1/<key>/api/v2/…`, and what beside it an Alertmanager serves.

The key names an integration. Alerts are that integration's own, and so are the silences that are
made with it; those for all integrations are shown, but not changed. The audit names the
integration.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.db import Error as DatabaseFailure
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from accounts.audit import Actor
from accounts.middleware import client_address
from accounts.models import Way
from alerts import throttles
from alerts.alertmanager_api.config_text import config_text
from alerts.alertmanager_api.errors import INVALID_TYPE, Refused, invalid, problem, words
from alerts.alertmanager_api.known import (
    firing_alerts,
    open_groups,
    receivers_of,
    shown_routes,
    shown_silence,
    shown_silences,
)
from alerts.alertmanager_api.posted import PostedSilence, read_silence
from alerts.alertmanager_api.queries import alert_query, filters
from alerts.alertmanager_api.shapes import (
    alert_shapes,
    group_shapes,
    silence_shape,
    silence_shapes,
    time_text,
)
from alerts.integration_keys import integration_for_key
from alerts.models import Integration, Silence
from alerts.muting.silence_rows import holding_for
from alerts.muting.silences import Wanted, change_silence, create_silence, expire_silence
from alerts.muting.silencing import SilenceRefused
from deliveries import clock

logger = logging.getLogger(__name__)

VERSION = "0.25.0"
"""Of Alertmanager, whose API this is: clients choose by it what they ask for."""
RETRY_AFTER = 5
BODY_MAX = 1024 * 1024
STARTED = clock.now()
_JSON = "application/json"
_TAKEN = frozenset((_JSON, "application/*", "*/*"))

View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class Call:
    """A request that is let in."""

    request: HttpRequest
    integration: Integration
    now: datetime

    @property
    def query(self) -> dict[str, list[Any]]:
        """Parameter → its values."""
        return {name: list(values) for name, values in self.request.GET.lists()}

    @property
    def actor(self) -> Actor:
        """Who acts, for the audit."""
        return Actor(
            name=f"integration {self.integration.name}",
            way=Way.API,
            ip_address=client_address(self.request),
        )


# --- the way in -----------------------------------------------------------------------------------


def by_method(**views: View) -> View:
    """The view of a path, by its HTTP methods."""
    allowed = ",".join(views)

    @csrf_exempt
    def choose(request: HttpRequest, **arguments: Any) -> HttpResponse:
        view = views.get(str(request.method))
        if view is not None:
            return view(request, **arguments)
        message = f"method {request.method} is not allowed, but [{allowed}] are"
        return _refusal(problem(405, message, {"Allow": allowed}))

    return choose


def served(handler: Callable[..., HttpResponse]) -> View:
    """The handler with a Call, for whoever has a key; what it refuses is answered."""

    def serve(request: HttpRequest, key: str, **arguments: Any) -> HttpResponse:
        try:
            return handler(_let_in(request, key), **arguments)
        except Refused as refused:
            return _refusal(refused)
        except DatabaseFailure:
            logger.exception("The database did not answer a request of the Alertmanager API")
            return _refusal(
                problem(503, "the database does not answer", {"Retry-After": str(RETRY_AFTER)})
            )

    return serve


def _let_in(request: HttpRequest, key: str) -> Call:
    integration = integration_for_key(key)
    if integration is None:
        raise problem(404, "there is no integration with this key")
    if not integration.enabled:
        raise problem(403, "the integration is switched off")
    if integration.signature_secret_encrypted:
        raise problem(401, "the integration takes nothing but signed POSTs of alerts")
    if wait := throttles.wait_for_api(integration):
        message = f"more than {throttles.API_REQUESTS} requests a minute"
        raise problem(503, message, {"Retry-After": str(wait)})
    _check_media_types(request)
    return Call(request, integration, clock.now())


def _check_media_types(request: HttpRequest) -> None:
    """In go-openapi's order: what comes, then what is asked for."""
    if _body(request):
        given = request.content_type or "application/octet-stream"
        if given != _JSON:
            message = f'unsupported media type "{given[:80]}", only [{_JSON}] are allowed'
            raise problem(415, message)
    accepted = [
        part.partition(";")[0].strip() for part in request.headers.get("Accept", "").split(",")
    ]
    if not _TAKEN.intersection(accepted) and any(accepted):
        raise problem(406, f"unsupported media type requested, only [{_JSON}] are available")


def _body(request: HttpRequest) -> bytes:
    try:
        body = request.body
    except RequestDataTooBig:
        body = None
    except UnreadablePostError:
        raise problem(400, "the connection broke before the body was whole") from None
    if body is None or len(body) > BODY_MAX:
        raise problem(413, f"the body is larger than {BODY_MAX} bytes")
    return body


def not_found(request: HttpRequest, key: str, path: str) -> HttpResponse:
    """Every other path below api/v2."""
    return _refusal(problem(404, f"path /api/v2/{path[:200]} was not found"))


def _refusal(refused: Refused) -> HttpResponse:
    if isinstance(refused.body, str):
        response = _answer(refused.body, refused.status)
    else:
        response = _response(_encoded(refused.body), refused.status)
    for name, text in refused.headers.items():
        response[name] = text
    return response


def _answer(body: Any, status: int = 200) -> HttpResponse:
    """With the end of line that Go's encoder writes."""
    return _response(_encoded(body) + "\n", status)


def _encoded(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _response(content: str, status: int) -> HttpResponse:
    response = HttpResponse(content, status=status, content_type=_JSON)
    response["Cache-Control"] = "no-store"
    return response


def _empty(status: int = 200) -> HttpResponse:
    response = HttpResponse(status=status)
    del response["Content-Type"]
    response["Cache-Control"] = "no-store"
    return response


# --- what is asked --------------------------------------------------------------------------------


def status(call: Call) -> HttpResponse:
    """GET /status: an Alertmanager that is no cluster."""
    default, routes = shown_routes(call.integration)
    return _answer(
        {
            "cluster": {"peers": [], "status": "disabled"},
            "config": {"original": config_text(default, routes)},
            "uptime": time_text(STARTED),
            "versionInfo": {
                "branch": "tocsin",
                "buildDate": "",
                "buildUser": "tocsin",
                "goVersion": "",
                "revision": "",
                "version": VERSION,
            },
        }
    )


def receivers(call: Call) -> HttpResponse:
    """GET /receivers."""
    known = receivers_of(call.integration)
    return _answer([{"name": known.names[pk]} for pk in known.enabled])


def alerts(call: Call) -> HttpResponse:
    """GET /alerts."""
    wanted = alert_query(call.query)
    return _answer(alert_shapes(list(firing_alerts(call.integration, wanted, call.now))))


def groups(call: Call) -> HttpResponse:
    """GET /alerts/groups."""
    wanted = alert_query(call.query)
    return _answer(group_shapes(open_groups(call.integration, wanted, call.now)))


def silences(call: Call) -> HttpResponse:
    """GET /silences."""
    found = shown_silences(call.integration, filters(call.query), call.now)
    return _answer(silence_shapes(found, call.now))


def post_silence(call: Call) -> HttpResponse:
    """POST /silences: a new one, or with an ID a change."""
    posted = read_silence(call.request.body, call.now)
    wanted = Wanted(
        matchers=[matcher.to_json() for matcher in posted.matchers],
        starts_at=posted.starts_at,
        ends_at=posted.ends_at,
        comment=posted.comment,
        author=posted.created_by,
        integration=call.integration,
    )
    try:
        silence = _write(call, posted, wanted)
    except SilenceRefused as refusal:
        where = f"{refusal.field}: " if refusal.field else ""
        raise words(f"silence invalid: {where}{refusal}") from None
    return _answer({"silenceID": str(silence.pk)})


def silence(call: Call, silence_id: str) -> HttpResponse:
    """GET /silence/{id}."""
    row = _found(call, _uuid(silence_id))
    shown = shown_silence(row) if row is not None else None
    if shown is None:
        return _empty(404)
    return _answer(silence_shape(shown, call.now))


def expire(call: Call, silence_id: str) -> HttpResponse:
    """DELETE /silence/{id}: it ends now. Again is well, too."""
    row = _found(call, _uuid(silence_id))
    if row is None:
        return _empty(404)
    _require_own(call, row)
    expire_silence(call.actor, row)
    return _empty()


def well(call: Call) -> HttpResponse:
    """GET /-/healthy and /-/ready: whoever has a key is told that it counts."""
    return _plain("OK")


def build(call: Call) -> HttpResponse:
    """GET /metrics: by this Karma knows the API's version (internal/verprobe)."""
    return _plain(f'alertmanager_build_info{{branch="tocsin",version="{VERSION}"}} 1\n')


def _plain(text: str) -> HttpResponse:
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "no-store"
    return response


def _write(call: Call, posted: PostedSilence, wanted: Wanted) -> Silence:
    if not posted.id:
        return create_silence(call.actor, call.integration.organization, wanted)
    try:
        row = _found(call, UUID(posted.id))
    except ValueError:
        row = None
    if row is None:
        raise words("silence not found", 404)
    _require_own(call, row)
    return change_silence(call.actor, row, wanted)


def _found(call: Call, pk: UUID) -> Silence | None:
    rows = Silence.objects.for_organization(call.integration.organization_id)
    return rows.filter(holding_for(call.integration), pk=pk).first()


def _require_own(call: Call, row: Silence) -> None:
    """Whoever has the key of one integration does not decide about the others' alerts."""
    if row.integration_id != call.integration.pk:
        raise words("this silence is for all integrations: change it in the console", 403)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        message = f'silenceID in path must be of type uuid: "{text[:80]}"'
        raise invalid(INVALID_TYPE, message) from None
