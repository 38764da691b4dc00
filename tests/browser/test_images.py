"""Images in the admin: only copies, at every width, and setting the focal point by a click."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from PIL import Image as Pillow
from playwright.sync_api import Page
from pytest_django import Settings

from articles.images import uploads
from articles.models import Article, Image, ImageFetch, StoredImage
from tests.articles.images.samples import drawn, saved
from tests.browser.axe import ANY, assert_accessible
from tests.browser.chromium import Look
from tests.browser.conftest import OpenPage
from tests.browser.sound import assert_sound
from tests.factories import NOW, make_article, relate

LONG = (
    "A very long headline that goes on and on about a bridge, the fog and all who were there, " * 3
)


@pytest.fixture(autouse=True)
def media(tmp_path: Path, settings: Settings) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def article(superuser: User) -> Article:
    """An article with images in every state and texts of every length."""
    article = make_article(title=LONG, decision="hold")
    words = [("A bridge in fog", "C. Reporter"), (LONG, LONG), (None, None), ("", "")]
    for position, (title, credit) in enumerate(words):
        Image.objects.create(
            article=article,
            position=position,
            url=f"https://a.example/{'path/' * 20 * position}{position}.jpg",
            width=800,
            height=600,
            title=title,
            attribution=credit,
        )
    kept, upright, failed, _waiting = article.images.all()
    wide = Pillow.linear_gradient("L").resize((1600, 900)).convert("RGB")
    uploads.upload(kept, saved(wide), by=superuser)
    uploads.upload(upright, saved(drawn((400, 1200)), "PNG"), by=None)
    ImageFetch.objects.create(
        url=failed.url,
        host="a.example",
        state=ImageFetch.State.FAILED,
        failure="It cannot be read: " + "cannot identify image file " * 5,
        tries=3,
        tried_at=NOW,
        next_try_at=NOW,
    )
    relate(article, make_article(title="Without any image"))
    return article


def address(article: Article, position: int) -> str:
    return reverse("admin:articles_article_image", args=[article.pk, position])


def pages(article: Article) -> list[str]:
    """Return the URL of every page about images."""
    return [
        *(address(article, position) for position in range(4)),
        reverse("admin:articles_article_change", args=[article.pk]),
        reverse("admin:articles_article_changelist"),
        reverse("admin:articles_imagefetch_changelist"),
        reverse("admin:articles_imagefetch_changelist") + "?host=a.example",
        reverse("admin:articles_article_story", args=[article.pk]),
        reverse("admin:articles_article_decide", args=[article.pk, "release"]),
        reverse("admin:articles_article_triage", args=["held"]),
        reverse("admin:index"),
    ]


class TestPages:
    def test_sound_and_accessible(
        self, open_page: OpenPage, superuser: User, article: Article
    ) -> None:
        page = open_page(superuser)
        for path in pages(article):
            page.goto(path)
            assert_sound(page)

    def test_every_picture_comes(
        self, open_page: OpenPage, superuser: User, article: Article, look: Look
    ) -> None:
        page = open_page(superuser, look)
        shown = 0
        for path in pages(article):
            page.goto(path)
            for picture in page.locator("img[src^='/media/']").all():
                picture.scroll_into_view_if_needed()
                picture.evaluate("image => image.decode()")
                shown += 1
        assert shown >= 2 + 2 + 1 + 1 + 1 + 1


class TestFocus:
    def test_click_moves_the_mark_and_the_numbers(self, admin_page: Page, article: Article) -> None:
        admin_page.goto(address(article, 0))
        picture = admin_page.locator("[data-focus-picture]")
        box = picture.bounding_box()
        assert box is not None
        picture.click(position={"x": box["width"] * 0.25, "y": box["height"] * 0.8})
        mark = picture.locator("circle")
        assert (mark.get_attribute("cx"), mark.get_attribute("cy")) == ("25%", "80%")
        admin_page.fill("[name=y]", "75")
        assert mark.get_attribute("cy") == "75%"
        admin_page.fill("[name=y]", "500")
        assert mark.get_attribute("cy") == "75%"
        admin_page.fill("[name=y]", "100")
        admin_page.click("button[value=focus]")
        admin_page.wait_for_selector(".messagelist .success")
        stored = StoredImage.objects.get(images__article=article, images__position=0)
        assert (stored.focal_x, stored.focal_y) == (25, 100)

    def test_upload(self, admin_page: Page, article: Article, tmp_path: Path) -> None:
        file = tmp_path / "mine.png"
        file.write_bytes(saved(drawn((300, 200)), "PNG"))
        admin_page.goto(address(article, 3))
        admin_page.set_input_files("[name=file]", file)
        admin_page.click("button[value=upload]")
        admin_page.wait_for_selector(".messagelist .success")
        assert admin_page.locator("[data-focus-picture] img").count() == 1
        assert_accessible(admin_page, impacts=ANY)

    def test_without_script(self, open_page: OpenPage, superuser: User, article: Article) -> None:
        page = open_page(superuser, java_script_enabled=False)
        page.goto(address(article, 0))
        page.fill("[name=x]", "10")
        page.click("button[value=focus]")
        page.wait_for_selector(".messagelist .success")
        assert StoredImage.objects.filter(focal_x=10).exists()


class TestFailures:
    def test_fetches_all_of_a_host_again(self, admin_page: Page, article: Article) -> None:
        admin_page.goto(reverse("admin:articles_imagefetch_changelist"))
        admin_page.check("#result_list tbody .action-select")
        admin_page.select_option("[name=action]", "fetch_hosts_again")
        admin_page.click("#changelist-form .actions [type=submit]")
        admin_page.wait_for_selector(".messagelist .success")
        assert not ImageFetch.objects.failed().exists()
        assert_sound(admin_page)
