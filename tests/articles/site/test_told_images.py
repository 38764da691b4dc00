"""Feeds, cards and the API contain absolute URLs of our copies of images."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.test import Client
from django.utils import timezone

from articles.models import Article, Image, StoredImage
from tests.factories import make_article, make_stored_image

pytestmark = pytest.mark.django_db

MEDIA = "{http://search.yahoo.com/mrss/}"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(params=["/media/", "https://media.example/kept/"])
def origin(request: pytest.FixtureRequest, settings: Any) -> str:
    """Return the prefix of copies' URLs: on our host or on another."""
    settings.SITE_URL = "https://news.example"
    settings.MEDIA_URL = request.param
    return "https://news.example/media/" if request.param == "/media/" else str(request.param)


@pytest.fixture
def article() -> Article:
    """Store an article with one failed and one stored image."""
    article = make_article(published_at=timezone.now() - timedelta(hours=1))
    Image.objects.create(article=article, position=0, url="https://a.example/0.jpg")
    Image.objects.create(
        article=article,
        position=1,
        url="https://a.example/1.jpg",
        width=9000,
        height=9,
        title="A bridge",
        attribution="An agency",
        stored=make_stored_image(focal_x=20),
    )
    return article


def address(origin: str, width: int = 640, kind: str = "jpeg") -> str:
    stored = StoredImage.objects.get()
    (name,) = [name for name in stored.names() if name.endswith(f"-{width}.{kind}")]
    return origin + name


def test_in_cards(client: Client, article: Article, origin: str) -> None:
    html = client.get(article.get_absolute_url()).content.decode()
    metas = dict(re.findall(r'<meta property="([^"]+)"\s+content="([^"]*)"', html))
    found = {name: value for name, value in metas.items() if name.startswith("og:image")}
    assert found == {
        "og:image": address(origin),
        "og:image:type": "image/jpeg",
        "og:image:width": "640",
        "og:image:height": "360",
        "og:image:alt": "A bridge",
    }
    assert 'name="twitter:card" content="summary_large_image"' in html


def test_in_structured_data(client: Client, article: Article, origin: str) -> None:
    html = client.get(article.get_absolute_url()).content.decode()
    data = json.loads(html.partition('ld+json">')[2].partition("</script>")[0])
    # We have no copy, so this is the source's own image.
    assert data["mainEntity"]["image"] == ["https://a.example/0.jpg", address(origin)]


def test_in_rss(client: Client, article: Article, origin: str) -> None:
    root = ET.fromstring(client.get("/feed.rss").content)  # noqa: S314 - our own
    (content,) = root.iter(f"{MEDIA}content")
    assert content.attrib == {
        "url": address(origin),
        "medium": "image",
        "type": "image/jpeg",
        "fileSize": "17",
        "width": "640",
        "height": "360",
    }
    assert content.findtext(f"{MEDIA}credit") == "An agency"
    (enclosure,) = root.iter("enclosure")
    assert enclosure.attrib == {"url": address(origin), "type": "image/jpeg", "length": "17"}


def test_in_atom(client: Client, article: Article, origin: str) -> None:
    root = ET.fromstring(client.get("/feed.atom").content)  # noqa: S314 - our own
    (link,) = [one for one in root.iter(f"{ATOM}link") if one.get("rel") == "enclosure"]
    assert link.attrib == {
        "rel": "enclosure",
        "href": address(origin),
        "type": "image/jpeg",
        "length": "17",
    }


def test_in_json_feed(client: Client, article: Article, origin: str) -> None:
    (item,) = client.get("/feed.json").json()["items"]
    assert item["image"] == address(origin)


def test_in_the_news_sitemap(client: Client, article: Article, origin: str) -> None:
    xml = client.get("/news-sitemap.xml").content.decode()
    assert re.findall("<image:loc>(.*?)</image:loc>", xml) == [address(origin)]


def test_in_the_api(client: Client, article: Article, origin: str) -> None:
    (item,) = client.get("/api/v1/news/").json()["value"]
    lost, kept = item["images"]
    assert lost["renditions"] == []
    assert kept == {
        # The document's values stay unchanged.
        "url": "https://a.example/1.jpg",
        "width": 9000,
        "height": 9,
        "title": "A bridge",
        "attribution": "An agency",
        "color": "#204060",
        "placeholder": "data:image/png;base64,AAAA",
        "focalPoint": {"x": 20, "y": 50},
        "renditions": [
            {
                "format": kind,
                "width": width,
                "height": width * 9 // 16,
                "bytes": size,
                "url": address(origin, width, kind),
            }
            for width, sizes in ((320, (5, 6, 7)), (640, (15, 16, 17)))
            for kind, size in zip(("avif", "webp", "jpeg"), sizes, strict=True)
        ],
    }
    (story,) = client.get(f"/api/v1/news/{article.slug}/").json()["images"][1:]
    assert story == kept


def test_the_hub_says_what_the_source_says(client: Client, article: Article) -> None:
    (item,) = client.get("/api/news/index.json").json()["value"]
    assert [one["url"] for one in item["images"]] == [
        "https://a.example/0.jpg",
        "https://a.example/1.jpg",
    ]
    assert not [one for one in item["images"] if one.keys() & {"renditions", "color"}]
