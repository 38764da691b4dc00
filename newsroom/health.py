"""Health checks for supervisors: is the process alive, and can it serve pages?"""

import logging
from secrets import token_hex

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

logger = logging.getLogger(__name__)


@require_safe
@never_cache
def alive(request: HttpRequest) -> HttpResponse:
    """Answer 200 as long as the process works, without using the database."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200 if pages can be served, and 503 without a database or with unapplied migrations.

    The reason appears only in the log, because the URL is public. A failure of the cache is only
    mentioned, because pages can be served without it, more slowly.
    """
    try:
        missing = unapplied()
    except DatabaseError as error:
        logger.warning("not ready: the database does not answer: %s", error)
        return HttpResponse("not ready\n", content_type="text/plain", status=503)
    if missing:
        logger.warning("not ready: run manage.py migrate to apply %s", ", ".join(missing))
        return HttpResponse("not ready\n", content_type="text/plain", status=503)
    state = "ok" if cache_works() else "ok, but the cache does not work"
    return HttpResponse(f"{state}\n", content_type="text/plain")


def unapplied() -> list[str]:
    """Return the migrations that the database lacks. One query."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def cache_works() -> bool:
    """Return whether the cache stores a value. A full cache does not."""
    value = token_hex(8)
    key = f"health:{value}"
    cache.set(key, value, 5)
    return bool(cache.get(key) == value)
