"""Images of articles."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, Final, Self

from django.db import models
from django.db.models import F, Func, Q

from articles.models.stored_image import ImageFetch, StoredImage
from newsroom.web_url import is_web_url

_START: Final = 190


def _start_of(url: Any) -> Func:
    """Return as much of an address as an index of every database takes, whatever it is written in.

    Written out, as SQLite finds an index by the very words only.
    """
    return Func(
        url, template=f"SUBSTR(%(expressions)s, 1, {_START})", output_field=models.TextField()
    )


class ImageQuerySet(models.QuerySet["Image"]):
    """Images of articles."""

    def at(self, urls: Iterable[str]) -> Self:
        """Keep those of many addresses, found by an index."""
        wanted = list(urls)
        starts = sorted({url[:_START] for url in wanted})
        started = self.alias(url_start=_start_of(F("url"))).filter(url_start__any_of=starts)
        return started.filter(url__any_of=wanted)


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
    stored = models.ForeignKey(
        StoredImage,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="images",
        db_index=False,
        help_text="The copy that is kept here.",
    )

    objects = ImageQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        indexes = [
            # Which images show a copy; not those without one, so that an import writes nothing here.
            models.Index(fields=["stored"], condition=Q(stored__isnull=False), name="image_stored"),
            # Which images have an address: when its copy is there, and where one is missed.
            models.Index(_start_of(F("url")), name="image_url_start"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["article", "position"], name="image_position_once"),
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def is_shown(self) -> bool:
        """Whether a page can show it: others' addresses that are not the web's are left alone."""
        return is_web_url(self.url)

    @property
    def source_url(self) -> str:
        """Where a link to the source leads; empty where none may lead."""
        return self.url if self.is_shown else ""

    @property
    def file(self) -> str:
        """The name of the copy that is kept here, in the storage; empty if there is none."""
        return self.stored.file if self.stored else ""

    @property
    def format(self) -> str:
        """The original's format; empty before it is kept."""
        return self.stored.format if self.stored else ""

    @property
    def byte_size(self) -> int | None:
        """The original's size; None before it is kept."""
        return self.stored.byte_size if self.stored else None

    @property
    def digest(self) -> str:
        """The original's SHA-256 in hexadecimal; empty before it is kept."""
        return self.stored.digest if self.stored else ""

    @cached_property
    def fetch(self) -> ImageFetch | None:
        """What became of fetching it; None if nobody has tried yet. One query."""
        return ImageFetch.objects.filter(url=self.url).first()

    @property
    def state(self) -> ImageFetch.State:
        """Whether it is kept here, waits or failed. One query if it is not kept."""
        if self.stored_id is not None:
            return ImageFetch.State.KEPT
        return ImageFetch.State(self.fetch.state) if self.fetch else ImageFetch.State.WAITING


def with_fetches(images: Iterable[Image]) -> list[Image]:
    """Return images that know what became of fetching them. One query, none for no images."""
    listed = list(images)
    if listed:
        fetches = ImageFetch.objects.of({image.url for image in listed})
        found = {fetch.url: fetch for fetch in fetches.select_related("uploaded_by")}
        for image in listed:
            image.fetch = found.get(image.url)
    return listed
