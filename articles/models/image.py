"""Images of articles."""

from __future__ import annotations

from django.db import models

from articles.web_url import is_web_url


class Image(models.Model):
    """An image that an article's document points at, in document order; sizes in pixels."""

    article = models.ForeignKey(
        "articles.Article", on_delete=models.CASCADE, related_name="images", db_index=False
    )
    position = models.PositiveSmallIntegerField(help_text="0 for the first.")
    url = models.URLField(max_length=2000)
    width = models.PositiveIntegerField(null=True, blank=True, help_text="Pixels, as stated.")
    height = models.PositiveIntegerField(null=True, blank=True, help_text="Pixels, as stated.")
    title = models.TextField(null=True, blank=True, help_text="What the image shows.")  # noqa: DJ001
    attribution = models.TextField(null=True, blank=True, help_text="The credit line.")  # noqa: DJ001
    is_cached = models.BooleanField(
        null=True, blank=True, help_text="Whether the source had kept a copy; unknown if empty."
    )

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["article", "position"], name="image_position_once"),
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def is_shown(self) -> bool:
        """Whether a page can show it: others' addresses that are not the web's are left alone."""
        return is_web_url(self.url)
