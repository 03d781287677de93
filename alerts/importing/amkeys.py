"""The keys of Alertmanager's configuration, as far as versions up to 0.34 know them. Pure.

Of routes and inhibit rules every key decides who is told: one that is in no version is refused.
Elsewhere what is of no use here is noted, and so is what is not known: newer versions have more.
"""

from typing import Final

ROUTE: Final = frozenset(
    ("receiver", "group_by", "matchers", "match", "match_re", "continue", "routes")
) | {
    *("group_wait", "group_interval", "repeat_interval"),
    *("mute_time_intervals", "active_time_intervals", "labels"),
}
INHIBIT_RULE: Final = frozenset(
    f"{side}_{kind}" for side in ("source", "target") for kind in ("match", "match_re", "matchers")
) | {"name", "equal"}
TIME_INTERVAL: Final = frozenset(("name", "time_intervals"))
TELEGRAM: Final = frozenset(
    ("send_resolved", "api_url", "bot_token", "bot_token_file", "chat_id", "chat_id_file")
) | {"message_thread_id", "message", "disable_notifications", "parse_mode"}
TOP: Final = frozenset(
    ("global", "route", "receivers", "inhibit_rules", "time_intervals", "mute_time_intervals")
)
GLOBAL: Final = frozenset(("telegram_api_url", "telegram_bot_token", "telegram_bot_token_file"))
RECEIVER: Final = frozenset(("name", "telegram_configs"))
"""What is taken over, by where it stands."""

ONLY_TELEGRAM: Final = "only Telegram is told"
_AT_THE_BOT: Final = "how a bot is reached is set at the bot"
_OTHERS: Final = (
    *("smtp_from", "smtp_hello", "smtp_smarthost", "smtp_auth_username", "smtp_auth_password"),
    *("smtp_auth_password_file", "smtp_auth_secret", "smtp_auth_secret_file"),
    *("smtp_auth_identity", "smtp_require_tls", "smtp_tls_config", "smtp_force_implicit_tls"),
    *("slack_api_url", "slack_api_url_file", "slack_app_token", "slack_app_token_file"),
    *("slack_app_url", "pagerduty_url", "hipchat_api_url", "hipchat_auth_token"),
    *("opsgenie_api_url", "opsgenie_api_key", "opsgenie_api_key_file"),
    *("wechat_api_url", "wechat_api_secret", "wechat_api_secret_file", "wechat_api_corp_id"),
    *("victorops_api_url", "victorops_api_key", "victorops_api_key_file", "webex_api_url"),
    *("jira_api_url", "rocketchat_api_url", "rocketchat_token", "rocketchat_token_file"),
    *("rocketchat_token_id", "rocketchat_token_id_file"),
    *("mattermost_webhook_url", "mattermost_webhook_url_file"),
)
TOP_LEFT: Final = {
    "templates": "files with Go templates are not read",
    "tracing": "it says nothing about who is told",
    "event_recorder": "it says nothing about who is told",
}
GLOBAL_LEFT: Final = {
    **dict.fromkeys(_OTHERS, ONLY_TELEGRAM),
    "http_config": _AT_THE_BOT,
    "resolve_timeout": "there is no such setting here",
}
OTHER_RECEIVERS: Final = frozenset(
    f"{name}_configs"
    for name in (
        *("discord", "email", "hipchat", "incidentio", "jira", "mattermost", "msteams"),
        *("msteamsv2", "opsgenie", "pagerduty", "pushover", "rocketchat", "slack", "sns"),
        *("victorops", "webex", "webhook", "wechat"),
    )
)
RECEIVER_LEFT: Final = {"labels": "a channel has no labels"}
TELEGRAM_LEFT: Final = {"http_config": _AT_THE_BOT}
ROUTE_LEFT: Final = {"labels": "they are for templates alone, and a route has none here"}
"""Why what is known is not taken over, by where it stands."""
