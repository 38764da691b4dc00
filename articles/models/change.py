"""What followers of the API have to be told."""

from __future__ import annotations

from django.db import models


class Change(models.Model):
    """The last change of an article that readers see, saw or will see; see ``articles/tracking/change_feed.py``.

    The database writes it by itself, and keeps it when the article is deleted.
    """

    slug = models.CharField(max_length=255, primary_key=True)
    sequence = models.BigIntegerField(help_text="Which change came first; no two are equal.")
    shown = models.BooleanField(help_text="Whether readers ever saw it: it may be named to them.")
    noted_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["sequence", "noted_at"], name="change_sequence")]

    def __str__(self) -> str:
        return self.slug
