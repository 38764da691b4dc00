"""Merge a newer document into an article that an editor may have changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from articles import documents
from articles.documents import ArticleDocument, address_key
from articles.documents.marks import further_keys
from articles.importing import decisions, rows, snapshot, verdicts
from articles.importing.exported import origins_of
from articles.importing.identity import Row
from articles.importing.rows import Incoming, Pair
from articles.models import Article, ImportConflict, SourceDocument
from articles.scoring import Policy, top_rank

AGREED: Final = "Settled: both sides agree."
TAKEN_BACK: Final = (
    "Settled: the editor's change was taken back, so the article follows its source."
)
SOURCE_TOOK_BACK: Final = "Settled: the source took its change back, so the editor's change stays."


@dataclass(frozen=True, slots=True)
class Merge:
    """The changes that a newer document makes to its article.

    ``taken`` names the fields that follow the document. ``columns`` are the article's new values,
    except its provider. ``before`` is the document of the last import, if there was one. ``decided``
    is what the document decided for editors. ``verdicts`` are those on suggestions that it changes.
    ``settled`` are the notes of open conflicts that end, by primary key.
    """

    article: Article
    row: Row
    incoming: Incoming
    before: ArticleDocument | None
    taken: frozenset[str]
    conflicts: tuple[snapshot.Conflict, ...]
    columns: dict[str, Any]
    needs_policy: bool
    decided: decisions.Brought | None = None
    settled: Mapping[int, str] = field(default_factory=dict)
    verdicts: verdicts.Changes = field(default_factory=dict)

    @property
    def document(self) -> ArticleDocument:
        return self.incoming.document

    @property
    def url(self) -> str:
        web = self.columns.get("web_url", self.article.web_url)
        return str(web or self.columns.get("original_url", self.article.original_url))

    @property
    def key(self) -> str:
        return address_key(self.url)

    @property
    def published_at(self) -> datetime:
        moment: datetime = self.columns.get("published_at", self.article.published_at)
        return moment

    @property
    def takes_score(self) -> bool:
        """Whether the article takes a heat that the document gives."""
        return "heat" in self.columns and not self.needs_policy

    @property
    def is_relinked(self) -> bool:
        """Whether the article takes the links of the document."""
        return "related" in self.taken

    @property
    def retells_related(self) -> bool:
        """Whether the listed coverage-only articles may have to show another entry."""
        return (
            self.before is None
            or self.document.related != self.before.related
            or self.published_at != self.article.published_at
        )


def merge_all(known: Sequence[Pair], policy: Policy, at: datetime) -> tuple[Merge, ...]:
    """Merge documents into their articles, which are locked; writes nothing."""
    if not known:
        return ()
    articles = (
        Article.objects.select_for_update(of=("self",))
        .select_related("provider")
        .prefetch_related(*snapshot.STATE_LOADED, "source_document")
        .in_bulk([row.pk for row, _ in known])
    )
    opened: dict[int, list[ImportConflict]] = defaultdict(list)
    for conflict in ImportConflict.objects.filter(article__in=articles, resolved_at=None):
        opened[conflict.article_id].append(conflict)
    return tuple(
        _merge(articles[row.pk], row, one, opened[row.pk], policy, at) for row, one in known
    )


def _base(source: SourceDocument | None, incoming: Incoming) -> ArticleDocument | None:
    """Return the document that this newsroom exported, if the incoming one is based on it.

    The editors of the other newsroom saw that document, not the one that was last imported here.
    """
    if source is None or source.exported_digest is None or source.exported_text is None:
        return None
    if source.exported_digest not in origins_of(incoming.file):
        return None
    return documents.parse(source.path, source.exported_text.encode())


def _settle(
    opened: Sequence[ImportConflict],
    now: snapshot.State,
    editor: snapshot.State,
    take: dict[str, Any],
) -> Iterator[tuple[ImportConflict, str]]:
    """Yield the conflicts that are settled, and why. Add the values that the article takes."""
    for conflict in opened:
        name = conflict.field
        if name not in now:
            continue
        if snapshot.alike(take.get(name, editor[name]), now[name]):
            yield conflict, AGREED
        elif snapshot.alike(editor[name], conflict.before):
            take[name] = now[name]
            yield conflict, TAKEN_BACK
        elif snapshot.alike(now[name], conflict.before):
            yield conflict, SOURCE_TOOK_BACK


def _merge(
    article: Article,
    row: Row,
    incoming: Incoming,
    opened: Sequence[ImportConflict],
    policy: Policy,
    at: datetime,
) -> Merge:
    document = incoming.document
    source = getattr(article, "source_document", None)
    before_document = source.parse() if source else None
    base = _base(source, incoming) or before_document
    now = snapshot.of_document(document) | decisions.of_document(document, at)
    if base:
        before = snapshot.of_document(base) | decisions.of_document(base, at)
    else:
        # Without an earlier document, all values of the article are an editor's.
        before = dict.fromkeys(now, "") | {"topics": [], "images": [], "related": []}
        before |= decisions.NONE
    editor = snapshot.of_article(article, base) | decisions.of_article(article, at)
    take, conflicts = snapshot.merge(before, now, editor)
    if (
        base is not None
        and further_keys(document) != further_keys(base)
        and editor["related"] == before["related"]
    ):
        take["related"] = now["related"]
    settled = list(_settle(opened, now, editor, take))
    ended = {conflict.field for conflict, _ in settled}
    conflicts = [conflict for conflict in conflicts if conflict.field not in ended]

    takes_quality = "quality" in take
    decision = take.get("decision", editor["decision"])
    # Heat and published in the document result from its own quality and decision.
    may_take_score = editor["quality"] == before["quality"] and decision == now["decision"]
    takes_score = may_take_score and (
        base is None
        or takes_quality
        or (document.heat, document.published) != (base.heat, base.published)
    )
    contents = rows.content_columns(document)
    columns = {name: contents[name] for name in take if name in contents}
    after = decisions.columns_of(take, at)
    if takes_score:
        columns |= rows.score_columns(document, policy)
        given = document.heat is not None and not decisions.is_over(document, at)
        needs_policy = document.quality is not None and not given
    elif takes_quality:
        # A placeholder until the policy is applied, under the editor's decision.
        published = article.published and document.quality is not None
        columns |= {"quality": document.quality, "heat": document.quality, "published": published}
        needs_policy = True
    else:
        if "published_at" in columns:
            columns["top_rank"] = top_rank(article.heat, document.published_at)
        needs_policy = bool(after) or (not article.heat_is_given and article.quality is not None)
    decided = None
    if after:
        # The history has only the decision, not the other changes, so the decision gets its own
        # version.
        follows = bool(columns or take.keys() - decisions.COLUMNS.keys())
        version = article.version + follows + 1
        decided = decisions.Brought(
            article.pk, decisions.stored(article), after, article.heat, article.published, version
        )
    if after or "published" in columns:
        columns |= decisions.forced(decision[0])
    return Merge(
        article,
        row,
        incoming,
        before_document,
        frozenset(take),
        tuple(conflicts),
        columns,
        needs_policy,
        decided,
        {conflict.pk: note for conflict, note in settled},
        verdicts.changes(base, document),
    )
