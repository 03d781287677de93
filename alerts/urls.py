"""`/hooks/v1/…`, each with and without the slash: a redirect would lose the body."""

from django.urls import URLPattern, re_path

from alerts import webhooks

urlpatterns: list[URLPattern] = [
    re_path(r"^hooks/v1/?$", webhooks.receive, name="hook"),
    re_path(r"^hooks/v1/(?P<key>[^/]+)/?$", webhooks.receive, name="hook-with-key"),
    # Where Prometheus sends when it is pointed here as its Alertmanager.
    re_path(
        r"^hooks/v1/(?P<key>[^/]+)/api/v2/alerts/?$", webhooks.receive, name="hook-for-prometheus"
    ),
]
