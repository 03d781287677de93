"""`/runs/<id>/`: where an endpoint posts how far a run is, and how it ended. It hears 200 once that
is stored; 409 or 410 say that the run is over and nothing of this is shown.

The token of the run comes as `Authorization: Bearer …`. What may pass is 503 with Retry-After.
"""

import logging
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.db import Error as DatabaseFailure
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from accounts.problems import problem_response, wrong
from alerts import throttles
from chatops.actions import runs
from chatops.actions.reports import BODY_MAX, Report, UnreadableReport, read_report
from chatops.actions.runs import Heard
from chatops.actions.tokens import is_of
from deliveries import tally

log = logging.getLogger(__name__)

RETRY_AFTER = 5
PROGRESS, ENDS = 120, 30
"""POSTs a minute about one run."""
REFUSED = {
    Heard.ENDED: (409, "This run has ended, and otherwise. Nothing of this is shown."),
    Heard.LATE: (410, "The time of this run is over. Nothing of this is shown."),
    Heard.GONE: (410, "There is no such run any more."),
}


@csrf_exempt
def receive(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """POST of `{"state", "text", "progress"}`. 200, else 400, 401, 405, 409, 410, 413, 429 or
    503."""
    if request.method != "POST":
        return _refusal(405, "not_a_post", "Post how the run goes here.", Allow="POST")
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    # Before anything is read: who has no token learns nothing of which runs there are.
    if scheme.lower() != "bearer" or not is_of(token.strip(), run_id):
        words = "Send the run's token, as it came with the call, as `Authorization: Bearer trun_…`."
        return _refusal(401, "wrong_token", words, **{"WWW-Authenticate": "Bearer"})
    try:
        return _heard(run_id, read_report(_body(request)))
    except RequestDataTooBig:
        return _refusal(413, "too_large", f"The body is larger than {BODY_MAX} bytes.")
    except UnreadablePostError:
        words = "The connection broke before the body was whole. Send it again."
        return _refusal(400, "unreadable", words)
    except UnreadableReport as why:
        tally.count(tally.RUN_POSTS, "unreadable")
        pointer = f"/{why.field}" if why.field else ""
        errors = [wrong("pointer", pointer, str(why), "invalid")]
        return problem_response(400, str(why), errors=errors)


def _heard(run_id: UUID, said: Report) -> HttpResponse:
    # An end is counted by itself: too much progress must not hide it.
    kind, limit = ("progress", PROGRESS) if said.state == "running" else ("end", ENDS)
    if wait := throttles.counter().hit(f"run:{kind}:{run_id}", limit):
        words = f"More than {limit} such POSTs a minute about one run. Post less often."
        return _refusal(429, "limited", words, **{"Retry-After": str(wait)})
    try:
        heard = runs.report(run_id, said)
    except DatabaseFailure as failure:
        log.warning("a report of a run could not be stored: %s", type(failure).__name__)
        words = "The database did not take it. Send it again."
        return _refusal(503, "unavailable", words, **{"Retry-After": str(RETRY_AFTER)})
    if heard in REFUSED:
        status, words = REFUSED[heard]
        return _refusal(status, heard, words)
    tally.count(tally.RUN_POSTS, heard)
    return JsonResponse({"heard": True})


@csrf_exempt
def unknown(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Whatever else is below /runs/."""
    return _refusal(404, "unknown_path", "Nothing is posted here. A run's URL came with its call.")


def _body(request: HttpRequest) -> bytes:
    """Raises RequestDataTooBig and UnreadablePostError."""
    length = request.headers.get("Content-Length", "")
    if length.isdecimal() and int(length[:20]) > BODY_MAX:
        raise RequestDataTooBig
    body: bytes = request.body
    if len(body) > BODY_MAX:
        raise RequestDataTooBig
    return body


def _refusal(status: int, outcome: str, detail: str, **headers: str) -> HttpResponse:
    tally.count(tally.RUN_POSTS, outcome)
    response = problem_response(status, detail)
    for name, value in headers.items():
        response[name] = value
    return response
