"""Measure readers' searches of a million articles, and the same page of Latest.

    python bench/archive.py --counts 1000000
    python bench/search.py [--counts 1000000] [--databases sqlite postgres] [--times 9]

Measures one page of hits: the query for hits and the four queries that load 26 stories with coverage,
as on the search page, in its feed and in the API. "latest" is a page of Latest loaded in the same
way. Runs each search ``--times`` times after one that warms the caches, and prints the median, the
worst and, in brackets, the query for hits alone, in milliseconds. Late pages begin in the middle of
all published articles.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

import django

ROOT = Path(__file__).resolve().parent.parent
SLOW = 50
"""The target for every search, in milliseconds."""


def measure(times: int) -> None:
    """Print the figures of the default database."""
    from django.db import connection

    from articles.models import Article

    print(f"{connection.vendor}, {Article.objects.count():,} articles")
    for name, ask in searches():
        ask()
        taken, asked = [], []
        for _ in range(times):
            connection.force_debug_cursor = True
            started = perf_counter()
            ask()
            taken.append((perf_counter() - started) * 1000)
            connection.force_debug_cursor = False
            asked.append(
                sum(float(one["time"]) for one in connection.queries if "hits ORDER" in one["sql"])
            )
            connection.queries_log.clear()
        slow = "  SLOW" if median(taken) > SLOW else ""
        print(
            f"  {name:<44}{median(taken):8.1f}{max(taken):8.1f}   ({median(asked) * 1000:.0f}){slow}",
            flush=True,
        )


def searches() -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield the name of each search and a function that runs it."""
    from django.db.models import Count
    from django.http import QueryDict
    from django.utils import timezone

    from articles.models import Article, Topic
    from articles.models.orders import LATEST
    from articles.search import Order
    from articles.site.filters import ArticleFilter
    from newsroom.paging import page_of
    from providers.models import Provider

    published = Article.objects.published()
    newest = published.newest_first()
    middle = newest[published.count() // 2]
    late = LATEST.cursor(middle)
    rare = newest[100].excerpt.split()[-1].strip(".")
    old = newest[published.count() - 100].excerpt.split()[-1].strip(".")
    topic = Topic.objects.annotate(size=Count("article_links")).latest("size").slug
    few = Topic.objects.annotate(size=Count("article_links")).filter(size__gt=0).earliest("size")
    provider = Provider.objects.annotate(size=Count("articles")).latest("size")
    month = (timezone.now().date() - timedelta(days=30)).isoformat()
    days = f"since={middle.published_at.date().isoformat()}&until={middle.published_at.date().isoformat()}"

    def latest(cursor: str) -> Callable[[], object]:
        return lambda: page_of(Article.objects.published().for_list(), LATEST, cursor, 25)

    def asking(asked: str, order: Order, cursor: str = "") -> Callable[[], object]:
        def ask() -> object:
            narrowed = ArticleFilter(QueryDict(asked), queryset=Article.objects.published())
            assert narrowed.form.is_valid(), narrowed.form.errors
            return narrowed.found(order, cursor, size=25)

        return ask

    yield "latest", latest("")
    yield "latest, late page", latest(late)
    for name, asked in (
        ("rare word", f"q={rare}"),
        ("rare word, old", f"q={old}"),
        ("word that nothing has", "q=xylophone"),
        ("common word", "q=residents"),
        ("very common word", "q=the"),
        ("provider's name", f"q={provider.name.split()[-1]}"),
        ("topic's name", "q=health"),
        ("two words", "q=next+month"),
        ("two words, one rare", f"q=the+{rare}"),
        ("phrase", "q=%22by+next+month%22"),
        ("beginning", "q=carg*"),
        ("very common beginning", "q=the*"),
        ("without another", "q=cargo+-bikes"),
        ("only without", "q=-residents"),
        ("common + topic", f"q=residents&topic={topic}"),
        ("common + smallest topic", f"q=the&topic={few.slug}"),
        ("common + provider", f"q=residents&provider={provider.domain}"),
        ("common + type", "q=residents&type=video"),
        ("common + 30 days", f"q=residents&since={month}"),
        ("common + one day long ago", f"q=the&{days}"),
        ("common + heat 150", "q=the&minimumHeat=150"),
        ("common + heat 1000: nothing", "q=the&minimumHeat=1000"),
        ("no words, topic + provider", f"topic={topic}&provider={provider.domain}"),
    ):
        for order in Order:
            yield f"{name}, {order}", asking(asked, order)
        if name in {"common word", "very common word", "two words", "common + topic"}:
            yield f"{name}, latest, late page", asking(asked, Order.LATEST, f"0,{late}")
            for tier in (1, 2, 3):
                yield (
                    f"{name}, best, late in tier {tier}",
                    asking(asked, Order.BEST, f"{tier},{late}"),
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=int, nargs="+", default=[1_000_000])
    parser.add_argument(
        "--databases", nargs="+", choices=["sqlite", "postgres"], default=["sqlite", "postgres"]
    )
    parser.add_argument("--times", type=int, default=9)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.times)
        return
    from bench.archive import database_url

    for count in options.counts:
        for kind in options.databases:
            environment = {**os.environ, "ENV_FILE": "", "DATABASE_URL": database_url(kind, count)}
            command = [
                sys.executable,
                str(Path(__file__)),
                "--measure",
                "--times",
                str(options.times),
            ]
            subprocess.run(command, env=environment, check=True)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsroom.settings")
    if "--measure" in sys.argv:
        django.setup()
    main()
