"""Stored copies of images, and the state of fetching them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Self, TypedDict

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import models
from django.db.models import Q

FOLDER: Final = "images"
"""The folder in the storage that contains the copies and nothing else."""


class StoredRendition(TypedDict):
    """A copy at one width, in every format."""

    width: int
    height: int
    bytes: dict[str, int]
    """Its size in bytes by format: ``avif``, ``webp``, ``jpeg``."""


class StoredImage(models.Model):
    """A stored image: one row and one set of files, however many articles show it.

    Only its renditions are stored, but the digest and size are those of the original.
    """

    digest = models.CharField(
        max_length=64, unique=True, help_text="SHA-256 of the original, in hexadecimal."
    )
    format = models.CharField(
        max_length=4, help_text="The original's format: jpeg, png, gif, webp, avif."
    )
    byte_size = models.PositiveIntegerField(help_text="The original's size.")
    width = models.PositiveIntegerField(help_text="Pixels, after rotation.")
    height = models.PositiveIntegerField(help_text="Pixels.")
    color = models.CharField(max_length=7, help_text="The main color, as #rrggbb.")
    placeholder = models.CharField(
        max_length=400, help_text="The image in 4 by 3 pixels, as a data: URL."
    )
    renditions = models.JSONField(help_text="Width, height and bytes of each copy, smallest first.")
    focal_x = models.PositiveSmallIntegerField(
        default=50, help_text="Focal point, percent from the left. Crops keep it in view."
    )
    focal_y = models.PositiveSmallIntegerField(
        default=50, help_text="Focal point, percent from the top. Crops keep it in view."
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
        copies: list[StoredRendition] = self.renditions
        return copies

    @property
    def url(self) -> str:
        """The URL of the largest JPEG copy, which every browser can show."""
        return self.url_of(self.copies[-1], "jpeg")

    @property
    def most_bytes(self) -> int:
        """The size of its largest file, which is the most that a reader can download."""
        return max(size for copy in self.copies for size in copy["bytes"].values())

    @property
    def percent_saved(self) -> int:
        """How much smaller its largest file is than the original, in percent; at least 0."""
        return max(0, round(100 - 100 * self.most_bytes / max(self.byte_size, 1)))

    def names(self) -> list[str]:
        return [
            name_of(self.digest, copy["width"], kind)
            for copy in self.copies
            for kind in copy["bytes"]
        ]

    def url_of(self, copy: StoredRendition, kind: str) -> str:
        return default_storage.url(name_of(self.digest, copy["width"], kind))

    def copy_of(self, width: int) -> StoredRendition:
        """Return the smallest copy of at least ``width`` pixels, or else the largest."""
        return next((copy for copy in self.copies if copy["width"] >= width), self.copies[-1])

    def srcset(self, kind: str) -> str:
        """Return the copies of one format as a ``srcset`` attribute."""
        return ", ".join(f"{self.url_of(copy, kind)} {copy['width']}w" for copy in self.copies)


def name_of(digest: str, width: int, kind: str) -> str:
    """Return the storage name of a copy.

    The name depends on the content, so a file never changes.
    """
    return f"{FOLDER}/{digest[:2]}/{digest[2:4]}/{digest}-{width}.{kind}"


class ImageFetchQuerySet(models.QuerySet["ImageFetch"]):
    def of(self, urls: Iterable[str]) -> Self:
        return self.filter(url__any_of=dict.fromkeys(urls))

    def failed(self) -> Self:
        return self.filter(state="failed")

    def kept(self, urls: Iterable[str]) -> dict[str, int]:
        """Return the ids of the stored images by URL. One query, or none without URLs."""
        wanted = set(urls)
        if not wanted:
            return {}
        return dict(self.of(wanted).exclude(stored=None).values_list("url", "stored"))


class ImageFetch(models.Model):
    """The state of fetching a URL, apart from the images that have it.

    It is separate because images come and go with their documents, and writing to them invalidates
    every cached page. Several images may have the same URL, which is fetched once.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "not fetched yet"
        KEPT = "kept", "stored"
        FAILED = "failed", "couldn't fetch"

    url = models.CharField(max_length=2000, unique=True)
    host = models.CharField(
        max_length=253, blank=True, default="", help_text="The host that failed."
    )
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    stored = models.ForeignKey(
        StoredImage,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="fetches",
        help_text="The copy. While a fetch is waiting, an older one.",
    )
    failure = models.TextField(blank=True, help_text="Why it failed.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="Tries since it was last stored.")
    tried_at = models.DateTimeField(null=True, blank=True)
    next_try_at = models.DateTimeField(
        null=True, blank=True, help_text="After a failure. Empty: another try would not help."
    )
    etag = models.CharField(max_length=200, blank=True)
    last_modified = models.CharField(max_length=200, blank=True)
    writing = models.CharField(
        max_length=64, blank=True, help_text="The digest of the files that are being written."
    )
    uploaded_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When an editor uploaded the copy. Fetches do not replace it.",
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
        # The admin lists only failures.
        verbose_name = "picture problem"
        indexes = [
            # Waiting and failed fetches, latest first, for all hosts or one. There is no condition,
            # because SQLite does not use a partial index for a parameter.
            models.Index(fields=["state", "-tried_at", "-id"], name="image_fetch_state"),
            models.Index(fields=["state", "host", "-tried_at", "-id"], name="image_fetch_host"),
            # Finds interrupted writes.
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
        """Return whether it should be fetched at ``at``."""
        match self.state:
            case ImageFetch.State.KEPT:
                return False
            case ImageFetch.State.FAILED if not retry_failed:
                return self.next_try_at is not None and self.next_try_at <= at
            case _:
                return True
