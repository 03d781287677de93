"""What is below `/hooks/` and is no endpoint. Senders read JSON and a status: a page for people
would tell them nothing."""

import re

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from accounts.problems import problem_response

SHOWN = 200
_LONG = re.compile(r"[^/]{20,}")
"""A key, most likely: answers end up in the logs of senders."""
_GONE = re.compile(r"/api/v1(/|$)")
_RIGHT = (
    "Alerts go to /hooks/v1/KEY/ (from Prometheus to /hooks/v1/KEY/api/v2/alerts), pings to "
    "/hooks/v1/heartbeat/KEY/. Copy the URL from the integration's or the heartbeat's page."
)


@csrf_exempt
def no_such_hook(request: HttpRequest, rest: str = "") -> HttpResponse:
    """404 that names the path and the right ones, whatever the method."""
    shown = _LONG.sub("KEY", request.path)[:SHOWN]
    gone = "Alertmanager's API v1 is gone; use api_version: v2. " if _GONE.search(rest) else ""
    answer = problem_response(404, f"There is no {shown}. {gone}{_RIGHT}")
    answer["Cache-Control"] = "no-store"
    return answer
