"""Keep images in a process of its own, and kill it where told: ``crashing WHEN PORT FOLDER``.

Imports FOLDER first. WHEN is a number, for SIGKILL at that moment of writing: statements, commits,
and files, each before and after; 0 never kills and prints the count of moments. ``crashing check PORT
FOLDER`` tells instead what is wrong, lets a run go on to its end, and tells what is there then.
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


def crash(moment: int) -> int:
    """Keep images, one at a time; gives the count of moments."""
    from articles.images import keeping

    killer = Killer(moment)
    # One at a time, each committed by itself: the same moments in every run.
    keeping.FETCHES, keeping.COMMIT_AFTER = 1, 0.0  # type: ignore[misc]
    BaseDatabaseWrapper._commit = killer.around(BaseDatabaseWrapper._commit)  # type: ignore[attr-defined]
    Path.replace = killer.around(Path.replace)  # type: ignore[method-assign]
    with connection.execute_wrapper(killer.execute):
        keeping.keep()
    return killer.count


def check() -> dict[str, Any]:
    """Tell what is wrong before and after another run, and what is there then."""
    from articles import integrity
    from articles.images import keeping, pruning
    from articles.models import Image, StoredImage
    from newsroom.storage import PART

    pruning.GRACE = timedelta(days=-1)  # type: ignore[misc]

    def wrong() -> list[str]:
        return [f"{finding.kind}: {finding.message}" for finding in integrity.findings()]

    at_first = [text for text in wrong() if PART not in text]
    already = StoredImage.objects.count()
    report = keeping.keep()
    pruning.prune(grace=pruning.GRACE)
    media = Path(settings.MEDIA_ROOT)
    return {
        "wrong": [*at_first, *wrong()],
        "already": already,
        "failed": len(report.failures),
        "waiting": Image.objects.filter(stored=None).count(),
        "stored": sorted(StoredImage.objects.values_list("digest", flat=True)),
        "files": sorted(str(p.relative_to(media)) for p in media.rglob("*") if p.is_file()),
    }


def main(when: str, port: str, folder: str) -> None:
    """Do what was asked for."""
    django.setup()
    settings.OUTBOUND_EXEMPT = frozenset({("127.0.0.1", int(port))})
    # Models can be imported only now.
    from articles import importer

    importer.run([Path(folder)])
    told: object = check() if when == "check" else {"moments": crash(int(when))}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
