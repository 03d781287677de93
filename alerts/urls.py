"""`/hooks/v1/…`, each with and without the slash: a redirect would lose the body."""

from django.urls import URLPattern, re_path

from alerts import webhooks

urlpatterns: list[URLPattern] = [
    re_path(r"^hooks/v1/?$", webhooks.receive, name="hook"),
    re_path(r"^hooks/v1/(?P<key>[^/]+)/?$", webhooks.receive, name="hook-with-key"),
    # Where Prometheus and amtool send when they are pointed here as their Alertmanager, which
    # answers 200 (its api/v2/openapi.yaml): amtool takes nothing else for success.
    re_path(
        r"^hooks/v1/(?P<key>[^/]+)/api/v2/alerts/?$",
        webhooks.receive,
        {"accepted": 200},
        name="hook-for-prometheus",
    ),
]
