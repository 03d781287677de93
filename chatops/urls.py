"""What Telegram itself calls."""

from django.urls import URLPattern, path, re_path

from chatops.receiving import webhooks

urlpatterns: list[URLPattern] = [
    path("telegram/<uuid:path>/", webhooks.receive, name="telegram-webhook"),
    re_path(r"^telegram(?P<rest>/[\s\S]*)?$", webhooks.unknown, name="telegram-unknown"),
]
