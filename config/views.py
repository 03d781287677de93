"""Is this process alive, can it do its work, and does the installation deliver?"""

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from accounts.models import Organization
from accounts.problems import problem_response
from config.watching import access, facts, metrics, verdict

AWAY = "The database doesn't answer, or migrations are missing."


def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process answers; touches nothing else. With `?details` how the installation
    stands: 200 while it delivers, else 503."""
    if "details" in request.GET:
        return _details(request)
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the database answers and its tables are there, else 503 with the reason."""
    try:
        Organization.objects.exists()
    except DatabaseError:
        connection.close()
        return JsonResponse(
            {"ready": False, "reason": AWAY}, status=503, headers={"Retry-After": "2"}
        )
    return JsonResponse({"ready": True})


def prometheus(request: HttpRequest) -> HttpResponse:
    """How the installation stands, for Prometheus."""
    refused = access.refusal(request)
    if refused is not None:
        return refused
    try:
        found = facts.cached.read()
    except (DatabaseError, InterfaceError):
        connection.close()
        return problem_response(503, AWAY)
    info = {"version": settings.VERSION, "database": connection.vendor}
    body, content_type = metrics.exposition(found, request.headers.get("Accept", ""), info)
    return HttpResponse(body, content_type=content_type)


def _details(request: HttpRequest) -> HttpResponse:
    refused = access.refusal(request)
    if refused is not None:
        return refused
    try:
        found = facts.cached.read()
    except (DatabaseError, InterfaceError):
        connection.close()
        return JsonResponse({"status": "failing", "reasons": [AWAY]}, status=503)
    summary = verdict.summary(found, settings.VERSION)
    return JsonResponse(summary, status=503 if summary["status"] == "failing" else 200)
