"""Storing a batch of documents: all of it or, where one cannot be stored, all but that one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    transaction,
)
from django.db.models import F

from articles import heat
from articles.documents import ArticleDocument, DocumentError, parse, slug_for, stem_of
from articles.importing import catalog, links, rows, snapshot
from articles.importing.files import read
from articles.importing.identity import Directory, Row, settle_slugs
from articles.importing.report import Report
from articles.importing.rows import Incoming, Pair
from articles.models import (
    Article,
    ArticleTopic,
    Image,
    ImportConflict,
    ImportProblem,
    ImportRun,
    Related,
    SourceDocument,
)
from articles.scoring import Decision, Policy, top_rank
from newsroom import bulk


def store(incoming: Sequence[Incoming], run: ImportRun | None, at: datetime) -> Report:
    """Store documents in one transaction and count them in ``run``; gives the batch's report.

    A document that the database refuses is rejected by name and the others are stored.
    """
    try:
        with transaction.atomic():
            bulk.hold_write_lock()
            report = Report()
            left: Sequence[Incoming] = incoming
            while left:
                batch = _Batch(left, run, at, report)
                batch.store()
                left = batch.later
            if run:
                _record(run, report)
            return report
    except (OperationalError, InterfaceError):
        # The database's trouble, not a document's: disk full, connection gone, lock not had.
        raise
    except (DatabaseError, ValueError) as error:
        if len(incoming) == 1:
            report = Report()
            report.reject(
                DocumentError(incoming[0].file.shown, 1, 1, f"could not be stored: {error}")
            )
            if run:
                _record(run, report)
            return report
    middle = len(incoming) // 2
    report = store(incoming[:middle], run, at)
    report.absorb(store(incoming[middle:], run, at))
    return report


def _record(run: ImportRun, report: Report) -> None:
    for problem in report.problems:
        problem.run = run
    ImportProblem.objects.bulk_create(report.problems, batch_size=500)
    ImportRun.objects.filter(pk=run.pk).update(
        **{name: F(name) + getattr(report, name) for name in ("created", "updated", "unchanged")},
        conflicts=F("conflicts") + report.conflicts,
        rejected=F("rejected") + report.rejected,
    )


class _Batch:
    """One pass over documents of which no two are the same article."""

    def __init__(
        self, incoming: Sequence[Incoming], run: ImportRun | None, at: datetime, report: Report
    ) -> None:
        self.run = run
        self.at = at
        self.report = report
        self.policy = heat.current_policy()
        self.later: list[Incoming] = []
        self.fresh: list[Pair] = []
        self.filled: list[Pair] = []
        self.known: list[Pair] = []
        self.repathed: list[Row] = []
        self.merges: list[_Merge] = []
        self.stubs = links.Stubs()
        urls = {one.document.url for one in incoming}
        urls.update(entry.url for one in incoming for entry in one.document.related)
        self.directory = Directory(urls, {one.stem for one in incoming})
        self._sort(incoming)

    def _sort(self, incoming: Iterable[Incoming]) -> None:
        """Tell new documents from those of coverage-only articles and of articles that exist."""
        taken: set[Row] = set()
        for one in incoming:
            document = one.document
            row = self._article_of(one)
            if row is not None and row.digest == one.digest:
                self.report.unchanged += 1
                if row.path != one.file.name and row not in taken and not _is_second_copy(row, one):
                    row.path = one.file.name
                    self.repathed.append(row)
            elif row in taken:
                self.later.append(one)
            elif row is None:
                row = Row(0, "", one.stem, document.url, document.published_at)
                row.path, row.digest = one.file.name, one.digest
                self.directory.add(row)
                taken.add(row)
                self.fresh.append((row, one))
            elif row.coverage_only:
                self.directory.move(row, url=document.url, stem=one.stem)
                row.coverage_only, row.published_at = False, document.published_at
                row.path, row.digest = one.file.name, one.digest
                taken.add(row)
                self.filled.append((row, one))
            elif _is_second_copy(row, one):
                message = (
                    f"is the same article as {row.path} (same slug, same URL) in other words: "
                    "keep one of the two files"
                )
                self.report.reject(DocumentError(one.file.shown, 1, 1, message))
            else:
                taken.add(row)
                self.known.append((row, one))

    def _article_of(self, one: Incoming) -> Row | None:
        directory, stem, document = self.directory, one.stem, one.document
        row = directory.match(one.file.name, stem, document.url)
        if (
            row
            and row.path == one.file.name
            and (row.stem, row.url) != (stem, document.url)
            and _is_second_copy(row, one)
        ):
            # Known by its file alone, which is another folder's.
            row = directory.match("", stem, document.url)
        if row is None or row.coverage_only:
            for same in directory.at(document.url):
                # Exported under the number that its slug had got.
                if same.slug == stem and (
                    same.digest == one.digest or same.stem == _slug(document)
                ):
                    return same
        return row

    def store(self) -> None:
        """Write everything that the documents change."""
        for row in self.repathed:
            SourceDocument.objects.filter(article=row.pk).update(path=row.path)
        if not (self.fresh or self.filled or self.known):
            return
        written = [*self.fresh, *self.filled]
        everything = [*written, *self.known]
        documents = [one.document for _, one in everything]
        providers = catalog.store_providers((one.document, one.stem) for _, one in everything)
        topics = catalog.store_topics({name for one in documents for name in one.topics})

        self._merge(providers)
        moved = {merge.row.pk: merge.old_url for merge in self.merges if merge.url_moved}
        relinked = [merge for merge in self.merges if "related" in merge.take]
        for row, one in written:
            self.stubs.collect(row, one.document, self.directory)
        for merge in self.merges:
            if merge.retells_related:
                self.stubs.doubtful |= merge.targets()
        for merge in relinked:
            merge.article.related_links.all().delete()
            self.stubs.collect(merge.row, merge.document, self.directory)
        released: list[Related] = []
        if moved:
            batch = {merge.row.pk: (merge.row, merge.document) for merge in self.merges}
            released = links.release_links(moved, batch, self.directory, self.stubs)
            providers |= catalog.store_providers(self.stubs.reread)

        self.stubs.name_new(self.directory)
        renamed = settle_slugs(self.directory)
        new_stubs = [(row, entry) for row, entry, _ in self.stubs.new.values()]
        new_rows = [row for row, _ in self.fresh] + [row for row, _ in new_stubs]
        for row, pk in zip(new_rows, bulk.reserve_ids(Article, len(new_rows)), strict=True):
            row.pk = pk
        self.report.created += len(written)
        self.report.updated += len(self.known)
        self.report.stubs += len(new_stubs)

        rows.insert_articles(self.fresh, new_stubs, providers, topics, self.at, self.policy)
        rows.fill_articles(self.filled, (), providers, self.at, self.policy)
        Image.objects.filter(article__in=[row.pk for row, _ in self.filled]).delete()
        for merge in self.merges:
            merge.write(topics, self.at)
        rows.insert_topics(written, topics)
        rows.insert_images([(row, one.document) for row, one in written])
        rows.insert_images(new_stubs)
        rows.insert_sources(written, self.run)
        rows.update_sources(self.known, self.run)

        links.insert_links([(row, one.document) for row, one in written], self.directory)
        links.insert_links([(merge.row, merge.document) for merge in relinked], self.directory)
        for link in released:
            target = self.directory.at(moved[link.target_id])[0]
            if target.pk != link.article_id:
                Related.objects.filter(pk=link.pk).update(target=target.pk)
        relinked_pks = links.move_links((row for row, _ in everything), self.directory)
        relinked_pks |= {link.article_id for link in released}
        renamed += self._refresh_stubs(providers)
        self._report_numbered(renamed)
        self._report_duplicates()
        self._rescore(relinked_pks, renamed)

    def _merge(self, providers: dict[str, int]) -> None:
        if not self.known:
            return
        pks = [row.pk for row, _ in self.known]
        articles = (
            Article.objects.select_for_update(of=("self",))
            .select_related("provider")
            .prefetch_related(*snapshot.STATE_LOADED, "source_document")
            .in_bulk(pks)
        )
        for row, one in self.known:
            merge = _Merge(articles[row.pk], row, one, providers, self.policy)
            self.merges.append(merge)
            if merge.url_moved or merge.published_at != row.published_at:
                row.published_at = merge.published_at
                self.directory.move(row, url=merge.url, stem=row.stem)
            for conflict in merge.conflicts:
                self._keep_conflict(merge, conflict)

    def _keep_conflict(self, merge: _Merge, conflict: snapshot.Conflict) -> None:
        ImportConflict.objects.update_or_create(
            article=merge.article,
            field=conflict.field,
            resolved_at=None,
            defaults={
                "run": self.run,
                "before": conflict.before,
                "source": conflict.source,
                "editor": conflict.editor,
                "found_at": self.at,
            },
        )
        self.report.conflicts += 1
        self.report.add(
            ImportProblem.Kind.CONFLICT,
            merge.incoming.file.shown,
            f"{conflict.field} changed in the document and by an editor: the editor's stands",
            slug=merge.article.slug,
            field=conflict.field,
        )

    def _refresh_stubs(self, providers: dict[str, int]) -> list[Row]:
        """Let coverage-only articles show the latest entries; returns what has another slug now."""
        documents: dict[int, ArticleDocument] = {
            row.pk: one.document for row, one in (*self.fresh, *self.filled)
        }
        documents |= {merge.row.pk: merge.document for merge in self.merges}
        newer = links.newer_entries(self.stubs, documents, self.directory)
        renamed = settle_slugs(self.directory)
        if not newer:
            return renamed
        providers = providers | catalog.store_providers(self.stubs.reread)
        rows.fill_articles((), newer, providers, self.at, self.policy)
        Image.objects.filter(article__in=[row.pk for row, _ in newer]).delete()
        rows.insert_images(newer)
        return renamed

    def _report_numbered(self, renamed: Iterable[Row]) -> None:
        for row in dict.fromkeys(renamed):
            if row.slug != row.stem and not row.coverage_only:
                self.report.add(
                    ImportProblem.Kind.SLUG,
                    row.path or "",
                    f"the slug {row.stem} is another article's: it has {row.slug}",
                    slug=row.slug,
                    stem=row.stem,
                )

    def _report_duplicates(self) -> None:
        for url in dict.fromkeys(row.url for row, _ in (*self.fresh, *self.filled, *self.known)):
            same = [row for row in self.directory.at(url) if not row.coverage_only]
            if len(same) > 1:
                slugs = sorted(row.slug for row in same)
                self.report.add(
                    ImportProblem.Kind.DUPLICATE,
                    "",
                    f"{', '.join(slugs)}: one URL, {url}",
                    url=url,
                    slugs=slugs,
                )

    def _rescore(self, relinked: set[int], renamed: Iterable[Row]) -> None:
        """Apply the policy where no document gives a heat, and to what such articles rest on."""
        unscored = {
            row.pk
            for row, one in (*self.fresh, *self.filled)
            if one.document.quality is not None and one.document.heat is None
        }
        unscored |= {merge.row.pk for merge in self.merges if merge.needs_policy}
        # Slugs break ties between equals.
        renamed_pks = {row.pk for row in renamed}
        changed = self.stubs.named | self.stubs.doubtful | renamed_pks
        changed |= {row.pk for row, _ in self.filled} | {merge.row.pk for merge in self.merges}
        by_policy = Article.objects.filter(heat_is_given=False, quality__isnull=False)
        if changed:
            resting = by_policy.filter(related_links__target__in=changed)
            unscored.update(resting.values_list("pk", flat=True))
        if touched := relinked | renamed_pks:
            unscored.update(by_policy.filter(pk__in=touched).values_list("pk", flat=True))
        heat.recompute(unscored, self.policy, self.at)


def _slug(document: ArticleDocument) -> str:
    return slug_for(document.title, document.published_at, document.url)


def _is_second_copy(row: Row, one: Incoming) -> bool:
    """Whether the file that the article came from is still there beside this one."""
    if row.path is None:
        return False
    for root in one.file.roots:
        first = Path(root) / row.path
        if first.is_file() and not first.samefile(one.file.path):
            try:
                data, digest = read(str(first), "")
                document = parse("", data)
            except DocumentError:
                return row.path != one.file.name
            if digest == row.digest:
                return True
            # Changed meanwhile, maybe to another article. One of the same name in another folder
            # may always have been another.
            if row.path != one.file.name:
                return (stem_of(row.path, document), document.url) == (row.stem, row.url)
    return False


class _Merge:
    """A newer document of an article that exists, merged into what editors made of it."""

    def __init__(
        self,
        article: Article,
        row: Row,
        incoming: Incoming,
        providers: dict[str, int],
        policy: Policy,
    ) -> None:
        self.article = article
        self.row = row
        self.incoming = incoming
        self.document = incoming.document
        self.old_url = row.url
        source = getattr(article, "source_document", None)
        self.before_document = source.parse() if source else None
        editor = snapshot.of_article(article)
        now = snapshot.of_document(self.document)
        # An article made by hand has no document before: what it has is its editor's.
        blank: dict[str, Any] = dict.fromkeys(now, "") | {"topics": [], "images": [], "related": []}
        before = snapshot.of_document(self.before_document) if self.before_document else blank
        self.take, self.conflicts = snapshot.merge(before, now, editor)
        self.is_scored_by_editor = editor["quality"] != before["quality"]
        self.columns = self._columns(providers, policy)

    @property
    def url(self) -> str:
        """The article's URL after the merge."""
        web = self.columns.get("web_url", self.article.web_url)
        return str(web or self.columns.get("original_url", self.article.original_url))

    @property
    def url_moved(self) -> bool:
        """Whether the merge changes the URL."""
        return self.url != self.old_url

    @property
    def published_at(self) -> datetime:
        """The article's time after the merge."""
        moment: datetime = self.columns.get("published_at", self.article.published_at)
        return moment

    @property
    def needs_policy(self) -> bool:
        """Whether heat has to be computed: a quality without heat, or a score not the document's."""
        if self._takes_score():
            return self.document.quality is not None and self.document.heat is None
        if "quality" in self.take:
            return True
        return not self.article.heat_is_given and self.article.quality is not None

    def _columns(self, providers: dict[str, int], policy: Policy) -> dict[str, Any]:
        contents = rows.content_columns(self.document, providers)
        contents["provider"] = contents["provider_id"]
        taken = {name: contents[name] for name in self.take if name in contents}
        if "provider" in taken:
            taken["provider_id"] = taken.pop("provider")
        if self._takes_score():
            taken |= rows.score_columns(self.document, policy)
        elif "quality" in self.take:
            # Stands in until the policy is applied, under the editor's decision.
            quality = taken["quality"] = self.document.quality
            taken |= {"heat": quality, "published": self.article.published and quality is not None}
        elif "published_at" in taken:
            taken["top_rank"] = top_rank(self.article.heat, self.document.published_at)
        return taken

    def _takes_score(self) -> bool:
        """Whether the source's score changed while no editor had one of their own."""
        if self.is_scored_by_editor or self.article.decision != Decision.NONE:
            return False
        if self.before_document is None or "quality" in self.take:
            return True
        after, before = self.document, self.before_document
        return (after.heat, after.published) != (before.heat, before.published)

    @property
    def retells_related(self) -> bool:
        """Whether coverage-only articles may have to show other words, or another's, now."""
        before = self.before_document
        return (
            before is None
            or self.document.related != before.related
            or self.published_at != self.article.published_at
        )

    def targets(self) -> set[int]:
        """Return the articles that this one is linked to. No query."""
        return {link.target_id for link in self.article.related_links.all()}

    def write(self, topics: dict[str, int], at: datetime) -> None:
        """Write what is taken from the source."""
        if self.columns or self.take:
            Article.objects.filter(pk=self.row.pk).update(
                **self.columns, version=F("version") + 1, changed_at=at
            )
        pair = (self.row, self.incoming)
        if "topics" in self.take:
            ArticleTopic.objects.filter(article=self.row.pk).delete()
            rows.insert_topics([pair], topics)
        elif "published_at" in self.columns:
            of_article = ArticleTopic.objects.filter(article=self.row.pk)
            of_article.update(published_at=self.columns["published_at"])
        if "images" in self.take:
            Image.objects.filter(article=self.row.pk).delete()
            rows.insert_images([(self.row, self.document)])
