"""Every page of the admin loads with a fixed number of queries, and texts can be edited."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from articles.models import (
    Article,
    Image,
    ImportProblem,
    SourceDocument,
    Topic,
)
from articles.scoring import SUPERSEDED_HEAT
from newsroom.stored_words import without_stems
from providers.models import Provider
from tests.articles.admin.admin_pages import form_of, get, list_of, page_of
from tests.factories import (
    make_article,
    make_pair,
    make_provider,
    make_run,
    make_source,
    make_superseded,
    make_topic,
    relate,
)

pytestmark = pytest.mark.django_db

QueryCount = Callable[[int], Any]


class TestArticlePage:
    def test_says_why(self, admin_client: Client) -> None:
        article = make_article(quality=67, heat=77, published=True)
        relate(article, make_article(quality=40, provider=make_provider(name="The Paper")))
        html = get(admin_client, page_of(article))

        for part in ("67 <small>quality</small>", "77 <small>heat</small>", "The Paper"):
            assert part in html

    def test_says_where_the_heat_comes_from(self, admin_client: Client) -> None:
        given = make_article(quality=67, heat=79, heat_is_given=True)

        assert "Stored is heat 79, published" in get(admin_client, page_of(given))

    def test_links_the_public_page_if_there_is_one(self, admin_client: Client) -> None:
        published, below = make_article(), make_article(quality=10)

        assert "View on site" in get(admin_client, page_of(published))
        assert "View on site" not in get(admin_client, page_of(below))

    def test_links_the_lead(self, admin_client: Client) -> None:
        lead = make_article(title="The lead")
        html = get(admin_client, page_of(make_superseded(lead)))

        assert f'<a href="{page_of(lead)}">The lead</a>' in html

    def test_related_both_ways(self, admin_client: Client) -> None:
        article = make_article()
        relate(article, make_article(title="Named", coverage_only=True))
        relate(make_article(title="Namer"), article)
        html = get(admin_client, page_of(article))
        html = html.partition("Names as coverage")[2]
        named_by = html.index("Named as coverage by")

        assert html.index("Named</a>") < named_by < html.index("Namer</a>")
        assert "link only</span>" in html

    def test_shows_a_hundred_of_many(self, admin_client: Client) -> None:
        article = make_article()
        for number in range(120):
            relate(make_article(title=f"Namer {number}"), article)
        html = get(admin_client, page_of(article))

        assert html.count(">Namer ") == 100
        assert "The first 100 are shown" in html

    def test_queries(self, admin_client: Client, django_assert_num_queries: QueryCount) -> None:
        get(admin_client, page_of(make_article()))
        for size in (1, 20):
            article = make_article(topics=tuple(make_topic() for _ in range(size)))
            make_source(article)
            for position in range(size):
                url = f"https://a.example/{position}.jpg"
                Image.objects.create(article=article, position=position, url=url)
                relate(article, make_article(coverage_only=True))
                relate(make_article(), article)
                make_pair(article, make_article())
            # Expect 19 queries: session, user, article with provider, links from it, links to it,
            # receipt (4), topics, document, images with copies, their fetches, conflicts,
            # suggestions (2), suggested quality (3).
            with CaptureQueriesContext(connection) as queries:
                get(admin_client, page_of(article))
            assert len(queries) <= 19


class TestEdit:
    def test_coverage_only_is_read_only(self, admin_client: Client) -> None:
        # The texts of a coverage-only article come from the article that links to it.
        article = make_article(coverage_only=True, title="Before")
        html = get(admin_client, page_of(article))
        assert "Before" in html
        assert "<textarea" not in html
        assert admin_client.post(page_of(article), {"title": "After"}).status_code == 403

    def test_success(self, admin_client: Client) -> None:
        article = make_article(quality=85, heat=95, top_rank=3.5)
        article.refresh_from_db()
        form = form_of(get(admin_client, page_of(article)), title="Better", excerpt="One\r\nTwo")
        response = admin_client.post(page_of(article), form)

        assert response.status_code == 302
        stored = Article.objects.get(pk=article.pk)
        assert (stored.title, stored.excerpt, stored.version) == ("Better", "One\nTwo", 2)
        assert without_stems(stored.title_words or "") == "better"
        assert without_stems(stored.excerpt_words or "") == "one two"
        written = {"title", "title_words", "excerpt", "excerpt_words", "version", "changed_at"}
        unchanged = {
            field.attname: getattr(article, field.attname)
            for field in Article._meta.concrete_fields
            if field.name not in written
        }
        assert unchanged == {name: getattr(stored, name) for name in unchanged}
        assert LogEntry.objects.get().object_id == str(article.pk)

    def test_nothing_changed_writes_nothing(self, admin_client: Client) -> None:
        article = make_article(
            title=" Spaces at both ends ", excerpt="One\nTwo\n", body="\n\nThree\xa0\n", category=""
        )
        article.refresh_from_db()
        admin_client.post(page_of(article), form_of(get(admin_client, page_of(article))))

        stored = Article.objects.get(pk=article.pk)
        assert stored.version == 1
        assert (stored.title, stored.excerpt, stored.body) == (
            article.title,
            article.excerpt,
            article.body,
        )

    @pytest.mark.parametrize("seen", ["", "0", "x", "99"])
    def test_fail_without_the_version(self, admin_client: Client, seen: str) -> None:
        article = make_article(title="Before")
        form = {"title": "Mine", "category": "", "excerpt": "", "body": "", "seen_version": seen}

        assert admin_client.post(page_of(article), form).status_code == 200
        assert Article.objects.get(pk=article.pk).title == "Before"

    @pytest.mark.parametrize("title", ["", "   ", "x" * 1001])
    def test_fail_title(self, admin_client: Client, title: str) -> None:
        article = make_article(title="Before")
        form = form_of(get(admin_client, page_of(article)), title=title)

        assert admin_client.post(page_of(article), form).status_code == 200
        assert Article.objects.get(pk=article.pk).title == "Before"

    def test_other_fields_are_ignored(self, admin_client: Client) -> None:
        article = make_superseded()
        more = {
            "title": "Mine",
            "heat": "99",
            "quality": "99",
            "published": "on",
            "decision": "publish",
            "slug": "mine",
            "web_url": "https://mine.example/",
            "is_pinned": "on",
            "coverage_only": "on",
        }
        form = form_of(get(admin_client, page_of(article)), **more)
        admin_client.post(page_of(article), form)

        stored = Article.objects.get(pk=article.pk)
        assert (stored.title, stored.slug) == ("Mine", article.slug)
        assert (stored.heat, stored.published, stored.decision) == (SUPERSEDED_HEAT, False, "")

    def test_topic(self, admin_client: Client) -> None:
        topic, parent = make_topic("Vision", source={"name": "Vision"}), make_topic("AI")
        form = {
            "name": "Computer Vision",
            "slug": topic.slug,
            "short_name": "CV",
            "parent": str(parent.pk),
            "keywords": '["sight"]',
            "hashtags": "[]",
        }
        admin_client.post(page_of(topic), form)

        stored = Topic.objects.get(pk=topic.pk)
        assert (stored.name, stored.parent, stored.keywords) == (
            "Computer Vision",
            parent,
            ["sight"],
        )
        assert (stored.key, stored.slug, stored.source) == ("vision", "vision", {"name": "Vision"})
        assert admin_client.post(page_of(topic), form | {"keywords": '"x"'}).status_code == 200
        assert (
            admin_client.post(
                page_of(parent), form | {"slug": parent.slug, "parent": str(topic.pk)}
            ).status_code
            == 200
        )

    def test_provider(self, admin_client: Client) -> None:
        provider = make_provider(source={"name": "Old"})
        form = {"name": "New", "description": "", "notes": "", "logos": "[]", "domain": "x.example"}
        admin_client.post(page_of(provider), form)

        stored = Provider.objects.get(pk=provider.pk)
        assert (stored.name, stored.domain, stored.source) == (
            "New",
            "x.example",
            {"name": "Old"},
        )
        bad = form | {"logos": '[{"url": "javascript:alert(1)"}]'}
        assert admin_client.post(page_of(provider), bad).status_code == 200
        assert Provider.objects.get(pk=provider.pk).logos == []


class TestRuns:
    def test_problems_by_kind(self, admin_client: Client) -> None:
        run = make_run(paths=["seeds", "more"], rejected=60)
        for number in range(60):
            ImportProblem.objects.create(
                run=run, kind="error", path=f"bad-{number}.md", line=3, column=7, message="bad date"
            )
        ImportProblem.objects.create(run=run, kind="duplicate", message="a, b: one URL")
        ImportProblem.objects.create(run=make_run(), kind="slug", message="of another run")
        html = get(admin_client, page_of(run))

        assert "seeds<br>more" in html
        assert "Rejected document (60)" in html
        assert "bad-0.md:3:7" in html
        assert html.count("bad date") == 50
        assert "Possible duplicate (1)" in html
        assert "of another run" not in html
        rest = re.search(r'href="([^"]+)">See all', html)
        assert rest is not None
        found = get(admin_client, rest[1].replace("&amp;", "&").partition("?")[0], run=str(run.pk))
        assert "bad-59.md" in found
        assert "of another run" not in found

    def test_documents_link(self, admin_client: Client) -> None:
        run = make_run()
        make_source(make_article(), run=run, path="mine.md")
        make_source(make_article(), path="other.md")
        html = get(admin_client, list_of(SourceDocument), run=str(run.pk))

        assert "mine.md" in html
        assert "other.md" not in html
