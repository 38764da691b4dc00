"""What editors do about pictures: upload another, have one fetched again, say what must be seen.

Like every copy an upload belongs to the address in whose place it is shown: whatever article has that
address shows it, and so does a document that comes again. The address stays the source's, in exports,
too. No fetch takes its place until an editor wants the source's again.

Each takes the image as the editor saw it, and raises ``ChangedImageError`` where it is another now.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from articles.images import files
from articles.images.fetching import MAX_URL_BYTES
from articles.images.keeping import columns
from articles.images.missing import want_anew
from articles.images.render_process import Workshop
from articles.images.renditions import RefusedImageError, Rendered
from articles.models import Image, ImageFetch, StoredImage
from newsroom.bulk import hold_write_lock
from newsroom.outbound import Bounds

MAX_BYTES: Final = Bounds().max_bytes
"""Of an upload; the same as of what is fetched."""


class ChangedImageError(Exception):
    """Somebody, a fetch or an import changed the image after it was read."""

    def __init__(self) -> None:
        super().__init__(
            "Nothing was done: somebody, a fetch or an import changed this picture after you "
            "opened it. Look at it again."
        )


def upload(image: Image, data: bytes, *, by: User | None) -> StoredImage:
    """Show the picture ``data`` wherever the address of ``image`` is shown.

    Takes seconds: the file is read in a process of its own, within the bounds of what is fetched.
    Raises ``RefusedImageError`` for a file that is not kept; nothing has changed then.
    """
    _require_address(image)
    if len(data) > MAX_BYTES:
        raise RefusedImageError(f"It has more than {MAX_BYTES:,} bytes.")
    return put(image.url, data, by=by, check=lambda: _require_unchanged(image))


def put(
    url: str, data: bytes, *, by: User | None = None, check: Callable[[], object] = lambda: None
) -> StoredImage:
    """Keep the picture ``data`` as that of an address, and show it where articles name that.

    ``check`` is called before anything is written, in each transaction. Raises what that raises, and
    ``RefusedImageError``.
    """
    with Workshop(1) as workshop:
        rendered = workshop.render(data)
    fetches = ImageFetch.objects.filter(url=url)
    with transaction.atomic():
        hold_write_lock()
        check()
        # Says whose the files are before there are any, as fetching does.
        ImageFetch.objects.update_or_create(
            url=url, defaults={"writing": rendered.digest, "tried_at": timezone.now()}
        )
    try:
        files.write(rendered)
        with transaction.atomic():
            hold_write_lock()
            check()
            return _show(url, rendered, by)
    except BaseException:
        # The files are nobody's now, and deleted as such.
        fetches.filter(writing=rendered.digest).update(writing="")
        raise


def fetch_again(image: Image) -> None:
    """Have the address of ``image`` fetched by the next run, in place of an upload, too.

    Raises ``RefusedImageError`` for an address that nobody could be asked for.
    """
    _require_address(image)
    with transaction.atomic():
        hold_write_lock()
        _require_unchanged(image)
        ImageFetch.objects.get_or_create(url=image.url)
        want_anew(ImageFetch.objects.filter(url=image.url))


def focus(image: Image, seen: tuple[int, int], point: tuple[int, int]) -> None:
    """Say what must be seen of the copy of ``image`` when it is cropped.

    ``seen`` is the point that the editor saw, ``point`` the new one: percent from the left and the
    top, 0 to 100. It goes with the copy, wherever that is shown.
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
        raise RefusedImageError("It has no address of the web, so no page shows it.")


def _require_unchanged(image: Image) -> None:
    same = Image.objects.filter(
        article=image.article_id, position=image.position, url=image.url, stored=image.stored_id
    )
    if not same.exists():
        raise ChangedImageError


def _show(url: str, rendered: Rendered, by: User | None) -> StoredImage:
    stored = StoredImage.objects.filter(digest=rendered.digest).first()
    if stored is None:
        stored = StoredImage.objects.create(**columns(rendered))
    now = timezone.now()
    ImageFetch.objects.update_or_create(
        url=url,
        defaults={
            "state": ImageFetch.State.KEPT,
            "stored": stored,
            "failure": "",
            "tries": 0,
            "tried_at": now,
            "next_try_at": None,
            # Those of the source's picture say nothing of this one.
            "etag": "",
            "last_modified": "",
            "writing": "",
            "uploaded_at": now,
            "uploaded_by": by,
        },
    )
    Image.objects.at([url]).update(stored=stored)
    return stored
