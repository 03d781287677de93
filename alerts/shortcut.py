"""POSTs of alerts are answered before anything is asked that only people's browsers need."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve


class HooksMiddleware:
    """Calls the views of `alerts/urls.py` itself, without the middleware that follows: sessions,
    users, organizations, messages and static files took a tenth of a POST's time."""

    prefix = "/hooks/"
    urls = "alerts.urls"

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(self.prefix):
            return self.get_response(request)
        request.get_host()  # raises DisallowedHost, as CommonMiddleware does
        try:
            match = resolve(request.path_info, self.urls)
        except Resolver404:
            return self.get_response(request)
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        return response
