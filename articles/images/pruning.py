"""Delete copies that nothing shows any more, and files without an image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from articles.images import files
from articles.models import Image, ImageFetch, Logo, StoredImage
from newsroom.bulk import hold_write_lock
from providers.models import Provider

GRACE: Final = timedelta(days=1)
"""Minimum age of unused copies to delete. Until then, an undo can still bring them back."""
_CHUNK: Final = 500


@dataclass(slots=True)
class Pruned:
    """Counts of what was deleted, or what a dry run would delete."""

    dry_run: bool
    addresses: int = 0
    """Fetch records whose URL no document or provider uses any more."""
    images: int = 0
    files: int = 0
    bytes: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def as_text(self) -> str:
        done = "would be deleted" if self.dry_run else "deleted"
        return (
            f"{self.images:,} images, {self.files:,} files ({self.bytes:,} bytes) and "
            f"{self.addresses:,} addresses {done}"
        )


def prune(*, dry_run: bool = False, grace: timedelta = GRACE, at: datetime | None = None) -> Pruned:
    """Delete unused copies and files older than ``grace``. Lists all files.

    Rows are deleted first, in their own transactions, then files. If a run is killed in between,
    the next one finds the remaining files.
    """
    moment = (at or timezone.now()) - grace
    done = Pruned(dry_run)
    done.addresses = _delete_all(_addresses(moment), dry_run)
    former = _former_logos()
    unused = _unused(moment, former)
    _delete_all(former, dry_run)
    gone = set(unused.values_list("digest", flat=True)) if dry_run else set()
    done.images = _delete_all(unused, dry_run)
    for shard in files.shards():
        for name, size in _orphans(shard, moment, gone):
            if dry_run or _delete_file(name):
                done.files += 1
                done.bytes += size
    return done


def orphans(moment: datetime) -> Iterator[str]:
    """Yield the names of files older than ``moment`` that no image uses. Lists all files."""
    for shard in files.shards():
        yield from (name for name, _ in _orphans(shard, moment, set()))


def missing() -> Iterator[tuple[StoredImage, str]]:
    """Yield the stored image and the name of each missing file. Lists all files."""
    kept = StoredImage.objects.order_by("digest").iterator(_CHUNK)
    for shard, images in groupby(kept, key=lambda stored: stored.digest[:2]):
        names = set(files.listed(shard))
        for stored in images:
            yield from ((stored, name) for name in stored.names() if name not in names)


def _addresses(moment: datetime) -> QuerySet[ImageFetch]:
    named = Image.objects.filter(url=OuterRef("url"))
    logos = [provider.logo["url"] for provider in Provider.objects.only("logos") if provider.logo]
    unnamed = ImageFetch.objects.filter(~Exists(named), tried_at__lt=moment)
    return unnamed.exclude(pk__in=ImageFetch.objects.of(logos).values("pk"))


def _former_logos() -> QuerySet[Logo]:
    """Return the logos that are no longer their provider's current logo."""
    logos = Logo.objects.select_related("provider")
    return Logo.objects.filter(pk__in=[logo.pk for logo in logos if not logo.is_current])


def _unused(moment: datetime, former: QuerySet[Logo]) -> QuerySet[StoredImage]:
    shown = Image.objects.filter(stored=OuterRef("pk"))
    # As long as a document names its URL, an image may show it again.
    fetched = ImageFetch.objects.filter(stored=OuterRef("pk"))
    named = fetched.exclude(pk__in=_addresses(moment).values("pk"))
    unused = StoredImage.objects.filter(~Exists(shown), ~Exists(named), stored_at__lt=moment)
    logos = Logo.objects.filter(stored=OuterRef("pk"))
    return unused.exclude(Exists(logos.exclude(pk__in=former.values("pk"))))


def _delete_all(rows: QuerySet[Any], dry_run: bool) -> int:
    if dry_run:
        return rows.count()
    total = 0
    while keys := list(rows.values_list("pk", flat=True)[:_CHUNK]):
        with transaction.atomic():
            # Imports and runs that store images take the same lock, so nothing can use these now.
            hold_write_lock()
            deleted, _ = rows.filter(pk__in=keys).delete()
        total += deleted
    return total


def _orphans(shard: str, moment: datetime, gone: set[str]) -> Iterator[tuple[str, int]]:
    names = sorted(files.listed(shard))
    owned = _owned({files.digest_of(name) for name in names}) - gone
    for name in names:
        if files.is_copy(name) and files.digest_of(name) in owned:
            continue
        size = files.size_if_older(name, moment)
        if size is not None:
            yield name, size


def _owned(digests: Iterable[str]) -> set[str]:
    """Return those of ``digests`` whose copies are kept or being written."""
    wanted = list(digests)
    if not wanted:
        return set()
    kept = StoredImage.objects.filter(digest__any_of=wanted).values_list("digest", flat=True)
    writing = ImageFetch.objects.filter(writing__any_of=wanted).values_list("writing", flat=True)
    return {*kept, *writing}


def _delete_file(name: str) -> bool:
    with transaction.atomic():
        # A run holds this lock while it records which files it will write.
        hold_write_lock()
        if files.is_copy(name) and _owned([files.digest_of(name)]):
            return False
        default_storage.delete(name)
    return True
