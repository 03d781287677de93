"""`/hooks/v1/…`."""

from django.urls import URLPattern, path, re_path

from alerts import webhooks

urlpatterns: list[URLPattern] = [
    path("", webhooks.receive, name="hook"),
    # Both with and without the slash: a redirect would lose the body.
    re_path(r"^(?P<key>[^/]+)/?$", webhooks.receive, name="hook-with-key"),
    # Where Prometheus sends to, its `path_prefix` being /hooks/v1/<key>.
    re_path(r"^(?P<key>[^/]+)/api/v2/alerts/?$", webhooks.receive, name="hook-for-prometheus"),
]
