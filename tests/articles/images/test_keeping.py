"""Images that readers see are stored once; failures are reported and do not stop the run."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image as Pillow

from articles.documents import DocumentImage
from articles.images import keeping, pruning
from articles.images.keeping import keep, preview
from articles.models import Article, Image, ImageFetch, StoredImage
from articles.newsdesk import integrity
from articles.tracking import editions
from tests.articles.images.samples import different, picture
from tests.articles.images.server import Server, reply
from tests.articles.samples import document, load, put
from tests.factories import NOW, make_article, make_superseded, relate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]

AT = NOW + timedelta(days=1)


def add_image(url: str, article: Article | None = None, position: int = 0) -> Image:
    return Image.objects.create(article=article or make_article(), position=position, url=url)


def fetched(url: str) -> ImageFetch:
    return ImageFetch.objects.get(url=url)


def images(*urls: str) -> tuple[DocumentImage, ...]:
    return tuple(DocumentImage(url) for url in urls)


def found() -> list[str]:
    return [finding.kind for finding in integrity.findings()]


class TestKeep:
    def test_success(self, server: Server, media: Path) -> None:
        image = add_image(server.put("/a", reply(picture("PNG", (700, 350)), ETag='"1"')))
        report = keep(at=AT)
        assert (report.kept, report.stored, report.linked, report.failures) == (1, 1, 1, [])
        image.refresh_from_db()
        assert image.stored is not None
        stored = image.stored
        assert (stored.format, image.state) == ("png", ImageFetch.State.KEPT)
        assert stored.byte_size == len(picture("PNG", (700, 350))) == report.fetched_bytes
        assert (stored.width, stored.height) == (700, 350)
        name = f"images/{stored.digest[:2]}/{stored.digest[2:4]}/{stored.digest}-700.jpeg"
        assert name in stored.names()
        with default_storage.open(name) as file:
            assert Pillow.open(file).size == (700, 350)
        files = [path for path in media.rglob("*") if path.is_file()]
        assert len(files) == 9
        assert sum(path.stat().st_size for path in files) == report.stored_bytes
        assert {path.stat().st_mode & 0o777 for path in files} == {0o644}
        assert fetched(image.url).etag == '"1"'
        assert found() == []

    def test_a_second_run_requests_and_writes_nothing(self, server: Server) -> None:
        add_image(server.put("/a", picture()))
        add_image(server.url("/none"))
        keep(at=AT)
        server.requests.clear()
        with CaptureQueriesContext(connection) as queries:
            report = keep(at=AT)
        assert (report.kept, report.failures, server.requests) == (0, [], [])
        assert [query for query in queries if not query["sql"].startswith("SELECT")] == []

    def test_equal_content_is_one_copy(self, server: Server) -> None:
        first, second = (
            add_image(server.put("/a", picture())),
            add_image(server.put("/b", picture())),
        )
        report = keep(at=AT)
        first.refresh_from_db()
        second.refresh_from_db()
        assert first.stored == second.stored == StoredImage.objects.get()
        assert (report.kept, report.stored, report.linked) == (2, 1, 2)

    def test_equal_urls_are_requested_once(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # The second image comes in another chunk, while the first is being fetched or is already
        # done.
        monkeypatch.setattr("articles.images.missing.CHUNK", 1)
        url = server.put("/a", picture())
        shown = [add_image(url) for _ in range(4)]
        report = keep(at=AT)
        assert server.paths() == ["/a"]
        assert report.linked == 4
        assert {Image.objects.get(pk=image.pk).stored_id for image in shown} != {None}

    def test_storing_begins_an_edition_and_a_failure_does_not(self, server: Server) -> None:
        add_image(server.url("/none"))
        before = editions.current(AT)
        assert len(keep(at=AT).failures) == 1
        assert editions.current(AT) == before
        add_image(server.put("/a", picture()))
        before = editions.current(AT)
        keep(at=AT)
        assert editions.current(AT) != before

    def test_invalid_urls_are_left_alone(self, server: Server) -> None:
        add_image("javascript:alert(1)")
        add_image("images/local.png")
        report = keep(at=AT)
        assert (report.kept, report.failures) == (0, [])
        assert not ImageFetch.objects.exists()

    def test_images_of_a_newer_document_are_shown_at_once(
        self, server: Server, tmp_path: Path
    ) -> None:
        url = server.put("/a", picture())
        folder = tmp_path / "seeds"
        folder.mkdir()
        first = document(quality=80, heat=80, published=True, images=images(url))
        put(folder, "a.txt", first)
        load(folder)
        keep(at=timezone.now())
        # A newer document puts another image first; the rows of both images are new.
        other = document(quality=80, heat=80, published=True, images=images(server.url("/b"), url))
        put(folder, "a.txt", other)
        load(folder)
        waiting, shown = Image.objects.order_by("position")
        assert (waiting.state, waiting.stored) == (ImageFetch.State.WAITING, None)
        assert shown.stored == StoredImage.objects.get()
        assert server.paths() == ["/a"]


class TestOrder:
    def test_the_front_page_then_what_it_covers(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(keeping, "FETCHES", 1)
        monkeypatch.setattr(keeping, "PER_HOST", 1)
        old = make_article(published_at=NOW - timedelta(days=30))
        hot = make_article(quality=150)
        covered = make_superseded(old)
        relate(hot, covered)
        relate(old, held := make_article(decision=Article.Decision.HOLD))
        for number, (article, name) in enumerate(
            [
                (old, "/old"),
                (hot, "/hot"),
                (hot, "/hot-2"),
                (covered, "/covered"),
                (held, "/held"),
                (make_article(quality=10), "/below"),
                (make_article(publish_from=AT + timedelta(days=1)), "/scheduled"),
            ]
        ):
            add_image(server.put(name, different(number)), article, number)
        assert preview(at=AT).wanted == [
            server.url(path) for path in ("/hot", "/hot-2", "/old", "/covered")
        ]
        keep(at=AT)
        assert server.paths() == ["/hot", "/hot-2", "/old", "/covered"]

    def test_the_limit_counts_requests(self, server: Server) -> None:
        for number in range(5):
            add_image(server.put(f"/{number}", different(number)))
        assert len(preview(at=AT, limit=2).wanted) == 2
        assert keep(at=AT, limit=2).kept == 2
        assert keep(at=AT, limit=2).kept == 2
        assert keep(at=AT, limit=2).kept == 1

    def test_a_preview_does_nothing(self, server: Server) -> None:
        add_image(server.put("/a", picture()))
        preview(at=AT)
        assert server.requests == []
        assert not ImageFetch.objects.exists()

    @pytest.mark.parametrize("chunk", [1, 2, 3, 100])
    def test_chunks_make_no_difference(
        self, server: Server, monkeypatch: pytest.MonkeyPatch, chunk: int
    ) -> None:
        articles = [make_article(top_rank=rank) for rank in (5, 4, 4, 4, 3)]
        expected = [
            add_image(server.url(f"/{number}"), article).url
            for number, article in enumerate(sorted(articles, key=lambda a: (-a.top_rank, a.slug)))
        ]
        monkeypatch.setattr("articles.images.missing.CHUNK", chunk)
        assert preview(at=AT).wanted == expected


class TestFailures:
    def test_are_retried_after_growing_delays(self, server: Server) -> None:
        url = server.put("/a", reply(status="503 Later"))
        add_image(url)
        at = AT
        for tries, pause in enumerate(keeping.RETRIES, 1):
            keep(at=at)
            row = fetched(url)
            assert (row.tries, row.next_try_at) == (tries, at + pause)
            keep(at=at + pause - timedelta(seconds=1))
            assert len(server.requests) == tries
            at += pause
        keep(at=at)
        assert fetched(url).next_try_at is None
        keep(at=at + timedelta(days=365))
        assert len(server.requests) == len(keeping.RETRIES) + 1

    def test_are_tried_again_when_asked_to(self, server: Server) -> None:
        image = add_image(server.put("/a", reply(status="404 None")))
        keep(at=AT)
        assert image.state == ImageFetch.State.FAILED
        assert keep(at=AT + timedelta(days=365)).failures == []
        server.put("/a", picture())
        assert preview(at=AT, retry_failed=True).wanted == [image.url]
        assert keep(at=AT, retry_failed=True).kept == 1
        row = fetched(image.url)
        assert (row.state, row.failure, row.tries) == (ImageFetch.State.KEPT, "", 0)

    def test_once_a_run(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("articles.images.missing.CHUNK", 1)
        url = server.url("/none")
        for _ in range(3):
            add_image(url)
        assert len(keep(at=AT, retry_failed=True).failures) == 1
        assert server.paths() == ["/none"]

    def test_a_host_that_requests_a_pause_is_skipped(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(keeping, "PER_HOST", 1)
        for number in range(5):
            url = server.put(f"/{number}", reply(status="429 Slow Down", Retry_After="86400"))
            add_image(url, make_article())
        at = timezone.now()
        report = keep(at=at)
        assert server.paths() == ["/0"]
        assert (len(report.failures), report.postponed) == (1, 4)
        next_try_at = fetched(server.url("/0")).next_try_at
        assert next_try_at is not None
        assert next_try_at >= at + timedelta(days=1)

    def test_too_long_urls_are_reported_by_each_run(self, server: Server) -> None:
        add_image(server.url("/" + "ü" * 1500))
        for _ in range(2):
            (failure,) = keep(at=AT).failures
            assert "more than 2,000 bytes" in failure.reason
        assert not ImageFetch.objects.exists()

    def test_of_the_storage_end_the_run(
        self, server: Server, media: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        image = add_image(server.put("/a", picture()))
        media.mkdir()
        (media / "images").write_text("in the way")
        with pytest.raises(OSError, match="images"):
            keep(at=AT)
        assert image.state == ImageFetch.State.WAITING
        (media / "images").unlink()
        assert keep(at=AT).kept == 1


class TestAnew:
    """When an editor fetches an image again, the old copy stays until a new one is stored."""

    @pytest.fixture
    def image(self, server: Server) -> Image:
        image = add_image(server.put("/a", reply(picture(), ETag='"1"')))
        keep(at=AT)
        ImageFetch.objects.update(state=ImageFetch.State.WAITING)
        server.requests.clear()
        image.refresh_from_db()
        return image

    def test_unchanged(self, server: Server, image: Image) -> None:
        server.put("/a", reply(status="304 Not Modified"))
        report = keep(at=AT)
        assert (report.kept, report.unchanged, report.fetched_bytes) == (1, 1, 0)
        assert server.requests[0].headers["if-none-match"] == '"1"'
        assert fetched(image.url).state == ImageFetch.State.KEPT
        assert fetched(image.url).etag == '"1"'

    def test_changed(self, server: Server, image: Image) -> None:
        server.put("/a", different(1))
        before = image.stored_id
        assert keep(at=AT).stored == 1
        image = Image.objects.get(pk=image.pk)
        assert image.stored_id != before
        assert image.stored == StoredImage.objects.latest("pk")

    def test_failed(self, server: Server, image: Image) -> None:
        server.put("/a", reply(status="404 None"))
        assert len(keep(at=AT).failures) == 1
        assert Image.objects.get(pk=image.pk).stored_id == image.stored_id is not None
        assert fetched(image.url).state == ImageFetch.State.FAILED


class TestDeletedMeanwhile:
    def test_waits_for_the_next_run(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        add_image(server.put("/a", picture()))
        keep(at=AT)
        image = add_image(server.put("/b", picture()))
        commit = keeping._Run.commit

        def prune_first(run: keeping._Run) -> None:
            if run.done:
                # The files of /a existed already, and nothing shows them now.
                Image.objects.exclude(pk=image.pk).delete()
                pruning.prune(grace=timedelta(0), at=timezone.now() + timedelta(days=1))
            commit(run)

        monkeypatch.setattr(keeping._Run, "commit", prune_first)
        assert keep(at=AT).stored == 0
        assert image.state == ImageFetch.State.WAITING
        assert not StoredImage.objects.exists()
        monkeypatch.undo()
        assert keep(at=AT).stored == 1
        assert found() == []


class TestInterrupt:
    def test_ends_after_the_current_batch(self, server: Server) -> None:
        def interrupt(connection: Any) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            reply(picture())(connection)

        for number in range(30):
            url = server.put(f"/{number}", interrupt if number == 3 else different(number))
            add_image(url, make_article())
        report = keep(at=AT)
        assert report.interrupted
        assert 3 < report.kept == len(server.requests) < 30
        assert found() == []
        assert keep(at=AT).kept == 30 - report.kept
