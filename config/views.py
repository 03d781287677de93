"""Is this process alive, and can it do its work?"""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from accounts.models import Organization


def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process answers; touches nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the database answers and its tables are there, else 503 with the reason."""
    try:
        Organization.objects.exists()
    except DatabaseError:
        connection.close()
        return JsonResponse(
            {"ready": False, "reason": "The database doesn't answer, or migrations are missing."},
            status=503,
            headers={"Retry-After": "2"},
        )
    return JsonResponse({"ready": True})
