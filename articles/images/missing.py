"""Which images are to be fetched, and in what order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
"""Articles whose images are looked up at once."""


@dataclass(slots=True)
class Wanted:
    """An address to fetch, or one whose copy is kept already, and what is to show it, by keys."""

    url: str
    images: list[int] = field(default_factory=list)
    providers: list[int] = field(default_factory=list)
    """Those whose logo it is."""
    fetch: ImageFetch | None = None

    @property
    def is_kept(self) -> bool:
        """Whether the copy is there, and only images do not know of it."""
        return self.fetch is not None and self.fetch.state == ImageFetch.State.KEPT


def wanted(at: datetime, *, retry_failed: bool = False) -> Iterator[Wanted]:
    """Return the addresses that readers miss at ``at``, the most important first.

    What an editor wants, then images of what is published, as the front page has it, then the logos
    of who published anything, then images of coverage. An address comes again when another chunk of
    articles has it, too. Four queries a
    chunk.
    """
    yield from _wanted_anew()
    found = chain(map(_missing, _published(at)), _logos(at), map(_missing, _coverage(at)))
    for one in chain.from_iterable(found):
        if one.is_kept or one.fetch is None or one.fetch.is_due(at, retry_failed=retry_failed):
            yield one


def want_anew(fetches: QuerySet[ImageFetch]) -> int:
    """Have addresses fetched again by the next run, before all others; gives how many.

    What is shown meanwhile stays. An editor's upload gives way once the address has been fetched.
    """
    with transaction.atomic():
        # Whoever settles what became of an address holds it, too.
        hold_write_lock()
        return fetches.update(
            state=ImageFetch.State.WAITING,
            failure="",
            tries=0,
            next_try_at=None,
            uploaded_at=None,
            uploaded_by=None,
        )


def _wanted_anew() -> Iterator[Wanted]:
    waiting = ImageFetch.objects.filter(state=ImageFetch.State.WAITING)
    for chunk in chunks(waiting.select_related("stored"), CHUNK):
        found = {fetch.url: Wanted(fetch.url, fetch=fetch) for fetch in chunk}
        for pk, url in Image.objects.at(found).order_by("pk").values_list("pk", "url"):
            found[url].images.append(pk)
        for pk, url in Logo.objects.filter(url__in=found).values_list("provider", "url"):
            found[url].providers.append(pk)
        # What no document names any more is fetched for nobody.
        yield from (one for one in found.values() if one.images or one.providers)


def _published(at: datetime) -> Iterator[list[int]]:
    for chunk in chunks(Article.objects.published(at).only("top_rank", "slug"), CHUNK, TOP):
        yield [article.pk for article in chunk]


def _coverage(at: datetime) -> Iterator[list[int]]:
    for leads in _published(at):
        links = Related.objects.filter(article__any_of=leads, target__published=False)
        targets = dict(_in_order_of(leads, links.values_list("article", "position", "target")))
        shown = Article.objects.coverage(at).filter(pk__any_of=list(targets))
        kept = set(shown.values_list("pk", flat=True))
        yield [pk for pk in targets if pk in kept]


def _in_order_of(
    articles: list[int], rows: Iterable[tuple[int, int, int]]
) -> Iterator[tuple[int, None]]:
    """Return the last of each row, by the place of its article and its position in that."""
    places = {pk: place for place, pk in enumerate(articles)}
    for _, _, found in sorted(rows, key=lambda row: (places[row[0]], row[1])):
        yield found, None


def _missing(articles: list[int]) -> list[Wanted]:
    """Return the addresses of the articles' images that show no copy, in order, each once."""
    images = Image.objects.filter(article__any_of=articles, stored=None)
    by_pk = {image.pk: image for image in images}
    rows = ((image.article_id, image.position, image.pk) for image in by_pk.values())
    found: dict[str, Wanted] = {}
    for pk, _ in _in_order_of(articles, rows):
        image = by_pk[pk]
        if image.is_shown:
            found.setdefault(image.url, Wanted(image.url)).images.append(pk)
    return _with_fetches(found)


def _logos(at: datetime) -> Iterator[list[Wanted]]:
    """Return the addresses of the logos that are not kept of providers that readers find reports by."""
    reports = Article.objects.reachable(at).filter(provider=OuterRef("pk"))
    providers = Provider.objects.filter(Exists(reports)).select_related("kept_logo")
    for chunk in chunks(providers, CHUNK):
        found: dict[str, Wanted] = {}
        for provider in chunk:
            url = provider.logo["url"] if provider.logo else ""
            kept = getattr(provider, "kept_logo", None)
            if is_web_url(url) and (kept is None or kept.url != url):
                found.setdefault(url, Wanted(url)).providers.append(provider.pk)
        yield _with_fetches(found)


def _with_fetches(found: dict[str, Wanted]) -> list[Wanted]:
    for fetch in ImageFetch.objects.of(found).select_related("stored"):
        found[fetch.url].fetch = fetch
    return list(found.values())
