"""What Unfold shows around each page of the console: names, icons, the menu."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy

MEMBER, MANAGER = "accounts.console.may_view", "accounts.console.may_manage"


def _page(
    title: str, icon: str, name: str, permission: str = MEMBER, **more: Any
) -> dict[str, Any]:
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"console:{name}"),
        "permission": permission,
        **more,
    }


AROUND_EACH_PAGE: dict[str, Any] = {
    "SITE_TITLE": "Tocsin",
    "SITE_HEADER": "Tocsin",
    "SITE_SYMBOL": "notifications_active",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("console/icon.svg"),
        }
    ],
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_HISTORY": True,
    "STYLES": [lambda request: static("console/console.css")],
    "SCRIPTS": [lambda request: static("console/console.js")],
    "ACCOUNT": {
        "navigation": [
            {"title": "My Telegram", "link": reverse_lazy("console:chatops_linkcode_mine")},
            {"title": "Change password", "link": reverse_lazy("console:password_change")},
        ]
    },
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "items": [
                    _page("Overview", "dashboard", "index"),
                    _page(
                        "Groups",
                        "crisis_alert",
                        "alerts_alertgroup_changelist",
                        badge="alerts.admin.overview.firing_badge",
                    ),
                    _page("Alerts", "notifications", "alerts_alert_changelist"),
                    _page("Silences", "notifications_off", "alerts_silence_changelist"),
                ]
            },
            {
                "title": "What happened",
                "items": [
                    _page("Approvals", "how_to_vote", "chatops_approval_changelist"),
                    _page("Runs", "play_circle", "chatops_actionrun_changelist"),
                    _page("Traces", "timeline", "alerts_trace_changelist"),
                    _page("Updates", "chat", "chatops_inboundupdate_changelist", MANAGER),
                    _page("Storms", "thunderstorm", "alerts_storm_changelist"),
                    _page(
                        "Deliveries",
                        "send",
                        "deliveries_delivery_changelist",
                        badge="alerts.admin.overview.dead_letter_badge",
                    ),
                    _page(
                        "Troubles",
                        "report",
                        "deliveries_trouble_changelist",
                        badge="deliveries.admin.troubles.open_badge",
                    ),
                ],
            },
            {
                "title": "Set-up",
                "items": [
                    _page("Integrations", "input", "alerts_integration_changelist"),
                    _page("Routes", "alt_route", "alerts_route_changelist"),
                    _page("Channels", "forum", "channels_app_notificationchannel_changelist"),
                    _page("Templates", "edit_note", "alerts_messagetemplate_changelist"),
                    _page("Mute timings", "bedtime", "alerts_mutetiming_changelist"),
                    _page("Inhibit rules", "notifications_paused", "alerts_inhibitrule_changelist"),
                    _page("Escalations", "stairs", "alerts_escalationpolicy_changelist"),
                    _page("Heartbeats", "monitor_heart", "alerts_heartbeat_changelist"),
                    _page("Fallbacks", "emergency_share", "alerts_fallback_changelist"),
                    _page("Endpoints", "webhook", "chatops_endpoint_changelist"),
                    _page("Own commands", "terminal", "chatops_ownaction_changelist"),
                    _page("Bots", "smart_toy", "channels_app_bot_changelist"),
                    _page("Bot grants", "handshake", "channels_app_botgrant_changelist"),
                ],
            },
            {
                "title": "Organization",
                "items": [
                    _page("Members", "group", "accounts_membership_changelist"),
                    _page("My Telegram", "link", "chatops_linkcode_mine"),
                    _page("API keys", "key", "accounts_apikey_changelist", MANAGER),
                    {"title": "REST API", "icon": "api", "link": reverse_lazy("docs")},
                    _page("Audit", "history", "accounts_auditentry_changelist", MANAGER),
                    _page("Settings", "settings", "accounts_organization_changelist"),
                ],
            },
        ],
    },
}
