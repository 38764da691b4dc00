"""Previews of unpublished articles: permissions are checked, and nothing is cached."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from articles.models import Article, Related
from articles.roles import Role
from tests.articles.admin.admin_pages import CANARY, PAYLOAD, get, page_of
from tests.articles.states import CASES, Case
from tests.factories import make_article, make_source, make_user, relate

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def page(article: Article) -> str:
    return reverse("admin:articles_article_preview", args=[article.pk])


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(make_user(Role.VIEWER))
    return client


class TestPreview:
    @pytest.mark.parametrize("case", CASES, ids=str)
    def test_every_state(self, viewer: Client, case: Case) -> None:
        article = case.make(title="Xylophone", body="Its body")
        response = viewer.get(page(article))

        if case.state == Article.State.PUBLISHED:
            assert response.status_code == 302
            assert response["Location"] == article.get_absolute_url()
            return
        html = response.content.decode()
        assert response.status_code == 200
        assert f"Preview - not published, state: {case.state.label}" in html
        assert ">Xylophone</h1>" in html
        assert "Its body" in html

    def test_never_cached_nor_indexed(self, viewer: Client) -> None:
        response = viewer.get(page(make_article(quality=10)))

        cache = response["Cache-Control"]
        assert "no-store" in cache
        assert "private" in cache
        assert "public" not in cache
        assert response["X-Robots-Tag"] == "noindex"
        assert "unsafe" not in response["Content-Security-Policy"]

    def test_coverage_is_what_readers_would_see(self, viewer: Client) -> None:
        article = make_article(quality=10)
        relate(
            article,
            make_article(title="Shown"),
            make_article(title="Kept back", decision="hold"),
            make_article(title="Taken back", decision="withdraw"),
        )
        html = get(viewer, page(article))

        assert "Shown" in html
        assert "Kept back" not in html
        assert "Taken back" not in html

    def test_access(self, client: Client) -> None:
        article = make_article(quality=10, title="Xylophone")
        assert client.get(page(article)).status_code == 302
        client.force_login(make_user())
        assert client.get(page(article)).status_code == 403
        for role in Role:
            client.force_login(make_user(role))
            assert client.get(page(article)).status_code == 200
            assert client.post(page(article)).status_code == 405
        assert client.get(page(Article(pk=10**9))).status_code == 404
        # The public URL still answers the same.
        public = client.get(article.get_absolute_url())
        assert public.status_code == 404
        assert "Xylophone" not in public.content.decode()

    def test_is_linked_where_there_is_one(self, viewer: Client) -> None:
        draft, published = make_article(quality=10), make_article()
        assert page(draft) in get(viewer, page_of(draft))
        assert page(published) not in get(viewer, page_of(published))

    def test_nothing_in_it_runs(self, viewer: Client) -> None:
        article = make_article(title=PAYLOAD, excerpt=PAYLOAD, body=PAYLOAD, quality=10)
        make_source(make_article(), secured=CANARY)
        html = get(viewer, page(article))
        assert "<script>alert" not in html
        assert "<img src=x" not in html

    def test_queries(self, viewer: Client, django_assert_num_queries: object) -> None:
        article = make_article(quality=10)
        for size in (1, 10):
            Related.objects.all().delete()
            relate(article, *(make_article() for _ in range(size)))
            # Expect 9: session, user, permissions (2), article, topics, images, coverage, others.
            with django_assert_num_queries(9):  # type: ignore[operator]
                get(viewer, page(article))
