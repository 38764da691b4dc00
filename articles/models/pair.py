"""Pairs of articles that may report the same event, or be the same report twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from articles.models.related import Related
from articles.models.unsuggested import Unsuggested
from articles.models.verdict import OPEN, Given, Keys, Verdict
from newsroom import bulk

_COLUMNS: Final = ("verdict", "decided_by_id", "decided_at")


class _Stored(NamedTuple):
    pk: int
    keys: Keys
    verdict: Verdict
    reasons: Any


def _links() -> Q:
    """Return the condition that one article of a pair links to the other one."""
    there = Related.objects.filter(article=OuterRef("first"), target=OuterRef("second"))
    back = Related.objects.filter(article=OuterRef("second"), target=OuterRef("first"))
    return Q(Exists(there)) | Q(Exists(back))


class PairQuerySet(models.QuerySet["Pair"]):
    def of(self, articles: list[int]) -> Self:
        """Keep the pairs with any of these articles, found by their primary keys."""
        return self.filter(Q(first__any_of=articles) | Q(second__any_of=articles))

    def open(self) -> Self:
        """Keep the pairs that nobody has decided."""
        return self.filter(verdict=Pair.Verdict.NONE)

    def decided(self) -> Self:
        """Keep the pairs with a verdict."""
        return self.exclude(verdict=Pair.Verdict.NONE)

    def linked(self) -> Self:
        """Keep the pairs of which one article links to the other one."""
        return self.filter(_links())

    def unlinked(self) -> Self:
        """Keep the pairs of which neither article links to the other one."""
        return self.exclude(_links())

    def verdicts(self, pairs: Collection[Keys]) -> dict[Keys, Verdict]:
        """Return the verdicts on those of these pairs that are stored. One query, or none."""
        return {one.keys: one.verdict for one in self._among(pairs)}

    def give(self, verdicts: Mapping[Keys, Verdict]) -> Given:
        """Store verdicts, whether or not the pairs were suggested. Up to five queries.

        Call this in a transaction that holds the write lock.
        """
        rows = self._among(verdicts)
        before = {one.keys: one.verdict for one in rows}
        opened = {keys for keys, verdict in verdicts.items() if verdict == OPEN}
        # Pairs without reasons were never suggested.
        needless = [one.pk for one in rows if one.keys in opened and not one.reasons]
        if needless:
            self.filter(pk__any_of=needless).delete()
        kept = (one for one in rows if one.reasons or one.keys not in opened)
        bulk.update(self.model, _COLUMNS, [(*verdicts[one.keys], one.pk) for one in kept])
        bulk.insert(
            self.model,
            ("first_id", "second_id", "kind", "score", "reasons", *_COLUMNS),
            [
                (*keys, Pair.Kind.EVENT.value, 0.0, [], *verdict)
                for keys, verdict in verdicts.items()
                if keys not in before and verdict != OPEN
            ],
        )
        # The articles may have changed while there was a verdict.
        Unsuggested.objects.add(sorted({pk for keys in opened for pk in keys}))
        return {keys: (before.get(keys, OPEN), verdict) for keys, verdict in verdicts.items()}

    def _among(self, pairs: Collection[Keys]) -> list[_Stored]:
        if not pairs:
            return []
        firsts, seconds = (sorted({keys[side] for keys in pairs}) for side in (0, 1))
        rows = self.filter(first__any_of=firsts, second__any_of=seconds)
        return [
            _Stored(pk, (first, second), Verdict(*verdict), reasons)
            for pk, first, second, reasons, *verdict in rows.values_list(
                "pk", "first_id", "second_id", "reasons", *_COLUMNS
            )
            if (first, second) in pairs
        ]


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
            # The few articles with verdicts, for exports.
            models.Index(fields=["first", "second"], condition=~Q(verdict=""), name="pair_decided"),
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
