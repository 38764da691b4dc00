"""The queues: which articles wait for an editor, in what order, and why.

Every queue is counted up to a cap and paged by key, so it stays fast with a million articles. If no
index covers a queue, it reads only the latest ``REACH`` candidates.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.text import Truncator

from articles import heat
from articles.models import Article, ArticleQuerySet, ImportConflict, Related
from articles.models.article_queryset import in_sight
from articles.models.orders import LATEST
from articles.newsdesk.changes import Verb
from articles.newsdesk.duplicates import candidates, groups_of, near_duplicates, near_duplicates_of
from articles.newsdesk.ungathered import older_of, published, ungathered
from articles.scoring import DEFAULT_POLICY, Policy
from newsroom import database_clock
from newsroom.capped_count import MOST_COUNTED
from newsroom.dates import in_words
from newsroom.paging import Order

REACH: Final = 3_000
"""How many of the latest candidates (months of them) a queue reads if no index helps."""
DECISIONS: Final = 1_000
"""How many of the latest decisions have their stories searched for new coverage."""

_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)

DUPLICATES: Final = "possible-duplicates"
"""The key of the queue whose articles represent groups; see ``duplicates``."""
UNGATHERED: Final = "ungathered"
"""The key of the queue whose articles represent pairs; see ``ungathered``."""
_State = Article.State
_Reasons = dict[int, str]
_Explain = Callable[[Sequence[Article], datetime, Policy], _Reasons]


@dataclass(frozen=True, slots=True)
class Queue:
    """Articles that wait for the same decision."""

    key: str
    """Its name in URLs."""
    title: str
    help: str
    """One sentence that tells editors which articles wait here."""
    select: Callable[[datetime, Policy], ArticleQuerySet]
    explain: _Explain
    moment: str = "published_at"
    """The column that it is sorted by."""
    is_oldest_first: bool = False

    def articles(
        self, at: datetime | None = None, policy: Policy = DEFAULT_POLICY
    ) -> ArticleQuerySet:
        """Return the articles that are waiting at time ``at`` under ``policy``, in order; slugs
        break ties.

        Some queues need a query to find their oldest candidate.
        """
        return self.select(at or database_clock.now(), policy).order_by(*self.order.names)

    @property
    def order(self) -> Order:
        """The order of its articles; slugs break ties."""
        return replace(LATEST, column=self.moment, is_descending=not self.is_oldest_first)

    def reasons(
        self,
        articles: Sequence[Article],
        at: datetime | None = None,
        policy: Policy = DEFAULT_POLICY,
    ) -> _Reasons:
        """Return the reason why each article waits, by id. At most two queries."""
        return self.explain(articles, at or database_clock.now(), policy) if articles else {}


def _in_state(state: Article.State) -> Callable[[datetime, Policy], ArticleQuerySet]:
    return lambda at, policy: Article.objects.in_state(state, at)


def _each(words: Callable[[Article, Policy], str]) -> _Explain:
    return lambda articles, at, policy: {one.pk: words(one, policy) for one in articles}


def _one_away(at: datetime, policy: Policy) -> ArticleQuerySet:
    """Return undecided articles below the threshold that would reach it with one more bonus.

    Only articles with at least the minimum quality earn a bonus.
    """
    # Not in_state(): SQLite would take the index of states, which lacks the numbers.
    return Article.objects.filter(
        coverage_only=False,
        published=False,
        decision=Article.Decision.NONE,
        quality__gte=policy.minimum,
        heat__lt=policy.threshold,
        # A superseded article earns no bonus. This is written so that SQLite uses its index.
        heat__gte=0,
    ).filter(heat__gte=policy.threshold - policy.bonus)


def _why_one_away(article: Article, policy: Policy) -> str:
    heat_then = (article.heat or 0) + policy.bonus
    return (
        f"heat {article.heat} + {policy.bonus} = {heat_then} ≥ {policy.threshold} "
        "with one more linked report"
    )


def _better_elsewhere(at: datetime, policy: Policy) -> ArticleQuerySet:
    """Return superseded articles that would be published without their hidden lead.

    None of the articles that they link to is published, so readers see none of the story, although
    the quality plus the bonus for its own coverage reaches the threshold. This happens because each
    article has its own bonus: the better report may link to fewer others.
    """
    related = (
        Related.objects.filter(in_sight(at, "target__"), article=OuterRef("pk"))
        .order_by()
        .values("article")
        .annotate(number=Count("pk"))
        .values("number")
    )
    seen = Article.objects.published(at).filter(named_by_links__article=OuterRef("pk"))
    # Not Exists(), which PostgreSQL would turn into a join of both whole tables.
    one_seen = Subquery(seen.order_by().values("pk")[:1])
    by_itself = F("quality") + policy.bonus * Coalesce(Subquery(related), 0)
    return (
        Article.objects.in_state(_State.SUPERSEDED, at)
        .filter(
            published_at__gte=_reach(Article.objects.in_state(_State.SUPERSEDED, at)),
            quality__gte=min(policy.minimum, policy.threshold),
        )
        .alias(seen=one_seen, by_itself=by_itself)
        .filter(
            Q(quality__gte=policy.threshold)
            | Q(quality__gte=policy.minimum, by_itself__gte=policy.threshold),
            seen=None,
        )
    )


def _why_better_elsewhere(articles: Sequence[Article], at: datetime, policy: Policy) -> _Reasons:
    reasons = {}
    for pk, receipt in heat.receipts([article.pk for article in articles], policy, at).items():
        quality = receipt.article.quality or 0
        alone = quality
        if quality >= policy.minimum:
            alone += policy.bonus * len(receipt.counted)
        if receipt.superseded_by:
            by = f"behind {receipt.superseded_by[0]}, which readers cannot see"
        else:
            by = "behind a lead that no longer outranks it"
        reasons[pk] = f"{by}; on its own its heat would be {alone}"
    return reasons


def _late_arrivals(at: datetime, policy: Policy) -> ArticleQuerySet:
    """Return undecided articles that joined a story after an editor's decision on it.

    The decision (publish, hold, withdraw or pin) is on an article that the new one links to, or on
    one that links to the new one. The new article leaves the queue when it is scored or decided, or
    after a newer decision on the story. Only the latest ``DECISIONS`` decisions are read.
    """
    decided = Article.objects.filter(decided_at__isnull=False).exclude(
        decision=Article.Decision.NONE, is_pinned=False
    )
    # Query in steps, by ids. For a single join, PostgreSQL would read whole tables.
    decisions = decided.order_by("-decided_at").values_list("pk", "decided_at")[:DECISIONS]
    latest = {pk: moment for pk, moment in decisions if moment is not None}
    links = Related.objects.order_by()
    named = links.filter(article__any_of=[*latest]).values_list("article", "target")
    naming = links.filter(target__any_of=[*latest]).values_list("target", "article")
    pairs = list(named.union(naming))
    newcomers = Article.objects.filter(
        coverage_only=False, decision=Article.Decision.NONE, decided_at=None, scored_at=None
    )
    found = newcomers.filter(pk__any_of={newcomer for _, newcomer in pairs}).order_by()
    came = dict(found.values_list("pk", "created_at"))
    late = {
        newcomer for story, newcomer in pairs if newcomer in came and latest[story] < came[newcomer]
    }
    return newcomers.filter(pk__any_of=late)


def _why_late(articles: Sequence[Article], at: datetime, policy: Policy) -> _Reasons:
    newcomers = {article.pk: article for article in articles}
    decided: dict[int, Article] = {}
    links = Related.objects.filter(Q(article__in=newcomers) | Q(target__in=newcomers)).order_by()
    beside = list(links.select_related("article", "target"))
    pairs = [(link.article_id, link.target) for link in beside if link.article_id in newcomers]
    pairs += [(link.target_id, link.article) for link in beside if link.target_id in newcomers]
    for pk, other in pairs:
        if other.decided_at is None or other.decided_at >= newcomers[pk].created_at:
            continue
        if not other.decision and not other.is_pinned:
            continue
        last = decided.get(pk)
        if last is None or last.decided_at is None or last.decided_at < other.decided_at:
            decided[pk] = other
    return {
        pk: f"arrived after “{_short(other)}” was {_decided(other)} on {in_words(other.decided_at)}"
        for pk, other in decided.items()
    }


def _possible_duplicates(at: datetime, policy: Policy) -> ArticleQuerySet:
    """Return the newest article of each group with one address, and the later of two
    near-duplicates, unless held or withdrawn.

    Only the latest ``REACH`` articles are read, but the others may be of any age.
    """
    others = candidates().filter(address_key=OuterRef("address_key")).exclude(pk=OuterRef("pk"))
    at_once = Q(published_at=OuterRef("published_at"), slug__lt=OuterRef("slug"))
    newer = others.filter(Q(published_at__gt=OuterRef("published_at")) | at_once)
    reach = _reach(Article.objects.all())
    same_address = Q(Exists(others)) & ~Q(Exists(newer))
    either = same_address | Q(Exists(near_duplicates()))
    return candidates().filter(either, published_at__gte=reach)


def _why_duplicates(articles: Sequence[Article], at: datetime, policy: Policy) -> _Reasons:
    groups, near = groups_of(articles), near_duplicates_of(articles)
    reasons = {}
    for article in articles:
        others = [other for other in groups[article.pk] if other != article]
        same = ", ".join(f"“{_short(other)}”" for other in others)
        words = [f"same address as {same}"] if same else []
        words += [f"“{_short(one.other)}”: {', '.join(one.why)}" for one in near[article.pk]]
        reasons[article.pk] = "; ".join(words)
    return reasons


def _ungathered(at: datetime, policy: Policy) -> ArticleQuerySet:
    """Return articles in likely pairs, of the latest ``REACH`` that are published."""
    return ungathered(_reach(published()))


def _why_ungathered(articles: Sequence[Article], at: datetime, policy: Policy) -> _Reasons:
    return {
        pk: "; ".join(f"perhaps the same event as “{_short(one.other)}”" for one in found)
        for pk, found in older_of(articles).items()
    }


def _reach(articles: ArticleQuerySet) -> datetime:
    """Return the publication time of the ``REACH``-th latest of the articles.

    This is a separate query because PostgreSQL would plan to read the whole table without the
    value.
    """
    moments = articles.order_by("-published_at").values_list("published_at", flat=True)
    return next(iter(moments[REACH - 1 : REACH]), _BEGINNING)


def _open_conflicts(at: datetime, policy: Policy) -> ArticleQuerySet:
    """Return articles in which an editor and a newer document changed the same field.

    Only as many conflicts as are counted are read, starting with the latest articles.
    """
    latest = ImportConflict.objects.filter(resolved_at=None).order_by("-article")[:MOST_COUNTED]
    return Article.objects.filter(pk__in=latest.values("article"))


def _why_conflicts(articles: Sequence[Article], at: datetime, policy: Policy) -> _Reasons:
    fields = defaultdict(list)
    conflicts = ImportConflict.objects.filter(resolved_at=None, article__in=articles)
    for pk, field in conflicts.order_by("field").values_list("article", "field"):
        fields[pk].append(field)
    return {
        pk: f"edited here and changed by the source: {', '.join(names)}"
        for pk, names in fields.items()
    }


def _why_scheduled(article: Article, policy: Policy) -> str:
    until = f" until {in_words(article.publish_until)}" if article.publish_until else ""
    is_dated = article.publish_from is None or article.publish_from < article.opens_at
    why = f"dated {in_words(article.published_at)}, in the future: " if is_dated else ""
    return f"{why}readers see it from {in_words(article.opens_at)}{until}"


def _why_decided(article: Article, policy: Policy) -> str:
    words = _decided(article)
    if article.decided_by:
        words += f" by {article.decided_by.get_username()}"
    if article.decided_at:
        words += f" on {in_words(article.decided_at)}"
    if article.decision_until:
        words += f", until {in_words(article.decision_until)}"
    if article.decision_reason:
        words += f": {article.decision_reason}"
    return words


def _decided(article: Article) -> str:
    return Verb(article.decision).label if article.decision else "pinned"


def _short(article: Article) -> str:
    return Truncator(article.headline).chars(60)


QUEUES: Final = (
    Queue(
        "not-scored",
        "To score",
        "Without a quality an article has no heat: it is not published and outranks nobody.",
        _in_state(_State.NOT_SCORED),
        _each(lambda article, policy: "no quality yet, so no heat"),
    ),
    Queue(
        "one-away",
        "One report short",
        "With one more linked report these would reach the threshold.",
        _one_away,
        _each(_why_one_away),
    ),
    Queue(
        "better-elsewhere",
        "Stuck behind a hidden lead",
        "These are behind a better report that is not published, so readers see nothing of the "
        "story. On their own they would be published.",
        _better_elsewhere,
        _why_better_elsewhere,
    ),
    Queue(
        "late-arrivals",
        "New coverage since you decided",
        "These joined a story after an editor's decision on it. Is the decision still right?",
        _late_arrivals,
        _why_late,
    ),
    Queue(
        UNGATHERED,
        "Ungathered",
        "These are published separately, but likely report the same event. Link them, or say that "
        "they do not.",
        _ungathered,
        _why_ungathered,
    ),
    Queue(
        DUPLICATES,
        "Duplicates",
        "Several articles have the same address, in any spelling, or nearly the same text. Keep one "
        "of each group.",
        _possible_duplicates,
        _why_duplicates,
    ),
    Queue(
        "import-conflicts",
        "Source changed what you edited",
        "A newer document changed a field that an editor had changed. The editor's value stays "
        "until somebody chooses.",
        _open_conflicts,
        _why_conflicts,
    ),
    Queue(
        "scheduled",
        "Scheduled",
        "Ready to be published, but readers see these later: an editor scheduled them, or their own "
        "date is in the future. The next one comes first.",
        _in_state(_State.SCHEDULED),
        _each(_why_scheduled),
        moment="opens_at",
        is_oldest_first=True,
    ),
    Queue(
        "held",
        "On hold",
        "Kept from readers for now. These neither lead a story nor count for a bonus.",
        _in_state(_State.HELD),
        _each(_why_decided),
    ),
    Queue(
        "withdrawn",
        "Withdrawn",
        "Taken down permanently. These neither lead a story nor count for a bonus.",
        _in_state(_State.WITHDRAWN),
        _each(_why_decided),
    ),
)
"""Every queue, in the order in which editors should look at them."""

BY_KEY: Final = {queue.key: queue for queue in QUEUES}
