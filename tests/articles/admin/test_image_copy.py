"""Replacing a picture with an upload, and fetching it again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from articles import newsdesk
from articles.documents import DocumentImage
from articles.images import files, keeping, pruning, uploads
from articles.images.keeping import keep
from articles.images.renditions import Rendered
from articles.importing.export import present
from articles.models import Act, Image, ImageFetch, StoredImage
from articles.newsdesk import integrity
from articles.tasks import find_images
from articles.tracking import editions
from articles.units import waiting
from tests.articles.admin.asking import messages_of, text_of
from tests.articles.admin.image_page import (
    FETCHED_SOON,
    SOURCE,
    State,
    add_image,
    address,
    again,
    do,
    editor,
    file,
    sent,
    upload,
)
from tests.articles.images import samples
from tests.articles.images.conftest import media, server
from tests.articles.images.samples import picture, png
from tests.articles.images.server import Server, reply
from tests.articles.samples import document, load, put
from tests.factories import make_article, make_stored_image

__all__ = ["editor", "media", "server"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media"), pytest.mark.once]


class TestUpload:
    def test_success(self, editor: Client, media: Path) -> None:
        image, elsewhere = add_image(), add_image()
        before = editions.current()
        told = messages_of(editor, upload(editor, image, picture("PNG", (700, 350))))
        assert told == ["Readers now see your picture wherever this URL is used."]
        stored = StoredImage.objects.get()
        assert (stored.format, stored.width, stored.height) == ("png", 700, 350)
        assert again(image).stored == again(elsewhere).stored == stored
        assert len([path for path in media.rglob("*") if path.is_file()]) == 9
        fetch = ImageFetch.objects.get()
        assert (fetch.state, fetch.stored, fetch.writing) == (State.KEPT, stored, "")
        assert (str(fetch.uploaded_by), fetch.uploaded_at is None) == ("anna", False)
        assert editions.current() != before
        assert list(integrity.findings()) == []
        assert "uploaded by anna on" in text_of(editor.get(address(image)))
        assert not Act.objects.exists()

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (samples.SVG, "This is SVG, which may contain scripts and is not kept."),
            (b"<!DOCTYPE html><p>", "This is a web page or other markup, not an image."),
            (b"GIF89a but not", "It cannot be read: "),
            (png(30_000, 30_000, b""), "It has more than 40 megapixels."),
            (png(6_000, 6_000, bytes(6_000 * 18_001))[:60_000], "It cannot be read: "),
            (bytes(uploads.MAX_BYTES + 1), "It has more than 10,000,000 bytes."),
            (bytes(uploads.MAX_BYTES), "This is not a JPEG, PNG, GIF, WebP or AVIF."),
            (b"", "The submitted file is empty."),
            (samples.GZIPPED, "This is not a JPEG, PNG, GIF, WebP or AVIF."),
        ],
        ids=["SVG", "HTML", "broken", "bomb", "truncated", "huge", "largest", "empty", "gzip"],
    )
    def test_refused(self, editor: Client, media: Path, data: bytes, words: str) -> None:
        copy = make_stored_image()
        image = add_image(stored=copy)
        answer = upload(editor, image, data)
        assert answer.status_code == 200
        assert words in text_of(answer)
        assert again(image).stored == copy
        assert not ImageFetch.objects.exists()
        assert not media.exists()

    def test_no_file(self, editor: Client) -> None:
        assert "Choose a file first." in text_of(do(editor, add_image(), "upload"))

    def test_url_that_is_not_http_or_too_long(self, editor: Client) -> None:
        for url in ("images/local.png", "https://a.example/" + "ä" * 1500):
            image = add_image(url=url)
            answer = upload(editor, image)
            assert "Its address is not a web URL" in text_of(answer)
        assert not StoredImage.objects.exists()

    def test_lost_update(self, editor: Client, media: Path) -> None:
        image = add_image()
        page = editor.get(address(image))
        theirs = uploads.upload(image, picture("PNG"), by=None)
        answer = editor.post(address(image), sent(page, "upload", file=file(picture())))
        assert "this picture changed after you opened it" in text_of(answer)
        assert again(image).stored == theirs
        assert StoredImage.objects.get() == theirs

    def test_changed_while_it_is_read(
        self, editor: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        image, copy = add_image(), make_stored_image()
        write = files.write

        def change_and_write(rendered: Rendered) -> int:
            Image.objects.update(stored=copy)
            return write(rendered)

        monkeypatch.setattr(files, "write", change_and_write)
        answer = upload(editor, image)
        assert "this picture changed after you opened it" in text_of(answer)
        assert again(image).stored == copy
        # No image uses these files, as after a run that was killed.
        assert ImageFetch.objects.get().writing == ""
        pruning.prune(grace=timedelta(0), at=timezone.now() + timedelta(days=1))
        assert [one.kind for one in integrity.findings()] == ["missing file"] * 6

    def test_same_picture_again(self, editor: Client) -> None:
        first, second = add_image(), add_image(url="https://b.example/")
        upload(editor, first)
        upload(editor, second)
        assert again(first).stored == again(second).stored == StoredImage.objects.get()

    def test_re_import_undo_and_export(self, editor: Client, tmp_path: Path) -> None:
        folder = tmp_path / "seeds"
        folder.mkdir()
        source = document(images=(DocumentImage(SOURCE, 10, 10),))
        put(folder, "a.txt", source)
        load(folder)
        image = Image.objects.get()
        upload(editor, image)
        stored = StoredImage.objects.get()
        assert present(again(image).article).images == source.images
        # Each of these decisions replaces the image's row.
        put(folder, "a.txt", document(images=(DocumentImage(SOURCE, 20, 20),)))
        load(folder)
        assert (again(image).width, again(image).stored) == (20, stored)
        do(editor, image, "words", title="New")
        assert again(image).stored == stored
        newsdesk.perform(newsdesk.undo(Act.objects.get()), by=None)
        assert (again(image).title, again(image).stored) == (None, stored)


class TestFetch:
    def test_waits_for_the_next_run(
        self,
        editor: Client,
        server: Server,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        image = add_image(url=server.url("/a"))
        keep()
        assert again(image).state == State.FAILED
        server.put("/a", picture())
        server.requests.clear()
        with django_capture_on_commit_callbacks(execute=True):
            answer = do(editor, image, "fetch")
        assert messages_of(editor, answer) == [FETCHED_SOON]
        assert waiting(find_images)
        # The editor does not wait for a request to the publisher.
        assert server.requests == []
        assert again(image).state == State.WAITING
        keep()
        assert again(image).state == State.KEPT
        assert ImageFetch.objects.get().failure == ""

    def test_article_that_readers_do_not_see_yet(self, editor: Client, server: Server) -> None:
        image = add_image(make_article(quality=None), server.put("/a", picture()))
        assert keep().kept == 0
        do(editor, image, "fetch")
        keep()
        assert again(image).state == State.KEPT

    def test_stored_picture_is_shown_meanwhile(self, editor: Client, server: Server) -> None:
        image = add_image(url=server.put("/a", picture()))
        keep()
        older = again(image).stored
        server.put("/a", picture("PNG"))
        do(editor, image, "fetch")
        assert again(image).stored == older
        keep()
        newer = again(image).stored
        assert newer is not None
        assert newer.format == "png"

    def test_upload_stays_until_the_source_is_requested(
        self, editor: Client, server: Server
    ) -> None:
        image = add_image(url=server.put("/a", reply(picture(), ETag='"1"')))
        keep()
        upload(editor, image, picture("PNG"))
        mine = again(image).stored
        server.requests.clear()
        keep(retry_failed=True)
        assert (server.requests, again(image).stored) == ([], mine)
        assert "Use the source\u2019s picture" in text_of(editor.get(address(image)))
        do(editor, image, "fetch")
        server.answers.clear()
        keep()
        # An empty response does not discard the upload, and neither does an older 304.
        assert "if-none-match" not in server.requests[-1].headers
        assert again(image).stored == mine
        server.put("/a", picture())
        do(editor, image, "fetch")
        keep()
        source = again(image).stored
        assert source is not None
        assert source.format == "jpeg"

    def test_upload_while_a_run_fetches(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        image = add_image(url=server.put("/a", picture()))
        failing = add_image(url=server.url("/none"))
        take_on = keeping._Run.take_on

        def upload_first(run: Any, done: Any) -> None:
            uploads.upload(again(image), picture("PNG"), by=None)
            uploads.upload(again(failing), picture("GIF"), by=None)
            monkeypatch.undo()
            take_on(run, done)

        monkeypatch.setattr(keeping._Run, "take_on", upload_first)
        report = keep()
        assert (report.kept, report.failures) == (0, [])
        kept = [again(one).stored for one in (image, failing)]
        assert [one and one.format for one in kept] == ["png", "gif"]
        assert set(ImageFetch.objects.values_list("state", "writing")) == {("kept", "")}

    def test_lost_update(self, editor: Client) -> None:
        image = add_image()
        page = editor.get(address(image))
        mine = uploads.upload(image, picture(), by=None)
        answer = editor.post(address(image), sent(page, "fetch"))
        assert "this picture changed after you opened it" in text_of(answer)
        fetch = ImageFetch.objects.get()
        assert (fetch.stored, fetch.uploaded_at is None) == (mine, False)
