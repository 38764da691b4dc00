"""Unused copies are deleted after a while, and nothing else is."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from articles.images import files
from articles.images.pruning import GRACE, Pruned, prune
from articles.images.renditions import render
from articles.models import Image, ImageFetch, StoredImage
from articles.newsdesk import integrity
from newsroom.storage import PART
from tests.articles.images.samples import different
from tests.factories import make_article, make_stored_image

pytestmark = pytest.mark.django_db

LATER = timezone.now() + timedelta(days=30)


def store(number: int) -> StoredImage:
    rendered = render(different(number))
    files.write(rendered)
    return make_stored_image(
        digest=rendered.digest,
        renditions=[{"width": 64, "height": 36, "bytes": {"avif": 1, "webp": 1, "jpeg": 1}}],
    )


def show(stored: StoredImage, url: str = "https://a.example/1.png") -> Image:
    ImageFetch.objects.create(url=url, state="kept", stored=stored, tried_at=stored.stored_at)
    return Image.objects.create(article=make_article(), position=0, url=url, stored=stored)


def names(media: Path) -> set[str]:
    return {str(path.relative_to(media)) for path in media.rglob("*") if path.is_file()}


def found() -> list[tuple[str, str]]:
    return [(finding.kind, finding.slug) for finding in integrity.findings()]


class TestPrune:
    def test_shown_images_stay(self, media: Path) -> None:
        show(store(1))
        before = names(media)
        assert len(before) == 3
        assert prune(at=LATER) == Pruned(dry_run=False)
        assert names(media) == before

    def test_unused_images_are_deleted_with_their_files(self, media: Path) -> None:
        kept = store(1)
        show(kept)
        show(store(2), "https://a.example/2.png").article.delete()
        done = prune(at=LATER)
        assert (done.addresses, done.images, done.files) == (1, 1, 3)
        assert done.bytes > 0
        assert list(StoredImage.objects.all()) == [kept]
        assert names(media) == set(kept.names())

    def test_recent_files_stay(self, media: Path) -> None:
        stored = store(1)
        StoredImage.objects.update(stored_at=timezone.now())
        default_storage.save("images/00/00/" + "0" * 64 + "-64.avif", ContentFile(b"orphan"))
        assert prune() == Pruned(dry_run=False)
        assert names(media) > set(stored.names())

    def test_copy_whose_url_is_still_used_stays(self, media: Path) -> None:
        stored = store(1)
        image = show(stored)
        image.stored = None
        image.save()
        assert prune(at=LATER).images == 0

    def test_files_without_an_image_are_deleted(self, media: Path) -> None:
        stored = store(1)
        show(stored)
        folder = stored.names()[0].rpartition("/")[0]
        default_storage.save("images/00/00/" + "0" * 64 + "-64.avif", ContentFile(b"orphan"))
        # A process that was killed while it wrote a copy of a stored image left these files.
        default_storage.save(f"{folder}/.{stored.digest}-64.avif-x{PART}", ContentFile(b"or"))
        default_storage.save("other/file.txt", ContentFile(b"not ours"))
        done = prune(at=LATER)
        assert (done.images, done.files, done.bytes) == (0, 2, 8)
        assert names(media) == {*stored.names(), "other/file.txt"}

    def test_files_that_are_being_written_stay(self, media: Path) -> None:
        stored = store(1)
        stored.delete()
        fetch = ImageFetch.objects.create(url="https://a.example/", writing=stored.digest)
        assert prune(at=LATER).files == 0
        fetch.delete()
        assert prune(at=LATER).files == 3

    def test_a_dry_run_says_the_same_and_deletes_nothing(self, media: Path) -> None:
        show(store(1)).article.delete()
        store(2)
        before = names(media)
        told = prune(at=LATER, dry_run=True)
        # The first one has a URL, so the real run deletes that first.
        assert (told.addresses, told.images, told.files) == (1, 2, 6)
        assert names(media) == before
        assert StoredImage.objects.count() == 2
        done = prune(at=LATER)
        assert told.as_json() == done.as_json() | {"dry_run": True}
        assert names(media) == set()

    def test_nothing_is_there_yet(self, media: Path) -> None:
        assert prune(at=LATER) == Pruned(dry_run=False)


class TestFindings:
    def test_a_missing_file_is_reported_with_its_article(self, media: Path) -> None:
        stored = store(1)
        image = show(stored)
        assert found() == []
        name = stored.names()[-1]
        default_storage.delete(name)
        (finding,) = integrity.findings()
        assert (finding.kind, finding.slug) == ("missing file", image.article.slug)
        assert name in finding.message

    def test_no_folder_at_all(self, media: Path) -> None:
        make_stored_image()
        assert {kind for kind, _ in found()} == {"missing file"}
        assert len(found()) == 6

    def test_an_orphan_after_the_grace(self, media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        default_storage.save("images/00/00/" + "0" * 64 + "-64.avif", ContentFile(b"orphan"))
        assert found() == []
        later = timezone.now() + GRACE
        monkeypatch.setattr(timezone, "now", lambda: later)
        assert found() == [("orphan file", "")]
