"""Measure how long an editor waits, with a million articles and with 20,000.

    python bench/archive.py
    python bench/newsdesk.py [--counts 20000 1000000] [--databases sqlite postgres] [--times 7]

Sends complete requests of a logged-in superuser through ``django.test.Client``, each ``--times``
times after one that warms the caches. Prints the median and, in brackets, the worst, in
milliseconds. The lines "stock" are Django's own ``ModelAdmin`` on the same table in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ROOT = Path(__file__).resolve().parent.parent
SLOW = 150
"""The target for every list, in milliseconds."""

Measured = Iterator[tuple[str, Callable[[], object]]]


def lists(user: User) -> Measured:
    """Yield the list of articles, each filter and order, searches, and some combinations."""
    from django.db.models import Count
    from django.test import Client
    from django.urls import reverse

    from articles.models import Article, Topic
    from providers.models import Provider

    client = Client()
    client.force_login(user)
    address = reverse("admin:articles_article_changelist")

    shown = client.get(address).context["cl"].list_display
    time, heat, quality = map(shown.index, ("published_when", "heat_shown", "quality_input"))

    def asking(**query: object) -> Callable[[], object]:
        def ask() -> None:
            response = client.get(address, query)
            assert response.status_code == 200, (query, response.status_code)

        return ask

    topics = Topic.objects.annotate(size=Count("article_links")).order_by("-size")
    topic, rare_topic = topics[0].pk, topics.filter(size__gt=0).last().pk  # type: ignore[union-attr]
    provider = Provider.objects.annotate(size=Count("articles")).latest("size").pk
    middle = Article.objects.order_by("pk")[Article.objects.count() // 2]
    newest = Article.objects.order_by("-published_at").filter(coverage_only=False)[0]
    rare_word = Article.objects.order_by("-pk")[0].excerpt.split()[-1]

    yield "list", asking()
    yield "list, page 200", asking(p=200)
    yield "list, oldest first", asking(o=time)
    yield "list by heat", asking(o=f"-{heat}")
    yield "list by quality", asking(o=f"-{quality}")
    yield "list by heat, lowest first", asking(o=heat)
    for state in Article.State.values:
        yield f"state {state}", asking(state=state)
    for values in ("none", "0-49", "50-59", "60-69", "70-89", "90-"):
        yield f"quality {values}", asking(quality=values)
    for period in ("today", "7", "30", "365"):
        yield f"time {period}", asking(time=period)
    yield "decided by an editor", asking(decided="yes")
    yield "decided by the rule", asking(decided="no")
    yield "type video", asking(type__exact="video")
    yield "provider", asking(provider=provider)
    yield "topic, the largest", asking(topic=topic)
    yield "topic, the smallest", asking(topic=rare_topic)
    yield "search, rare word", asking(q=rare_word)
    yield "search, common word", asking(q="the")
    yield "search, less common word", asking(q="residents")
    yield "search, beginning of a word", asking(q="carg")
    yield "search, two words", asking(q="next month")
    yield "search, phrase", asking(q='"by next month"')
    yield "search, word without another", asking(q="cargo -bikes")
    yield "search, only without", asking(q="-residents")
    yield "search, address", asking(q=middle.url)
    yield "search, slug", asking(q=newest.slug)
    yield "search common + published", asking(q="residents", state="published")
    yield "search common + held", asking(q="the", state="held")
    yield "search rare + state", asking(q=rare_word, state="below")
    yield "search common + topic", asking(q="residents", topic=topic)
    yield "search common + provider", asking(q="residents", provider=provider)
    yield "search common + 30 days", asking(q="residents", time="30")
    yield "search common by heat", asking(q="residents", o=f"-{heat}")
    yield "published + by heat", asking(state="published", o=f"-{heat}")
    yield "below + by heat", asking(state="below", o=f"-{heat}")
    yield "topic + published", asking(topic=topic, state="published")
    yield "topic + held", asking(topic=topic, state="held")
    yield "topic + provider", asking(topic=topic, provider=provider)
    yield "topic + 30 days", asking(topic=topic, time="30")
    yield "topic by heat", asking(topic=topic, o=f"-{heat}")
    yield "provider + quality 90 and more", asking(provider=provider, quality="90-")
    yield "provider by heat", asking(provider=provider, o=f"-{heat}")
    yield (
        "video + not scored + last year",
        asking(type__exact="video", state="not_scored", time="365"),
    )
    yield (
        "held + video + quality 90 and more",
        asking(state="held", type__exact="video", quality="90-"),
    )
    yield "nothing: withdrawn + not scored", asking(state="withdrawn", quality="none")


def queues(user: User) -> Measured:
    """Yield each queue and the front page of the admin."""
    from django.test import Client
    from django.urls import reverse

    from articles.newsdesk.queues import QUEUES

    client = Client()
    client.force_login(user)

    def asking(address: str) -> Callable[[], object]:
        def ask() -> None:
            response = client.get(address)
            assert response.status_code == 200, address

        return ask

    yield "front page", asking(reverse("admin:index"))
    for queue in QUEUES:
        yield f"queue {queue.key}", asking(reverse("admin:queue", args=[queue.key]))
    for queue in QUEUES:
        address = reverse("admin:articles_article_triage", args=[queue.key])
        yield f"triage {queue.key}", asking(address)


def decisions(user: User) -> Measured:
    """Yield decisions, each in a transaction that is rolled back."""
    from django.db import transaction

    from articles import newsdesk
    from articles.models import Article

    def doing(change: newsdesk.Change) -> Callable[[], object]:
        def do() -> None:
            with transaction.atomic():
                newsdesk.perform(change, by=user)
                transaction.set_rollback(True)

        return do

    published = Article.objects.published().newest_first()
    leads = [one for one in published[:400] if one.related_links.count() >= 3][:2]
    unscored = Article.objects.in_state(Article.State.NOT_SCORED).newest_first()[0]
    stories = [newsdesk.story_of(lead).members for lead in leads]
    yield "decision: score", doing(newsdesk.set_quality(unscored, 77))
    yield "decision: score a lead", doing(newsdesk.set_quality(leads[0], 33))
    yield "decision: hold a lead", doing(newsdesk.hold(leads[0]))
    member = leads[0].related_links.select_related("target")[0].target
    yield "decision: pin", lambda: doing(newsdesk.pin(leads[0]))()
    yield "story of a member", lambda: newsdesk.story_of(member)
    yield "decision: relate two leads", doing(newsdesk.relate(leads[0], leads[1:]))
    yield (
        f"decision: merge stories of {len(stories[0])} and {len(stories[1])}",
        doing(newsdesk.merge(*stories)),
    )
    yield (
        "consequences of holding a lead",
        lambda: newsdesk.consequences(newsdesk.hold(leads[0])),
    )
    bulk = [newsdesk.hold(one) for one in published[:1000]]
    yield "decision: hold 1,000 at once", doing(newsdesk.together(bulk))


def stock(user: User) -> Measured:
    """Yield the same list in Django's own admin."""
    from django.contrib import admin
    from django.test import RequestFactory

    from articles.models import Article

    class StockAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
        list_display = ("title", "provider", "quality", "heat", "published", "published_at")
        list_filter = ("published", "type")
        list_select_related = ("provider",)
        list_per_page = 50
        search_fields = ("title", "excerpt")

    site = admin.AdminSite()
    site.register(Article, StockAdmin)

    def asking(**query: object) -> Callable[[], object]:
        def ask() -> None:
            request = RequestFactory().get("/", query)
            request.user = user
            site._registry[Article].changelist_view(request).render()  # type: ignore[attr-defined]

        return ask

    yield "stock list", asking()
    yield "stock list, page 200", asking(p=200)
    yield "stock published", asking(published__exact=1)
    yield "stock by heat", asking(o="-4")
    yield "stock search, rare word", asking(q="zzyzx")
    yield "stock search, common word", asking(q="residents")


def measure(times: int, only: str) -> dict[str, tuple[float, float]]:
    from django.contrib.auth.models import User
    from django.test.utils import setup_test_environment

    setup_test_environment()
    user, _ = User.objects.get_or_create(username="bench", is_staff=True, is_superuser=True)
    results = {}
    for group in (lists, queues, decisions, stock):
        for name, act in group(user):
            if only in name:
                act()
                results[name] = _times(act, times)
                print(f"{name}: {results[name][0]:.0f} ms", file=sys.stderr, flush=True)
    return results


def _times(act: Callable[[], object], times: int) -> tuple[float, float]:
    taken = []
    for _ in range(times):
        started = perf_counter()
        act()
        taken.append((perf_counter() - started) * 1000)
    return median(taken), max(taken)


def stage(kind: str, count: int, options: argparse.Namespace) -> dict[str, Any]:
    """Measure one archive in a separate process."""
    from bench.archive import database_url

    environment = {**os.environ, "ENV_FILE": "", "DATABASE_URL": database_url(kind, count)}
    command = [sys.executable, __file__, "--here", f"--times={options.times}"]
    command.append(f"--only={options.only}")
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
    results: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=int, nargs="+", default=[20_000, 1_000_000])
    parser.add_argument(
        "--databases", nargs="+", choices=["sqlite", "postgres"], default=["sqlite", "postgres"]
    )
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--only", default="", help="measure only lines whose name contains this")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        print(json.dumps(measure(options.times, options.only)))
        return
    archives = [(kind, count) for kind in options.databases for count in options.counts]
    columns = [stage(kind, count, options) for kind, count in archives]
    print("| ms, median (worst) | " + " | ".join(f"{k} {c:,}" for k, c in archives) + " |")
    print("|---|" + "---:|" * len(archives))
    for name in columns[0]:
        cells = (column[name] for column in columns)
        print(f"| {name} | " + " | ".join(f"{mid:.0f} ({most:.0f})" for mid, most in cells) + " |")
    slow = {name for column in columns for name, (mid, _) in column.items() if mid > SLOW}
    missed = sorted(name for name in slow if not name.startswith("stock"))
    print(f"\nOver {SLOW} ms: {', '.join(missed) or 'none'}")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsroom.settings")
    if "--here" in sys.argv:
        django.setup()
    main()
