"""Which images to fetch, and in what order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from articles.models import Article, Image, ImageFetch, Logo, Related
from articles.models.orders import TOP
from newsroom.bulk import hold_write_lock
from newsroom.paging import chunks
from newsroom.web_url import is_web_url
from providers.models import Provider

CHUNK: Final = 500
"""Articles whose images are loaded at once."""


@dataclass(slots=True)
class Wanted:
    """A URL to fetch or to link to its stored copy, and the keys of the rows that show it."""

    url: str
    images: list[int] = field(default_factory=list)
    providers: list[int] = field(default_factory=list)
    """Providers that have this logo."""
    fetch: ImageFetch | None = None

    @property
    def is_kept(self) -> bool:
        """Return whether the copy is stored, but some images do not show it yet."""
        return self.fetch is not None and self.fetch.state == ImageFetch.State.KEPT


def wanted(at: datetime, *, retry_failed: bool = False) -> Iterator[Wanted]:
    """Yield the URLs of images that are missing at ``at``, the most important first.

    The order is: requests by editors, images of published articles in front-page order, logos of
    providers with articles, images of coverage. A URL is repeated if another chunk of articles
    also has it. Four queries per chunk.
    """
    yield from _requested()
    found = chain(map(_missing, _published(at)), _logos(at), map(_missing, _coverage(at)))
    for one in chain.from_iterable(found):
        if one.is_kept or one.fetch is None or one.fetch.is_due(at, retry_failed=retry_failed):
            yield one


def wanted_among(urls: Sequence[str], providers: Sequence[int], at: datetime) -> Iterator[Wanted]:
    """Yield those of ``urls`` that are missing at ``at``, in this order. Four queries.

    Some of them are logos of ``providers``.
    """
    found = {url: Wanted(url) for url in urls}
    missing: set[str] = set()
    for image in Image.objects.at(found).order_by("pk").only("url", "stored"):
        found[image.url].images.append(image.pk)
        if image.stored_id is None:
            missing.add(image.url)
    for pk, url in Logo.objects.filter(url__in=found).values_list("provider", "url"):
        found[url].providers.append(pk)
    for provider in Provider.objects.filter(pk__in=providers).select_related("kept_logo"):
        if (url := _missing_logo(provider)) in found:
            found[url].providers.append(provider.pk)
            missing.add(url)
    for one in _with_fetches(found):
        is_used = bool(one.images or one.providers)
        is_requested = one.fetch is not None and one.fetch.state == ImageFetch.State.WAITING
        is_due = one.is_kept or one.fetch is None or one.fetch.is_due(at)
        if is_due and (one.url in missing or (is_requested and is_used)):
            yield one


def request_again(fetches: QuerySet[ImageFetch]) -> int:
    """Make the next run fetch these URLs first, and return their number.

    Readers keep the current copy until then. The new copy replaces an editor's upload.
    """
    with transaction.atomic():
        # A run also holds this lock when it writes a result.
        hold_write_lock()
        return fetches.update(
            state=ImageFetch.State.WAITING,
            failure="",
            tries=0,
            next_try_at=None,
            uploaded_at=None,
            uploaded_by=None,
        )


def _requested() -> Iterator[Wanted]:
    waiting = ImageFetch.objects.filter(state=ImageFetch.State.WAITING)
    for chunk in chunks(waiting.select_related("stored"), CHUNK):
        found = {fetch.url: Wanted(fetch.url, fetch=fetch) for fetch in chunk}
        for pk, url in Image.objects.at(found).order_by("pk").values_list("pk", "url"):
            found[url].images.append(pk)
        for pk, url in Logo.objects.filter(url__in=found).values_list("provider", "url"):
            found[url].providers.append(pk)
        # Skip URLs that no document or provider uses any more.
        yield from (one for one in found.values() if one.images or one.providers)


def _published(at: datetime) -> Iterator[list[int]]:
    for chunk in chunks(Article.objects.published(at).only("top_rank", "slug"), CHUNK, TOP):
        yield [article.pk for article in chunk]


def _coverage(at: datetime) -> Iterator[list[int]]:
    for leads in _published(at):
        links = Related.objects.filter(article__any_of=leads, target__published=False)
        targets = _in_order_of(leads, links.values_list("article", "position", "target"))
        shown = Article.objects.coverage(at).filter(pk__any_of=targets)
        kept = set(shown.values_list("pk", flat=True))
        yield [pk for pk in targets if pk in kept]


def _in_order_of(articles: list[int], rows: Iterable[tuple[int, int, int]]) -> list[int]:
    """Return the last value of each row without duplicates, ordered by article and position."""
    places = {pk: place for place, pk in enumerate(articles)}
    ordered = sorted(rows, key=lambda row: (places[row[0]], row[1]))
    return list(dict.fromkeys(found for _, _, found in ordered))


def _missing(articles: list[int]) -> list[Wanted]:
    """Return the URLs of the articles' images that have no copy, in order, without duplicates."""
    images = Image.objects.filter(article__any_of=articles, stored=None)
    by_pk = {image.pk: image for image in images}
    rows = ((image.article_id, image.position, image.pk) for image in by_pk.values())
    found: dict[str, Wanted] = {}
    for pk in _in_order_of(articles, rows):
        image = by_pk[pk]
        if image.is_shown:
            found.setdefault(image.url, Wanted(image.url)).images.append(pk)
    return _with_fetches(found)


def _logos(at: datetime) -> Iterator[list[Wanted]]:
    """Yield, in chunks, the missing logos of providers with reachable articles."""
    reports = Article.objects.reachable(at).filter(provider=OuterRef("pk"))
    providers = Provider.objects.filter(Exists(reports)).select_related("kept_logo")
    for chunk in chunks(providers, CHUNK):
        found: dict[str, Wanted] = {}
        for provider in chunk:
            if url := _missing_logo(provider):
                found.setdefault(url, Wanted(url)).providers.append(provider.pk)
        yield _with_fetches(found)


def _missing_logo(provider: Provider) -> str:
    """Return the URL of a provider's logo if no copy is stored, or ""."""
    url = provider.logo["url"] if provider.logo else ""
    kept = getattr(provider, "kept_logo", None)
    return url if is_web_url(url) and (kept is None or kept.url != url) else ""


def _with_fetches(found: dict[str, Wanted]) -> list[Wanted]:
    for fetch in ImageFetch.objects.of(found).select_related("stored"):
        found[fetch.url].fetch = fetch
    return list(found.values())
