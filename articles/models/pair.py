"""Pairs of articles that may report the same event, or be the same report twice."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class PairQuerySet(models.QuerySet["Pair"]):
    def of(self, articles: list[int]) -> Self:
        """Keep the pairs with any of these articles, found by their primary keys."""
        return self.filter(Q(first__any_of=articles) | Q(second__any_of=articles))

    def open(self) -> Self:
        """Keep the pairs that nobody has decided."""
        return self.filter(verdict=Pair.Verdict.NONE)


class Pair(models.Model):
    """Two articles that the newsroom suggests to join, with the reasons and the editor's verdict.

    Pairs without a verdict are replaced whenever one of their articles changes. A verdict stays.
    """

    class Kind(models.TextChoices):
        EVENT = "event", "same event"
        DUPLICATE = "duplicate", "duplicate"

    class Verdict(models.TextChoices):
        NONE = "", "open"
        ACCEPTED = "accepted", "accepted"
        REFUSED = "refused", "refused"

    first = models.ForeignKey(
        "articles.Article", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    second = models.ForeignKey(
        "articles.Article", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=10, choices=Kind)
    score = models.FloatField(help_text="How likely it is; higher is better.")
    reasons: Any = models.JSONField(
        default=list, help_text="A list of lists: the code of a reason, and its values."
    )
    verdict = models.CharField(max_length=10, choices=Verdict, default=Verdict.NONE, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )

    objects = PairQuerySet.as_manager()

    class Meta:
        indexes = [
            # The suggestions for an article, best first, whichever side it is on.
            models.Index(fields=["first", "kind", "-score"], name="pair_first"),
            models.Index(fields=["second", "kind", "-score"], name="pair_second"),
            # The queues of pairs that nobody has decided, most likely first.
            models.Index(
                fields=["kind", "-score", "-id"], condition=Q(verdict=""), name="pair_open"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["first", "second", "kind"], name="pair_once"),
            models.CheckConstraint(name="pair_in_order", condition=Q(first__lt=F("second"))),
        ]

    def __str__(self) -> str:
        return f"{self.first} / {self.second}"

    def other_than(self, article: int) -> int:
        """Return the primary key of the article that is paired with ``article``."""
        return self.second_id if self.first_id == article else self.first_id
