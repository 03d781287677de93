"""`/hooks/v1/…`, each with and without the slash: a redirect would lose the body."""

from functools import partial

from django.urls import URLPattern, re_path

from alerts import webhooks
from alerts.alertmanager_api import views as api
from alerts.alertmanager_api.views import by_method, served
from alerts.heartbeats import webhooks as heartbeat_hooks
from alerts.hook_paths import no_such_hook

# Prometheus, amtool and boards are pointed here as their Alertmanager, which answers 200 to POSTs
# (its api/v2/openapi.yaml): amtool takes nothing else for success.
_ALERTMANAGER = r"^hooks/v1/(?P<key>[^/]+)"
_V2 = rf"{_ALERTMANAGER}/api/v2"

urlpatterns: list[URLPattern] = [
    re_path(r"^hooks/v1/?$", webhooks.receive, name="hook"),
    re_path(r"^hooks/v1/(?P<key>[^/]+)/?$", webhooks.receive, name="hook-with-key"),
    re_path(
        r"^hooks/v1/heartbeat/(?P<key>[^/]+)/?$", heartbeat_hooks.receive, name="heartbeat-ping"
    ),
    re_path(
        r"^hooks/v1/heartbeat/(?P<key>[^/]+)/(?P<says>[^/]+)/?$",
        heartbeat_hooks.receive,
        name="heartbeat-says",
    ),
    re_path(
        rf"{_V2}/alerts/?$",
        by_method(POST=partial(webhooks.receive, accepted=200), GET=served(api.alerts)),
        name="hook-for-prometheus",
    ),
    re_path(rf"{_V2}/alerts/groups/?$", by_method(GET=served(api.groups)), name="am-groups"),
    re_path(rf"{_V2}/status/?$", by_method(GET=served(api.status)), name="am-status"),
    re_path(rf"{_V2}/receivers/?$", by_method(GET=served(api.receivers)), name="am-receivers"),
    re_path(
        rf"{_V2}/silences/?$",
        by_method(GET=served(api.silences), POST=served(api.post_silence)),
        name="am-silences",
    ),
    re_path(
        rf"{_V2}/silence/(?P<silence_id>[^/]+)/?$",
        by_method(GET=served(api.silence), DELETE=served(api.expire)),
        name="am-silence",
    ),
    re_path(rf"{_V2}/(?P<path>.*)$", api.not_found, name="am-unknown"),
    re_path(
        rf"{_ALERTMANAGER}/-/(?:healthy|ready)/?$",
        by_method(GET=served(api.well), HEAD=served(api.well)),
        name="am-well",
    ),
    re_path(rf"{_ALERTMANAGER}/metrics/?$", by_method(GET=served(api.build)), name="am-build"),
    # A typo too, lest it get to the console's pages.
    re_path(r"^hooks?(?P<rest>/[\s\S]*)?$", no_such_hook, name="hook-unknown"),
]
