"""A page of search results, always in one query."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from django.db import connections
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from articles.search.index import FTS_TABLE, ID_OF_PLACE, LAST_ID, place_of, second_of
from articles.search.match_syntax import (
    HEAT,
    MOST_HEAT,
    PROVIDER,
    PUBLISHED,
    TOPIC,
    TYPE,
    Tier,
    fts5,
    postgresql,
)
from articles.search.terms import Search

WALKED: Final = 2_000
"""How many of the newest articles PostgreSQL scans before it asks its index for all hits."""

_VECTOR: Final = RawSQL('"articles_article".search', ())
"""The column of PostgreSQL's search index, which is not in any model."""
_SEARCHED: Final = ("search", "title_words", "excerpt_words", "filed_under")


class Order(StrEnum):
    """The order of hits."""

    BEST = "best"
    """First hits with all words in the headline, then in headline and excerpt, then with the names,
    then those with other forms of the words; each newest first."""
    LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The filters for hits in the index. A hit needs to match only one of several values."""

    topics: tuple[str, ...] = ()
    """Slugs."""
    providers: tuple[str, ...] = ()
    """Domains."""
    types: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    """Exclusive."""
    heat: int = 0
    """The minimum."""


class Behind(NamedTuple):
    """The end of a page, where the next one starts."""

    tier: int
    moment: datetime
    condition: Q
    """The condition for later hits in the same tier."""


_COLUMNS: Final = ("id", "published_at", "slug", "heat")
_Part = tuple[str, list[Any]]


def tiers(asked: Search, order: Order) -> list[Tier]:
    """Return the tiers of hits, best first; only ``ANY`` if the order has no tiers."""
    if order == Order.LATEST or not asked.wanted:
        return [Tier.ANY]
    exact = [Tier.HEADLINE, Tier.TEXT, Tier.NAMES]
    return [*exact, Tier.HEADLINE_STEMS, Tier.STEMS] if asked.has_stems else exact


def find(
    articles: QuerySet[Any],
    asked: Search,
    narrowing: Narrowing,
    order: Order,
    *,
    count: int,
    after: Behind | None = None,
) -> list[tuple[int, int]]:
    """Return the tier and primary key of the first ``count`` hits after ``after``. One query.

    All ``articles`` must be published. A search without words matches every article; a search with
    only unwanted words matches every article without them. Only the order ``BEST`` has tiers.
    """
    if narrowing.since:
        articles = articles.filter(published_at__gte=narrowing.since)
    if narrowing.until:
        articles = articles.filter(published_at__lt=narrowing.until)
    connection = connections[articles.db]
    dialect = _PostgreSQL if connection.vendor == "postgresql" else _SQLite
    steps: list[_Part] = []
    shown: list[str] = []
    for tier in tiers(asked, order):
        if after and tier < after.tier:
            continue
        rest, limits = articles, narrowing
        if after and tier == after.tier:
            rest = articles.filter(after.condition)
            limits = replace(narrowing, until=min(narrowing.until or after.moment, after.moment))
        # SQLite copies a tier wherever a later one mentions it: with five of them, preparing the query
        # would take half a second and 100 MB. So there the last two do not depend on the others.
        before = shown if dialect is _PostgreSQL or tier <= Tier.NAMES else []
        steps += dialect(asked, limits, count).steps(tier, rest, before)
        shown.append(f"found_{tier}")
    if not shown:
        return []
    sql = (
        f"WITH {', '.join(text for text, _ in steps)} SELECT tier, id FROM ("
        + " UNION ALL ".join(f"SELECT * FROM {name}" for name in shown)
        + ") hits ORDER BY tier, published_at DESC, slug LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*(one for _, values in steps for one in values), count])
        return [(tier, pk) for tier, pk in cursor.fetchall()]


def _room(before: Sequence[str], count: int) -> _Part:
    """Return SQL for the number of hits still missing from ``count`` after the previous tiers."""
    taken = "".join(f" - (SELECT count(*) FROM {name})" for name in before)
    return f"(%s{taken})", [count]


_FORMER_SLUGS: Final = "SELECT topic_id FROM articles_formertopicslug WHERE slug"
_FORMER_DOMAINS: Final = "SELECT provider_id FROM providers_formerdomain WHERE domain"


def _marks(narrowing: Narrowing, form: str, any_of: str, joined: str) -> Iterator[_Part]:
    """Yield SQL for the index query of each mark that an article must have.

    ``form`` is the syntax of one mark, ``any_of`` the sign between marks, ``joined`` the aggregate.
    """

    def listed(table: str, column: str, mark: str, values: Sequence[str], former: str) -> _Part:
        one = form.format(f"{mark}' || id || '")
        among = ", ".join(["%s"] * len(values))
        return (
            # If no row has that name, use an id that no row has.
            (
                f"(SELECT COALESCE({joined}('{one}', '{any_of}'), '{form.format(f'{mark}0')}') "
                f"FROM {table} WHERE {column} IN ({among}) OR id IN ({former} IN ({among})))"
            ),
            [*values, *values],
        )

    yield "%s", [form.format(PUBLISHED)]
    if narrowing.types:
        kinds = any_of.join(form.format(f"{TYPE}{kind}") for kind in narrowing.types)
        yield "%s", [kinds]
    if narrowing.heat > 0:
        least = min(narrowing.heat, MOST_HEAT) // 10
        tenths = range(least, MOST_HEAT // 10 + 1)
        yield "%s", [any_of.join(form.format(f"{HEAT}{tenth}") for tenth in tenths)]
    if narrowing.topics:
        yield listed("articles_topic", "slug", TOPIC, narrowing.topics, _FORMER_SLUGS)
    if narrowing.providers:
        yield listed("providers_provider", "domain", PROVIDER, narrowing.providers, _FORMER_DOMAINS)


@dataclass(frozen=True, slots=True)
class _Dialect:
    asked: Search
    narrowing: Narrowing
    count: int


class _SQLite(_Dialect):
    """Walks the index by row id, which is the order of time, newest first."""

    def steps(self, tier: Tier, articles: QuerySet[Any], before: Sequence[str]) -> Iterator[_Part]:
        """Yield the parts of the query, ``found_<tier>`` last."""
        rows, values = _compiled(articles.order_by().values_list(*_COLUMNS))
        match, match_values = self._match(tier)
        heat = "AND a.heat >= %s " if self.narrowing.heat else ""
        hits = (
            f"SELECT {int(tier)} AS tier, a.id, a.published_at, a.slug, {FTS_TABLE}.rowid AS place "
            f"FROM {FTS_TABLE} CROSS JOIN ({rows}) a ON a.id = {FTS_TABLE}.{ID_OF_PLACE} "
            f"WHERE {FTS_TABLE} MATCH {match} {heat}AND {FTS_TABLE}.rowid "
        )
        hits_values = [*values, *match_values, *filter(None, [self.narrowing.heat])]
        # The number of hits still to find. It is the limit and not a condition, because SQLite
        # evaluates a condition without columns for every row.
        room, room_values = _room(before, self.count)
        yield (
            (
                f"page_{tier} AS MATERIALIZED ({hits} BETWEEN %s AND %s "
                f"ORDER BY {FTS_TABLE}.rowid DESC LIMIT max(0, {room}))"
            ),
            [*hits_values, *self._places(), *room_values],
        )
        # Within one second, row ids are not ordered by slug, so read all hits of the last second.
        # This also goes backward; otherwise SQLite would read the index from its start.
        page = f"FROM page_{tier}"
        last = f"(SELECT min(place) {page})"
        yield (
            (
                f"found_{tier} AS MATERIALIZED (SELECT * {page} UNION ALL SELECT * FROM ({hits} "
                f">= {last} >> 30 << 30 AND {FTS_TABLE}.rowid < {last} ORDER BY {FTS_TABLE}.rowid DESC "
                # If the page is not full, it already contains these hits, so read none.
                f"LIMIT iif((SELECT count(*) {page}) >= max(1, {room}), -1, 0)))"
            ),
            [*hits_values, *room_values],
        )

    def _match(self, tier: Tier) -> _Part:
        values: list[Any] = []
        texts: list[str] = []
        for text, given in _marks(self.narrowing, 'names : "{}"', " OR ", "group_concat"):
            texts.append(text)
            values += given
        every = " || ') AND (' || ".join(texts)
        if self.asked.wanted:
            return f"%s || ' AND (' || {every} || ')'", [fts5(self.asked, tier), *values]
        if self.asked.unwanted:
            return f"'((' || {every} || ')) NOT (' || %s || ')'", [*values, fts5(self.asked)]
        return f"'(' || {every} || ')'", values

    def _places(self) -> tuple[int, int]:
        since, until = self.narrowing.since, self.narrowing.until
        first = second_of(since) if since else -(1 << 40)
        last = second_of(until) if until else 1 << 40
        return place_of(first), place_of(last, LAST_ID)


class _PostgreSQL(_Dialect):
    """Scans the newest articles first, then asks the index, which has no order.

    For common words, the newest articles fill a page. For rare words, the index has few hits, and
    sorting them is quick. The planner could only guess which words are common.
    """

    def steps(self, tier: Tier, articles: QuerySet[Any], before: Sequence[str]) -> Iterator[_Part]:
        match, match_values = self._match(tier)
        columns = f"{int(tier)} AS tier, id, published_at, slug"
        vectors = articles.annotate(search=_VECTOR).values_list(*_COLUMNS, *_SEARCHED)
        newest, newest_values = _compiled(vectors.order_by("-published_at", "slug")[:WALKED])
        # Only if the previous tiers have not filled the page.
        room, room_values = _room(before, self.count)
        gate = f"AND {room} > 0"
        yield (
            (
                f"page_{tier} AS MATERIALIZED (SELECT {columns} FROM ({newest}) newest "
                f"WHERE {match} {gate} LIMIT %s)"
            ),
            [*newest_values, *match_values, *room_values, self.count],
        )
        every, every_values = _compiled(vectors.order_by())
        filled = f"(SELECT count(*) FROM page_{tier})"
        # The offset keeps the planner from walking through all articles in the order of the page.
        yield (
            (
                f"found_{tier} AS MATERIALIZED (SELECT * FROM page_{tier} WHERE {filled} >= %s UNION ALL "
                f"(SELECT * FROM (SELECT {columns} FROM ({every}) every WHERE {match} {gate} "
                f"AND {filled} < %s OFFSET 0) indexed "
                "ORDER BY published_at DESC, slug LIMIT %s))"
            ),
            [self.count, *every_values, *match_values, *room_values, self.count, self.count],
        )

    def _match(self, tier: Tier) -> _Part:
        sql = "TRUE"
        values: list[str | int] = []
        if self.asked:
            sql, words = postgresql(self.asked, tier)
            sql, values = sql if self.asked.wanted else f"NOT {sql}", [*words]
        for text, given in _marks(self.narrowing, "{}", " | ", "string_agg"):
            sql += f" AND search @@ ({text})::tsquery"
            values += given
        if self.narrowing.heat:
            # The marks in the index contain the heat only in steps of ten. This must not be a
            # condition on the newest articles, because the planner would then search many more of
            # them.
            sql, values = f"{sql} AND heat >= %s", [*values, self.narrowing.heat]
        return sql, values


def _compiled(articles: QuerySet[Any, Any]) -> _Part:
    sql, values = articles.query.get_compiler(articles.db).as_sql()
    return sql, list(values)
