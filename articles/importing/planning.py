"""Work out everything that a batch of documents changes before writing anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from articles.importing import coverage, decisions, links
from articles.importing.identity import Directory, Row, must_leave_first, settle_slugs
from articles.importing.links import Link, Reread
from articles.importing.matching import Matches
from articles.importing.merging import Merge, merge_all
from articles.importing.report import Report
from articles.importing.rows import StubPair
from articles.models import ImportProblem
from articles.scoring import Policy


@dataclass(frozen=True, slots=True)
class Plan:
    """What a batch writes. New rows already have their primary keys and slugs.

    ``new_stubs`` are new coverage-only articles, ``retold_stubs`` those that will show another
    entry, ``dropped_stubs`` those to delete. ``moved`` are existing articles whose slug changes.
    With ``leave_first``, all give up their slug before any gets its new one. ``numbered`` are
    articles that do not get the slug they request. ``former_keys`` are address keys that articles,
    by id, no longer have. ``to_newcomers`` are links that may exist already. ``same_key`` are
    articles with the same key: links go to the first. ``reread`` are documents of other batches
    that name providers.

    The policy scores the articles ``to_score``. It also rescores the ``renamed`` articles, and
    those related to ``disturbed`` ones, if it scored them before.
    """

    matches: Matches
    merges: tuple[Merge, ...] = ()
    new_stubs: tuple[StubPair, ...] = ()
    retold_stubs: tuple[StubPair, ...] = ()
    dropped_stubs: tuple[Row, ...] = ()
    moved: tuple[Row, ...] = ()
    leave_first: bool = False
    numbered: tuple[Row, ...] = ()
    former_keys: tuple[tuple[int, str], ...] = ()
    links: tuple[Link, ...] = ()
    to_newcomers: tuple[Link, ...] = ()
    same_key: tuple[Sequence[Row], ...] = ()
    reread: tuple[Reread, ...] = ()
    to_score: frozenset[int] = frozenset()
    renamed: frozenset[int] = frozenset()
    disturbed: frozenset[int] = frozenset()

    def report(self) -> Report:
        matches = self.matches
        report = Report(
            created=len(matches.written),
            updated=len(matches.known),
            unchanged=matches.unchanged,
            retitled=len(matches.retitled),
        )
        for former, row in matches.retitled.items():
            report.add(
                ImportProblem.Kind.RETITLED,
                row.path or "",
                f"was {former} and is {row.slug} now: the old address redirects to the new one",
                slug=row.slug,
                former=former,
            )
        for merge in self.merges:
            for conflict in merge.conflicts:
                report.conflicts += 1
                report.add(
                    ImportProblem.Kind.CONFLICT,
                    merge.incoming.file.shown,
                    f"{conflict.field} changed in the document and by an editor: "
                    "the editor's version stays",
                    slug=merge.article.slug,
                    field=conflict.field,
                )
        for row in self.numbered:
            report.add(
                ImportProblem.Kind.SLUG,
                row.path or "",
                f"another article has or had the slug {row.stem}: this one gets {row.slug}",
                slug=row.slug,
                stem=row.stem,
            )
        return report


def plan(matches: Matches, directory: Directory, policy: Policy, at: datetime) -> Plan:
    """Plan the changes for ``matches``; lock the articles to merge, but write nothing."""
    if not matches.pairs:
        return Plan(matches)
    merges = merge_all(matches.known, policy, at)
    former_keys = []
    for merge in merges:
        row = merge.row
        if merge.key != row.key:
            former_keys.append((row.pk, row.key))
            directory.forget_key(row)
        directory.move(row, key=merge.key, url=merge.url, published_at=merge.published_at)
    merged = {merge.row.pk: (merge.row, merge.document) for merge in merges}
    relinked = {merge.row.pk for merge in merges if merge.is_relinked}
    namers = [(row, one.document) for row, one in matches.written]
    namers += [merged[pk] for pk in merged if pk in relinked]

    namings = [(row, coverage.entries_of(one)) for row, one in namers]
    new_stubs, named = coverage.find_new(namings, directory)
    new_rows = [row for row, _ in (*matches.new, *new_stubs)]
    coverage.number_rows(new_rows)
    new = set(new_rows)
    written = {row for row, _ in matches.pairs}
    keys = dict.fromkeys(row.key for row, _ in matches.pairs)
    same_key = tuple(rows for rows in map(directory.having, keys) if len(rows) > 1)
    needless = [row for rows in same_key for row in rows if row.coverage_only]
    added = tuple(links.links_of(namers, directory))
    to_newcomers = tuple(links.links_to_newcomers(same_key, written, directory))
    retold = [merge.article for merge in merges if merge.retells_related]
    doubtful = {link.target_id for article in retold for link in article.related_links.all()}
    asked = set(directory.get_all(named | doubtful)).difference(needless)
    stubs = {row.pk: row for row in asked if row.coverage_only}
    documents = merged | {row.pk: (row, one.document) for row, one in matches.written}
    latest = links.latest_namers(stubs, added, relinked, documents)
    retold_stubs, reread = links.newer_entries(stubs, doubtful, latest, documents)
    dropped = (*needless, *(row for pk, row in stubs.items() if pk not in latest))
    for row in dropped:
        directory.remove(row)

    # Their documents give no heat, or one under a decision that has ended.
    unscored = {
        row.pk
        for row, one in matches.written
        if one.document.quality is not None
        and (one.document.heat is None or decisions.is_over(one.document, at))
    }
    unscored |= {merge.row.pk for merge in merges if merge.needs_policy}
    changed = settle_slugs(directory)
    # New articles that get the slug they request do not affect others.
    renamed = [row for row in changed if row not in new or row.slug != row.stem]
    return Plan(
        matches,
        merges,
        new_stubs=new_stubs,
        retold_stubs=tuple(retold_stubs),
        dropped_stubs=dropped,
        moved=tuple(row for row in changed if row not in new),
        leave_first=must_leave_first(changed, directory),
        numbered=tuple(row for row in renamed if row.slug != row.stem and not row.coverage_only),
        former_keys=tuple(former_keys),
        links=added,
        to_newcomers=to_newcomers,
        same_key=same_key,
        reread=tuple(reread),
        to_score=frozenset(unscored),
        renamed=frozenset(row.pk for row in renamed),
        disturbed=named | doubtful | merged.keys() | {row.pk for row, _ in matches.filled},
    )
