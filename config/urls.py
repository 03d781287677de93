"""Every URL of the installation."""

from django.urls import URLPattern, URLResolver, include, path

from accounts.console import site
from config import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("alerts.urls")),
    path("", include("chatops.urls")),
    path("healthz", views.healthz),
    path("readyz", views.readyz),
    path("metrics", views.prometheus),
    path("api/", include("config.rest.urls")),
    # Named as Django's sign-in page and mails expect.
    path("password/reset/", site.password_reset, name="admin_password_reset"),
    path(
        "password/reset/sent/",
        site.password_reset_done,
        name="password_reset_done",
    ),
    path(
        "password/reset/<uidb64>/<token>/",
        site.password_reset_confirm,
        name="password_reset_confirm",
    ),
    path(
        "password/reset/done/",
        site.password_reset_complete,
        name="password_reset_complete",
    ),
    path("", site.urls),
]

handler400 = "accounts.problems.bad_request"
handler500 = "accounts.problems.server_error"
