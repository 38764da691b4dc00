"""Checks of data integrity: errors, which mean that something is broken, and notes.

Notes are facts of the source that are worth a look, for example scores that differ from the policy.
Links in one direction are neither: many sources write them so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from math import floor, isclose
from typing import Any, Final

from django.db import IntegrityError, connection, transaction
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Substr
from django.urls import reverse
from django.utils import timezone

from articles import heat
from articles.documents import address_key
from articles.images import pruning
from articles.models import (
    Article,
    ArticleTopic,
    Change,
    FormerSlug,
    HookDelivery,
    Image,
    ImportRun,
    Pair,
    PolicyVersion,
    Related,
    SourceDocument,
)
from articles.newsdesk import search_index
from articles.scoring import SUPERSEDED_HEAT, top_rank
from articles.search import index
from articles.tracking import editions
from newsroom.paging import chunks
from newsroom.words import MARK
from providers.models import Provider

CHUNK: Final = 1_000
"""How many articles or documents to read at a time, to limit memory use."""
_STUCK_AFTER: Final = timedelta(hours=1)

ERRORS: Final = {
    "dangling row": "Restore the database from a backup, or delete the row.",
    "silent triggers": "Triggers of the database are missing: restore it from a complete backup.",
    "impossible state": "Open the article and save it again, or delete it.",
    "unfinished policy": "Run manage.py apply_policy.",
    "stale heat": "Run manage.py rescore.",
    "wrong rank": "Open the article and score it again.",
    "topic date": "Open the article and save it again.",
    "wrong address key": "Other documents do not find it by its URL: restore the database from a "
    "backup.",
    "slug of two articles": "Links to the other article lead to this one: restore the database from "
    "a backup.",
    "unnamed coverage": "Delete it: no page shows it.",
    "missing from search": "Run manage.py rebuild_search.",
    "outdated in search": "Run manage.py rebuild_search.",
    "leftover in search": "Nothing shows it, but counts may be too high: run manage.py rebuild_search.",
    "missing change": "Open the article and save it again, so that API clients learn of it.",
    "repeated change": "API clients may miss one: save one of the articles again.",
    "altered document": "Restore the database from a backup.",
    "missing file": "Fetch the image again on its page, or upload another one.",
    "stuck web hook": "Is manage.py work running?",
    "two verdicts": "Link the articles, or say that they do not report the same event.",
}
"""What is broken, and what to do about it."""
NOTES: Final = {
    "two leads": "Link them, hold one, or pin one as lead, if it is one story.",
    "lead not published": "Publish an article of the story if readers should see it.",
    "given score": "Run manage.py rescore to use the policy's, or manage.py fit_policy to find the "
    "policy of the source.",
    "orphan file": "Run manage.py prune_images.",
    "provider twice": "Its articles move to the other one when their documents change.",
    "killed import": "Import the same files again to continue.",
    "refused link": "Unlink them. If they report the same event, link them again.",
}
"""What is worth a look, and what can be done about it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An error or a note. ``slug`` is empty if it is not about an article."""

    kind: str
    slug: str
    fact: str
    admin_url: str

    @property
    def is_error(self) -> bool:
        return self.kind in ERRORS

    @property
    def advice(self) -> str:
        return ERRORS.get(self.kind) or NOTES[self.kind]

    @property
    def message(self) -> str:
        return f"{self.fact}. {self.advice}"

    def as_json(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in ("kind", "slug", "message", "admin_url")}


def findings() -> Iterator[Finding]:
    """Yield all errors and notes, kind by kind.

    This reads the archive once, in parts, and lists all image files. It writes one article in a
    transaction that it rolls back, to see whether the triggers work.
    """
    yield from _dangling_rows()
    yield from _silent_triggers()
    yield from _impossible_states()
    yield from _stale_heat()
    yield from _wrong_ranks()
    yield from _topic_dates()
    yield from _wrong_address_keys()
    yield from _slugs_of_two()
    yield from _unnamed_coverage()
    yield from _search()
    yield from _change_feed()
    yield from _altered_documents()
    yield from _files_of_images()
    yield from _stuck_hooks()
    yield from _two_verdicts()
    yield from _two_leads()
    yield from _superseded_without_lead()
    yield from _providers_twice()
    yield from _killed_imports()
    yield from _refused_links()


def _of(kind: str, article: Any, fact: str) -> Finding:
    """Return a finding about an article, which has at least a key and a slug."""
    address = reverse("admin:articles_article_change", args=[article.pk])
    return Finding(kind, article.slug, fact, address)


def _elsewhere(kind: str, fact: str, page: str = "articles_article_changelist") -> Finding:
    return Finding(kind, "", fact, reverse(f"admin:{page}"))


def _slugs(articles: QuerySet[Article]) -> Iterator[Any]:
    return articles.order_by("pk").only("pk", "slug").iterator(CHUNK)


def _dangling_rows() -> Iterator[Finding]:
    try:
        connection.check_constraints()
    except IntegrityError as error:
        yield _elsewhere("dangling row", str(error))


def _silent_triggers() -> Iterator[Finding]:
    """Write a published article, and check whether the triggers work."""
    article = Article.objects.filter(published=True).only("pk", "slug", "title").first()
    if article is None:
        return
    fields = {"title": f"{article.title}.", "filed_under": None}
    last = Change.objects.aggregate(last=Max("sequence"))["last"] or 0
    with transaction.atomic():
        before = editions.current()
        Article.objects.filter(pk=article.pk).update(**fields)
        is_new = editions.current() != before
        is_noted = Change.objects.filter(slug=article.slug, sequence__gt=last).exists()
        is_filed = Article.objects.filter(pk=article.pk, filed_under__isnull=False).exists()
        transaction.set_rollback(True)
    for works, fact in (
        (is_new, "a change does not start a new edition, so readers see old pages"),
        (is_noted, "a change is not in the change feed, so API clients do not learn of it"),
        (is_filed, "a change does not reach the search index"),
    ):
        if not works:
            yield _of("silent triggers", article, fact)


def _impossible_states() -> Iterator[Finding]:
    # Database constraints prevent other impossible states.
    stubs = Article.objects.filter(coverage_only=True, source_document__isnull=False)
    for article in _slugs(stubs):
        yield _of("impossible state", article, "is link only, but has a document")
    for article in _slugs(Article.objects.filter(heat_is_given=True, source_document=None)):
        yield _of("impossible state", article, "has the heat of a document, but no document")


def _stale_heat() -> Iterator[Finding]:
    scored = Article.objects.filter(coverage_only=False)
    by_policy = scored.filter(heat_is_given=False)
    policy = PolicyVersion.objects.first()
    if policy and policy.finished_at is None:
        fact = f"not applied to all articles yet: {policy}"
        yield _elsewhere("unfinished policy", fact, "articles_policyversion_changelist")
        # Articles that the policy has not reached yet are not stale.
        by_policy = by_policy.filter(pk__lte=policy.applied_to or 0)
    for kind, articles in (
        ("stale heat", by_policy),
        ("given score", scored.filter(heat_is_given=True)),
    ):
        for difference in heat.differences(articles):
            article = Article(pk=difference.article_id, slug=difference.slug)
            yield _of(kind, article, f"has {str(difference).partition(': ')[2]}")


def _wrong_ranks() -> Iterator[Finding]:
    shown = Article.objects.filter(published=True)
    for article in shown.only("slug", "heat", "published_at", "top_rank").iterator(CHUNK):
        rank = top_rank(article.heat, article.published_at)
        if not isclose(article.top_rank, rank, rel_tol=1e-9):
            yield _of("wrong rank", article, f"has the rank {article.top_rank}, not {rank}")


def _topic_dates() -> Iterator[Finding]:
    links = ArticleTopic.objects.exclude(published_at=F("article__published_at"))
    for link in links.select_related("article", "topic").order_by("pk").iterator(CHUNK):
        yield _of("topic date", link.article, f"has another date in the topic {link.topic.name}")


def _wrong_address_keys() -> Iterator[Finding]:
    articles = Article.objects.order_by("pk").only("slug", "url", "address_key")
    for article in articles.iterator(CHUNK):
        if article.address_key != address_key(article.url):
            yield _of("wrong address key", article, "has the address key of another URL")


def _slugs_of_two() -> Iterator[Finding]:
    """Yield articles whose slug another article had: pages show them instead of it."""
    former = FormerSlug.objects.filter(slug__in=Article.objects.order_by().values("slug"))
    for one in former.order_by("slug").select_related("article").iterator(CHUNK):
        article = Article.objects.only("slug", "address_key").get(slug=one.slug)
        if one.article_id != article.pk and one.address_key != article.address_key:
            whose = one.article.slug if one.article else "a removed article"
            yield _of("slug of two articles", article, f"has a slug that {whose} had before")


def _unnamed_coverage() -> Iterator[Finding]:
    # Coverage that an editor unlinked remains on purpose.
    stubs = Article.objects.filter(coverage_only=True, named_by_links=None, act_changes=None)
    for article in _slugs(stubs):
        yield _of("unnamed coverage", article, "is link only, but no article links to it")


def _search() -> Iterator[Finding]:
    """Compare the search data with texts and names and, on SQLite, with the index."""
    left = _indexed()
    for chunk in chunks(search_index.articles(), CHUNK):
        for article, outdated in search_index.differences(chunk):
            place = index.place_of(floor(article.published_at.timestamp()), article.pk)
            is_indexed = left is None or place in left
            if left is not None:
                left.discard(place)
            if article.filed_under is None or not is_indexed:
                yield _of("missing from search", article, "cannot be found by the search")
            elif outdated:
                fact = (
                    "under former names"
                    if outdated.keys() == {"filed_under"}
                    else "by former words"
                )
                yield _of("outdated in search", article, f"is found {fact}")
    if left:
        yield _elsewhere("leftover in search", f"{len(left):,} entries have no article")


def _indexed() -> set[int] | None:
    """Return the row ids of SQLite's index; None on PostgreSQL, where it is a generated column."""
    if connection.vendor != "sqlite":
        return None
    with connection.cursor() as cursor:
        # The index cannot be listed, but each entry has a mark of its type.
        marks = " OR ".join(f'"{MARK}y{kind}"' for kind in Article.Type.values)
        table = index.FTS_TABLE
        cursor.execute(f"SELECT rowid FROM {table} WHERE {table} MATCH %s", [marks])  # noqa: S608
        return {place for (place,) in cursor.fetchall()}


def _change_feed() -> Iterator[Finding]:
    noted = Change.objects.filter(slug=OuterRef("slug"))
    for article in _slugs(Article.objects.filter(~Exists(noted), published=True)):
        yield _of("missing change", article, "is published, but not in the change feed")
    numbers = Change.objects.values("sequence").annotate(count=Count("pk"))
    for number in numbers.filter(count__gt=1).order_by("sequence"):
        fact = f"{number['count']} changes have the number {number['sequence']}"
        yield _elsewhere("repeated change", fact)


def _altered_documents() -> Iterator[Finding]:
    documents = SourceDocument.objects.select_related("article").only(
        "digest", "text", "article__slug"
    )
    for chunk in chunks(documents, CHUNK):
        for source in chunk:
            if sha256(source.data).hexdigest() != source.digest:
                fact = "has a source file whose text is not the imported one"
                yield _of("altered document", source.article, fact)


def _files_of_images() -> Iterator[Finding]:
    # List the storage, one shard at a time.
    for stored, name in pruning.missing():
        shown = Image.objects.filter(stored=stored).select_related("article").first()
        fact = f"the file {name} of its image is missing"
        yield (
            _of("missing file", shown.article, fact) if shown else _elsewhere("missing file", fact)
        )
    for name in pruning.orphans(timezone.now() - pruning.GRACE):
        yield _elsewhere("orphan file", f"the file {name} belongs to no image")


def _stuck_hooks() -> Iterator[Finding]:
    # The oldest delivery is due and still unsent, so no worker is sending.
    due = HookDelivery.objects.due(timezone.now() - _STUCK_AFTER).order_by()
    counts = due.values_list("hook", "hook__name").annotate(Count("pk")).order_by("hook__name")
    for pk, name, count in counts:
        address = reverse("admin:articles_webhook_change", args=[pk])
        yield Finding("stuck web hook", "", f"{name}: {count} events overdue by an hour", address)


def _two_verdicts() -> Iterator[Finding]:
    """Yield articles whose pairs of different kinds have different verdicts."""
    others = Pair.objects.filter(first=OuterRef("first"), second=OuterRef("second"))
    differing = Pair.objects.filter(Exists(others.exclude(verdict=OuterRef("verdict"))))
    for article, other in _paired(differing):
        yield _of("two verdicts", article, f"has two verdicts on a pair with {other}")


def _refused_links() -> Iterator[Finding]:
    refused = Pair.objects.filter(verdict=Pair.Verdict.REFUSED)
    for article, other in _paired(refused.linked()):
        fact = f"is linked to {other}, but an editor said that they do not report the same event"
        yield _of("refused link", article, fact)


def _paired(pairs: QuerySet[Pair]) -> Iterator[tuple[Article, str]]:
    """Yield the first article and the slug of the second one, each two once."""
    slugs = pairs.order_by("first", "second").values_list("first", "first__slug", "second__slug")
    for pk, slug, other in slugs.distinct().iterator(CHUNK):
        yield Article(pk=pk, slug=slug), other


def _links() -> QuerySet[Related]:
    return Related.objects.select_related("article", "target").order_by("pk")


def _two_leads() -> Iterator[Finding]:
    both = _links().filter(article__published=True, target__published=True)
    both = both.exclude(article__heat=SUPERSEDED_HEAT).exclude(target__heat=SUPERSEDED_HEAT)
    back = Related.objects.filter(article=OuterRef("target"), target=OuterRef("article"))
    # Report a mutual pair once.
    for link in both.exclude(Exists(back), article__lt=F("target")).iterator(CHUNK):
        fact = f"leads a story with {link.target.slug}, which is also published as a lead"
        yield _of("two leads", link.article, fact)


def _superseded_without_lead() -> Iterator[Finding]:
    published = Related.objects.filter(article=OuterRef("pk"), target__published=True)
    superseded = Article.objects.filter(~Exists(published), Q(heat=SUPERSEDED_HEAT))
    for article in _slugs(superseded):
        fact = "is behind a lead, but none of its leads is published"
        yield _of("lead not published", article, fact)


def _providers_twice() -> Iterator[Finding]:
    """Yield providers of older versions of Newsroom, whose domains were not yet without www."""
    plain = Provider.objects.filter(domain=Substr(OuterRef("domain"), len("www.") + 1))
    for one in Provider.objects.filter(Exists(plain), domain__startswith="www.").order_by("domain"):
        address = reverse("admin:providers_provider_change", args=[one.pk])
        fact = f"{one.domain} and {one.domain.removeprefix('www.')} are one provider"
        yield Finding("provider twice", "", fact, address)


def _killed_imports() -> Iterator[Finding]:
    """Yield the latest import if it was killed. Later imports have continued earlier ones."""
    run = ImportRun.objects.settle().first()
    if run and run.state == ImportRun.State.KILLED:
        address = reverse("admin:articles_importrun_change", args=[run.pk])
        fact = f"{run} was killed after {run.created:,} new and {run.updated:,} changed articles"
        yield Finding("killed import", "", fact, address)
