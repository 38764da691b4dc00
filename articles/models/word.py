"""How common words are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import connections, models


class WordQuerySet(models.QuerySet["Word"]):
    def counts(self, words: Iterable[str]) -> dict[str, int]:
        """Return in how many articles each of these words is. One query."""
        found = self.filter(word__any_of=[*words])
        return dict(found.values_list("word", "articles"))

    def add(self, counts: Mapping[str, int]) -> None:
        """Add to the numbers of articles. One statement; always in the same order of words."""
        connection = connections[self.db]
        if connection.vendor == "postgresql":
            values = "SELECT * FROM unnest(%s::text[], %s::int[])"
        else:
            values = "VALUES (%s, %s)"
        sql = (
            f"INSERT INTO articles_word (word, articles) {values} ON CONFLICT (word) "
            "DO UPDATE SET articles = articles_word.articles + excluded.articles"
        )
        rows = sorted(counts.items())
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(sql, [[word for word, _ in rows], [count for _, count in rows]])
            else:
                cursor.executemany(sql, rows)


class Word(models.Model):
    """A word of headlines and excerpts, as the search index has it.

    The numbers are approximate: words of articles that were changed or deleted since are still
    counted. That does no harm (docs/suggestions.md). The empty word is in all articles.
    """

    word = models.CharField(max_length=250, primary_key=True)
    articles = models.PositiveIntegerField(help_text="About how many articles have this word.")

    objects = WordQuerySet.as_manager()

    def __str__(self) -> str:
        return self.word
