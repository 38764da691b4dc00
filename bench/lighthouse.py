"""Print Lighthouse's scores of the readers' pages.

    npm install --prefix FOLDER lighthouse
    python bench/lighthouse.py --lighthouse FOLDER/node_modules/.bin/lighthouse [--times 3]

Serves generated documents like ``bench/served.py`` and tests the front, topic, story and search page in
a headless Chromium (CHROMIUM, by default ``chromium``), as a phone on a slow network (Lighthouse's
default) and as a desktop. Tests each page several times and prints the median for performance and the
worst value for accessibility, best practices and SEO. Lists the reason for every score below 100.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.import_export import fresh_databases, manage
from bench.served import pages, serving

CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
PAGES = ("front", "topic", "story", "search")
FLAGS = "--headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync"


def look(lighthouse: str, address: str, form: str) -> dict[str, Any]:
    """Return Lighthouse's report on a page."""
    command = [lighthouse, address, "--output=json", "--quiet", f"--chrome-flags={FLAGS}"]
    if form == "desktop":
        command.append("--preset=desktop")
    environment = {
        **os.environ,
        "CHROME_PATH": shutil.which(os.environ.get("CHROMIUM", "chromium")),
    }
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, timeout=180)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def faults(report: dict[str, Any], category: str) -> list[str]:
    """Return the names of the failed audits of a category."""
    audits = report["audits"]
    return [
        f"{one['id']}: {audits[one['id']].get('displayValue') or audits[one['id']]['title']}"
        for one in report["categories"][category]["auditRefs"]
        if one["weight"]
        and (audits[one["id"]]["score"] or 0) < 1
        and audits[one["id"]]["score"] is not None
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lighthouse", default="lighthouse", help="path of the lighthouse program")
    parser.add_argument("--times", type=int, default=3, help="runs for each page")
    parser.add_argument("--count", type=int, default=2_000, help="how many documents to serve")
    options = parser.parse_args()
    print(f"| page | as | {' | '.join(CATEGORIES)} |")
    print("|---|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory(prefix="newsroom-lighthouse-") as name:
        folder = Path(name)
        manage("generate_seeds", str(folder / "seeds"), "--count", str(options.count), "--seed=1")
        with fresh_databases("sqlite", folder) as (database, _):
            manage("migrate", database=database)
            manage("import_seeds", str(folder / "seeds"), database=database)
            addresses = pages(database)
            with serving(database, "locmemcache://", folder) as origin:
                for page in PAGES:
                    for form in ("phone", "desktop"):
                        address = f"{origin}{addresses[page]}"
                        reports = [
                            look(options.lighthouse, address, form) for _ in range(options.times)
                        ]
                        print_row(page, form, reports)


def print_row(page: str, form: str, reports: list[dict[str, Any]]) -> None:
    scores = {
        category: [100 * (report["categories"][category]["score"] or 0) for report in reports]
        for category in CATEGORIES
    }
    given = [
        f"{median(values) if category == 'performance' else min(values):.0f}"
        for category, values in scores.items()
    ]
    print(f"| {page} | {form} | {' | '.join(given)} |", flush=True)
    for category in CATEGORIES:
        for fault in faults(reports[-1], category):
            print(f"  {category}: {fault}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
