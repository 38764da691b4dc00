"""Replacing pictures, fetching them again, and setting focal points.

An upload belongs to a URL, like every copy: all articles with that URL show it, even after another
import. Exports keep the source's URL. A fetch does not replace an upload until an editor requests
the source's picture.

Each function takes the image as the editor saw it and raises ``ChangedImageError`` if it has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from articles.images import files
from articles.images.fetching import MAX_URL_BYTES
from articles.images.keeping import columns, note_kept
from articles.images.missing import request_again
from articles.images.render_process import Workshop
from articles.images.renditions import RefusedImageError
from articles.models import Image, ImageFetch, StoredImage
from newsroom.bulk import hold_write_lock
from newsroom.outbound import Bounds

MAX_BYTES: Final = Bounds().max_bytes
"""The largest upload; the same as the largest fetched file."""


class ChangedImageError(Exception):
    """The image changed after the editor opened it."""

    def __init__(self) -> None:
        super().__init__(
            "Nothing was changed: this picture changed after you opened it. Check it and try again."
        )


def upload(image: Image, data: bytes, *, by: User | None) -> StoredImage:
    """Show the picture ``data`` wherever the URL of ``image`` is shown.

    This takes seconds: a separate process renders the file, with the limits for fetched files.
    Raise ``RefusedImageError`` and change nothing if the file cannot be stored.
    """
    _require_address(image)
    if len(data) > MAX_BYTES:
        raise RefusedImageError(f"It has more than {MAX_BYTES:,} bytes.")
    return put(image.url, data, by=by, check=lambda: _require_unchanged(image))


def put(
    url: str, data: bytes, *, by: User | None = None, check: Callable[[], object] = lambda: None
) -> StoredImage:
    """Store ``data`` as the picture for ``url`` and show it in the articles with this URL.

    Each transaction calls ``check`` first; its errors are passed on. Raise ``RefusedImageError``.
    """
    with Workshop(1) as workshop:
        rendered = workshop.render(data)
    fetches = ImageFetch.objects.filter(url=url)
    with transaction.atomic():
        hold_write_lock()
        check()
        # Record the owner of the files before writing them, as fetching does.
        ImageFetch.objects.update_or_create(
            url=url, defaults={"writing": rendered.digest, "tried_at": timezone.now()}
        )
    try:
        files.write(rendered)
        with transaction.atomic():
            hold_write_lock()
            check()
            stored, _ = StoredImage.objects.get_or_create(
                digest=rendered.digest, defaults=columns(rendered)
            )
            now = timezone.now()
            note_kept(url, stored, now, uploaded_at=now, uploaded_by=by)
            Image.objects.at([url]).update(stored=stored)
            return stored
    except BaseException:
        # Files without an owner are pruned later.
        fetches.filter(writing=rendered.digest).update(writing="")
        raise


def fetch_again(image: Image) -> None:
    """Make the next run fetch the URL of ``image``, even if this replaces an upload.

    Raise ``RefusedImageError`` for a URL that cannot be fetched.
    """
    _require_address(image)
    with transaction.atomic():
        hold_write_lock()
        _require_unchanged(image)
        ImageFetch.objects.get_or_create(url=image.url)
        request_again(ImageFetch.objects.filter(url=image.url))


def focus(image: Image, seen: tuple[int, int], point: tuple[int, int]) -> None:
    """Set the focal point of the copy of ``image``; crops keep it in view.

    ``seen`` is the point that the editor saw and ``point`` the new one, both as percentages from
    the left and the top (0 to 100). It applies wherever the copy is shown.
    """
    with transaction.atomic():
        hold_write_lock()
        _require_unchanged(image)
        x, y = seen
        same = StoredImage.objects.filter(pk=image.stored_id or 0, focal_x=x, focal_y=y)
        if not same.update(focal_x=point[0], focal_y=point[1]):
            raise ChangedImageError


def _require_address(image: Image) -> None:
    if not image.is_shown or len(image.url.encode()) > MAX_URL_BYTES:
        raise RefusedImageError("Its address is not a web URL, so no page shows it.")


def _require_unchanged(image: Image) -> None:
    same = Image.objects.filter(
        article=image.article_id, position=image.position, url=image.url, stored=image.stored_id
    )
    if not same.exists():
        raise ChangedImageError
