"""Links between articles."""

from __future__ import annotations

from datetime import datetime

from django.db import models


class Related(models.Model):
    """A link from an article to another report of the same event; it has a direction."""

    article = models.ForeignKey(
        "articles.Article", on_delete=models.CASCADE, related_name="related_links", db_index=False
    )
    target = models.ForeignKey(
        "articles.Article", on_delete=models.CASCADE, related_name="named_by_links"
    )
    position = models.PositiveSmallIntegerField(help_text="0 for the first.")

    changed_for_readers_at: datetime | None
    """When the target last changed for readers; loaded by ``for_feed()``."""

    class Meta:
        ordering = ["position"]
        verbose_name = "link"
        constraints = [
            models.UniqueConstraint(fields=["article", "target"], name="related_once"),
            models.CheckConstraint(
                name="related_to_another", condition=~models.Q(article=models.F("target"))
            ),
        ]

    def __str__(self) -> str:
        return str(self.target)
