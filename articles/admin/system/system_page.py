"""The System page: checks, workers, failed units and versions."""

from __future__ import annotations

import platform
from datetime import datetime
from typing import Any, Final

import django
from django.contrib import messages
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from articles import roles
from articles.admin.decisions import confirmation
from articles.admin.pages import allow
from articles.models import ImportRun, Worker
from articles.units import UnavailableError, is_in_database
from articles.watching import checks, queue
from newsroom import __version__, database_clock
from newsroom.dates import duration

FAILED: Final = 20
"""How many failed units are listed."""
RUNS: Final = 5
WORKERS: Final = 200


@allow(roles.SYSTEM, "GET", "HEAD", "POST")
def system(request: HttpRequest) -> HttpResponse:
    """Show the state of the system; a POST runs a failed unit again."""
    if request.method == "POST":
        return _run_again(request)
    context = {"title": "System", "checks": checks.results(), **_figures(), **_queue()}
    response = confirmation.answer(request, "system", context)
    response["Cache-Control"] = "no-store, private"
    return response


def _run_again(request: HttpRequest) -> HttpResponse:
    try:
        is_queued = queue.run_again(request.POST.get("key", ""))
    except UnavailableError:
        messages.error(request, "Nothing was done: the queue does not answer. Try again later.")
        return redirect("admin:system")
    if is_queued:
        messages.success(request, "It is queued again. Reload the page to see what became of it.")
    else:
        messages.error(request, "Nothing was done: this unit was run again or removed already.")
    return redirect("admin:system")


def _figures() -> dict[str, Any]:
    at = database_clock.now()
    return {
        "workers": [
            (
                worker,
                worker.is_alive(at),
                _since(worker.seen_at, at),
                _since(worker.doing_since, at),
            )
            for worker in Worker.objects.all()[:WORKERS]
        ],
        "runs": ImportRun.objects.select_related("started_by")[:RUNS],
        "versions": _versions(),
    }


def _queue() -> dict[str, Any]:
    """Return waiting and failed units; nothing if Redis does not answer, which a check reports."""
    at = timezone.now()
    try:
        return {
            "queue_place": "the database" if is_in_database() else "Redis",
            "depths": [(depth, _since(depth.oldest_at, at)) for depth in queue.depths()],
            "failed": queue.failed(FAILED),
        }
    except UnavailableError:
        return {}


def _since(moment: datetime | None, at: datetime) -> str:
    return duration(at - moment) if moment else ""


def _versions() -> dict[str, str]:
    """Return the versions of the software in use. One query on PostgreSQL."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SHOW server_version")
        else:
            cursor.execute("SELECT sqlite_version()")
        database = cursor.fetchone()[0]
    return {
        "Newsroom": __version__,
        "Django": django.get_version(),
        "Python": platform.python_version(),
        "PostgreSQL" if connection.vendor == "postgresql" else "SQLite": database,
    }
