"""Images of articles."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Self

from django.db import models
from django.db.models import F, Q

from articles.models.start_of import start_of, with_any
from articles.models.stored_image import ImageFetch, StoredImage
from newsroom.web_url import is_web_url


class ImageQuerySet(models.QuerySet["Image"]):
    def at(self, urls: Iterable[str]) -> Self:
        """Keep the images with any of these URLs, found by an index."""
        return with_any(self, "url", urls)


class Image(models.Model):
    """An image that an article's document links to, in document order. Sizes are in pixels."""

    article = models.ForeignKey(
        "articles.Article", on_delete=models.CASCADE, related_name="images", db_index=False
    )
    position = models.PositiveSmallIntegerField(help_text="0 for the first.")
    url = models.URLField(max_length=2000)
    width = models.PositiveIntegerField(
        null=True, blank=True, help_text="Pixels, as the document states."
    )
    height = models.PositiveIntegerField(
        null=True, blank=True, help_text="Pixels, as the document states."
    )
    title = models.TextField("alt text", null=True, blank=True, help_text="What the image shows.")  # noqa: DJ001
    attribution = models.TextField("credit", null=True, blank=True, help_text="Who made the image.")  # noqa: DJ001
    is_cached = models.BooleanField(
        null=True, blank=True, help_text="Whether the source had a copy. Empty: unknown."
    )
    stored = models.ForeignKey(
        StoredImage,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="images",
        db_index=False,
        help_text="The copy stored here.",
    )

    objects = ImageQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        indexes = [
            # Finds the images of a copy. Others are left out, so imports need not write here.
            models.Index(fields=["stored"], condition=Q(stored__isnull=False), name="image_stored"),
            # Finds the images with a URL when its copy arrives or is missing.
            models.Index(start_of(F("url")), name="image_url_start"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["article", "position"], name="image_position_once"),
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def is_shown(self) -> bool:
        """Whether a page can show it: its URL must be http(s)."""
        return is_web_url(self.url)

    @property
    def source_url(self) -> str:
        """The URL for a link to the source; empty if it is not http(s)."""
        return self.url if self.is_shown else ""

    @cached_property
    def fetch(self) -> ImageFetch | None:
        """The result of fetching it; None before the first try. One query."""
        return ImageFetch.objects.filter(url=self.url).first()

    @property
    def state(self) -> ImageFetch.State:
        """Whether it is stored, waiting or failed. One query if it is not stored."""
        if self.stored_id is not None:
            return ImageFetch.State.KEPT
        return ImageFetch.State(self.fetch.state) if self.fetch else ImageFetch.State.WAITING


def with_fetches(images: Iterable[Image]) -> list[Image]:
    """Return the images with ``fetch`` loaded. One query, or none without images."""
    listed = list(images)
    if listed:
        fetches = ImageFetch.objects.of({image.url for image in listed})
        found = {fetch.url: fetch for fetch in fetches.select_related("uploaded_by")}
        for image in listed:
            image.fetch = found.get(image.url)
    return listed
