"""Sitemaps that list every public page, in files that stay the same while news arrives.

They follow https://www.sitemaps.org/protocol.html (at most 50,000 URLs and 50 MB per file, no empty
files) and https://developers.google.com/search/docs/crawling-indexing/sitemaps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any, Final
from xml.sax.saxutils import escape

from django.conf import settings
from django.db import connection
from django.db.models import F, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from articles.models import Article, Change, Image, Topic
from articles.models.article import latest_until
from articles.models.orders import TOP
from articles.site.feeds.formats import clean
from articles.site.page_cache import public
from articles.site.pictures import shared_picture
from articles.site.views import PAGE_SIZE
from newsroom import database_clock
from newsroom.absolute_urls import absolute
from newsroom.iso_dates import iso
from providers.models import Provider

SPAN: Final = 10_000
"""Range of ids in a file of articles, and therefore its maximum number of URLs."""
MOST_PAGES: Final = 50_000
"""Maximum number of URLs in the file of lists, set by the protocol."""
MOST_NEWS: Final = 1_000
"""Maximum number of articles in the news sitemap, set by Google."""
NEWS_AGE: Final = timedelta(hours=48)
"""Maximum age of articles in the news sitemap, set by Google."""

_SITEMAP: Final = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_NEWS: Final = (
    f'{_SITEMAP} xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" '
    'xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'
)
_LANGUAGES: Final = {"zh-hans": "zh-cn", "zh-cn": "zh-cn", "zh-hant": "zh-tw", "zh-tw": "zh-tw"}


@require_safe
@public
def index(request: HttpRequest) -> HttpResponse:
    """List the sitemap of lists and the article files with published articles."""
    paths = [reverse("articles:sitemap-pages")]
    paths += [reverse("articles:sitemap-news", args=[number]) for number in files()]
    entries = (f"<sitemap><loc>{_text(absolute(request, path))}</loc></sitemap>" for path in paths)
    return _answer("sitemapindex", _SITEMAP, entries)


@require_safe
@public
def pages(request: HttpRequest) -> HttpResponse:
    """List the front page, Latest, and every topic and provider with published articles.

    The time of a list is that of its newest article, or of the last change on its first page. Three
    queries. Stops after ``MOST_PAGES`` URLs; crawlers find the rest through /providers/.
    """
    at = database_clock.now()
    published = Article.objects.published(at)
    by_time = published.newest_first()
    moments = next(
        iter(
            by_time.annotate(
                front=_changed(published.order_by(*TOP.names)), all=_changed(by_time)
            ).values_list("published_at", "front", "all")[:1]
        ),
        (None, None, None),
    )
    newest, front, latest = moments
    # Finding the changes of a topic's or provider's articles needs two subqueries.
    of_topic = published.order_by("-topic_links__published_at")
    of_provider = published.order_by("-published_at")
    listed = chain(
        [(reverse("articles:front"), latest_until(at, newest, front))],
        [(reverse("articles:latest"), latest_until(at, newest, latest))],
        ((reverse(f"articles:{name}"), None) for name in ("topics", "providers")),
        _names(Topic, "slug", of_topic, "topic_links__topic", at),
        _names(Provider, "domain", of_provider, "provider", at),
    )
    entries = (
        _entry(absolute(request, path), moment) for path, moment in islice(listed, MOST_PAGES)
    )
    return _answer("urlset", _SITEMAP, entries)


@require_safe
@public
def news(request: HttpRequest, number: int) -> HttpResponse:
    """List the published articles of one file, with the last change of each for readers.

    One query. Answer 404 for a file without published articles.
    """
    at = database_clock.now()
    first, end = number * SPAN, (number + 1) * SPAN
    rows = (
        Article.objects.published(at)
        .filter(pk__gte=first, pk__lt=end)
        .order_by("pk")
        .with_last_change()
        .only("slug", "published_at", "updated_at", "publish_from", "created_at")
    )
    if not rows:
        raise Http404
    # Slugs need no escaping, and calling reverse() for each would take most of the time.
    before, _, after = absolute(request, reverse("articles:article", args=["-"])).rpartition("-")
    entries = (
        _entry(
            f"{before}{article.slug}{after}",
            # Only what readers see counts; other changes must not leak.
            article.updated_for_readers(at),
        )
        for article in rows
    )
    return _answer("urlset", _SITEMAP, entries)


@require_safe
# Not `public`: this list also changes with the clock, not only with the database.
@cache_control(max_age=300)
def latest_news(request: HttpRequest) -> HttpResponse:
    """List articles younger than ``NEWS_AGE`` with the tags of Google News, newest first.

    Two queries. If there are none, list the front page, because a sitemap must not be empty.
    """
    at = database_clock.now()
    articles = (
        Article.objects.published(at)
        .filter(published_at__gt=at - NEWS_AGE)
        .newest_first()
        .only("slug", "title", "locale", "published_at")
        .prefetch_related(Prefetch("images", Image.objects.select_related("stored")))[:MOST_NEWS]
    )
    name = f"<news:name>{_text(settings.SITE_NAME)}</news:name>"
    entries = [
        f"<url><loc>{_text(absolute(request, article.get_absolute_url()))}</loc>"
        f"<news:news><news:publication>{name}"
        f"<news:language>{_text(news_language(article.locale))}</news:language></news:publication>"
        f"<news:publication_date>{iso(article.published_at, 'seconds')}</news:publication_date>"
        f"<news:title>{_text(article.headline)}</news:title></news:news>"
        f"{_image(request, article)}</url>"
        for article in articles
    ]
    entries = entries or [_entry(absolute(request, reverse("articles:front")), None)]
    return _answer("urlset", _NEWS, entries)


def files(at: datetime | None = None) -> list[int]:
    """Return the numbers of the article files with published articles. One query.

    The query hops from file to file with one index lookup each, however many articles there are.
    """
    published = Article.objects.published(at).order_by("pk")
    number = (F("pk") / SPAN,)
    start, start_values = published.values_list(*number)[:1].query.sql_with_params()
    beyond = RawSQL("(file.number + 1) * %s", [SPAN])
    step, step_values = (
        published.filter(pk__gte=beyond).values_list(*number)[:1].query.sql_with_params()
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE file(number) AS (SELECT * FROM ({start}) AS start"  # noqa: S608
            f" UNION ALL SELECT ({step}) FROM file WHERE number IS NOT NULL)"
            " SELECT number FROM file WHERE number IS NOT NULL",
            [*start_values, *step_values],
        )
        return [row[0] for row in cursor.fetchall()]


def news_language(code: str) -> str:
    """Return a language code for Google News: ISO 639, except zh-cn and zh-tw for Chinese."""
    code = code.lower().replace("_", "-")
    return _LANGUAGES.get(code, code.partition("-")[0])


def _names(
    model: type[Topic | Provider],
    key: str,
    newest_first: QuerySet[Article],
    relation: str,
    at: datetime,
) -> Iterator[tuple[str, datetime | None]]:
    """Yield the path of each row with articles and the time of its list."""
    # A few index lookups per row instead of a join with all articles.
    of_row = newest_first.filter(**{relation: OuterRef("pk")})
    on_page = newest_first.filter(**{relation: OuterRef(OuterRef("pk"))})
    rows: Any = model._default_manager.annotate(
        newest=Subquery(of_row.values("published_at")[:1]), changed=_changed(on_page)
    )
    dated = rows.filter(newest__isnull=False).order_by("pk").values_list(key, "newest", "changed")
    for name, *moments in dated[:MOST_PAGES]:
        yield reverse(f"articles:{model._meta.model_name}", args=[name]), latest_until(at, *moments)


def _changed(articles: QuerySet[Article]) -> Subquery:
    """Return when one of the first articles of a list, those on its first page, last changed."""
    shown = Change.objects.filter(slug__in=articles.values("slug")[:PAGE_SIZE])
    newest = shown.filter(changed_at__isnull=False).order_by("-changed_at")
    return Subquery(newest.values("changed_at")[:1])


def _answer(root: str, namespaces: str, entries: Iterable[str]) -> HttpResponse:
    body = "\n".join(entries)
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} {namespaces}>\n{body}\n</{root}>\n'
    # Crawlers should read this file, but not list it in their results.
    return HttpResponse(
        document, content_type="application/xml", headers={"X-Robots-Tag": "noindex"}
    )


def _entry(address: str, moment: datetime | None) -> str:
    changed = f"<lastmod>{iso(moment, 'seconds')}</lastmod>" if moment else ""
    return f"<url><loc>{_text(address)}</loc>{changed}</url>"


def _image(request: HttpRequest, article: Article) -> str:
    image = shared_picture(request, article)
    return f"<image:image><image:loc>{_text(image.url)}</image:loc></image:image>" if image else ""


def _text(text: str) -> str:
    return escape(clean(text))
