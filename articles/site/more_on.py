"""What else to read after a story: articles like its lead, otherwise the newest of its first topic."""

from __future__ import annotations

from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet

from articles.models import Article
from articles.models.orders import FILED
from articles.search import alike
from providers.models import Provider

MORE: Final = 5
_SHOWN: Final = ("id", "slug", "title", "published_at", "provider__name", "provider__domain")


def more_on(lead: Article) -> tuple[bool, list[Article]]:
    """Return whether articles are like a lead, and these or else others of its first topic.

    All are published, and none belongs to the lead's story. At most one query.
    """
    published = Article.objects.published().exclude(pk=lead.pk)
    ranked: list[tuple[str, list[Any]]] = []
    if found := alike(lead.title_words or "", lead.published_at):
        ranked.append(found)
    if topics := lead.shown_topics:
        newest = published.of_topic(topics[0]).order_by(*FILED.names)
        sql, values = _compiled(newest.values_list("pk")[: MORE + len(lead.coverage)])
        ranked.append((f"WITH newest(id) AS ({sql}) SELECT id, 0 AS score FROM newest", values))
    if not ranked:
        return False, []
    shown, shown_values = _compiled(published.order_by().values_list(*_SHOWN))
    either = " UNION ALL ".join(
        f"SELECT * FROM ({sql}) ranked_{n}" for n, (sql, _) in enumerate(ranked)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT ranked.score, shown.* FROM (SELECT id, score FROM ({either}) either) ranked "
            f"JOIN ({shown}) shown ON shown.id = ranked.id "
            "ORDER BY ranked.score DESC, shown.published_at DESC, shown.slug",
            [*(value for _, values in ranked for value in values), *shown_values],
        )
        rows = cursor.fetchall()
    own = {report.pk for report in lead.coverage}
    rows = [row for row in rows if row[1] not in own]
    is_alike = bool(rows) and rows[0][0] > 0
    chosen = [_article(*row[1:]) for row in rows if (row[0] > 0) == is_alike]
    return is_alike, chosen[:MORE]


def _article(pk: int, slug: str, title: str, _at: object, name: str, domain: str) -> Article:
    return Article(pk=pk, slug=slug, title=title, provider=Provider(name=name, domain=domain))


def _compiled(articles: QuerySet[Any, Any]) -> tuple[str, list[Any]]:
    sql, values = articles.query.get_compiler(articles.db).as_sql()
    return sql, list(values)
