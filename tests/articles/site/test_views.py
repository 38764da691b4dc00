"""The front page and articles' pages: content, order and number of queries.

``test_public_states.py`` tests visibility, ``test_reader_safety.py`` tests safety.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from articles import newsdesk
from articles.models import Image
from articles.site import views
from articles.site.views import PAGE_SIZE
from tests.factories import (
    NOW,
    make_article,
    make_provider,
    make_stored_image,
    make_superseded,
    make_topic,
    relate,
)

pytestmark = pytest.mark.django_db

NOWHERE = "/news/2026-03-01-never-was/"
QueryCount = Callable[[int], Any]


def slugs_on(html: str) -> list[str]:
    """Return the slugs of the stories on a page, in order."""
    return re.findall(r'<h2 class="headline">\s*<a href="/news/([^/]+)/"', html)


def get(client: Client, address: str) -> str:
    """Return a page, which must exist."""
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


class TestFront:
    def test_newest_first_one_article_element_a_story(self, client: Client) -> None:
        old = make_article(published_at=NOW - timedelta(days=1))
        b = make_article(published_at=NOW, slug="2026-03-01-b")
        a = make_article(published_at=NOW, slug="2026-03-01-a")
        relate(a, b, old)
        html = get(client, "/")

        assert slugs_on(html) == [a.slug, b.slug, old.slug]
        assert html.count("<article") == html.count("</article>") == 3

    def test_coverage_below_its_lead_by_rank(self, client: Client) -> None:
        lead = make_article(quality=95)
        reports = [
            make_article(quality=quality, coverage_only=True, title=f"Report {number}")
            for number, quality in enumerate([None, 10, 70, 30, 60, 50, 40])
        ]
        relate(lead, *reports)
        html = get(client, "/")

        assert re.findall(r"Report \d", html) == [f"Report {n}" for n in (2, 4, 5, 6, 3)]
        assert f'<a href="{reports[2].url}">' in html
        assert reports[2].provider.name in html
        assert re.search(rf'href="/news/{lead.slug}/#coverage">\s*2 more', html)

    def test_five_reports_need_no_more(self, client: Client) -> None:
        lead = make_article()
        relate(lead, *(make_article(coverage_only=True) for _ in range(5)))

        assert "#coverage" not in get(client, "/")

    def test_empty(self, client: Client) -> None:
        make_article(quality=10)
        html = get(client, "/")

        assert "Nothing is published yet" in html
        assert "manage.py import_seeds" in html
        assert "<article" not in html

    def test_queries(self, client: Client, django_assert_num_queries: QueryCount) -> None:
        for size in (1, PAGE_SIZE + 5):
            for number in range(size):
                lead = make_article(topics=(make_topic(), make_topic()))
                kept = {"url": "https://a.example/1.jpg", "stored": make_stored_image()}
                Image.objects.create(article=lead, position=0, **kept)
                relate(lead, *(make_article(coverage_only=True) for _ in range(number % 9)))
            # Expect 5 queries: the edition, stories with providers, topics, images, coverage with
            # providers. The second time one more: whether the stored page is still current.
            # Neither session nor user is loaded: the page is the same for everybody.
            with django_assert_num_queries(5 if size == 1 else 6):
                response = client.get("/")
            assert "Cookie" not in response.get("Vary", "")

    def test_a_first_visit_costs_one(
        self, client: Client, django_assert_num_queries: QueryCount
    ) -> None:
        # Expect 2 queries: no edition yet, no stories.
        with django_assert_num_queries(2):
            client.get("/")

    def test_fail_post(self, client: Client) -> None:
        assert client.post("/").status_code == 405


class TestArticle:
    def test_shows_all_values(self, client: Client) -> None:
        provider = make_provider(
            name="The Paper", logos=[{"url": "https://a.example/50.png", "width": 50, "height": 50}]
        )
        article = make_article(
            provider=provider,
            published_at=NOW,
            topics=(make_topic("Zebras"), make_topic("Apes")),
            excerpt="&#8220;One&#8221;\nTwo &lt;b&gt;",
            body="First\n\nSecond\nline",
        )
        first = {"url": "https://a.example/1.jpg", "width": 1200, "height": 800}
        Image.objects.create(article=article, position=0, attribution="A. Agency", **first)
        Image.objects.create(article=article, position=1, url="https://a.example/2.jpg")
        html = get(client, f"/news/{article.slug}/")

        assert '<time datetime="2026-03-01T12:00:00+00:00">' in html
        assert "“One”<br>Two &lt;b&gt;" in html
        assert "<p>First</p>\n<p>Second<br>line</p>" in html
        assert html.index("Zebras") < html.index("Apes")
        # Neither pictures nor logos are loaded from other hosts.
        assert "a.example/" not in html.partition("<body>")[2]

    def test_the_original_is_the_first_link(self, client: Client) -> None:
        article = make_article(provider=make_provider(name="The Paper"))
        main = get(client, f"/news/{article.slug}/").partition("<main")[2]
        first = re.search(r"<a\s[^>]*>\s*[^<]*", main)

        assert first is not None
        assert f'href="{article.web_url}"' in first[0]
        assert 'rel="noopener noreferrer external"' in first[0]
        assert " ".join(first[0].partition(">")[2].split()) == "Read at The Paper"

    def test_video_is_linked_not_framed(self, client: Client) -> None:
        frame = '<iframe src="https://video.example/embed/1"></iframe>'
        article = make_article(
            type="video",
            web_url="",
            original_url="https://video.example/watch/1",
            featured_content=frame,
        )
        html = get(client, f"/news/{article.slug}/")

        assert "iframe" not in html
        assert 'href="https://video.example/watch/1"' in html
        assert "Watch at" in html

    def test_all_coverage_by_rank(self, client: Client) -> None:
        lead = make_article(quality=95)
        relate(
            lead,
            *(
                make_article(quality=quality, coverage_only=True, title=f"Report {quality}")
                for quality in (10, 70, 30, 60, 50, 40, 20)
            ),
        )
        html = get(client, f"/news/{lead.slug}/")
        listed = html.partition('id="coverage"')[2].partition("</section>")[0]

        assert re.findall(r"Report (\d+)", listed) == ["70", "60", "50", "40", "30", "20", "10"]
        assert "7 reports" in listed

    def test_queries(self, client: Client, django_assert_num_queries: QueryCount) -> None:
        for size in (0, 12):
            article = make_article(topics=tuple(make_topic() for _ in range(size)))
            relate(article, *(make_article(coverage_only=True) for _ in range(size)))
            # Expect 6 queries: the edition, the article with its provider, topics, images,
            # coverage, other articles.
            with django_assert_num_queries(6):
                client.get(f"/news/{article.slug}/")

    def test_queries_of_what_is_not_shown(
        self, client: Client, django_assert_num_queries: QueryCount
    ) -> None:
        superseded = make_superseded()
        # Expect 4 queries: the edition, no published article, the superseded one, its lead.
        with django_assert_num_queries(4):
            client.get(f"/news/{superseded.slug}/")
        # Expect 5 queries: the edition, neither published nor superseded, withdrawn nor moved.
        with django_assert_num_queries(5):
            client.get(NOWHERE)


class TestWithdrawn:
    """Withdrawn articles answer 410 if they were public, and otherwise 404."""

    def test_published(self, client: Client) -> None:
        article = make_article()
        newsdesk.perform(newsdesk.withdraw(article), by=None, reason="Wrong")
        assert client.get(article.get_absolute_url()).status_code == 410

    def test_under_an_embargo(self, client: Client) -> None:
        article = make_article(publish_from=timezone.now() + timedelta(hours=1))
        newsdesk.perform(newsdesk.withdraw(article), by=None, reason="Wrong")
        assert client.get(article.get_absolute_url()).status_code == 404


class TestParts:
    def test_coverage_of_exactly_one_page_has_no_second(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(views, "COVERAGE", 2)
        lead = make_article()
        relate(lead, *(make_article(coverage_only=True) for _ in range(2)))
        url = lead.get_absolute_url()
        assert "?part=2" not in client.get(url).content.decode()
        assert client.get(url, {"part": "2"}).status_code == 404
        relate(lead, make_article(coverage_only=True))
        assert "?part=2" in client.get(url).content.decode()
        assert client.get(url, {"part": "2"}).status_code == 200
        assert client.get(url, {"part": "3"}).status_code == 404


class TestHostileContent:
    """``test_reader_safety.py`` tests hostile text at every URL."""

    @pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//a.example/x"])
    def test_addresses(self, client: Client, url: str) -> None:
        logo = {"url": url, "width": 1, "height": 1}
        article = make_article(web_url=url, provider=make_provider(logos=[logo]))
        relate(article, make_article(web_url=f"{url}#2", coverage_only=True, title="No link"))
        Image.objects.create(article=article, position=0, url=url)
        for address in ("/", f"/news/{article.slug}/"):
            html = get(client, address)
            assert url not in html
            assert "No link" in html


class TestServerError:
    def test_is_an_ordinary_page(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("articles.site.views.PAGE_SIZE", "none")
        client.raise_request_exception = False
        response = client.get("/")

        assert response.status_code == 500
        assert "Something went wrong on our side" in response.content.decode()
