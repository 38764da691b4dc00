"""Django settings from the environment. `.env.example` explains each variable.

The defaults are right for trying it on one machine. A variable that is set but blank
counts as not set, so that compose files can pass variables on.
"""

import re
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf.locale import LANG_INFO
from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host

from newsroom import optional_sign_in
from newsroom.environment import (
    BASE_DIR,
    cache,
    count,
    database,
    flag,
    mail,
    redis_queue,
    text,
    words,
)
from newsroom.secret_key import read_or_create_secret_key

# Site

SITE_NAME = text("SITE_NAME", "Newsroom")
SITE_URL = text("SITE_URL").rstrip("/")
if SITE_URL and not re.fullmatch(r"https?://[^/?#\s]+", SITE_URL):
    raise ImproperlyConfigured(f"SITE_URL must be like https://news.example, not {SITE_URL!r}.")
SITE_TAGLINE = text("SITE_TAGLINE")
SITE_LOGO = text("SITE_LOGO")
SITE_CSS = text("SITE_CSS")
SITE_CONTACT = text("SITE_CONTACT")
DEBUG = flag("DEBUG")
SECRET_KEY = text("SECRET_KEY") or read_or_create_secret_key(BASE_DIR / ".secret_key")
ALLOWED_HOSTS = words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = words("CSRF_TRUSTED_ORIGINS")
# Without such a proxy, anybody could send the headers that it adds.
BEHIND_PROXY = flag("BEHIND_PROXY")

INSTALLED_APPS = [
    "newsroom.apps.NewsroomAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "csp",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_tasks",
    # Installed even with Redis as the queue, so that all sites have the same migrations.
    "django_tasks_db",
    "providers",
    "articles",
    "axes",
]

MIDDLEWARE = [
    "newsroom.logs.request_id",
    "newsroom.counters.measure",
    # Outside the page cache, whose pages are the same for every origin.
    "corsheaders.middleware.CorsMiddleware",
    # Early, so that cached pages skip the other middleware.
    "articles.site.page_cache.page_cache",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "newsroom.middleware.permissions_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "newsroom.urls"
WSGI_APPLICATION = "newsroom.wsgi.application"

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
                "newsroom.context_processors.site",
            ],
        },
    },
]


# Sign-in

SIGN_IN_NAME_FAILURES = count("SIGN_IN_NAME_FAILURES", "5", least=1)
SIGN_IN_ADDRESS_FAILURES = count("SIGN_IN_ADDRESS_FAILURES", "20", least=1)
SIGN_IN_LOCK_MINUTES = count("SIGN_IN_LOCK_MINUTES", "15", least=1)
SIGN_IN_LOG_DAYS = count("SIGN_IN_LOG_DAYS", "90", least=1)
# The first backend refuses who is locked; the second one checks the password.
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "articles.accounts.backends.PasswordBackend",
]
AXES_HANDLER = "articles.accounts.throttling.Handler"
AXES_LOCKOUT_CALLABLE = "articles.accounts.throttling.locked_page"
AXES_CLIENT_IP_CALLABLE = "newsroom.client_address.client_address"
AXES_LOCKOUT_PARAMETERS = ["username", "ip_address"]
AXES_FAILURE_LIMIT = SIGN_IN_NAME_FAILURES
AXES_COOLOFF_TIME = timedelta(minutes=SIGN_IN_LOCK_MINUTES)
AXES_RESET_ON_SUCCESS = True
# Who keeps trying does not keep the real user out for longer.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
# Our own log has failures and successes in one list.
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
# A second factor and sign-in through a provider: see newsroom/optional_sign_in.py
SECOND_FACTOR = words("SECOND_FACTOR")
OIDC_SERVER = text("OIDC_SERVER")
OIDC_CLIENT_ID = text("OIDC_CLIENT_ID")
OIDC_CLIENT_SECRET = text("OIDC_CLIENT_SECRET")
OIDC_NAME = text("OIDC_NAME") or (urlsplit(OIDC_SERVER).hostname or "")
OIDC_SCOPES = words("OIDC_SCOPES", "openid,profile,email")
OIDC_GROUPS = text("OIDC_GROUPS", "groups")
OIDC_ROLES = optional_sign_in.roles_of_groups(words("OIDC_ROLES"))
_optional = optional_sign_in.settings_for(
    second_factor=SECOND_FACTOR,
    server=OIDC_SERVER,
    client=(OIDC_CLIENT_ID, OIDC_CLIENT_SECRET),
    name=OIDC_NAME,
    scopes=OIDC_SCOPES,
    roles=OIDC_ROLES,
)
INSTALLED_APPS += _optional.apps
MIDDLEWARE += _optional.middleware
vars().update(_optional.settings)
# How long the link of an invitation or for a forgotten password works.
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600  # seconds
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{validator}"}
    for validator in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]


# E-mail


vars().update(mail(text("EMAIL_URL", "consolemail://")))
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL = text("EMAIL_FROM", f"newsroom@{urlsplit(SITE_URL).hostname or 'localhost'}")


# Database


DATABASES = {
    "default": database(
        text("DATABASE_URL", f"sqlite:///{BASE_DIR / 'db.sqlite3'}"), count("DATABASE_POOL")
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


# Cache


CACHES = {"default": cache(text("CACHE_URL", "locmemcache://"))}
if CACHES["default"]["BACKEND"].endswith("LocMemCache"):
    # Cached pages have about 10 KB each. Django's default is 300.
    CACHES["default"].setdefault("OPTIONS", {}).setdefault("MAX_ENTRIES", 2000)
# Seconds in which a process that has seen an edition of the site need not look for a newer one.
EDITION_SECONDS = count("EDITION_SECONDS", "1")
# Seconds in which stored pages are served although the database does not answer.
STALE_SECONDS = count("STALE_SECONDS", "60")
# Empties the proxies in front of the site: see articles/site/purging.py.
PURGE_URL = text("PURGE_URL")
if PURGE_URL and not PURGE_URL.startswith(("http://", "https://")):
    raise ImproperlyConfigured("PURGE_URL must begin with http:// or https://.")


# Background work: see articles/tasks.py


# The most urgent first: workers take from a queue only what those before it leave them time for.
TASK_QUEUES = ["urgent", "imports", "images"]
RQ_QUEUES: dict[str, dict[str, Any]] = {}


def task_queue(url: str) -> dict[str, Any]:
    if not url:
        return {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": TASK_QUEUES}
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ImproperlyConfigured(
            "TASKS_URL must be blank, for the database, or like redis://127.0.0.1:6379/1."
        )
    RQ_QUEUES.update({name: redis_queue(url) for name in TASK_QUEUES})
    INSTALLED_APPS.append("django_rq")
    return {"BACKEND": "django_tasks_rq.RQBackend", "QUEUES": TASK_QUEUES}


TASKS = {"default": task_queue(text("TASKS_URL"))}


# The API. Views that do more than read set their own permissions.

_CORS_ORIGINS = words("CORS_ORIGINS", "*")
CORS_ALLOW_ALL_ORIGINS = "*" in _CORS_ORIGINS
CORS_ALLOWED_ORIGINS = [] if CORS_ALLOW_ALL_ORIGINS else _CORS_ORIGINS
# Pages of other sites may read the API, but not the newsdesk's part, where staff makes decisions.
CORS_URLS_REGEX = r"^/api/(?!v1/newsdesk/)"
CORS_ALLOW_METHODS = ["GET", "HEAD", "OPTIONS"]
CORS_ALLOW_HEADERS = ["If-None-Match", "If-Modified-Since"]
CORS_EXPOSE_HEADERS = ["ETag", "Retry-After"]
API_RATE = count("API_RATE", "600")
REST_FRAMEWORK: dict[str, Any] = {
    # Responses are the same for everybody and need no authentication.
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "articles.api.problems.handle",
    "URL_FORMAT_OVERRIDE": None,
    # The client's address comes from the connection, or from our proxy. Other proxies cannot be trusted.
    "NUM_PROXIES": int(BEHIND_PROXY),
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": f"{SITE_NAME} API",
    "DESCRIPTION": "Curated news: the lead of every story, with all its coverage.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "articles.api.schema.finish",
    ],
    "SCHEMA_PATH_PREFIX": "/api/",
    "ENUM_NAME_OVERRIDES": {"ArticleType": "articles.models.Article.Type"},
}


# Language and time

# A site has one language, that of its news, so that pages are the same for everybody.
LANGUAGE_CODE = text("LANGUAGE_CODE", "en-us")
if not LANG_INFO.keys() & {LANGUAGE_CODE.lower(), LANGUAGE_CODE.lower().partition("-")[0]}:
    raise ImproperlyConfigured(
        f"LANGUAGE_CODE must be a language that Django knows, such as es or pt-br, not {LANGUAGE_CODE!r}."
    )
LOCALE_PATHS = [BASE_DIR / "newsroom" / "locale"]
# How pages write times; in other languages they write them as Django does.
FORMAT_MODULE_PATH = "newsroom.formats"
TIME_ZONE = text("TIME_ZONE", "UTC")
USE_TZ = True


# Static files and media

STATIC_URL = "static/"
STATIC_ROOT = text("STATIC_ROOT") or None
# Without STATIC_ROOT files are served directly from the packages. With it, and after `manage.py
# collectstatic`, they are served from there: compressed, and under names that browsers may cache
# forever.
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
MEDIA_URL = text("MEDIA_URL", "media/")
MEDIA_ROOT = text("MEDIA_ROOT", str(BASE_DIR / "media"))


def media(bucket: str) -> dict[str, Any]:
    if not bucket:
        return {"BACKEND": "newsroom.storage.WholeFileStorage"}
    address = urlsplit(MEDIA_URL)
    if not address.netloc:
        raise ImproperlyConfigured(
            f"With MEDIA_S3_BUCKET, MEDIA_URL must be like https://media.example/, not {MEDIA_URL!r}."
        )
    return {
        # boto3 reads the keys from its own variables, for example AWS_ACCESS_KEY_ID.
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": bucket,
            "endpoint_url": text("MEDIA_S3_ENDPOINT") or None,
            "region_name": text("MEDIA_S3_REGION") or None,
            "custom_domain": f"{address.netloc}{address.path}".rstrip("/"),
            "url_protocol": f"{address.scheme}:",
            # Pages are cached for a long time, so the URLs in them must not expire.
            "querystring_auth": False,
            # Each name always has the same content: see articles.models.stored_image.name_of.
            "file_overwrite": True,
            "object_parameters": {"CacheControl": "public, max-age=31536000, immutable"},
        },
    }


def uploads(bucket: str) -> dict[str, Any]:
    """Return the storage of uploaded archives. It is private: no URL leads to it."""
    if not bucket:
        return {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {
                "location": UPLOAD_ROOT,
                "file_permissions_mode": 0o600,
                "directory_permissions_mode": 0o700,
            },
        }
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": bucket,
            "endpoint_url": text("MEDIA_S3_ENDPOINT") or None,
            "region_name": text("MEDIA_S3_REGION") or None,
            # Larger files are read from a temporary file instead of memory.
            "max_memory_size": 1024 * 1024,
        },
    }


def media_origin(url: str) -> list[str]:
    """Return the origin of media files, or nothing if it is this site."""
    address = urlsplit(url)
    return [f"{address.scheme}://{address.netloc}".removeprefix("://")] if address.netloc else []


MEDIA_S3_BUCKET = text("MEDIA_S3_BUCKET")
UPLOAD_ROOT = text("UPLOAD_ROOT", str(BASE_DIR / "uploads"))
if Path(UPLOAD_ROOT).resolve().is_relative_to(Path(MEDIA_ROOT).resolve()):
    raise ImproperlyConfigured("UPLOAD_ROOT must not be in MEDIA_ROOT, which everybody can read.")
UPLOAD_S3_BUCKET = text("UPLOAD_S3_BUCKET")
if UPLOAD_S3_BUCKET and UPLOAD_S3_BUCKET == MEDIA_S3_BUCKET:
    raise ImproperlyConfigured("UPLOAD_S3_BUCKET must not be MEDIA_S3_BUCKET, which is public.")
# Files of one request. More of them belong in an archive.
DATA_UPLOAD_MAX_NUMBER_FILES = 200
FILE_UPLOAD_HANDLERS = [
    "newsroom.upload_limit.UploadLimit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
STORAGES = {
    "default": media(MEDIA_S3_BUCKET),
    "uploads": uploads(UPLOAD_S3_BUCKET),
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if STATIC_ROOT
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}


# Requests to other servers

# Header values are ASCII, so only the URL remains if the name is in another script.
_ASCII_NAME = " ".join(re.sub(r"[^\x20-\x7e]+", "", SITE_NAME).split())


def introduced(what: str) -> str:
    address = f"(+{SITE_URL})" if SITE_URL.isascii() and SITE_URL else ""
    return " ".join(filter(None, [_ASCII_NAME, what, address]))


IMAGE_USER_AGENT = text("IMAGE_USER_AGENT") or introduced("image keeper")
HOOK_USER_AGENT = introduced("web hooks")
# Seconds to wait after each failed delivery of a webhook. Retries end after about three days.
HOOK_RETRIES: tuple[float, ...] = (
    5,
    60,
    5 * 60,
    30 * 60,
    *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24)),
)
# Test servers, as (address, port). All other servers must be public; no variable can change this.
OUTBOUND_EXEMPT: frozenset[tuple[str, int]] = frozenset()


# Security

HTTPS = flag("HTTPS")
SECURE_SSL_REDIRECT = HTTPS
# Health checks come from inside the network, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_CONTENT_TYPE_NOSNIFF = True
# Do not tell other sites where a reader came from. Players that need it set their own policy.
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"


def embed_hosts(hosts: list[str], own: list[str]) -> list[str]:
    for host in hosts:
        if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host):
            raise ImproperlyConfigured(
                f"EMBED_HOSTS: expected plain host names like video.example, not {host!r}."
            )
        # A frame runs scripts in its own origin. In ours, it could do everything that the reader can.
        if validate_host(host, [one for one in own if one != "*"]):
            raise ImproperlyConfigured(f"EMBED_HOSTS: {host} is this site itself.")
    return hosts


EMBED_HOSTS = embed_hosts(
    words(
        "EMBED_HOSTS",
        "www.youtube.com,www.youtube-nocookie.com,player.vimeo.com,www.dailymotion.com,"
        "geo.dailymotion.com,players.brightcove.net",
    ),
    own=[*ALLOWED_HOSTS, urlsplit(SITE_URL).hostname or ""],
)

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        # The page of a story with a player allows that player's host instead.
        "frame-src": ["'none'"],
        # Stored pictures, and the placeholders that show until they are loaded.
        "img-src": ["'self'", "data:", *media_origin(MEDIA_URL)],
        "object-src": ["'none'"],
    }
}


# Monitoring

# With it /metrics can be read from any address, not only from private ones.
METRICS_TOKEN = text("METRICS_TOKEN")
# Where errors are reported: see newsroom/error_reports.py
SENTRY_DSN = text("SENTRY_DSN")
if SENTRY_DSN and find_spec("sentry_sdk") is None:
    raise ImproperlyConfigured('SENTRY_DSN needs the extra "sentry": pip install sentry-sdk.')
# Where traces of requests are sent: see newsroom/traces.py
OTEL_EXPORTER_OTLP_ENDPOINT = text("OTEL_EXPORTER_OTLP_ENDPOINT")
if OTEL_EXPORTER_OTLP_ENDPOINT and find_spec("opentelemetry") is None:
    raise ImproperlyConfigured('OTEL_EXPORTER_OTLP_ENDPOINT needs the extra "otel".')


# Logging: everything goes to stderr, for the process manager.

LOG_FORMAT = text("LOG_FORMAT", "text")
if LOG_FORMAT not in {"text", "json"}:
    raise ImproperlyConfigured(f"LOG_FORMAT must be text or json, not {LOG_FORMAT!r}.")
# A line for each request.
ACCESS_LOG = flag("ACCESS_LOG")
# Queries that take at least so many milliseconds are logged. 0: none.
SLOW_QUERY_MS = count("SLOW_QUERY_MS")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": f"newsroom.logs.{LOG_FORMAT.capitalize()}Formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    # Newsroom's own lines say the same, in words and with escaped names.
    "loggers": {"axes": {"level": "ERROR"}},
    "root": {"handlers": ["stderr"], "level": text("LOG_LEVEL", "INFO").upper()},
}
