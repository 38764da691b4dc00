"""An image's page: its state, texts, focal point and permissions."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from articles import newsdesk
from articles.documents import DocumentImage
from articles.documents.marks import image_state
from articles.importing.export import present
from articles.models import Act, Image, ImageFetch, StoredImage
from articles.roles import Role
from articles.tracking import editions
from tests.articles.admin.admin_pages import PAYLOAD, page_of
from tests.articles.admin.asking import messages_of, press_undo, text_of
from tests.articles.admin.image_page import (
    SOURCE,
    State,
    add_image,
    address,
    again,
    do,
    editor,
    file,
    sent,
)
from tests.articles.images.conftest import media, server
from tests.articles.images.samples import picture
from tests.articles.samples import document, load, put
from tests.factories import NOW, make_article, make_stored_image, make_user

__all__ = ["editor", "media", "server"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media"), pytest.mark.once]


class TestState:
    def state(self, client: Client, image: Image) -> tuple[str, str]:
        """Return the text of the article's page and of the image's page."""
        return text_of(client.get(page_of(image.article))), text_of(client.get(address(image)))

    def test_waiting(self, editor: Client) -> None:
        for text in self.state(editor, add_image(width=800, height=600)):
            assert (
                "not fetched yet will be fetched when readers can see it 800 \u00d7 600 pixels, according to the source"
                in text
            )

    def test_kept(self, editor: Client) -> None:
        copy = make_stored_image(byte_size=2_000_000, width=1600, height=900)
        for text in self.state(editor, add_image(width=800, height=600, stored=copy)):
            assert (
                "stored JPEG, 1.9 MB, 1600 \u00d7 900 pixels (the source says 800 \u00d7 600) "
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
                "couldn&#x27;t fetch Its server answers 503. 2 tries, last on Mar 1, 2026 12:00 UTC; "
                "next on Mar 1, 2026 18:00 UTC" in text
            )
        ImageFetch.objects.update(next_try_at=None)
        for text in self.state(editor, image):
            assert "no automatic retry" in text

    def test_older_copy_while_a_newer_one_failed_or_waits(self, editor: Client) -> None:
        copy = make_stored_image()
        image = add_image(stored=copy)
        fetch = ImageFetch.objects.create(
            url=SOURCE, state=State.FAILED, failure="It is empty.", stored=copy, tried_at=NOW
        )
        for text in self.state(editor, image):
            assert "stored the latest fetch failed: It is empty." in text
        fetch.state = State.WAITING
        fetch.save()
        for text in self.state(editor, image):
            assert "stored will be fetched again" in text

    def test_url_that_is_not_http(self, editor: Client) -> None:
        image = add_image(url="javascript:alert(1)")
        for text in self.state(editor, image):
            assert "never fetched or shown" in text
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
        assert "Other articles with the same URL" in text
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
        assert told[0].startswith("Saved the alt text and credit.")
        edited = again(image)
        assert (edited.title, edited.attribution) == ("A bridge\nin fog", "C. Reporter")
        assert (edited.width, edited.article.version) == (3, image.article.version + 1)
        act = Act.objects.get()
        assert (act.verb, act.reason, str(act.by)) == ("edit", "Asked to", "anna")
        history = text_of(editor.get(page_of(image.article, "history")))
        assert "A bridge in fog, C. Reporter" in history

        press_undo(editor, told[0])
        assert image_state(again(image)) == image_state(image)

    def test_blank_stays_blank(self, editor: Client) -> None:
        image = add_image(title=None, attribution="Somebody")
        do(editor, image, "words", attribution="")
        edited = again(image)
        assert (edited.title, edited.attribution) == (None, None)

    def test_nothing_changed(self, editor: Client) -> None:
        image = add_image(title="One\nline")
        answer = do(editor, image, "words", title="One\r\nline")
        assert "The image already has that text." in text_of(answer)
        assert not Act.objects.exists()

    def test_control_characters_are_left_out(self, editor: Client) -> None:
        image = add_image(title="Old")
        do(editor, image, "words", title="N\x1bew", attribution="A\x07")
        assert (again(image).title, again(image).attribution) == ("New", "A")

    def test_lost_update(self, editor: Client) -> None:
        image = add_image(title="Old")
        page = editor.get(address(image))
        change = newsdesk.describe_image(image.article, 0, title="Theirs")
        newsdesk.perform(change, by=make_user(Role.EDITOR))
        answer = editor.post(address(image), sent(page, "words", title="Mine"))
        assert "somebody else, or an import, changed this" in text_of(answer)
        assert "Stored now: alt text “Theirs”" in text_of(answer)
        assert again(image).title == "Theirs"
        # The page keeps the input, and submitting it again saves it.
        assert answer.context["forms"]["words"]["title"].value() == "Mine"
        editor.post(address(image), sent(answer, "words"))
        assert again(image).title == "Mine"

    def test_input_is_not_applied_to_another_image(self, editor: Client) -> None:
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
        assert "somebody else, or an import, changed this" in text_of(answer)
        assert answer.context["forms"]["words"]["title"].value() == "Old"

    def test_not_for_coverage_only_articles(self, editor: Client) -> None:
        image = add_image(make_article(coverage_only=True))
        assert "Alt text and credit" not in text_of(editor.get(address(image)))
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


class TestFocus:
    def test_success(self, editor: Client) -> None:
        copy = make_stored_image()
        image = add_image(stored=copy)
        before = editions.current()
        told = messages_of(editor, do(editor, image, "focus", x="10", y="100"))
        assert told == ["Crops now show that part of the picture."]
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
        assert "this picture changed after you opened it" in text_of(answer)
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
        assert "Check it and try again" in text_of(editor.post(address(image), data))


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
        # Expect: session, user, permissions (2); image with copy and article, its fetch, other
        # articles that show it.
        assert counts == [7, 7]
