"""The change feed: which articles changed for readers."""

from __future__ import annotations

from django.db import models


class Change(models.Model):
    """The last change to an article that readers see, saw or will see.

    Triggers write it, and it remains after the article is deleted. See
    ``articles/tracking/change_feed.py``.
    """

    slug = models.CharField(max_length=255, primary_key=True)
    sequence = models.BigIntegerField(help_text="The order of changes. Unique.")
    shown = models.BooleanField(
        help_text="Whether readers ever saw the article. Only then may they learn its slug."
    )
    noted_at = models.DateTimeField()
    changed_at = models.DateTimeField(
        null=True,
        help_text="When readers last saw something else. Empty: still as it first appeared.",
    )

    class Meta:
        indexes = [models.Index(fields=["sequence", "noted_at"], name="change_sequence")]

    def __str__(self) -> str:
        return self.slug
