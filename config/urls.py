"""Every URL of the installation."""

from django.contrib.auth import views as auth_views
from django.urls import URLPattern, URLResolver, include, path

from accounts.console import site
from config import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("alerts.urls")),
    path("healthz", views.healthz),
    path("readyz", views.readyz),
    path("api/", include("config.rest.urls")),
    # Named as Django's sign-in page and mails expect.
    path("password/reset/", auth_views.PasswordResetView.as_view(), name="admin_password_reset"),
    path(
        "password/reset/sent/",
        auth_views.PasswordResetDoneView.as_view(),
        name="password_reset_done",
    ),
    path(
        "password/reset/<uidb64>/<token>/",
        auth_views.PasswordResetConfirmView.as_view(),
        name="password_reset_confirm",
    ),
    path(
        "password/reset/done/",
        auth_views.PasswordResetCompleteView.as_view(),
        name="password_reset_complete",
    ),
    path("", site.urls),
]

handler400 = "accounts.problems.bad_request"
handler500 = "accounts.problems.server_error"
