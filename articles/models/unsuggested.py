"""Articles whose suggestions are due."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from django.db import models

from newsroom import bulk

COMPARED: Final = frozenset({"title", "excerpt", "published_at", "images"})
"""The parts of an article that suggestions come from."""


class UnsuggestedQuerySet(models.QuerySet["Unsuggested"]):
    def add(self, articles: Iterable[int], *, are_new: bool = False) -> None:
        """Note that suggestions for articles are due. Call this in the transaction of the write.

        ``are_new`` means that their words were never counted.
        """
        rows = [(pk, not are_new) for pk in articles]
        if rows:
            bulk.insert(self.model, ("article_id", "is_counted"), rows)

    def add_changed(self, written: Mapping[int, Collection[str]]) -> None:
        """Note the articles of which a part was written that suggestions come from."""
        self.add(pk for pk, names in written.items() if not COMPARED.isdisjoint(names))


class Unsuggested(models.Model):
    """An article that was written since its suggestions were computed.

    An article may be listed several times. Only the rows that were there before its text was read are
    deleted once its suggestions are stored, so that no later change is lost. Nothing refers to these
    rows, and deleted articles leave theirs behind, to keep imports fast.
    """

    article = models.ForeignKey(
        "articles.Article",
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    is_counted = models.BooleanField(help_text="Whether its words are counted.")

    objects = UnsuggestedQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["id"], condition=models.Q(is_counted=False), name="unsuggested_uncounted"
            ),
        ]

    def __str__(self) -> str:
        return str(self.article_id)
