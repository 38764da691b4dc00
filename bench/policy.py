"""Measure the time and peak memory of trying a policy on a whole archive.

    python bench/policy.py sqlite:////tmp/dev_archive.sqlite3 postgres://…/dev_archive

Takes the URLs of databases that ``bench/archive.py`` built. Each step runs in a separate process:
``reference`` only reads the same rows with ``values_list``, ``try`` is ``newsdesk.try_policy``. Neither
writes. With ``--apply``, ``apply`` applies the policy and recomputes all articles, and ``back`` returns
to the default policy. Both write: run them on a copy.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import django

ROOT = Path(__file__).resolve().parent.parent
STEPS = ("reference", "try")
WRITING = ("apply", "back")
FACTS = ("quality", "decision", "decision_until", "is_pinned")


def run(step: str, threshold: int) -> dict[str, Any]:
    """Run one step and return what it counted."""
    from dataclasses import replace

    from articles import heat, newsdesk
    from articles.models import Article, Related
    from articles.scoring import DEFAULT_POLICY

    if step == "reference":
        articles = Article.objects.filter(coverage_only=False).order_by("pk")
        columns = ("pk", "heat", "published", *FACTS)
        rows = sum(1 for _ in articles.values_list(*columns).iterator())
        links = Related.objects.order_by("article_id")
        columns = ("article_id", *(f"target__{fact}" for fact in FACTS))
        rows += sum(1 for _ in links.values_list(*columns).iterator())
        return {"found": f"{rows:,} rows"}
    if step == "try":
        trial = newsdesk.try_policy(replace(DEFAULT_POLICY, threshold=threshold))
        return {"found": f"{trial.changed:,} of {trial.looked_at:,} would change"}
    before = heat.current_policy()
    policy = replace(before, threshold=threshold) if step == "apply" else DEFAULT_POLICY
    version = newsdesk.apply_policy(policy, by=None, reason="a benchmark")
    longest = 0.0
    while version.finished_at is None:
        started = perf_counter()
        version = newsdesk.continue_policy(version, seconds=0)
        longest = max(longest, perf_counter() - started)
    return {"found": f"the longest piece {longest * 1000:.0f} ms"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("urls", nargs="*", metavar="URL", help="databases to measure")
    parser.add_argument(
        "--threshold", type=int, default=60, help="the threshold to try (default: 60)"
    )
    parser.add_argument(
        "--apply", action="store_true", help="also apply the policy, then return to the default"
    )
    parser.add_argument("--step", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        started, worked = perf_counter(), process_time()
        result = run(options.step, options.threshold)
        result["seconds"] = perf_counter() - started
        result["cpu"] = process_time() - worked
        result["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(result))
        return
    print("| database | step | seconds | of them in Python | peak MB | |")
    print("|---|---|---:|---:|---:|---|")
    for url in options.urls:
        for step in (*STEPS, *(WRITING if options.apply else ())):
            command = [sys.executable, str(Path(__file__)), "--step", step]
            command += ["--threshold", str(options.threshold)]
            environment = {**os.environ, "ENV_FILE": "", "DATABASE_URL": url}
            done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
            result = json.loads(done.stdout)
            figures = (f"{result[name]:.1f}" for name in ("seconds", "cpu"))
            row = (
                *(url.partition(":")[0], step, *figures),
                *(f"{result['megabytes']:.0f}", result["found"]),
            )
            print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsroom.settings")
    if "--step" in sys.argv:
        django.setup()
    main()
