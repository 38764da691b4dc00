"""The search page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from articles.models import Article, Word
from articles.search import Order, excerpt_around, find, marked, near, parse
from articles.site import page_meta
from articles.site.feeds import lists
from articles.site.feeds.lists import feed_links
from articles.site.filters import MOST_COUNTED, ArticleFilter, cut_words
from articles.site.page_cache import public
from articles.site.views import PAGE_SIZE, cursor_or_404
from newsroom.words import spans

OFFERED: Final = 6
"""The most topics, and the most publishers, that a page of hits suggests as filters."""
_LONGEST_HEADLINE: Final = 300
_LONGEST_WORD: Final = 20
"""Letters of a word that may be mistyped. Longer ones have thousands of neighbors."""
_MOST_WORDS: Final = 3
_MOST_TRIED: Final = 3


class _Hit(NamedTuple):
    story: Article
    headline: SafeString
    summary: SafeString


class _Link(NamedTuple):
    """A link to the same search with one filter added or removed."""

    name: str
    address: str


@require_safe
@public
def search(request: HttpRequest) -> HttpResponse:
    """Show a page of hits, best or newest first. At most five queries, or none for a blank search."""
    cut_words(request)
    narrowed = ArticleFilter(request.GET, queryset=Article.objects.published())
    text = request.GET.get("order", "")
    order = Order(text) if text in set(Order) else Order.BEST
    after = request.GET.get("after", "")
    is_asked = narrowed.form.is_valid() and not narrowed.is_blank
    if after and narrowed.is_blank:
        # A blank search has no pages.
        raise Http404
    page, count = None, None
    if after:
        with cursor_or_404():
            page = narrowed.found(order, after, size=PAGE_SIZE) if is_asked else None
    elif is_asked:
        page, count = narrowed.counted(order, size=PAGE_SIZE)
    rows = page.rows if page else []
    kept = [*ArticleFilter.base_filters, "order", "after"]
    context = {
        "meta": page_meta.for_search(request, rows, kept),
        "feeds": feed_links(lists.of_search(request.GET)) if is_asked else [],
        "form": narrowed.form,
        "words": narrowed.words,
        "order": order,
        "page": page,
        "hits": [
            _Hit(
                story,
                marked(
                    Truncator(story.headline).chars(_LONGEST_HEADLINE), narrowed.asked, story.locale
                ),
                excerpt_around(story.summary, narrowed.asked, story.locale),
            )
            for story in rows
        ],
        "is_first_page": not after,
        "count": count,
        "most_counted": MOST_COUNTED,
        "meant": _meant(request, narrowed) if count == 0 else None,
        "chosen": _chosen(request, narrowed, rows) if is_asked else [],
        "offered": _offered(request, rows),
    }
    return render(request, "articles/search.html", context)


def _meant(request: HttpRequest, narrowed: ArticleFilter) -> _Link | None:
    """Return the same search with one word spelled otherwise that has hits. At most four queries.

    The words come from all articles; only those by which a reader finds something are offered.
    """
    terms = {term[0] for term in narrowed.asked.wanted if len(term) == 1}
    likely = sorted((word for word in terms if len(word) <= _LONGEST_WORD), key=len, reverse=True)
    spelled = {other: word for word in likely[:_MOST_WORDS] for other in near(word)}
    counts = Word.objects.counts(spelled) if spelled else {}
    for other in sorted(counts, key=lambda one: (-counts[one], one))[:_MOST_TRIED]:
        words = _with(narrowed.words, spelled[other], other)
        asked = parse(words, is_typing=False)
        if find(narrowed.queryset, asked, narrowed.narrowing, Order.LATEST, count=1):
            return _Link(words, _address(request, "q", [words]))
    return None


def _with(text: str, word: str, other: str) -> str:
    """Return ``text`` with ``other`` wherever it has ``word``."""
    for span in reversed([*spans(text)]):
        if span.word == word:
            text = text[: span.start] + other + text[span.end :]
    return text


def _named(rows: Iterable[Article]) -> dict[str, Counter[tuple[str, str]]]:
    """Count the topics and providers of ``rows`` as (key, name), by filter."""
    topics = ((topic.slug, topic.name) for row in rows for topic in row.shown_topics)
    providers = ((row.provider.domain, row.provider.name) for row in rows)
    return {"topic": Counter(topics), "provider": Counter(providers)}


def _chosen(request: HttpRequest, narrowed: ArticleFilter, rows: list[Article]) -> list[_Link]:
    """Return the topics and providers in the filters, with links that remove them."""
    links = []
    for name, counted in _named(rows).items():
        names = dict(counted.keys())
        for key in narrowed.form.cleaned_data[name]:
            rest = [value for value in request.GET.getlist(name) if value.strip() != key]
            links.append(_Link(names.get(key, key), _address(request, name, rest)))
    return links


def _offered(request: HttpRequest, rows: list[Article]) -> list[tuple[str, list[_Link]]]:
    """Return the most frequent topics and providers among a page's hits as further filters."""
    titles = {"topic": gettext("Topics"), "provider": gettext("Publishers")}
    offered = []
    for name, counted in _named(rows).items():
        chosen = set(request.GET.getlist(name))
        # A name that every hit has would not narrow the search.
        links = [
            _Link(title, _address(request, name, [key]))
            for (key, title), count in counted.most_common()
            if key not in chosen and count < len(rows)
        ]
        if links:
            offered.append((titles[name], links[:OFFERED]))
    return offered


def _address(request: HttpRequest, name: str, values: list[str]) -> str:
    query = request.GET.copy()
    query.setlist(name, values)
    query.pop("after", None)
    return f"?{query.urlencode()}"
