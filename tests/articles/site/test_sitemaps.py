"""The sitemaps follow the specification, are complete, and contain only public pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import xmlschema
from django.test import Client
from django.utils import timezone

from articles.models import Article, Image
from articles.site import sitemaps
from articles.site.sitemaps import news_language
from tests.articles.states import CASES, make_all, names
from tests.factories import (
    make_article,
    make_provider,
    make_superseded,
    make_topic,
    relate,
)

pytestmark = pytest.mark.django_db

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
HOUR = timedelta(hours=1)
THEN = datetime(2020, 3, 1, 12, tzinfo=UTC)
"""A time in the past, because pages use the real clock."""
ORIGIN = "http://testserver"
LISTS = ["/", "/latest/", "/topics/", "/providers/"]


@cache
def schema(name: str) -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(SCHEMAS / f"{name}.xsd", allow="local")


def read(client: Client, address: str) -> str:
    """Return a sitemap, which must exist and be valid."""
    response = client.get(address)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/xml"
    assert response["X-Robots-Tag"] == "noindex"
    assert len(response.content) < 50 * 1024 * 1024
    xml = response.content.decode()
    schema("siteindex" if "<sitemapindex" in xml else "sitemap").validate(xml)
    return xml


def locs(xml: str) -> list[str]:
    """Return the URLs in a sitemap as paths."""
    found = [unescape(loc) for loc in re.findall(r"<loc>([^<]*)</loc>", xml)]
    assert all(loc.startswith(f"{ORIGIN}/") for loc in found)
    assert len(set(found)) == len(found)
    return [loc.removeprefix(ORIGIN) for loc in found]


def news_files(client: Client) -> list[str]:
    return [path for path in locs(read(client, "/sitemap.xml")) if "/news-" in path]


def listed(client: Client) -> list[str]:
    """Return the paths of all articles in the files of the index."""
    return [path for file in news_files(client) for path in locs(read(client, file))]


def changed(client: Client, path: str) -> str:
    """Return a page's ``lastmod`` in the sitemaps."""
    for file in locs(read(client, "/sitemap.xml")):
        found = re.search(
            rf"<loc>{re.escape(ORIGIN + path)}</loc>(?:<lastmod>([^<]*))?", read(client, file)
        )
        if found:
            return found[1] or ""
    raise AssertionError(path)


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemaps, "SPAN", 3)


class TestIndex:
    def test_nothing_published(self, client: Client) -> None:
        make_article(quality=None)
        assert locs(read(client, "/sitemap.xml")) == ["/sitemaps/pages.xml"]

    def test_every_file_is_there(self, client: Client, small_files: None) -> None:
        articles = [make_article() for _ in range(10)]
        files = news_files(client)

        assert len(files) in {4, 5}
        assert sorted(listed(client)) == sorted(one.get_absolute_url() for one in articles)

    def test_leaves_out_files_without_anything_public(
        self, client: Client, small_files: None
    ) -> None:
        first = make_article()
        for _ in range(9):
            make_article(publish_from=timezone.now() + HOUR)
        last = make_article()
        assert news_files(client) == [
            f"/sitemaps/news-{first.pk // 3}.xml",
            f"/sitemaps/news-{last.pk // 3}.xml",
        ]

    def test_under_the_address_of_the_site(self, client: Client, settings: Any) -> None:
        settings.SITE_URL = "https://news.example"
        article = make_article()
        file = f"/sitemaps/news-{article.pk // sitemaps.SPAN}.xml"
        assert f"<loc>https://news.example{file}</loc>" in read(client, "/sitemap.xml")
        page = f"<loc>https://news.example{article.get_absolute_url()}</loc>"
        assert page in read(client, file)
        assert "<loc>https://news.example/</loc>" in read(client, "/sitemaps/pages.xml")

    def test_one_query_for_any_number_of_files(
        self, client: Client, small_files: None, django_assert_num_queries: Any
    ) -> None:
        for _ in range(20):
            make_article()
        with django_assert_num_queries(1):
            assert len(sitemaps.files()) >= 7
        # Expect: edition, files.
        with django_assert_num_queries(2):
            read(client, "/sitemap.xml")


class TestArticles:
    def test_lists_only_what_is_published(self, client: Client) -> None:
        articles = make_all()
        paths = listed(client)
        found = {name for name, one in articles.items() if one.get_absolute_url() in paths}
        assert found == names(200)

    def test_a_file_without_published_articles_is_missing(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # One article in each file.
        monkeypatch.setattr(sitemaps, "SPAN", 1)
        articles = make_all()
        for name, article in articles.items():
            status = client.get(f"/sitemaps/news-{article.pk}.xml").status_code
            assert status == (200 if name in names(200) else 404), name
        published = {f"/sitemaps/news-{articles[name].pk}.xml" for name in names(200)}
        hidden = {f"/sitemaps/news-{one.pk}.xml" for one in articles.values()} - published
        assert published <= set(news_files(client))
        assert not hidden & set(news_files(client))

    def test_fail_no_such_file(self, client: Client) -> None:
        for number in ("0", "999999", "9" * 30, "9" * 5000, "-1", "x", ""):
            assert client.get(f"/sitemaps/news-{number}.xml").status_code == 404, number[:40]

    def test_files_stay_when_articles_arrive(self, client: Client, small_files: None) -> None:
        for _ in range(7):
            make_article()
        before = {file: read(client, file) for file in news_files(client)}
        # Articles may have any age, because a backlog may be imported.
        make_article(published_at=THEN + HOUR)
        make_article(published_at=THEN - 1000 * HOUR)
        make_article()
        after = {file: read(client, file) for file in news_files(client)}

        assert list(after)[: len(before)] == list(before)
        *settled, _ = before
        assert settled
        assert all(after[file] == before[file] for file in settled)

    def test_one_query_for_any_number(self, client: Client, django_assert_num_queries: Any) -> None:
        for _ in range(10):
            relate(make_article(), make_article())
        (file,) = set(news_files(client))
        make_article()
        # Expect: edition, articles.
        with django_assert_num_queries(2):
            assert len(locs(read(client, file))) == 21


class TestChanged:
    """``lastmod`` is the last change for readers: see ``test_updated.py``."""

    def test_published(self, client: Client) -> None:
        article = make_article(published_at=THEN)
        assert changed(client, article.get_absolute_url()) == "2020-03-01T12:00:00Z"

    @pytest.mark.parametrize("name", ["updated_at", "publish_from"])
    def test_later(self, client: Client, name: str) -> None:
        later: dict[str, Any] = {name: THEN + HOUR}
        article = make_article(published_at=THEN, **later)
        assert changed(client, article.get_absolute_url()) == "2020-03-01T13:00:00Z"

    def test_updated_before_it_was_published(self, client: Client) -> None:
        article = make_article(published_at=THEN, updated_at=THEN - HOUR)
        assert changed(client, article.get_absolute_url()) == "2020-03-01T12:00:00Z"

    @pytest.mark.parametrize(
        "hidden",
        [
            {"decision": "hold"},
            {"decision": "withdraw"},
            {"publish_from": THEN + timedelta(days=90_000)},
            {"publish_until": THEN - HOUR},
        ],
        ids=str,
    )
    def test_hidden_coverage_changes_nothing(self, client: Client, hidden: dict[str, Any]) -> None:
        article = make_article(published_at=THEN)
        relate(article, make_article(published_at=THEN + HOUR, **hidden))
        make_superseded(article, published_at=THEN + 2 * HOUR)
        Article.objects.update(changed_at=THEN + 3 * HOUR, created_at=THEN + 3 * HOUR)
        assert changed(client, article.get_absolute_url()) == "2020-03-01T12:00:00Z"


class TestPages:
    def test_nothing_published(self, client: Client) -> None:
        make_article(quality=None, topics=(make_topic(),))
        assert locs(read(client, "/sitemaps/pages.xml")) == LISTS

    def test_lists_topics_and_providers_of_published_articles(self, client: Client) -> None:
        for case in CASES:
            topic = make_topic(f"Of {case}", slug=case.name)
            case.make(topics=(topic,), provider=make_provider(domain=f"{case}.example"))
        found = locs(read(client, "/sitemaps/pages.xml"))
        assert {case.name for case in CASES if f"/topics/{case}/" in found} == names(200)
        assert {case.name for case in CASES if f"/providers/{case}.example/" in found} == names(200)

    def test_changed_with_the_newest(self, client: Client) -> None:
        topic, provider = make_topic("AI"), make_provider(domain="paper.example")
        for age in (2, 1, 3):
            make_article(published_at=THEN - age * HOUR, topics=(topic,), provider=provider)
        make_article(
            published_at=THEN, topics=(topic,), provider=provider, publish_until=THEN + HOUR
        )
        newest = "2020-03-01T11:00:00Z"
        for path in ("/", "/latest/", "/topics/ai/", "/providers/paper.example/"):
            assert changed(client, path) == newest
        assert changed(client, "/topics/") == ""

    def test_letters_of_every_script(self, client: Client) -> None:
        make_article(topics=(make_topic("Économie"), make_topic("経済")))
        found = locs(read(client, "/sitemaps/pages.xml"))
        assert "/topics/%C3%A9conomie/" in found
        assert "/topics/%E7%B5%8C%E6%B8%88/" in found

    def test_no_more_than_the_rules_allow(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sitemaps, "MOST_PAGES", 7)
        for _ in range(5):
            make_article(topics=(make_topic(),))
        assert len(locs(read(client, "/sitemaps/pages.xml"))) == 7

    def test_three_queries_for_any_number(
        self, client: Client, django_assert_num_queries: Any
    ) -> None:
        for _ in range(10):
            make_article(topics=(make_topic(),))
        # Expect: edition, newest, topics, providers.
        with django_assert_num_queries(4):
            assert len(locs(read(client, "/sitemaps/pages.xml"))) == 24


class TestNews:
    def test_tags(self, client: Client, settings: Any) -> None:
        settings.SITE_NAME = "News & <More>"
        published_at = (timezone.now() - HOUR).replace(microsecond=0)
        article = make_article(title="Cats &amp; dogs <b>", published_at=published_at)
        Image.objects.create(article=article, position=0, url="https://a.example/1.jpg?a=1&b=2")
        xml = read(client, "/news-sitemap.xml")
        found: Any = schema("sitemap").to_dict(xml)

        (url,) = found["url"]
        assert url["loc"] == ORIGIN + article.get_absolute_url()
        assert url["news:news"] == [
            {
                "news:publication": {"news:name": "News & <More>", "news:language": "en"},
                "news:publication_date": f"{published_at:%Y-%m-%dT%H:%M:%S}Z",
                "news:title": "Cats & dogs <b>",
            }
        ]
        assert url["image:image"] == [{"image:loc": "https://a.example/1.jpg?a=1&b=2"}]

    def test_lists_only_what_is_published(self, client: Client) -> None:
        recent = timezone.now() - HOUR
        articles = {case: case.make(title=f"<{case}>", published_at=recent) for case in CASES}
        xml = read(client, "/news-sitemap.xml")
        found = {case.name for case, one in articles.items() if one.get_absolute_url() in xml}
        assert found == names(200)
        assert {case.name for case in CASES if f"&lt;{case}&gt;" in xml} == names(200)

    def test_lists_the_last_two_days_newest_first(self, client: Client) -> None:
        now = timezone.now()
        ages = [timedelta(hours=47), timedelta(hours=49), timedelta(hours=1), -timedelta(hours=1)]
        old, _too_old, new, _to_come = [make_article(published_at=now - age) for age in ages]
        found = locs(read(client, "/news-sitemap.xml"))
        assert found == [new.get_absolute_url(), old.get_absolute_url()]

    def test_without_news_lists_the_front_page(self, client: Client) -> None:
        make_article(published_at=THEN - timedelta(days=90_000))
        xml = read(client, "/news-sitemap.xml")
        assert locs(xml) == ["/"]
        assert "<news:" not in xml

    def test_no_more_than_google_takes(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert sitemaps.MOST_NEWS == 1000
        monkeypatch.setattr(sitemaps, "MOST_NEWS", 2)
        for _ in range(3):
            make_article(published_at=timezone.now() - HOUR)
        assert len(locs(read(client, "/news-sitemap.xml"))) == 2

    def test_characters_that_xml_cannot_have(self, client: Client) -> None:
        published_at = timezone.now() - HOUR
        make_article(title="A\x01B\x0bC&#8;D\ufffeE ]]> \U0001f600", published_at=published_at)
        xml = read(client, "/news-sitemap.xml")
        assert "<news:title>ABCDE ]]&gt; \U0001f600</news:title>" in xml

    def test_unsafe_image_urls_are_left_out(self, client: Client) -> None:
        article = make_article(published_at=timezone.now() - HOUR)
        Image.objects.create(article=article, position=0, url="javascript:alert(1)")
        xml = read(client, "/news-sitemap.xml")
        assert "javascript" not in xml
        assert "<image:image>" not in xml

    def test_not_stored_under_the_edition(self, client: Client) -> None:
        assert client.get("/news-sitemap.xml")["Cache-Control"] == "max-age=300"

    def test_one_query_for_any_number(self, client: Client, django_assert_num_queries: Any) -> None:
        for number in range(5):
            article = make_article(published_at=timezone.now() - HOUR)
            Image.objects.create(article=article, position=0, url=f"https://a.example/{number}")
        # Expect: edition, articles, images.
        with django_assert_num_queries(3):
            assert read(client, "/news-sitemap.xml").count("<image:image>") == 5

    def test_language(self) -> None:
        codes = ["en-us", "es", "pt_BR", "fil", "zh-hans", "zh-Hant", "zh-tw"]
        languages = ["en", "es", "pt", "fil", "zh-cn", "zh-tw", "zh-tw"]
        assert [news_language(code) for code in codes] == languages


class TestEveryFile:
    @pytest.fixture
    def addresses(self, client: Client) -> list[str]:
        make_article(topics=(make_topic(),))
        return ["/sitemap.xml", "/news-sitemap.xml", *locs(read(client, "/sitemap.xml"))]

    def test_the_same_for_everybody(
        self, client: Client, admin_client: Client, addresses: list[str]
    ) -> None:
        for address in addresses:
            response = admin_client.get(address)
            assert "Set-Cookie" not in response
            assert "Cookie" not in response.get("Vary", "")

    def test_fail_to_send(self, client: Client, addresses: list[str]) -> None:
        for method in (client.post, client.put, client.delete):
            for address in addresses:
                assert method(address).status_code == 405, (method, address)

    def test_only_the_news_sitemap_is_not_in_the_page_cache(
        self, client: Client, addresses: list[str]
    ) -> None:
        for address in addresses:
            stored = (
                client.get(address)["Cache-Control"]
                == "public, max-age=0, s-maxage=1, stale-while-revalidate=2"
            )
            assert stored is (address != "/news-sitemap.xml")
