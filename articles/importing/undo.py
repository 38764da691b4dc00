"""Undo an import: remove the articles that it created, and restore the documents that it replaced.

Articles that an editor or a later import has changed since are not touched; the result lists them.
Topics and providers are never removed. Importing the same files again restores everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q

from articles import heat, roles
from articles.documents import RelatedEntry, coverage_slug, stem_of
from articles.documents.marks import mark_of
from articles.importing import catalog, coverage, decisions, links, rows
from articles.importing.decisions import BLANK
from articles.importing.files import FoundFile, Kind
from articles.importing.identity import Directory, Row
from articles.importing.matching import Matches
from articles.importing.planning import plan
from articles.importing.rows import Incoming
from articles.importing.writing import write
from articles.models import (
    Act,
    ActChange,
    Article,
    ArticleTopic,
    FormerDocument,
    FormerSlug,
    Image,
    ImportConflict,
    ImportRun,
    Related,
    SourceDocument,
)
from articles.scoring import Policy
from articles.tracking.sets import in_sets
from newsroom import bulk, database_clock

_Restored = tuple[SourceDocument, FormerDocument]

CHUNK: Final = 500
"""Articles per transaction."""


@dataclass(frozen=True, slots=True)
class Left:
    """An article that is not touched, and why."""

    slug: str
    why: str


@dataclass(slots=True)
class Undone:
    """The result: how many articles were removed and restored, and those that were left."""

    removed: int = 0
    restored: int = 0
    left: list[Left] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return what ``undo_import --format json`` prints."""
        return asdict(self)

    def as_text(self, *, dry_run: bool = False) -> str:
        """Return a line with the numbers, then a line for each article that was left."""
        if not (self.removed or self.restored):
            first = "There is nothing to undo."
        else:
            first = f"{self.removed:,} articles removed, {self.restored:,} restored"
            first = f"{first}, {len(self.left):,} left as they are"
        lines = [first, *(f"{one.slug}: {one.why}" for one in self.left)]
        if dry_run:
            lines.append("Dry run: nothing was written.")
        return "\n".join(lines)


def undo(
    run: ImportRun,
    *,
    dry_run: bool = False,
    user: User | None = None,
    at: datetime | None = None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Undone:
    """Undo an import; with ``dry_run``, only return what this would do.

    Once ``is_stopped`` returns true, finish the transaction and return; another call continues.
    Raise ValueError if the import is still running.
    """
    run.refresh_from_db(fields=["state"])
    if run.state in {ImportRun.State.QUEUED, ImportRun.State.RUNNING}:
        raise ValueError("This import is still running: wait until it is finished, or cancel it.")
    at = at or database_clock.now()
    undone = Undone()
    last = 0
    while not is_stopped():
        with transaction.atomic():
            bulk.hold_write_lock()
            written = SourceDocument.objects.filter(run=run, pk__gt=last)
            sources = list(written.select_related("article").order_by("pk")[:CHUNK])
            removed, restored = _sort(sources, run, undone)
            if not dry_run:
                with in_sets(len(sources)):
                    _take_back(removed, restored, run, user, at)
        if not sources:
            break
        last = sources[-1].pk
    if undone.removed + undone.restored and not dry_run:
        ImportRun.objects.filter(pk=run.pk).update(undone_at=at, undone_by=user)
    _name_replaced(run, undone)
    return undone


def _sort(
    sources: Sequence[SourceDocument], run: ImportRun, undone: Undone
) -> tuple[list[Article], list[_Restored]]:
    """Return the articles to remove and to restore. Count them, and list the others as left."""
    articles = [one.article_id for one in sources]
    former = {one.article_id: one for one in run.replaced_documents.filter(article__in=articles)}
    decided = _decided_since(run, [one.article for one in sources if one.created_by_id == run.pk])
    removed, restored = [], []
    for source in sources:
        article = source.article
        if article.version != source.article_version or article.pk in decided:
            undone.left.append(Left(article.slug, _who_changed(article)))
        elif source.created_by_id == run.pk:
            removed.append(article)
        elif source.article_id in former:
            restored.append((source, former[source.article_id]))
        else:
            why = "it was written by hand before the import brought its document"
            undone.left.append(Left(article.slug, why))
    undone.removed += len(removed)
    undone.restored += len(restored)
    return removed, restored


def _decided_since(run: ImportRun, created: Iterable[Article]) -> set[int]:
    """Return the ids of articles that editors decided about since an import created them.

    A later import that was undone has merged its document with their changes, so the version of the
    document no longer shows them. Verdicts on suggestions make no version. One query, or none.
    """
    versions = {article.pk: article.version for article in created}
    if not versions:
        return set()
    changes = ActChange.objects.filter(article__any_of=sorted(versions), act__run=None)
    return {
        change.article_id
        for change in changes.filter(act__at__gte=run.started_at)
        if change.is_decided and (change.verdicts or versions[change.article_id] > 1)
    }


def _take_back(
    removed: Sequence[Article],
    restored: Sequence[_Restored],
    run: ImportRun,
    user: User | None,
    at: datetime,
) -> None:
    policy = heat.current_policy()
    act = Act.objects.create(
        verb=Act.Verb.UNIMPORT, at=at, by=user, run=run, permissions=[roles.IMPORT]
    )
    if restored:
        _restore(restored, run, act, at, policy)
    if removed:
        _remove(removed, act, at, policy)
    if not act.changes.exists():
        act.delete()


def _who_changed(article: Article) -> str:
    changes = ActChange.objects.filter(article=article, act__run=None).select_related("act__by")
    last = next((one for one in changes.order_by("-pk")[:20] if one.is_decided), None)
    return f"{last.act} on {last.act.at:%Y-%m-%d}" if last else "it has changed since"


def _restore(
    restored: Sequence[_Restored],
    run: ImportRun,
    act: Act,
    at: datetime,
    policy: Policy,
) -> None:
    """Import the replaced documents again, each into its article."""
    before = {
        source.article_id: (source.article.heat, source.article.published) for source, _ in restored
    }
    incoming = {one.article_id: _incoming(one) for _, one in restored}
    keys = {one.document.key for one in incoming.values()}
    keys.update(entry.key for one in incoming.values() for entry in one.document.related)
    stems = {one.stem for one in incoming.values()}
    directory = Directory(run.pk, keys, (), stems)
    matches = Matches()
    for row in directory.get_all(list(incoming)):
        one = incoming[row.pk]
        if one.stem != row.stem:
            row.takes_slug = True
            matches.retitled[row.slug] = row
        directory.move(row, path=one.file.name, stem=one.stem)
        row.digest = one.digest
        matches.known.append((row, one))
    documents = [one.document for one in incoming.values()]
    providers = catalog.store_providers((one.document, one.stem) for one in incoming.values())
    topics = catalog.store_topics({name for one in documents for name in one.topics})
    write(plan(matches, directory, policy, at), providers, topics, run, at, policy)
    for source, former in restored:
        SourceDocument.objects.filter(pk=source.pk).update(run=former.former_run)
        former.delete()
    # This includes conflicts found just now, with the import's document as the earlier one.
    ImportConflict.objects.filter(run=run, article__in=incoming, act=None).delete()
    after = Article.objects.in_bulk(list(incoming))
    ActChange.objects.bulk_create(
        ActChange(
            act=act,
            article=article,
            heat_before=before[pk][0],
            heat_after=article.heat,
            published_before=before[pk][1],
            published_after=article.published,
            version=article.version,
        )
        for pk, article in after.items()
    )


def _incoming(former: FormerDocument) -> Incoming:
    document = former.parse()
    file = FoundFile("", former.path, former.path, (), Kind.ARTICLE)
    stem = former.stem or stem_of(former.path, document)
    return Incoming(file, former.digest, former.data, document, stem, mark_of(document))


def _remove(removed: Sequence[Article], act: Act, at: datetime, policy: Policy) -> None:
    """Remove articles. One that other documents name becomes coverage-only again."""
    ids = {article.pk for article in removed}
    namers = Related.objects.filter(target__in=ids).exclude(article__in=ids)
    touched = set(namers.values_list("article", flat=True))
    targets = set(Related.objects.filter(article__in=ids).values_list("target", flat=True)) - ids
    FormerSlug.objects.remember({one.slug: (None, one.address_key) for one in removed})
    Related.objects.filter(article__in=ids).delete()
    entries = _entries_about(_one_of_each_address(removed), touched)
    _make_coverage(entries, act, at, policy)
    Article.objects.filter(pk__in=ids - {article.pk for article, _ in entries}).delete()
    _renew_coverage(targets, at, policy)
    # Coverage that shows another entry may have come into sight, or have gone out of it.
    beside = Related.objects.filter(target__in=targets).values_list("article", flat=True)
    heat.follow_sight(touched.union(beside), policy, at)


def _one_of_each_address(removed: Sequence[Article]) -> dict[str, Article]:
    """Point the links to removed articles at another article with the same address.

    Return the removed articles without one, by address key.
    """
    groups: dict[str, list[Article]] = {}
    for article in sorted(removed, key=lambda one: (one.published_at, one.slug)):
        groups.setdefault(article.address_key, []).append(article)
    kept = Article.objects.filter(address_key__any_of=list(groups), coverage_only=False)
    others = kept.exclude(pk__in=[article.pk for article in removed])
    for other in others.order_by("-published_at", "-stem"):
        groups[other.address_key].insert(0, other)
    links.point_links([article.pk for article in group] for group in groups.values())
    first = {key: group[0] for key, group in groups.items()}
    gone = {article.pk for article in removed}
    return {key: article for key, article in first.items() if article.pk in gone}


def _entries_about(
    articles: Mapping[str, Article], namers: Iterable[int]
) -> list[tuple[Article, RelatedEntry]]:
    """Return the removed articles that other documents name, each with its latest entry."""
    found: dict[str, tuple[tuple[Any, ...], RelatedEntry]] = {}
    sources = SourceDocument.objects.filter(article__in=namers).select_related("article")
    for source in sources.iterator(CHUNK):
        document, namer = source.parse(), source.article
        rank = (namer.published_at, namer.stem, namer.url)
        for entry in coverage.entries_of(document):
            if entry.key in articles and (entry.key not in found or rank > found[entry.key][0]):
                found[entry.key] = (rank, entry)
    return [(articles[key], entry) for key, (_, entry) in found.items()]


def _make_coverage(
    entries: Sequence[tuple[Article, RelatedEntry]], act: Act, at: datetime, policy: Policy
) -> None:
    """Make articles coverage-only again, as an entry describes them."""
    ids = [article.pk for article, _ in entries]
    for parts in (ArticleTopic, Image, SourceDocument, ImportConflict):
        parts._default_manager.filter(article__in=ids).delete()
    pairs = []
    for article, entry in entries:
        key = article.address_key
        row = Row(article.pk, coverage_slug(key), "", key, "", "", article.published_at, True)
        coverage.describe(row, entry)
        pairs.append((row, entry))
    _write_coverage(pairs, {}, at, policy)
    Article.objects.filter(pk__in=ids).update(scored_at=None, version=F("version") + 1)
    # What editors decided about coverage before the import brought its document stays.
    decided = decisions.before(act.run, [article for article, _ in entries])
    bulk.update(Article, tuple(BLANK), [(*values.values(), pk) for pk, values in decided.items()])
    ActChange.objects.bulk_create(
        ActChange(
            act=act,
            article=article,
            heat_before=article.heat,
            published_before=article.published,
            published_after=False,
            version=article.version + 1,
        )
        for article, _ in entries
    )


def _renew_coverage(targets: Iterable[int], at: datetime, policy: Policy) -> None:
    """Remove coverage-only articles that no article names any more. The others show the entry of
    the latest article that names them."""
    found = Directory(0, (), (), ()).get_all(targets)
    stubs = {row.pk: row for row in found if row.coverage_only}
    latest = links.latest_namers(stubs, (), (), {})
    Article.objects.filter(pk__in=stubs.keys() - latest.keys(), coverage_only=True).delete()
    retold, reread = links.newer_entries(stubs, stubs, latest, {})
    Image.objects.filter(article__in=[row.pk for row, _ in retold]).delete()
    _write_coverage(retold, catalog.store_providers(reread), at, policy)


def _write_coverage(
    pairs: Sequence[tuple[Row, RelatedEntry]],
    providers: Mapping[str, int],
    at: datetime,
    policy: Policy,
) -> None:
    missing = {row.provider for row, _ in pairs}.difference(providers)
    known = {domain: one.pk for domain, one in catalog.by_domain(missing).items()}
    rows.fill_articles((), pairs, {**providers, **known}, {}, at, policy, {})
    rows.insert_images(pairs)


def _name_replaced(run: ImportRun, undone: Undone) -> None:
    """Name the articles whose document a later import has replaced."""
    written = Q(created_by=run) | Q(article__in=run.replaced_documents.values("article"))
    later = SourceDocument.objects.filter(written).exclude(run=run)
    for source in later.select_related("article").order_by("pk").iterator(CHUNK):
        article = source.article
        if article.version != source.article_version:
            # Undoing the later import first does not help: that would leave the article as well.
            why = _who_changed(article)
        else:
            why = f"import {source.run_id} has changed it since: undo that import first"
        undone.left.append(Left(article.slug, why))
