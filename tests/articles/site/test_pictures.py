"""Pictures on readers' pages, and drawings for articles without one."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import pytest
from django.conf import LazySettings
from django.contrib.staticfiles import finders
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from articles.models import Article, Image, Logo, StoredImage
from articles.templatetags.pictures import FOCUS_STEP, TONES, alt, focus, initial, tone
from newsroom.settings import media_origin
from providers.models import Provider
from tests.factories import (
    make_article,
    make_provider,
    make_stored_image,
    make_superseded,
    make_topic,
    relate,
)


def test_a_provider_keeps_its_tone() -> None:
    assert tone("nypost.com") == tone("nypost.com")
    assert len({tone(f"paper-{number}.example") for number in range(200)}) == TONES


def site_css() -> str:
    path = finders.find("articles/site.css")
    assert isinstance(path, str)
    return Path(path).read_text(encoding="utf-8")


def test_every_tone_has_a_color() -> None:
    text = site_css()
    assert [f".tone-{number} {{" in text for number in range(TONES + 1)] == [True] * TONES + [False]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("New York Post", "N"),
        ("The Star", "S"),
        ("The ", "T"),
        ("  eBay", "E"),
        ("🚀 “Launch”", "L"),
        ("20 Minuten", "2"),
        ("日本", "日"),
        ("ßtudio", "S"),
        ("…", ""),
        ("", ""),
    ],
)
def test_initial(name: str, expected: str) -> None:
    assert initial(name) == expected


class Pictures(HTMLParser):
    """The pictures of a page, each with its alternative sources."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[dict[str, str]] = []
        self.sources: dict[str, str] = {}
        self.frames: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        if tag == "source":
            self.sources[values["type"]] = values["srcset"]
        elif tag == "img" and not values["src"].startswith("data:"):
            self.found.append(values | self.sources)
            self.sources = {}
        elif "picture" in values.get("class", "").split():
            self.frames.append(values["class"])


def pictures(client: Client, address: str) -> Pictures:
    response = client.get(address)
    assert response.status_code == 200
    return Pictures(response.content.decode())


def add_image(article: Article, **values: object) -> Image:
    """Store an article's image and a copy of it."""
    number = article.images.count()
    known = {"url": f"https://a.example/{number}.jpg", "stored": make_stored_image()}
    return Image.objects.create(article=article, position=number, **known | values)


def stored_of(image: Image) -> StoredImage:
    assert image.stored is not None
    return image.stored


@pytest.mark.django_db
class TestShown:
    def test_on_a_card(self, client: Client) -> None:
        make_article(quality=99)
        image = add_image(make_article(), title="A bridge")
        (shown,) = pictures(client, "/").found
        assert shown == {
            "src": f"/media/{stored_of(image).names()[1]}",
            "width": "320",
            "height": "180",
            "alt": "A bridge",
            "loading": "lazy",
        }
        assert shown["src"].endswith("-320.webp")

    def test_on_the_first_card(self, client: Client) -> None:
        image = add_image(make_article())
        (shown,) = pictures(client, "/").found
        stored = stored_of(image)
        assert shown["src"] == stored.url
        assert shown["srcset"] == stored.srcset("jpeg")
        assert shown["image/avif"] == stored.srcset("avif")
        assert (shown["width"], shown["height"], shown["alt"]) == ("640", "360", "")
        assert shown["fetchpriority"] == "high"
        assert "loading" not in shown

    @pytest.mark.parametrize("address", ["/latest/", "/topics/ai/", "/search/?q=story"])
    def test_the_first_picture_of_a_list_loads_first(self, client: Client, address: str) -> None:
        topic = make_topic("AI")
        for _ in range(3):
            add_image(make_article(topics=(topic,)))
        first, *others = pictures(client, address).found
        assert (first.get("fetchpriority"), first.get("loading")) == ("high", None)
        assert [(one.get("fetchpriority"), one.get("loading")) for one in others] == [
            (None, "lazy")
        ] * 2

    def test_on_its_page(self, client: Client) -> None:
        article = make_article()
        image = add_image(article, title="A <b>", attribution="A. <Agency>")
        response = client.get(article.get_absolute_url())
        (shown,) = Pictures(response.content.decode()).found
        stored = stored_of(image)
        assert shown["image/avif"] == stored.srcset("avif")
        assert shown["image/webp"] == stored.srcset("webp")
        assert shown["srcset"] == stored.srcset("jpeg")
        assert shown["sizes"]
        assert shown["alt"] == "A <b>"
        assert shown["fetchpriority"] == "high"
        html = response.content.decode()
        assert f'<img src="{stored.placeholder}" alt="">' in html
        caption = html.partition("<figcaption")[2].partition("</figcaption>")[0]
        assert "A. &lt;Agency&gt;" in caption

    def test_no_caption_without_a_credit(self, client: Client) -> None:
        article = make_article()
        add_image(article)
        assert b"figcaption" not in client.get(article.get_absolute_url()).content

    def test_the_first_that_is_kept(self, client: Client) -> None:
        article = make_article()
        for values in ({"stored": None}, {"url": "javascript:alert(1)"}):
            add_image(article, **values)
        image = add_image(article)
        add_image(article)
        for address in ("/", article.get_absolute_url()):
            assert [one["src"] for one in pictures(client, address).found] == [stored_of(image).url]

    def test_drawn_where_none_is_kept(self, client: Client) -> None:
        article = make_article()
        add_image(article, stored=None)
        for address in ("/", "/latest/", article.get_absolute_url()):
            page = pictures(client, address)
            assert page.found == []
            assert [one.startswith("picture tone-") for one in page.frames] == [True]

    def test_the_player_replaces_the_picture(self, client: Client) -> None:
        frame = '<iframe src="https://www.youtube.com/embed/abc"></iframe>'
        article = make_article(type="video", featured_content=frame)
        add_image(article)
        assert pictures(client, article.get_absolute_url()).found == []
        assert len(pictures(client, "/").found) == 1

    def test_coverage_has_none(self, client: Client) -> None:
        """Coverage may be a draft, so the page shows only its headline and URL."""
        lead = make_article(topics=(topic := make_topic("AI"),))
        superseded = make_superseded(lead, topics=(topic,))
        relate(lead, stub := make_article(coverage_only=True))
        for article in (superseded, stub):
            add_image(article)
        for address in ("/", "/topics/ai/", lead.get_absolute_url()):
            assert pictures(client, address).found == []

    def test_small_images_keep_their_size(self, client: Client) -> None:
        make_article(quality=99)
        renditions = [{"width": 200, "height": 150, "bytes": {"avif": 5, "webp": 6, "jpeg": 7}}]
        add_image(make_article(), stored=make_stored_image(renditions=renditions))
        (shown,) = pictures(client, "/").found
        assert shown["src"].endswith("-200.webp")
        assert (shown["width"], shown["height"]) == ("200", "150")

    def test_colors_and_focus(self, client: Client) -> None:
        make_article(quality=99)
        stored = make_stored_image(color="#123456", focal_x=0, focal_y=90)
        add_image(make_article(), stored=stored)
        page = pictures(client, "/")
        assert page.frames[1] == "picture x-0 y-100"
        assert b'<svg color="#123456"' in client.get("/").content

    def test_from_a_host_of_their_own(self, client: Client, settings: LazySettings) -> None:
        settings.MEDIA_URL = "https://media.example/kept/"
        add_image(make_article())
        (shown,) = pictures(client, "/").found
        assert shown["src"].startswith("https://media.example/kept/images/")

    @pytest.mark.parametrize(
        ("url", "origins"),
        [
            ("media/", []),
            ("/files/", []),
            ("https://media.example:8443/kept/", ["https://media.example:8443"]),
            ("//media.example/", ["media.example"]),
        ],
    )
    def test_media_origin_in_the_policy(self, url: str, origins: list[str]) -> None:
        assert media_origin(url) == origins


LOGO: Final[dict[str, Any]] = {"url": "https://a.example/logo.png", "width": 200, "height": 200}


@pytest.mark.django_db
class TestLogos:
    def addresses(self, *, kept: str = LOGO["url"]) -> tuple[StoredImage, list[str]]:
        """Store a story of a provider with a stored logo; return the URLs of the story and the
        provider."""
        provider = make_provider(logos=[LOGO])
        article = make_article(provider=provider, topics=(make_topic(),))
        relate(article, make_article(coverage_only=True))
        stored = make_stored_image()
        Logo.objects.create(provider=provider, url=kept, stored=stored)
        return stored, [article.get_absolute_url(), f"/providers/{provider.domain}/"]

    def test_success(
        self, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        stored, addresses = self.addresses()
        for address in addresses:
            with django_assert_max_num_queries(6):
                page = pictures(client, address)
            assert page.frames[0] == "picture logo"
            (shown,) = page.found
            assert shown["src"] == stored.url_of(stored.copies[0], "webp")
            # The logo has no text of its own, because the provider's name is next to it.
            assert shown["alt"] == ""

    def test_a_former_logo(self, client: Client) -> None:
        _, addresses = self.addresses(kept="https://a.example/older.png")
        for address in addresses:
            page = pictures(client, address)
            assert page.found == []
            assert page.frames[0].startswith("picture tone-")

    def test_none_at_all(self, client: Client) -> None:
        _, addresses = self.addresses()
        Provider.objects.update(logos=[])
        for address in addresses:
            assert pictures(client, address).found == []

    def test_search_engines_get_the_logo(self, client: Client) -> None:
        stored, (address, _) = self.addresses()
        html = client.get(address).content.decode()
        data = json.loads(html.partition('ld+json">')[2].partition("</script>")[0])
        assert data["mainEntity"]["publisher"]["logo"] == {
            "@type": "ImageObject",
            "url": f"http://testserver{stored.url}",
            "width": 640,
            "height": 360,
        }


@pytest.mark.parametrize(
    ("title", "headline", "expected"),
    [
        ("A bridge", "A bridge opens", "A bridge"),
        ("  A\nbridge ", "B", "A bridge"),
        ("a BRIDGE", "A bridge ", ""),
        ("", "A bridge", ""),
    ],
)
def test_alt(title: str, headline: str, expected: str) -> None:
    assert alt(title, headline) == expected


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (50, 50, ""),
        (0, 100, " x-0 y-100"),
        (12, 88, " x-0 y-100"),
        (13, 87, " x-25 y-75"),
        (38, 62, ""),
        (37, 63, " x-25 y-75"),
    ],
)
def test_focus(x: int, y: int, expected: str) -> None:
    assert focus(StoredImage(focal_x=x, focal_y=y)) == expected


def test_every_focus_has_a_rule() -> None:
    steps = [step for step in range(0, 101, FOCUS_STEP) if step != 50]
    assert [f".{axis}-{step} {{" in site_css() for axis in "xy" for step in steps] == [True] * 8
