"""The app of the admin."""

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.contrib.auth.signals import user_login_failed
from django.core import checks
from django.db.backends.signals import connection_created

from newsroom import counters, logs


class NewsroomAdminConfig(SimpleAdminConfig):
    """Load the modules of the admin with the URLs: commands that need neither take 25 MB less."""

    default_site = "articles.admin_site.NewsroomAdminSite"

    def ready(self) -> None:
        user_login_failed.connect(counters.count_sign_in_failure)
        connection_created.connect(logs.watch_queries)
        # Not imported otherwise: they take time to load, and their libraries may not be installed.
        if settings.SENTRY_DSN:
            import_module("newsroom.error_reports").start()
        if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
            import_module("newsroom.traces").start()
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(_check_admin, checks.Tags.admin)


def _check_admin(app_configs: Any, **options: Any) -> list[checks.CheckMessage]:
    admin.autodiscover()
    return check_admin_app(app_configs, **options)
