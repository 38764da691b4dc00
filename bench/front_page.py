"""Measure the CPU time of the front page in one process: stored, after writes, and from nothing.

    DATABASE_URL=… python bench/front_page.py [--rounds 100]

``bench/served.py`` runs this for each database. Each round measures every kind once, so other load
affects all of them. Writes use another connection, as another process would, and are not measured;
nor is the time of PostgreSQL's own processes.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any
from wsgiref.util import setup_testing_defaults

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.update(DJANGO_SETTINGS_MODULE="newsroom.settings", ALLOWED_HOSTS="127.0.0.1")

from django.core.cache import cache
from django.core.wsgi import get_wsgi_application
from django.db import connection

_Do = Callable[[], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    rounds = parser.parse_args().rounds
    serve = get_wsgi_application()
    from articles.models import Article
    from articles.site import known_edition, stories

    other = connection.copy()

    def write(article: int) -> None:
        with other.cursor() as cursor:
            cursor.execute(
                "UPDATE articles_article SET excerpt = excerpt || '.' WHERE id = %s", [article]
            )
        # As if a second had passed.
        known_edition.forget()

    def settle() -> None:
        write(draft)
        request(serve, "/")

    def empty() -> None:
        cache.clear()
        stories._kept.clear()
        known_edition.forget()

    draft = Article.objects.filter(published=False, coverage_only=False)[0].pk
    lead = Article.objects.published().order_by("-top_rank")[0].pk
    kinds: dict[str, tuple[str, _Do]] = {
        "constant view": ("/healthz", lambda: None),
        "stored": ("/", settle),
        "after a write to another article": ("/", lambda: write(draft)),
        "after a write to one of its stories": ("/", lambda: write(lead)),
        "from nothing": ("/", empty),
    }
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    # The first rounds build templates and SQL.
    for number in range(-5, rounds):
        for kind, (path, prepare) in kinds.items():
            prepare()
            took = request(serve, path)
            if number >= 0:
                times[kind].append(took)
    print("| database | front page | median ms | lowest ms | speed by lowest, stored = 100 % |")
    print("|---|---|---:|---:|---:|")
    for kind, taken in times.items():
        figures = f"{1000 * median(taken):.2f} | {1000 * min(taken):.2f}"
        speed = 100 * min(times["stored"]) / min(taken)
        print(f"| {connection.vendor} | {kind} | {figures} | {speed:.0f} % |")


def request(serve: Any, path: str) -> float:
    """Return the seconds of CPU time that a request takes."""
    environ: dict[str, Any] = {"PATH_INFO": path, "HTTP_ACCEPT_ENCODING": "br"}
    setup_testing_defaults(environ)
    statuses: list[str] = []
    began = process_time()
    response = serve(environ, lambda status, _headers: statuses.append(status))
    b"".join(response)
    response.close()
    took = process_time() - began
    assert statuses == ["200 OK"], statuses
    return took


if __name__ == "__main__":
    main()
