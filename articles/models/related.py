"""Which articles name which."""

from __future__ import annotations

from django.db import models


class Related(models.Model):
    """An article names another as a report of the same event. Directed: each side may or may not."""

    article = models.ForeignKey(
        "articles.Article", on_delete=models.CASCADE, related_name="related_links", db_index=False
    )
    target = models.ForeignKey(
        "articles.Article", on_delete=models.CASCADE, related_name="named_by_links"
    )
    position = models.PositiveSmallIntegerField(help_text="0 for the first.")

    class Meta:
        ordering = ["position"]
        verbose_name_plural = "related"
        constraints = [
            models.UniqueConstraint(fields=["article", "target"], name="related_once"),
            models.CheckConstraint(
                name="related_to_another", condition=~models.Q(article=models.F("target"))
            ),
        ]

    def __str__(self) -> str:
        return str(self.target)
