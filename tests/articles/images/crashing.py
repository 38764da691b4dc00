"""Keep or prune images in a process of its own, and kill it: ``crashing WHAT MOMENT PORT FOLDER``.

WHAT is ``keep``, of what is in FOLDER, or ``prune``, when all is kept and half of it no longer shown.
MOMENT is a number, for SIGKILL at that moment of writing: statements, commits, and files, each before
and after; 0 never kills and prints the count of moments. ``crashing check WHAT PORT FOLDER`` tells
instead what is wrong, lets such a run go on to its end, and tells what is there then. Files are where
the settings have them, which the environment tells.
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
    """Counts moments, and kills its process when the time has come."""

    def __init__(self, moment: int) -> None:
        self.moment = moment
        self.count = 0

    def tick(self) -> None:
        """Count one moment."""
        self.count += 1
        if self.count == self.moment:
            os.kill(os.getpid(), signal.SIGKILL)

    def execute(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        """Count a statement that writes."""
        if not sql.startswith("SELECT"):
            self.tick()
        return execute(sql, params, many, context)

    def around(self, do: Callable[..., Any]) -> Callable[..., Any]:
        """Count before and after what ``do`` does."""

        def counted(*arguments: Any, **named: Any) -> Any:
            self.tick()
            given = do(*arguments, **named)
            self.tick()
            return given

        return counted


def crash(what: str, moment: int) -> int:
    """Keep images, one at a time, or prune them; gives the count of moments."""
    from articles.images import keeping

    if what == "prune":
        keeping.keep()
        hide_half()
    killer = Killer(moment)
    # One at a time, each committed by itself: the same moments in every run.
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
    """Let nothing show or name every other image."""
    from articles.models import Image

    urls = sorted(set(Image.objects.values_list("url", flat=True)))
    Image.objects.filter(url__in=urls[::2]).delete()


def prune() -> None:
    """Prune what is not used, however young."""
    from articles.images import pruning

    pruning.prune(grace=timedelta(days=-1))


def wrong() -> list[str]:
    """Return all that may not be, however young; files that are still to be pruned included."""
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
    """Tell what is wrong before and after another run, and what is there then."""
    from articles.images import keeping
    from articles.models import Image, StoredImage
    from newsroom.storage import PART

    # What a run that keeps was writing is nobody's, and what one that prunes had not yet deleted.
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
    """Do what was asked for."""
    django.setup()
    settings.OUTBOUND_EXEMPT = frozenset({("127.0.0.1", int(port))})
    # Models can be imported only now.
    from articles import importing

    if what == "check":
        told: object = check(when)
    else:
        importing.run([Path(folder)])
        told = {"moments": crash(what, int(when))}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
