"""An image's page: its state, its words, and other pictures in its place; who may, and what stays."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from articles import editions, integrity, newsdesk
from articles.documents import DocumentImage
from articles.exporter import present
from articles.images import editing, files, keeping, pruning
from articles.images.keeping import keep
from articles.images.renditions import Rendered
from articles.models import Act, Article, Image, ImageFetch, StoredImage
from articles.roles import Role
from articles.snapshot import image_state
from articles.tasks import is_waiting, keep_images
from tests.articles.admin.asking import messages_of, press_undo, text_of
from tests.articles.admin_pages import PAYLOAD, page_of
from tests.articles.images import samples
from tests.articles.images.conftest import media, server
from tests.articles.images.samples import picture, png
from tests.articles.images.server import Server, reply
from tests.articles.samples import document, load, put
from tests.factories import NOW, make_article, make_stored_image, make_user

__all__ = ["media", "server"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]

FETCHED_SOON = "It is fetched in the background, before all others."
SOURCE = "https://a.example/photo.jpg"
State = ImageFetch.State


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(make_user(Role.EDITOR, username="anna"))
    return client


def add_image(article: Article | None = None, url: str = SOURCE, **values: Any) -> Image:
    article = article or make_article()
    position = article.images.count()
    return Image.objects.create(article=article, position=position, url=url, **values)


def address(image: Image) -> str:
    return reverse("admin:articles_article_image", args=[image.article_id, image.position])


def again(image: Image) -> Image:
    """Read an image as it is now; edits make its row anew."""
    return Image.objects.select_related("stored", "article").get(
        article=image.article_id, position=image.position
    )


def sent(page: Any, act: str, **typed: Any) -> dict[str, Any]:
    """Give what a browser sends from a form of the page."""
    form = page.context["forms"][act]
    values = {name: form[name].value() for name in form.fields if name != "file"}
    return {"act": act, **{name: value or "" for name, value in values.items()}, **typed}


def do(client: Client, image: Image, act: str, **typed: Any) -> Any:
    """Open the page, fill in a form and send it."""
    return client.post(address(image), sent(client.get(address(image)), act, **typed))


def file(data: bytes, name: str = "photo.jpg", kind: str = "image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, kind)


def upload(client: Client, image: Image, data: bytes | None = None) -> Any:
    return do(client, image, "upload", file=file(picture() if data is None else data))


class TestState:
    def state(self, client: Client, image: Image) -> tuple[str, str]:
        """Give what the article's page and the image's own say."""
        return text_of(client.get(page_of(image.article))), text_of(client.get(address(image)))

    def test_waiting(self, editor: Client) -> None:
        for text in self.state(editor, add_image(width=800, height=600)):
            assert (
                "waiting fetched once readers may see it 800 \u00d7 600 pixels, as stated" in text
            )

    def test_kept(self, editor: Client) -> None:
        copy = make_stored_image(byte_size=2_000_000, width=1600, height=900)
        for text in self.state(editor, add_image(width=800, height=600, stored=copy)):
            assert (
                "kept JPEG, 1.9 MB, 1600 \u00d7 900 pixels (stated: 800 \u00d7 600) "
                "\u2013 readers load 17 bytes at most, 100% less" in text
            )

    def test_kept_as_stated(self, editor: Client) -> None:
        image = add_image(width=640, height=360, stored=make_stored_image(byte_size=10))
        for text in self.state(editor, image):
            assert "640 \u00d7 360 pixels" in text
            assert "stated" not in text
            assert "less" not in text

    def test_failed(self, editor: Client) -> None:
        ImageFetch.objects.create(
            url=SOURCE,
            state=State.FAILED,
            failure="Its server answers 503.",
            tries=2,
            tried_at=NOW,
            next_try_at=NOW + timedelta(hours=6),
        )
        image = add_image()
        for text in self.state(editor, image):
            assert (
                "failed Its server answers 503. 2 tries, the last on Mar 1, 2026 12:00 UTC; "
                "next on Mar 1, 2026 18:00 UTC" in text
            )
        ImageFetch.objects.update(next_try_at=None)
        for text in self.state(editor, image):
            assert "no other by itself" in text

    def test_older_copy_while_a_newer_one_failed_or_waits(self, editor: Client) -> None:
        copy = make_stored_image()
        image = add_image(stored=copy)
        fetch = ImageFetch.objects.create(
            url=SOURCE, state=State.FAILED, failure="It is empty.", stored=copy, tried_at=NOW
        )
        for text in self.state(editor, image):
            assert "kept the latest fetch failed: It is empty." in text
        fetch.state = State.WAITING
        fetch.save()
        for text in self.state(editor, image):
            assert "kept waits to be fetched again" in text

    def test_of_what_is_no_web_address(self, editor: Client) -> None:
        image = add_image(url="javascript:alert(1)")
        for text in self.state(editor, image):
            assert "never fetched, shown nowhere" in text
        assert 'href="javascript' not in editor.get(address(image)).content.decode()

    def test_only_kept_copies_are_drawn(self, editor: Client) -> None:
        article = make_article()
        kept, _waiting = (
            add_image(article, stored=make_stored_image()),
            add_image(article, "http://b.example/"),
        )
        assert kept.stored is not None
        pages = [page_of(article), address(kept), reverse("admin:articles_article_changelist")]
        pages += [
            reverse("admin:articles_article_story", args=[article.pk]),
            reverse("admin:articles_article_decide", args=[article.pk, "hold"]),
            reverse("admin:articles_article_triage", args=["held"]) + f"?article={article.pk}",
        ]
        for page in pages:
            html = editor.get(page).content.decode()
            sources = set(re.findall(r'<img[^>]*\ssrc="([^"]*)"', html))
            sources = {one for one in sources if not one.startswith("/static/")}
            small = kept.stored.url_of(kept.stored.copies[0], "webp")
            assert sources <= {kept.stored.url, small}, page
            assert sources, page

    def test_who_else_shows_it(self, editor: Client) -> None:
        image, other = add_image(), add_image(make_article(title="Elsewhere"))
        add_image(make_article(title="Another"), "https://a.example/other.jpg")
        text = text_of(editor.get(address(image)))
        assert "Other articles have the same address" in text
        assert "Elsewhere" in text
        assert "Another" not in text
        assert page_of(other.article) in editor.get(address(image)).content.decode()

    def test_text_is_escaped(self, editor: Client) -> None:
        image = add_image(make_article(title=PAYLOAD), title=PAYLOAD, attribution=PAYLOAD)
        ImageFetch.objects.create(url=SOURCE, state=State.FAILED, failure=PAYLOAD, tried_at=NOW)
        add_image(make_article(title=PAYLOAD))
        for page in (page_of(image.article), address(image)):
            assert PAYLOAD not in editor.get(page).content.decode()

    def test_no_such_image(self, editor: Client) -> None:
        image = add_image()
        for position in (1, 10**30):
            values = [image.article_id, position]
            found = editor.get(reverse("admin:articles_article_image", args=values))
            assert found.status_code == 404


class TestWords:
    def test_success(self, editor: Client) -> None:
        image = add_image(title="Old", width=3)
        typed = {"title": "A bridge\r\nin fog", "attribution": "C. Reporter", "reason": "Asked to"}
        told = messages_of(editor, do(editor, image, "words", **typed))
        assert told[0].startswith("Changed what is said of the image.")
        edited = again(image)
        assert (edited.title, edited.attribution) == ("A bridge\nin fog", "C. Reporter")
        assert (edited.width, edited.article.version) == (3, image.article.version + 1)
        act = Act.objects.get()
        assert (act.verb, act.reason, str(act.by)) == ("edit", "Asked to", "anna")
        history = text_of(editor.get(page_of(image.article, "history")))
        assert "A bridge in fog, C. Reporter" in history

        press_undo(editor, told[0])
        assert image_state(again(image)) == image_state(image)

    def test_nothing_said_stays_nothing(self, editor: Client) -> None:
        image = add_image(title=None, attribution="Somebody")
        do(editor, image, "words", attribution="")
        edited = again(image)
        assert (edited.title, edited.attribution) == (None, None)

    def test_nothing_changed(self, editor: Client) -> None:
        image = add_image(title="One\nline")
        answer = do(editor, image, "words", title="One\r\nline")
        assert "The image says that already." in text_of(answer)
        assert not Act.objects.exists()

    def test_lost_update(self, editor: Client) -> None:
        image = add_image(title="Old")
        page = editor.get(address(image))
        change = newsdesk.describe_image(image.article, 0, title="Theirs")
        newsdesk.perform(change, by=make_user(Role.EDITOR))
        answer = editor.post(address(image), sent(page, "words", title="Mine"))
        assert "changed by somebody else" in text_of(answer)
        assert "Stored now: “Theirs”" in text_of(answer)
        assert again(image).title == "Theirs"
        # What was typed is there, and is saved by a second look.
        assert answer.context["forms"]["words"]["title"].value() == "Mine"
        editor.post(address(image), sent(answer, "words"))
        assert again(image).title == "Mine"

    def test_what_was_typed_goes_to_no_other_image(self, editor: Client) -> None:
        image = add_image(title="Old")
        page = editor.get(address(image))
        other = ["https://b.example/", *image_state(image)[1:]]
        change = newsdesk.Change(
            newsdesk.Verb.EDIT,
            frozenset(),
            {image.article_id: 1},
            images={image.article_id: [other]},
        )
        newsdesk.perform(change, by=None)
        answer = editor.post(address(image), sent(page, "words", title="Mine"))
        assert "changed by somebody else" in text_of(answer)
        assert answer.context["forms"]["words"]["title"].value() == "Old"

    def test_not_of_what_is_known_as_coverage_alone(self, editor: Client) -> None:
        image = add_image(make_article(coverage_only=True))
        assert "What is said of it" not in text_of(editor.get(address(image)))
        answer = do(editor, image, "words", title="New")
        assert "it cannot be edited" in text_of(answer)
        assert again(image).title is None

    def test_re_import_and_export(self, editor: Client, tmp_path: Path) -> None:
        source = document(images=(DocumentImage(SOURCE, title="Old", attribution="Somebody"),))
        put(tmp_path, "a.txt", source)
        load(tmp_path)
        image = Image.objects.get()
        do(editor, image, "words", title="Mine")
        put(tmp_path, "a.txt", document(title="Another title", images=source.images))
        load(tmp_path)
        edited = again(image)
        assert (edited.article.title, edited.title) == ("Another title", "Mine")
        assert present(edited.article).images == (
            DocumentImage(SOURCE, title="Mine", attribution="Somebody"),
        )


class TestUpload:
    def test_success(self, editor: Client, media: Path) -> None:
        image, elsewhere = add_image(), add_image()
        before = editions.current()
        told = messages_of(editor, upload(editor, image, picture("PNG", (700, 350))))
        assert told == ["Readers see your picture now, wherever this address is shown."]
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
            (samples.SVG, "It is SVG, which may hold scripts and is not kept."),
            (b"<!DOCTYPE html><p>", "It is a page or another markup, not an image."),
            (b"GIF89a but not", "It cannot be read: "),
            (png(30_000, 30_000, b""), "It has more than 40 megapixels."),
            (png(6_000, 6_000, bytes(6_000 * 18_001))[:60_000], "It cannot be read: "),
            (bytes(editing.MAX_BYTES + 1), "It has more than 10,000,000 bytes."),
            (b"", "The submitted file is empty."),
            (samples.GZIPPED, "It is no JPEG, PNG, GIF, WebP or AVIF."),
        ],
        ids=["SVG", "HTML", "broken", "bomb", "truncated", "huge", "empty", "gzip"],
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

    def test_place_of_an_address_that_is_none(self, editor: Client) -> None:
        for url in ("images/local.png", "https://a.example/" + "ä" * 1500):
            image = add_image(url=url)
            answer = upload(editor, image)
            assert "It has no address of the web" in text_of(answer)
        assert not StoredImage.objects.exists()

    def test_lost_update(self, editor: Client, media: Path) -> None:
        image = add_image()
        page = editor.get(address(image))
        theirs = editing.upload(image, picture("PNG"), by=None)
        answer = editor.post(address(image), sent(page, "upload", file=file(picture())))
        assert "changed this picture after you opened it" in text_of(answer)
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
        assert "changed this picture after you opened it" in text_of(answer)
        assert again(image).stored == copy
        # The files are nobody's, as those of a run that was killed.
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
        # The row of the image is made anew by each of these.
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
        assert is_waiting(keep_images)
        # Nothing is asked for while the editor waits.
        assert server.requests == []
        assert again(image).state == State.WAITING
        keep()
        assert again(image).state == State.KEPT
        assert ImageFetch.objects.get().failure == ""

    def test_of_what_no_reader_sees_yet(self, editor: Client, server: Server) -> None:
        image = add_image(make_article(quality=None), server.put("/a", picture()))
        assert keep().kept == 0
        do(editor, image, "fetch")
        keep()
        assert again(image).state == State.KEPT

    def test_kept_is_shown_meanwhile(self, editor: Client, server: Server) -> None:
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

    def test_upload_stays_until_the_source_is_wanted_again(
        self, editor: Client, server: Server
    ) -> None:
        image = add_image(url=server.put("/a", reply(picture(), ETag='"1"')))
        keep()
        upload(editor, image, picture("PNG"))
        mine = again(image).stored
        server.requests.clear()
        keep(retry_failed=True)
        assert (server.requests, again(image).stored) == ([], mine)
        assert "Go back to the source\u2019s picture" in text_of(editor.get(address(image)))
        do(editor, image, "fetch")
        server.answers.clear()
        keep()
        # Not thrown away for nothing, nor for "unchanged" since before the upload.
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
            editing.upload(again(image), picture("PNG"), by=None)
            editing.upload(again(failing), picture("GIF"), by=None)
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
        mine = editing.upload(image, picture(), by=None)
        answer = editor.post(address(image), sent(page, "fetch"))
        assert "changed this picture after you opened it" in text_of(answer)
        fetch = ImageFetch.objects.get()
        assert (fetch.stored, fetch.uploaded_at is None) == (mine, False)


class TestFocus:
    def test_success(self, editor: Client) -> None:
        copy = make_stored_image()
        image = add_image(stored=copy)
        before = editions.current()
        told = messages_of(editor, do(editor, image, "focus", x="10", y="100"))
        assert told == ["Crops show that part of the picture now."]
        copy.refresh_from_db()
        assert (copy.focal_x, copy.focal_y) == (10, 100)
        assert editions.current() != before
        assert 'cx="10%" cy="100%"' in editor.get(address(image)).content.decode()

    @pytest.mark.parametrize("x", ["-1", "101", "", "left"])
    def test_out_of_the_picture(self, editor: Client, x: str) -> None:
        copy = make_stored_image()
        assert do(editor, add_image(stored=copy), "focus", x=x).context["forms"]["focus"].errors
        copy.refresh_from_db()
        assert copy.focal_x == 50

    def test_lost_update(self, editor: Client) -> None:
        copy = make_stored_image()
        image = add_image(stored=copy)
        page = editor.get(address(image))
        StoredImage.objects.update(focal_x=1)
        answer = editor.post(address(image), sent(page, "focus", x="99"))
        assert "changed this picture after you opened it" in text_of(answer)
        copy.refresh_from_db()
        assert copy.focal_x == 1
        assert answer.context["forms"]["focus"]["x"].value() == "99"

    def test_of_another_copy(self, editor: Client) -> None:
        first, second = make_stored_image(), make_stored_image()
        image = add_image(stored=first)
        page = editor.get(address(image))
        Image.objects.update(stored=second)
        editor.post(address(image), sent(page, "focus", x="99"))
        assert not StoredImage.objects.filter(focal_x=99).exists()

    def test_without_a_copy(self, editor: Client) -> None:
        image = add_image()
        page = editor.get(address(image))
        data = sent(page, "focus", x="1", y="1", seen_x="50", seen_y="50")
        assert "Look at it again" in text_of(editor.post(address(image), data))


class TestWho:
    @pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
    def test_looks_only(self, client: Client, role: Role) -> None:
        image = add_image(stored=make_stored_image())
        client.force_login(make_user(role))
        page = client.get(address(image))
        assert page.status_code == 200
        assert "<form" not in page.content.decode().partition('id="content-main"')[2]
        for act in ("words", "upload", "fetch", "focus"):
            data = sent(page, act, title="New", file=file(picture()), x="1", y="1")
            assert client.post(address(image), data).status_code == 403
        assert again(image).title is None
        assert not ImageFetch.objects.exists()
        assert not StoredImage.objects.filter(focal_x=1).exists()

    def test_without_a_token(self) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(make_user(Role.EDITOR))
        assert do(client, add_image(), "fetch").status_code == 403
        assert not ImageFetch.objects.exists()

    def test_unknown_act(self, editor: Client) -> None:
        answer = editor.post(address(add_image()), {"act": "delete"})
        assert "Choose what to do." in text_of(answer)

    def test_odd_values(self, editor: Client) -> None:
        image = add_image(stored=make_stored_image())
        for name, value in (
            ("seen_copy", str(10**30)),
            ("seen_copy", "x"),
            ("seen_url", "a" * 3000),
            ("seen_url", "\0"),
            ("seen_version", str(10**30)),
        ):
            for act in ("words", "upload", "fetch", "focus"):
                data = {"title": "New", "file": file(b"GIF89a"), "x": "1", "y": "1", name: value}
                if name == "seen_version" and act != "words":
                    continue
                assert do(editor, image, act, **data).status_code == 200
        assert again(image).title is None


class TestCost:
    def test_queries(self, editor: Client) -> None:
        counts = []
        for size in (1, 30):
            image = add_image(
                make_article(), f"https://a.example/{size}", stored=make_stored_image()
            )
            for _ in range(size):
                add_image(image.article)
                add_image(make_article(), image.url)
            with CaptureQueriesContext(connection) as queries:
                editor.get(address(image))
            counts.append(len(queries))
        # Session, user, permissions (2); image with copy and article, its fetch, who else shows it.
        assert counts == [7, 7]
