"""All settings, in reading order. The environment is read in config/env.py."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext

from config.console import AROUND_EACH_PAGE
from config.env import BASE_DIR, EncryptionKey, SecretKey, data_dir, env, secret
from config.sqlite import CACHE_KIB

VERSION = "0.1.0"

# Lets Django's generic classes be written as such: ModelAdmin[Bot], ModelForm[Bot].
django_stubs_ext.monkeypatch()

# --- Where we are -------------------------------------------------------------------------------
DATA_DIR: Path = data_dir()
PORT: int = env.int("PORT", default=8000)
SITE_URL: str = env.str("SITE_URL", default=f"http://localhost:{PORT}").rstrip("/")
DEBUG = False
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ALLOWED_HOSTS: list[str] = env.list(
    "ALLOWED_HOSTS", default=[urlsplit(SITE_URL).hostname or "localhost", "localhost", "127.0.0.1"]
)
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[SITE_URL])
TRUSTED_PROXIES: list[str] = env.list("TRUSTED_PROXIES", default=[])
"""Networks (CIDR) whose X-Forwarded-For and X-Forwarded-Proto are believed."""

# --- Secrets ------------------------------------------------------------------------------------
SECRET_KEY = secret("SECRET_KEY", "secret_key", SecretKey)
ENCRYPTION_KEYS: list[str] = [
    key.strip()
    for key in secret("ENCRYPTION_KEYS", "encryption_keys", EncryptionKey).split(",")
    if key.strip()
]
"""`id:base64` of 32 bytes each; the first one encrypts, all decrypt."""

# --- Packages -----------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "accounts",
    "channels_app",
    "deliveries",
    "alerts",
    "chatops",
    "config",
]
MIDDLEWARE = [
    # First: whether the request came by HTTPS decides whether the next one redirects.
    "accounts.middleware.TrustedProxyMiddleware",
    "config.probes.ProbesMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "accounts.middleware.ContentPolicyMiddleware",
    "alerts.shortcut.HooksMiddleware",
    "chatops.receiving.shortcut.TelegramMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.OrganizationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# --- Data ---------------------------------------------------------------------------------------
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url("DATABASE_URL", default=f"sqlite:///{DATA_DIR.as_posix()}/tocsin.sqlite3")
}
DATABASE = DATABASES["default"]
EMBEDDED_DATABASE = DATABASE["ENGINE"] == "django.db.backends.sqlite3"
if EMBEDDED_DATABASE:
    DATABASE["ENGINE"] = "config.sqlite"  # waits for the lock in a way of its own
    # IMMEDIATE: read-then-write transactions wait for the lock instead of failing half-way.
    # FULL: a 202 must survive a power cut.
    DATABASE["CONN_MAX_AGE"] = None
    # Tests use a file as well: threads of one process lock each other out of an in-memory one.
    DATABASE["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
    DATABASE.setdefault("OPTIONS", {}).update(
        transaction_mode="IMMEDIATE",
        timeout=20,
        init_command="PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        f" PRAGMA cache_size=-{CACHE_KIB}; PRAGMA temp_store=MEMORY;",
    )
else:
    SESSION_OPTIONS = (
        "-c idle_in_transaction_session_timeout=10s"
        " -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
    )
    # Celery closes connections around every task whatever CONN_MAX_AGE says; the pool keeps them.
    DATABASE.setdefault("OPTIONS", {}).update(
        pool={"min_size": 2, "max_size": env.int("DATABASE_POOL", default=16), "timeout": 20},
        # Ingest keeps its few statements prepared; 0 for a pooler that cannot (old PgBouncer).
        prepare_threshold=env.int("DATABASE_PREPARE_AFTER", default=3) or None,
        # A server that went away without a word must not hold a thread for hours.
        connect_timeout=10,
        keepalives_idle=30,
        keepalives_interval=10,
        keepalives_count=3,
        tcp_user_timeout=30_000,
        # Nor must a client that did so hold its locks: a lane's next holder waits for them.
        options=env.str("DATABASE_SESSION_OPTIONS", default=SESSION_OPTIONS),
    )
AUTH_USER_MODEL = "accounts.User"
MIGRATION_MODULES: dict[str, str] = {}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

FLAPPING_FLIPS = max(env.int("FLAPPING_FLIPS", default=4), 2)
FLAPPING_WINDOW = timedelta(minutes=env.int("FLAPPING_WINDOW_MINUTES", default=30))
FLAPPING_CALM = timedelta(minutes=env.int("FLAPPING_CALM_MINUTES", default=15))
RETENTION = {
    "traces": timedelta(days=env.int("RETENTION_TRACES_DAYS", default=14)),
    "attempts": timedelta(days=env.int("RETENTION_ATTEMPTS_DAYS", default=30)),
    "deliveries": timedelta(days=env.int("RETENTION_DELIVERIES_DAYS", default=30)),
    "groups": timedelta(days=env.int("RETENTION_GROUPS_DAYS", default=180)),
    "audit": timedelta(days=env.int("RETENTION_AUDIT_DAYS", default=400)),
    "idempotency": timedelta(hours=48),
    "updates": timedelta(days=env.int("RETENTION_UPDATES_DAYS", default=7)),
    "strangers": timedelta(hours=24),  # updates from chats and people that nobody here knows
}
"""How long closed things are kept; open state is never purged."""

# --- Redis and Celery: wake-ups only --------------------------------------------------------------
REDIS_URL: str = env.str("REDIS_URL", default="")
"""Counts rates for all processes; without it each process counts for itself."""
CELERY_BROKER_URL: str = env.str("CELERY_BROKER_URL", default=REDIS_URL or "memory://")

# --- Telegram and the outside world ---------------------------------------------------------------
TELEGRAM_API_URL: str = env.str("TELEGRAM_API_URL", default="https://api.telegram.org").rstrip("/")
BOTS_PER_ORGANIZATION: int = env.int("BOTS_PER_ORGANIZATION", default=200)
"""Each that is polled keeps a thread and a connection."""
TELEGRAM_WEBHOOK_NETWORKS: list[str] = env.list("TELEGRAM_WEBHOOK_NETWORKS", default=[])
"""Networks (CIDR) that updates are taken from; empty: any, for the secret alone says enough."""
TELEGRAM_BOT_TOKEN: str = env.str("TELEGRAM_BOT_TOKEN", default="").strip()
TELEGRAM_CHAT_ID: str = env.str("TELEGRAM_CHAT_ID", default="").strip()
OUTBOUND_PROXY: str = env.str("OUTBOUND_PROXY", default="")
"""http:// or socks5h:// for every call to Telegram; a bot's own proxy wins."""
OUTBOUND_ALLOWED_HOSTS: frozenset[str] = frozenset(
    host.lower()
    for host in [
        *env.list("OUTBOUND_ALLOWED_HOSTS", default=[]),
        urlsplit(TELEGRAM_API_URL).netloc.rpartition("@")[2],
    ]
    if host
)
"""`host` or `host:port` that may be reached although it is private."""
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL: str = env.str(
    "EMAIL_FROM", default=f"tocsin@{urlsplit(SITE_URL).hostname or 'localhost'}"
)
EMAIL_TIMEOUT = 10
"""Seconds: a mail server that swallows packets must not hold a thread."""
SENTRY_DSN: str = env.str("SENTRY_DSN", default="")

# --- Who watches the watcher ----------------------------------------------------------------------
METRICS_TOKEN: str = env.str("METRICS_TOKEN", default="").strip()
METRICS_ALLOWED: list[str] = env.list("METRICS_ALLOWED", default=[])
"""Networks (CIDR) that may see /metrics when no token is set; this machine itself always may."""
HEARTBEAT_URL: str = env.str("HEARTBEAT_URL", default="").strip()
"""A secret: who knows it can pretend that all is well."""
HEARTBEAT_SECONDS: int = env.int("HEARTBEAT_SECONDS", default=60)

# --- Limits of ingest -----------------------------------------------------------------------------
INGEST_MAX_BYTES = 16 * 1024 * 1024
INGEST_MAX_ALERTS = 20_000
DATA_UPLOAD_MAX_MEMORY_SIZE = INGEST_MAX_BYTES
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
UPLOAD_MAX_BYTES = 50 * 1024 * 1024
"""Bot API: the largest file that a bot may send."""

# --- Sign-in and browsers -------------------------------------------------------------------------
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "console:login"
LOGIN_REDIRECT_URL = "console:index"
HTTPS = SITE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "tocsin_session"
CSRF_COOKIE_NAME = "tocsin_csrf"
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = env.bool("HSTS_SUBDOMAINS", default=False)
SECURE_SSL_REDIRECT = env.bool("SSL_REDIRECT", default=False)
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        # Alpine, which Unfold builds on, evaluates its attributes; scripts come from files alone.
        "script-src 'self' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

# --- Languages and times --------------------------------------------------------------------------
LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

# --- Static files ---------------------------------------------------------------------------------
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"] if (BASE_DIR / "static").is_dir() else []
# Finders, not collectstatic: one command less before the first start.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
STATIC_ROOT = None

UNFOLD = AROUND_EACH_PAGE

# --- REST -----------------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.RolePermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["accounts.parsers.JsonParser"],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.throttles.KeyThrottle"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "accounts.problems.exception_handler",
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": None,
}
API_REQUESTS_PER_MINUTE = env.int("API_REQUESTS_PER_MINUTE", default=600)
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Tocsin",
    "DESCRIPTION": "Everything that the [console](/) does. Make a key there under API keys, press "
    "Authorize, and paste it.",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "accounts.openapi.document_problems",
        "accounts.openapi.close_requests",
    ],
    "ENUM_NAME_OVERRIDES": {
        "DeliveryState": "deliveries.models.Delivery.State",
        "ProbeState": "deliveries.models.Probe.State",
        "ProbeKind": "deliveries.models.Probe.Kind",
        "IntegrationKind": "alerts.models.Integration.Kind",
        "FallbackKind": "alerts.models.Fallback.Kind",
        "TimelineKind": "alerts.models.TimelineEvent.Kind",
        "Severity": "alerts.models.SEVERITIES",
        "Ringing": "alerts.api.routes.RINGING",
        "UpstreamKind": "alerts.models.Upstream.Kind",
        "Status": "alerts.models.Status",
        "LinkKind": "chatops.api.links.CHAT_KINDS",
        "ParseMode": "channels_app.models.NotificationChannel.Format",
    },
}

# --- Logs: tokens and keys are taken out before anything is written -------------------------------
LOG_LEVEL: str = env.str("LOG_LEVEL", default="WARNING").upper()
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"secrets": {"()": "config.logs.SecretsFilter"}},
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "filters": ["secrets"],
            "formatter": "line",
        }
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
        # 4xx answers are the sender's business and traced there; paths hold ingest keys.
        "django.request": {"level": "ERROR"},
        # Anybody can send any Host: they hear 400, and the log is not theirs to fill.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}
LOGGING_CONFIG = "logging.config.dictConfig"
DEFAULT_EXCEPTION_REPORTER = "config.logs.SecretsFreeReporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "config.logs.ExceptionFilter"
