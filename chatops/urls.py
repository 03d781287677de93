"""What Telegram itself calls, and where endpoints post about runs."""

from django.urls import URLPattern, path, re_path

from chatops.actions import webhooks as run_posts
from chatops.receiving import webhooks

urlpatterns: list[URLPattern] = [
    path("telegram/<uuid:path>/", webhooks.receive, name="telegram-webhook"),
    re_path(r"^telegram(?P<rest>/[\s\S]*)?$", webhooks.unknown, name="telegram-unknown"),
    path("runs/<uuid:run_id>/", run_posts.receive, name="run-report"),
    re_path(r"^runs(?P<rest>/[\s\S]*)?$", run_posts.unknown, name="run-unknown"),
]
