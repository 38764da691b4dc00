"""Store or prune images in a separate process and kill it: ``crashing WHAT MOMENT PORT FOLDER``.

WHAT is ``keep``, which stores the images of FOLDER, or ``prune``, which first stores them and then
stops using half of them. MOMENT is the number of the write at which SIGKILL comes: before and after
each statement, commit and file. 0 never kills and prints the number of moments. ``crashing check
WHAT PORT FOLDER`` prints the problems, finishes such a run, and prints what exists then. The
environment contains the settings, including the folder of the files.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.files.storage import storages
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper


class Killer:
    """Counts moments and kills the process at a chosen one."""

    def __init__(self, moment: int) -> None:
        self.moment = moment
        self.count = 0

    def tick(self) -> None:
        """Count a moment."""
        self.count += 1
        if self.count == self.moment:
            os.kill(os.getpid(), signal.SIGKILL)

    def execute(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        """Count the moments of a statement that writes."""
        if not sql.startswith("SELECT"):
            self.tick()
        return execute(sql, params, many, context)

    def around(self, do: Callable[..., Any]) -> Callable[..., Any]:
        """Count a moment before and after each call of ``do``."""

        def counted(*arguments: Any, **named: Any) -> Any:
            self.tick()
            given = do(*arguments, **named)
            self.tick()
            return given

        return counted


def crash(what: str, moment: int) -> int:
    """Store images one at a time, or prune them; return the number of moments."""
    from articles.images import keeping

    if what == "prune":
        keeping.keep()
        hide_half()
    killer = Killer(moment)
    # One at a time, each in its own transaction, so that every run has the same moments.
    keeping.FETCHES, keeping.COMMIT_AFTER = 1, 0.0  # type: ignore[misc]
    BaseDatabaseWrapper._commit = killer.around(BaseDatabaseWrapper._commit)  # type: ignore[attr-defined]
    Path.replace = killer.around(Path.replace)  # type: ignore[method-assign]
    storage = storages["default"]
    storage.save = killer.around(storage.save)  # type: ignore[method-assign]
    storage.delete = killer.around(storage.delete)  # type: ignore[method-assign]
    with connection.execute_wrapper(killer.execute):
        if what == "keep":
            keeping.keep()
        else:
            prune()
    return killer.count


def hide_half() -> None:
    """Remove every second image from its article."""
    from articles.models import Image

    urls = sorted(set(Image.objects.values_list("url", flat=True)))
    Image.objects.filter(url__in=urls[::2]).delete()


def prune() -> None:
    """Prune everything unused, whatever its age."""
    from articles.images import pruning

    pruning.prune(grace=timedelta(days=-1))


def wrong() -> list[str]:
    """Return all integrity problems of any age, including files not yet pruned."""
    from articles.images import pruning
    from articles.newsdesk import integrity

    pruning.GRACE = timedelta(days=-1)  # type: ignore[misc]
    return [f"{finding.kind}: {finding.message}" for finding in integrity.findings()]


def listed(folder: str = "") -> list[str]:
    """Return the names of all files in the storage."""
    storage = storages["default"]
    try:
        folders, names = storage.listdir(folder)
    except FileNotFoundError:
        return []
    below = [name for one in folders for name in listed(f"{folder}{one}/")]
    return sorted([*below, *(f"{folder}{name}" for name in names)])


def check(what: str) -> dict[str, Any]:
    """Return the problems before and after another run, and the files at the end."""
    from articles.images import keeping
    from articles.models import Image, StoredImage
    from newsroom.storage import PART

    # Files that a killed run was still writing or had not yet deleted belong to no row.
    passing = PART if what == "keep" else "orphan file"
    at_first = [text for text in wrong() if passing not in text]
    already = len(listed())
    report = keeping.keep()
    prune()
    return {
        "wrong": [*at_first, *wrong()],
        "already": already,
        "failed": len(report.failures),
        "waiting": Image.objects.filter(stored=None).count(),
        "stored": sorted(StoredImage.objects.values_list("digest", flat=True)),
        "files": listed(),
    }


def main(what: str, when: str, port: str, folder: str) -> None:
    django.setup()
    settings.OUTBOUND_EXEMPT = frozenset({("127.0.0.1", int(port))})
    # Models cannot be imported earlier.
    from articles import importing

    if what == "check":
        told: object = check(when)
    else:
        importing.run([Path(folder)])
        told = {"moments": crash(what, int(when))}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
