"""Every URL of the installation."""

from django.contrib.auth import views as auth_views
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.routers import DefaultRouter

from accounts import api as accounts_api
from accounts.console import site
from alerts import api as alerts_api
from channels_app import api as channels_api
from config import views
from deliveries import api as deliveries_api

router = DefaultRouter(trailing_slash=True, use_regex_path=True)
router.include_root_view = False
router.register("bots", deliveries_api.BotViewSet, "bot")
router.register("grants", channels_api.GrantViewSet, "grant")
router.register("channels", deliveries_api.ChannelViewSet, "channel")
router.register("probes", deliveries_api.ProbeViewSet, "probe")
router.register("deliveries", deliveries_api.DeliveryViewSet, "delivery")
router.register("integrations", alerts_api.IntegrationViewSet, "integration")
router.register("routes", alerts_api.RouteViewSet, "route")
router.register("alerts", alerts_api.AlertViewSet, "alert")
router.register("groups", alerts_api.GroupViewSet, "group")
router.register("traces", alerts_api.TraceViewSet, "trace")
router.register("members", accounts_api.MemberViewSet, "member")
router.register("api-keys", accounts_api.ApiKeyViewSet, "api-key")
router.register("audit", accounts_api.AuditViewSet, "audit")

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("alerts.urls")),
    path("healthz", views.healthz),
    path("readyz", views.readyz),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/v1/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("api/v1/", include(router.urls)),
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
