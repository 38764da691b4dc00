"""The admin checks permissions, leaks nothing and never runs scripts from documents."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from articles.models import (
    ApiToken,
    Article,
    Image,
    ImportConflict,
    ImportProblem,
    ImportRun,
    SourceDocument,
    Topic,
)
from providers.models import Provider
from tests.articles.admin.admin_pages import (
    CANARY,
    MODELS,
    PAYLOAD,
    READ_ONLY,
    form_of,
    get,
    list_of,
    make_everything,
    page_of,
)
from tests.factories import (
    make_article,
    make_source,
)

pytestmark = [pytest.mark.django_db, pytest.mark.once]

QueryCount = Callable[[int], Any]


class TestAccess:
    def test_superuser_sees_every_page(self, admin_client: Client) -> None:
        get(admin_client, reverse("admin:index"))
        for row in make_everything():
            get(admin_client, list_of(type(row)))
            get(admin_client, list_of(type(row)), q="some")
            get(admin_client, page_of(row))

    def test_fail_anonymous(self, client: Client) -> None:
        for row in make_everything():
            for address in (list_of(type(row)), page_of(row)):
                response = client.get(address)
                assert response.status_code == 302
                assert response["Location"].startswith(reverse("admin:login"))

    def test_fail_staff_without_permission(self, client: Client) -> None:
        client.force_login(User.objects.create_user("staff", is_staff=True))
        for row in make_everything():
            assert client.get(list_of(type(row))).status_code == 403
            assert client.get(page_of(row)).status_code == 403

    def test_viewers_may_not_edit(self, client: Client) -> None:
        viewer = User.objects.create_user("viewer", is_staff=True)
        viewer.user_permissions.set(Permission.objects.filter(codename="view_article"))
        client.force_login(viewer)
        article = make_article(title="Before")
        html = get(client, page_of(article))

        assert "Before" in html
        assert "<textarea" not in html
        assert "seen_version" not in html
        response = client.post(page_of(article), {"title": "After", "seen_version": "1"})
        assert response.status_code == 403

    def test_fail_add_and_delete(self, admin_client: Client) -> None:
        # API keys belong to their owner: see tests/articles/admin/test_tokens.py.
        for row in (row for row in make_everything() if not isinstance(row, ApiToken)):
            add = list_of(type(row)) + "add/"
            assert admin_client.get(add).status_code == 403
            assert admin_client.post(page_of(row, "delete"), {"post": "yes"}).status_code == 403

    def test_fail_change_what_imports_write(self, admin_client: Client) -> None:
        rows = [row for row in make_everything() if type(row) in READ_ONLY]
        for row in rows:
            assert admin_client.post(page_of(row), {"path": "x"}).status_code == 403
        assert len(rows) == len(READ_ONLY)


class TestSecured:
    def test_is_nowhere(self, admin_client: Client) -> None:
        for row in make_everything(secured=CANARY):
            for address in (list_of(type(row)), page_of(row), page_of(row, "history")):
                html = get(admin_client, address)
                assert "Q0FOQVJZ" not in html

    def test_cannot_be_searched_filtered_or_sorted_for(self, admin_client: Client) -> None:
        make_source(make_article(), secured=CANARY, path="mine.md")

        assert "mine.md" not in get(admin_client, list_of(SourceDocument), q="Q0FOQVJZ")
        for model, lookup in (
            (SourceDocument, "text__contains"),
            (SourceDocument, "text"),
            (Article, "source_document__text__contains"),
            (Topic, "articles__source_document__text__contains"),
            (Provider, "articles__source_document__text__contains"),
            (ImportRun, "documents__text__contains"),
            (ImportProblem, "run__documents__text__contains"),
            (ImportConflict, "article__source_document__text__contains"),
        ):
            assert admin_client.get(list_of(model), {lookup: "Q0FOQVJZ"}).status_code == 400
        html = get(admin_client, list_of(SourceDocument), o="text")
        assert "Q0FOQVJZ" not in html

    def test_lists_do_not_load_it(self, admin_client: Client) -> None:
        article = make_article()
        make_source(article, secured=CANARY)
        with CaptureQueriesContext(connection) as queries:
            get(admin_client, list_of(SourceDocument))
            get(admin_client, page_of(article))

        assert not any('"articles_sourcedocument"."text"' in query["sql"] for query in queries)


class TestHostileContent:
    def test_texts(self, admin_client: Client) -> None:
        for row in make_everything(PAYLOAD):
            for address in (list_of(type(row)), page_of(row), page_of(row, "history")):
                html = get(admin_client, address)
                assert "<script>alert" not in html
                assert "<img src=x" not in html

    def test_message_after_saving(self, admin_client: Client) -> None:
        article = make_article(title="Before")
        form = form_of(get(admin_client, page_of(article)), title=PAYLOAD)
        html = admin_client.post(page_of(article), form, follow=True).content.decode()

        assert "was changed successfully" in html
        assert "<script>alert" not in html

    @pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x"])
    def test_addresses(self, admin_client: Client, url: str) -> None:
        article = make_article(web_url=url, original_url=url)
        Image.objects.create(article=article, position=0, url=url)
        html = get(admin_client, page_of(article))

        assert not re.search(rf'(?:href|src)="{re.escape(url)}', html)


class TestContentSecurityPolicy:
    def test_nothing_inline(self, admin_client: Client) -> None:
        rows = make_everything()
        addresses = [reverse("admin:index"), *map(list_of, MODELS), *map(page_of, rows)]
        for address in addresses:
            response = admin_client.get(address)
            html = response.content.decode()
            assert "unsafe" not in response["Content-Security-Policy"]
            assert not re.search(r"<script(?![^>]*\ssrc=)[^>]*>", html)
            assert "<style" not in html
            assert not re.search(r'<[^>]+\sstyle="', html)
            assert not re.search(r'<[^>]+\son\w+="', html)
