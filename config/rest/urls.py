"""`/api/…`: the REST API, its OpenAPI document and the page that shows it."""

from django.urls import URLPattern, URLResolver, include, path, re_path
from rest_framework.routers import SimpleRouter

from accounts import api as accounts_api
from accounts.openapi import DocsPage, Document
from accounts.problems import no_such_resource
from alerts.api.alerts import AlertViewSet
from alerts.api.escalations import EscalationViewSet
from alerts.api.fallbacks import FallbackViewSet
from alerts.api.groups import GroupViewSet
from alerts.api.heartbeats import HeartbeatViewSet
from alerts.api.inhibit_rules import InhibitRuleViewSet
from alerts.api.integrations import IntegrationViewSet
from alerts.api.mappings import MappingViewSet
from alerts.api.mute_timings import MuteTimingViewSet
from alerts.api.organization import OrganizationResource
from alerts.api.routes import RouteViewSet
from alerts.api.silences import SilenceViewSet
from alerts.api.templates import TemplateViewSet
from alerts.api.traces import TraceViewSet
from alerts.api.upstreams import UpstreamViewSet
from channels_app.api.grants import GrantViewSet
from chatops.api.actions import ActionRunViewSet, ActionViewSet
from chatops.api.approvals import ApprovalViewSet
from chatops.api.bots import BotViewSet
from chatops.api.endpoints import EndpointViewSet
from chatops.api.links import ChannelLinkViewSet
from chatops.api.members import MemberViewSet
from deliveries.api.calls import DeliveryViewSet
from deliveries.api.channels import ChannelViewSet
from deliveries.api.probes import ProbeViewSet
from deliveries.api.troubles import TroubleViewSet

router = SimpleRouter(trailing_slash=True, use_regex_path=True)
router.register("bots", BotViewSet, "bot")
router.register("grants", GrantViewSet, "grant")
router.register("channels", ChannelViewSet, "channel")
router.register("channel-links", ChannelLinkViewSet, "channel-link")
router.register("probes", ProbeViewSet, "probe")
router.register("deliveries", DeliveryViewSet, "delivery")
router.register("troubles", TroubleViewSet, "trouble")
router.register("integrations", IntegrationViewSet, "integration")
router.register("heartbeats", HeartbeatViewSet, "heartbeat")
router.register("escalations", EscalationViewSet, "escalation")
router.register("routes", RouteViewSet, "route")
router.register("mute-timings", MuteTimingViewSet, "mute-timing")
router.register("inhibit-rules", InhibitRuleViewSet, "inhibit-rule")
router.register("alerts", AlertViewSet, "alert")
router.register("groups", GroupViewSet, "group")
router.register("silences", SilenceViewSet, "silence")
router.register("templates", TemplateViewSet, "template")
router.register("traces", TraceViewSet, "trace")
router.register("approvals", ApprovalViewSet, "approval")
router.register("endpoints", EndpointViewSet, "endpoint")
router.register("actions", ActionViewSet, "action")
router.register("action-runs", ActionRunViewSet, "action-run")
router.register("members", MemberViewSet, "member")
router.register("api-keys", accounts_api.ApiKeyViewSet, "api-key")
router.register("audit", accounts_api.AuditViewSet, "audit")

organization = OrganizationResource.as_view({"get": "retrieve", "patch": "partial_update"})

upstream = UpstreamViewSet.as_view(
    {"get": "show_upstream", "put": "set_upstream", "delete": "remove_upstream"}
)
fallback = FallbackViewSet.as_view(
    {"get": "show_fallback", "put": "set_fallback", "delete": "remove_fallback"}
)
fallback_test = FallbackViewSet.as_view({"get": "show_fallback_test", "post": "test_fallback"})

mapping = MappingViewSet.as_view(
    {"get": "show_mapping", "put": "set_mapping", "delete": "remove_mapping"}
)
mapping_trial = MappingViewSet.as_view({"post": "try_mapping"})
payloads = MappingViewSet.as_view({"get": "list_payloads"})

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/schema/", Document.as_view(), name="schema"),
    path("v1/docs/", DocsPage.as_view(url_name="schema"), name="docs"),
    path("v1/organization/", organization, name="organization"),
    re_path(r"^v1/integrations/(?P<pk>[^/.]+)/upstream/$", upstream, name="integration-upstream"),
    re_path(r"^v1/channels/(?P<pk>[^/.]+)/fallback/$", fallback, name="channel-fallback"),
    re_path(
        r"^v1/channels/(?P<pk>[^/.]+)/fallback/test/$", fallback_test, name="channel-fallback-test"
    ),
    re_path(r"^v1/integrations/(?P<pk>[^/.]+)/mapping/$", mapping, name="integration-mapping"),
    re_path(
        r"^v1/integrations/(?P<pk>[^/.]+)/mapping/try/$", mapping_trial, name="integration-try"
    ),
    re_path(r"^v1/integrations/(?P<pk>[^/.]+)/payloads/$", payloads, name="integration-payloads"),
    path("v1/", include(router.urls)),
    re_path(r"^.*$", no_such_resource, name="api-unknown"),
]
