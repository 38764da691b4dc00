"""What editors say about two articles, and how the history stores it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import models

from articles.documents import MAX_KEY

Keys = tuple[int, int]
"""The primary keys of two articles; in ascending order, unless said otherwise."""


class Verdict(NamedTuple):
    """A value of ``Pair.Verdict``, who said so, and when. Without arguments: nobody has decided."""

    value: str = ""
    by_id: int | None = None
    at: datetime | None = None


OPEN: Final = Verdict()
Given = Mapping[Keys, tuple[Verdict, Verdict]]
"""Verdicts before and after a decision."""


def in_order(pair: Keys) -> Keys:
    one, other = pair
    return min(one, other), max(one, other)


def as_json(article_id: int, given: Given) -> list[dict[str, Any]] | None:
    """Return the changed verdicts on pairs of an article for its history, or None."""
    return [
        {
            "article": first if second == article_id else second,
            "before": [before.value, before.by_id, before.at and before.at.isoformat()],
            "after": after.value,
        }
        for (first, second), (before, after) in sorted(given.items())
        if article_id in {first, second}
    ] or None


def from_json(article_id: int, rows: Iterable[Mapping[str, Any]] | None) -> Given:
    """Return what ``as_json`` stored. The signature of the verdict after is left out."""
    found = {}
    for row in rows or ():
        value, by_id, at = row["before"]
        before = Verdict(value, by_id, at and datetime.fromisoformat(at))
        found[in_order((article_id, row["article"]))] = before, Verdict(row["after"])
    return found


class AwaitedVerdict(models.Model):
    """A verdict of a document about an address that no article has yet."""

    article = models.ForeignKey("articles.Article", on_delete=models.CASCADE, related_name="+")
    address_key = models.CharField(
        max_length=MAX_KEY, db_index=True, help_text="Of the article that is awaited."
    )
    verdict = models.CharField(max_length=10)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["article", "address_key"], name="awaited_verdict_once"),
        ]

    def __str__(self) -> str:
        return f"{self.article} / {self.address_key}: {self.verdict}"
