"""Copies of images that are kept here, and what became of fetching them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Self, TypedDict

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import models
from django.db.models import Q

FOLDER: Final = "images"
"""Where in the storage the copies lie; nothing else does."""


class StoredRendition(TypedDict):
    """A copy at one width, in every format."""

    width: int
    height: int
    bytes: dict[str, int]
    """Its size by format, as their names end: ``avif``, ``webp``, ``jpeg``."""


class StoredImage(models.Model):
    """An image that is kept here: one row, and one set of files, however many articles show it.

    What is kept are its renditions. The original, whose size and digest these are, is not.
    """

    digest = models.CharField(
        max_length=64, unique=True, help_text="SHA-256 of the original, in hexadecimal."
    )
    format = models.CharField(
        max_length=4, help_text="Of the original: jpeg, png, gif, webp, avif."
    )
    byte_size = models.PositiveIntegerField(help_text="Of the original.")
    width = models.PositiveIntegerField(help_text="Pixels, turned the right way; so is the height.")
    height = models.PositiveIntegerField(help_text="Pixels.")
    color = models.CharField(max_length=7, help_text="What most of it has, as #rrggbb.")
    placeholder = models.CharField(
        max_length=400, help_text="It again as 4 by 3 pixels: a data: address."
    )
    renditions = models.JSONField(help_text="Width, height and bytes of each copy, smallest first.")
    focal_x = models.PositiveSmallIntegerField(
        default=50, help_text="Percent from the left of what must be seen when it is cropped."
    )
    focal_y = models.PositiveSmallIntegerField(
        default=50, help_text="Percent from the top of what must be seen when it is cropped."
    )
    stored_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="stored_image_focal_in_percent",
                condition=Q(focal_x__lte=100, focal_y__lte=100),
            ),
        ]

    def __str__(self) -> str:
        return self.digest

    @property
    def copies(self) -> list[StoredRendition]:
        """Its renditions, smallest first."""
        copies: list[StoredRendition] = self.renditions
        return copies

    @property
    def file(self) -> str:
        """The name, in the storage, of the copy that every browser can show, at its largest."""
        return name_of(self.digest, self.copies[-1]["width"], "jpeg")

    @property
    def url(self) -> str:
        """Where browsers get ``file``."""
        return self.url_of(self.copies[-1], "jpeg")

    @property
    def most_bytes(self) -> int:
        """What it costs a reader at most: the size of the largest of its files."""
        return max(size for copy in self.copies for size in copy["bytes"].values())

    @property
    def percent_saved(self) -> int:
        """How much less that is than the original, in percent; 0 if it is no less."""
        return max(0, round(100 - 100 * self.most_bytes / max(self.byte_size, 1)))

    def names(self) -> list[str]:
        """Return the names of all its files."""
        return [
            name_of(self.digest, copy["width"], kind)
            for copy in self.copies
            for kind in copy["bytes"]
        ]

    def url_of(self, copy: StoredRendition, kind: str) -> str:
        """Return where browsers get a copy in a format."""
        return default_storage.url(name_of(self.digest, copy["width"], kind))

    def copy_of(self, width: int) -> StoredRendition:
        """Return the smallest copy that is ``width`` pixels wide or wider; the largest if none is."""
        return next((copy for copy in self.copies if copy["width"] >= width), self.copies[-1])

    def srcset(self, kind: str) -> str:
        """Return the copies of one format as an ``<img>`` or a ``<source>`` lists them."""
        return ", ".join(f"{self.url_of(copy, kind)} {copy['width']}w" for copy in self.copies)


def name_of(digest: str, width: int, kind: str) -> str:
    """Return the name of a copy's file in the storage.

    It follows from the content, so that what lies under a name never changes.
    """
    return f"{FOLDER}/{digest[:2]}/{digest[2:4]}/{digest}-{width}.{kind}"


class ImageFetchQuerySet(models.QuerySet["ImageFetch"]):
    """What was fetched, by address."""

    def of(self, urls: Iterable[str]) -> Self:
        """Keep those of many addresses."""
        return self.filter(url__any_of=list(urls))

    def failed(self) -> Self:
        """Keep what failed."""
        return self.filter(state="failed")

    def kept(self, urls: Iterable[str]) -> dict[str, int]:
        """Return the keys of the stored images of many addresses. One query, none for no addresses."""
        wanted = set(urls)
        if not wanted:
            return {}
        return dict(self.of(wanted).exclude(stored=None).values_list("url", "stored"))


class ImageFetch(models.Model):
    """What became of fetching an address: kept apart from the images that documents name.

    Those come and go with their documents, pages are kept for as long as none changes, and several
    may have one address, which is asked for once.
    """

    class State(models.TextChoices):
        """What happens next."""

        WAITING = "waiting", "waiting"
        KEPT = "kept", "kept"
        FAILED = "failed", "failed"

    url = models.CharField(max_length=2000, unique=True)
    host = models.CharField(
        max_length=253, blank=True, default="", help_text="If it failed: whom it was asked of."
    )
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    stored = models.ForeignKey(
        StoredImage,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="fetches",
        help_text="The copy; an older one while a newer one is waited for.",
    )
    failure = models.TextField(blank=True, help_text="Why it failed, in words.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="Since it was last kept.")
    tried_at = models.DateTimeField(null=True, blank=True)
    next_try_at = models.DateTimeField(
        null=True, blank=True, help_text="If it failed: empty if nothing is gained by another try."
    )
    etag = models.CharField(max_length=200, blank=True)
    last_modified = models.CharField(max_length=200, blank=True)
    writing = models.CharField(
        max_length=64, blank=True, help_text="The digest whose files are being written."
    )
    uploaded_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="If the copy is not the address's but an editor's, which no fetch replaces: since when.",
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )

    objects = ImageFetchQuerySet.as_manager()

    class Meta:
        # The admin shows no others.
        verbose_name = "image that failed"
        verbose_name_plural = "images that failed"
        indexes = [
            # What waits, and the failures, latest first; all, or those of a host. Of all states:
            # SQLite does not see that a parameter is the one that an index is for.
            models.Index(fields=["state", "-tried_at", "-id"], name="image_fetch_state"),
            models.Index(fields=["state", "host", "-tried_at", "-id"], name="image_fetch_host"),
            # What was left half done.
            models.Index(fields=["writing"], condition=~Q(writing=""), name="image_fetch_writing"),
        ]
        constraints = [
            models.CheckConstraint(
                name="image_fetch_kept_has_a_copy",
                condition=~Q(state="kept") | Q(stored__isnull=False, failure=""),
            ),
        ]

    def __str__(self) -> str:
        return self.url

    def is_due(self, at: datetime, *, retry_failed: bool = False) -> bool:
        """Whether it is to be fetched at the moment ``at``."""
        match self.state:
            case ImageFetch.State.KEPT:
                return False
            case ImageFetch.State.FAILED if not retry_failed:
                return self.next_try_at is not None and self.next_try_at <= at
            case _:
                return True
