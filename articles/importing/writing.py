"""Write the plan for a batch of documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime

from django.db.models import F

from articles import heat
from articles.importing import catalog, decisions, links, rows, verdicts
from articles.importing.identity import settle_former_slugs, write_slugs
from articles.importing.merging import Merge
from articles.importing.planning import Plan
from articles.models import (
    Article,
    ArticleTopic,
    FormerAddress,
    FormerDocument,
    Image,
    ImportConflict,
    ImportRun,
    Related,
    SourceDocument,
    Unsuggested,
)
from articles.models.article_queryset import in_sight
from articles.scoring import Policy
from newsroom import bulk


def write(
    plan: Plan,
    providers: Mapping[str, int],
    topics: Mapping[str, int],
    run: ImportRun,
    at: datetime,
    policy: Policy,
) -> None:
    """Write a plan. Call this in the transaction in which the plan was made.

    ``providers`` has the primary keys of the documents' providers by domain, ``topics`` those of
    their topics by key.
    """
    matches = plan.matches
    for row in matches.repathed:
        SourceDocument.objects.filter(article=row.pk).update(path=row.path)
    if not matches.pairs:
        return
    providers = {**providers, **catalog.store_providers(plan.reread)}
    filled = {row for row, _ in matches.filled}
    leave_first = plan.leave_first
    write_slugs(plan.moved, matches.retitled, run.pk, filled=filled, leave_first=leave_first)
    relinked = [merge.row.pk for merge in plan.merges if merge.is_relinked]
    Related.objects.filter(article__in=relinked).delete()

    emptied = [row.pk for row, _ in (*matches.filled, *plan.retold_stubs)]
    Image.objects.filter(article__any_of=emptied).delete()
    # Write the parts of new articles first. Triggers then note each article once, when it is
    # complete; a part that is added later would count as a change for readers.
    rows.insert_topics(matches.written, topics)
    rows.insert_images([(row, one.document) for row, one in matches.written])
    rows.insert_images((*plan.new_stubs, *plan.retold_stubs))
    written = {row.pk for row, _ in matches.written}
    _insert_links(link for link in plan.links if link.namer.pk in written)
    decided, brought = decisions.of_new(matches.new, matches.filled, run, at)
    rows.insert_articles(matches.new, plan.new_stubs, providers, topics, at, policy, decided)
    rows.fill_articles(matches.filled, plan.retold_stubs, providers, topics, at, policy, decided)
    if matches.filled:
        # If this run added them, nobody has seen their former slugs.
        of_filled = Article.objects.filter(pk__any_of=[row.pk for row in filled])
        of_filled.filter(created_at=at).update(first_slug=F("slug"))
    for merge in plan.merges:
        _write_merge(merge, providers, topics, run, at)
        _keep_conflicts(merge, run, at)
    Unsuggested.objects.add_changed(
        {merge.row.pk: merge.taken.union(merge.columns) for merge in plan.merges}
    )
    begun = [row for row, _ in matches.written]
    settle_former_slugs((*begun, *plan.moved), begun)
    former = [FormerAddress(article_id=pk, address_key=key) for pk, key in plan.former_keys]
    FormerAddress.objects.bulk_create(former, ignore_conflicts=True)
    rows.insert_sources(matches.written, run)
    _keep_former(plan.merges, run)
    rows.update_sources(matches.known, run)

    _insert_links(link for link in plan.links if link.namer.pk not in written)
    members = {group[0].key: [row.pk for row in group] for group in plan.same_key}
    for namer, key in {(link.namer.pk, link.target.key) for link in plan.to_newcomers}:
        Related.objects.filter(article=namer, target__in=members[key]).delete()
    _insert_links(plan.to_newcomers)
    relinked_ids = links.point_links([row.pk for row in rows] for rows in plan.same_key)
    relinked_ids |= {link.namer.pk for link in plan.to_newcomers}
    dropped = [row.pk for row in plan.dropped_stubs]
    Article.objects.filter(pk__in=dropped, coverage_only=True).delete()
    _rescore(plan, relinked_ids, policy, at)
    brought += (merge.decided for merge in plan.merges if merge.decided)
    decisions.record(brought, run, at, policy)
    said = {row.pk: verdicts.changes(None, one.document) for row, one in matches.written}
    said |= {merge.row.pk: merge.verdicts for merge in plan.merges}
    new = {row.key for row, _ in (*matches.written, *plan.new_stubs)}
    moved = {merge.row.key for merge in plan.merges if merge.row.key != merge.article.address_key}
    verdicts.bring({pk: some for pk, some in said.items() if some}, new | moved, run, at)


def _insert_links(new: Iterable[links.Link]) -> None:
    places = ((link.namer.pk, link.target.pk, link.position) for link in new)
    bulk.insert(Related, ("article_id", "target_id", "position"), places)


def _write_merge(
    merge: Merge,
    providers: Mapping[str, int],
    topics: Mapping[str, int],
    run: ImportRun,
    at: datetime,
) -> None:
    """Write the values that an article takes from its document, except links."""
    row, document, columns = merge.row, merge.document, dict(merge.columns)
    if "provider" in merge.taken:
        columns["provider_id"] = providers[document.provider.key]
    if merge.decided:
        signed = decisions.sign(merge.decided.after, run)
        columns |= {**signed, "version": merge.decided.version, "changed_at": at}
    elif columns or merge.taken:
        columns |= {"version": merge.article.version + 1, "changed_at": at}
    row.version = columns.get("version", merge.article.version)
    if row.key != merge.article.address_key:
        columns["address_key"] = row.key
    if row.stem != merge.article.stem:
        columns["stem"] = row.stem
    if columns:
        Article.objects.filter(pk=row.pk).update(**columns)
    of_article = ArticleTopic.objects.filter(article=row.pk)
    if "topics" in merge.taken:
        of_article.delete()
        rows.insert_topics([(row, merge.incoming)], topics)
    elif "published_at" in columns:
        of_article.update(published_at=columns["published_at"])
    if "images" in merge.taken:
        Image.objects.filter(article=row.pk).delete()
        rows.insert_images([(row, document)])


def _keep_former(merges: Iterable[Merge], run: ImportRun) -> None:
    """Store the documents about to be replaced; each run stores only an article's first."""
    sources = [(one.article, one.article.source_document) for one in merges if one.before]
    FormerDocument.objects.bulk_create(
        [
            FormerDocument(
                run=run,
                article=article,
                path=source.path,
                digest=source.digest,
                text=source.text,
                stem=article.stem,
                former_run_id=source.run_id,
            )
            for article, source in sources
        ],
        ignore_conflicts=True,
    )


def _keep_conflicts(merge: Merge, run: ImportRun, at: datetime) -> None:
    for pk, note in merge.settled.items():
        ImportConflict.objects.filter(pk=pk).update(resolved_at=at, note=note)
    for conflict in merge.conflicts:
        values = {**asdict(conflict), "run": run, "found_at": at}
        # A later change of the source does not change the value that the editor started from.
        later = {name: value for name, value in values.items() if name != "before"}
        ImportConflict.objects.update_or_create(
            later, values, article=merge.article, field=conflict.field, resolved_at=None
        )


def _rescore(plan: Plan, relinked: set[int], policy: Policy, at: datetime) -> None:
    """Apply the policy to articles whose document gives no heat, and to articles that depend on
    changed ones."""
    ids = set(plan.to_score)
    by_policy = Article.objects.filter(heat_is_given=False, quality__isnull=False)
    if changed := plan.disturbed | plan.renamed:
        related = by_policy.filter(related_links__target__in=changed)
        ids.update(related.values_list("pk", flat=True))
    if decided := {merge.row.pk for merge in plan.merges if merge.decided}:
        # As after any other decision, even if their documents give a heat.
        given = {merge.row.pk for merge in plan.merges if merge.takes_score}
        namers = Article.objects.filter(related_links__target__in=decided, quality__isnull=False)
        ids.update(set(namers.values_list("pk", flat=True)) - given)
    if touched := relinked | plan.renamed:
        ids.update(by_policy.filter(pk__in=touched).values_list("pk", flat=True))
    heat.recompute(ids, policy, at)
    heat.follow_sight(_given_near_hidden(plan, at), policy, at)


def _given_near_hidden(plan: Plan, at: datetime) -> set[int]:
    """Return articles whose heat comes from their document, but may not hold here.

    They relate to an article that readers cannot see, and one of the two is in this batch; or they
    relate to a merged article, which readers may see again. Three queries.
    """
    touched = {row.pk for row, _ in (*plan.matches.pairs, *plan.new_stubs, *plan.retold_stubs)}
    given = Related.objects.filter(article__heat_is_given=True).order_by()
    hidden = given.exclude(in_sight(at, "target__"))
    found = (
        hidden.filter(article__any_of=touched),
        hidden.filter(target__any_of=touched),
        given.filter(target__any_of=[merge.row.pk for merge in plan.merges]),
    )
    return {pk for links in found for pk in links.values_list("article_id", flat=True)}
