"""`/api/…`: the REST API, its OpenAPI document and the page that shows it."""

from django.urls import URLPattern, URLResolver, include, path, re_path
from rest_framework.routers import SimpleRouter

from accounts import api as accounts_api
from accounts.openapi import DocsPage, Document
from accounts.problems import no_such_resource
from alerts.api.alerts import AlertViewSet, GroupViewSet
from alerts.api.integrations import IntegrationViewSet
from alerts.api.organization import OrganizationResource
from alerts.api.routes import RouteViewSet
from alerts.api.traces import TraceViewSet
from channels_app.api.grants import GrantViewSet
from deliveries.api.calls import DeliveryViewSet
from deliveries.api.channels import BotViewSet, ChannelViewSet
from deliveries.api.probes import ProbeViewSet

router = SimpleRouter(trailing_slash=True, use_regex_path=True)
router.register("bots", BotViewSet, "bot")
router.register("grants", GrantViewSet, "grant")
router.register("channels", ChannelViewSet, "channel")
router.register("probes", ProbeViewSet, "probe")
router.register("deliveries", DeliveryViewSet, "delivery")
router.register("integrations", IntegrationViewSet, "integration")
router.register("routes", RouteViewSet, "route")
router.register("alerts", AlertViewSet, "alert")
router.register("groups", GroupViewSet, "group")
router.register("traces", TraceViewSet, "trace")
router.register("members", accounts_api.MemberViewSet, "member")
router.register("api-keys", accounts_api.ApiKeyViewSet, "api-key")
router.register("audit", accounts_api.AuditViewSet, "audit")

organization = OrganizationResource.as_view({"get": "retrieve", "patch": "partial_update"})

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/schema/", Document.as_view(), name="schema"),
    path("v1/docs/", DocsPage.as_view(url_name="schema"), name="docs"),
    path("v1/organization/", organization, name="organization"),
    path("v1/", include(router.urls)),
    re_path(r"^.*$", no_such_resource, name="api-unknown"),
]
