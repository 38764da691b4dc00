"""Measure the requests per second of the JSON API and of a view that always returns the same bytes.

    python bench/api.py [--count 2000] [--databases sqlite postgres] [--seconds 5]

Works like ``bench/served.py``, without a rate limit. The constant view returns a stored response of
``/api/v1/news/`` (25 articles) through the same middleware. "Uncached" is the same server with a
dummy cache, so that it builds every response.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from urllib.request import urlopen

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.served import measure, print_row, run, serving

LIST = "/api/v1/news/"


def compare(database: str, kind: str, folder: Path, seconds: int) -> None:
    """Measure every kind of response in one run of each server."""
    body = folder / "constant.json"
    body.write_bytes(b"{}")
    variables = {
        "API_RATE": "0",
        "BENCH_BODY": str(body),
        "DJANGO_SETTINGS_MODULE": "bench.constant",
    }
    with (
        serving(database, "dummycache://", folder, **variables) as origin,
        urlopen(origin + LIST) as answer,
    ):
        body.write_bytes(answer.read())
    slug = json.loads(body.read_bytes())["value"][0]["slug"]
    paths = {
        "25 articles": LIST,
        "25 articles, the hub's URL": "/api/news/index.json",
        "25 headlines": f"{LIST}?fields=title",
        "an article": f"{LIST}{slug}/",
        "a story": f"/api/v1/stories/{slug}/",
        "topics": "/api/v1/topics/",
    }
    for label, cache in (("cached", "locmemcache://"), ("uncached", "dummycache://")):
        with serving(database, cache, folder, **variables) as origin:
            constant, *latencies = measure(f"{origin}/constant.json", seconds)
            size = f"{body.stat().st_size / 1000:.1f}"
            print_row(kind, label, "constant view", constant, *latencies, "100 %", size)
            for name, path in paths.items():
                with urlopen(origin + path) as answer:
                    size = f"{len(answer.read()) / 1000:.1f}"
                    etag = answer.headers["ETag"]
                rate, *latencies = measure(origin + path, seconds)
                print_row(
                    kind, label, name, rate, *latencies, f"{100 * rate / constant:.0f} %", size
                )
                if label == "cached" and path == LIST:
                    unchanged = "25 articles, not modified"
                    rate, *latencies = measure(origin + path, seconds, f"If-None-Match: {etag}")
                    share = f"{100 * rate / constant:.0f} %"
                    print_row(kind, label, unchanged, rate, *latencies, share, "0.0")


if __name__ == "__main__":
    run(__doc__.splitlines()[0], "response", compare)
