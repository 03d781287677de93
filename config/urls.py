"""Every URL of the installation."""

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.routers import DefaultRouter

from accounts import api as accounts_api
from accounts.console import site
from config import views

router = DefaultRouter(trailing_slash=True, use_regex_path=True)
router.include_root_view = False
router.register("members", accounts_api.MemberViewSet, "member")
router.register("api-keys", accounts_api.ApiKeyViewSet, "api-key")
router.register("audit", accounts_api.AuditViewSet, "audit")

urlpatterns: list[URLPattern | URLResolver] = [
    path("hooks/v1/", include("alerts.urls")),
    path("healthz", views.healthz),
    path("readyz", views.readyz),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/v1/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("api/v1/", include(router.urls)),
    path("", site.urls),
]
