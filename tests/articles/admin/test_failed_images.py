"""The page of failed images: reasons, filters, and retrying many at once."""

from __future__ import annotations

import ast
import inspect
import re
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks

from articles.images import fetching, render_process, renditions
from articles.images.failures import KINDS
from articles.images.keeping import keep
from articles.models import Image, ImageFetch
from articles.roles import Role
from articles.tasks import find_images
from articles.units import waiting
from newsroom import outbound
from tests.articles.admin.admin_pages import PAYLOAD, page_of
from tests.articles.admin.asking import messages_of, text_of
from tests.articles.images.conftest import server
from tests.articles.images.server import Server
from tests.factories import NOW, make_article, make_provider, make_stored_image, make_user

__all__ = ["server"]
pytestmark = pytest.mark.django_db

LIST = "admin:articles_imagefetch_changelist"
State = ImageFetch.State


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(make_user(Role.EDITOR))
    return client


def fail(url: str, why: str = "Its server answers 404.", **values: Any) -> ImageFetch:
    host = url.partition("://")[2].partition("/")[0]
    return ImageFetch.objects.create(
        **{"url": url, "host": host, "state": State.FAILED, "failure": why, "tries": 1}
        | {"tried_at": NOW}
        | values
    )


def show(url: str, **values: Any) -> Image:
    return Image.objects.create(article=make_article(**values), position=0, url=url)


def rows(client: Client, **query: str) -> list[str]:
    """Return the URLs in the list, in order."""
    page = client.get(reverse(LIST), query)
    assert page.status_code == 200, page
    return [fetch.url for fetch in page.context["cl"].result_list]


def act(client: Client, name: str, *ticked: ImageFetch, query: str = "", **more: str) -> Any:
    data = {"action": name, "_selected_action": [str(fetch.pk) for fetch in ticked]}
    return client.post(reverse(LIST) + query, data | more)


class TestList:
    def test_what_it_says(self, editor: Client) -> None:
        one = fail("https://a.example/x/photo.jpg", tries=3, next_try_at=NOW + timedelta(hours=6))
        image = show(one.url, title="Fog &amp; rain")
        text = text_of(editor.get(reverse(LIST)))
        assert (
            "/x/photo.jpg Its server answers 404. a.example 3 Mar 1, 2026 12:00 UTC Mar 1, 2026 18:00 UTC "
            "Fog &amp; rain"
        ) in text
        html = editor.get(reverse(LIST)).content.decode()
        assert page_of(image.article) in html
        assert f'href="{one.url}"' in html
        assert "<h1>Picture problems</h1>" in html

    def test_latest_first_and_no_others(self, editor: Client) -> None:
        copy = make_stored_image()
        older = fail("https://a.example/1")
        newer = fail("https://a.example/2", tried_at=NOW + timedelta(1))
        fail("https://a.example/3", "", state=State.KEPT, stored=copy)
        fail("https://a.example/4", "", state=State.WAITING)
        assert rows(editor) == [newer.url, older.url]

    def test_an_older_copy_is_shown(self, editor: Client) -> None:
        fail("https://a.example/1", stored=make_stored_image())
        fail("https://a.example/2", next_try_at=None)
        text = text_of(editor.get(reverse(LIST)))
        assert text.count("An older copy is shown.") == 1
        assert "none nothing" in text

    def test_lists_the_providers_of_a_logo(self, editor: Client) -> None:
        url = "https://a.example/logo.png"
        logos = [{"url": url, "width": 200, "height": 200}]
        provider = make_provider(name="A paper", logos=logos)
        fail(url)
        assert "the logo of A paper" in text_of(editor.get(reverse(LIST)))
        address = reverse("admin:providers_provider_change", args=[provider.pk])
        assert address in editor.get(reverse(LIST)).content.decode()

    def test_lists_a_few_articles(self, editor: Client) -> None:
        url = "https://a.example/1"
        fail(url)
        for number in range(5):
            show(url, title=f"Number {number}")
        text = text_of(editor.get(reverse(LIST)))
        assert "Number 4 Number 3 Number 2 and others" in text
        assert "Number 1" not in text

    def test_page_of_one(self, editor: Client) -> None:
        one = fail("https://a.example/" + "long/" * 30)
        text = text_of(editor.get(page_of(one)))
        assert one.url in text
        assert one.failure in text
        waiting = fail("https://a.example/", state=State.WAITING)
        assert editor.get(page_of(waiting)).status_code == 302

    def test_text_is_escaped(self, editor: Client) -> None:
        one = fail(f"https://a.example/{PAYLOAD}", PAYLOAD, host=PAYLOAD)
        show(one.url, title=PAYLOAD)
        for page in (reverse(LIST), f"{reverse(LIST)}?host={PAYLOAD}", page_of(one)):
            assert PAYLOAD not in editor.get(page).content.decode()

    def test_url_that_is_not_linked(self, editor: Client) -> None:
        one = fail("javascript:alert(1)", host="")
        for page in (reverse(LIST), page_of(one)):
            assert 'href="javascript' not in editor.get(page).content.decode()

    @pytest.mark.parametrize("odd", ["\0", "x" * 5000, "' OR 1=1"])
    def test_odd_filters(self, editor: Client, odd: str) -> None:
        fail("https://a.example/")
        for name in ("host", "reason", "p", "url", "etag__startswith"):
            assert editor.get(reverse(LIST), {name: odd}).status_code in {200, 302, 400}

    def test_queries(self, editor: Client) -> None:
        counts = []
        for size in (1, 49):
            for number in range(size):
                one = fail(f"https://{size}.example/{number}")
                show(one.url)
                show(one.url)
            with CaptureQueriesContext(connection) as queries:
                editor.get(reverse(LIST))
            counts.append(len(queries))
        # Expect: session, user, permissions (2); hosts; keys; failures; the articles that show
        # them.
        assert counts == [8, 8]

    @pytest.mark.parametrize("query", [{}, {"host": "a.example"}])
    def test_reads_an_index(self, editor: Client, query: dict[str, str]) -> None:
        fail("https://a.example/1")
        with CaptureQueriesContext(connection) as queries:
            rows(editor, **query)
        keys = [one["sql"] for one in queries if "LIMIT 10001" in one["sql"]]
        assert len(keys) == 1
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute(f"EXPLAIN QUERY PLAN {keys[0]}")
                plan = " ".join(str(row[-1]) for row in cursor.fetchall())
                assert "image_fetch_" in plan
                assert "TEMP B-TREE" not in plan
            shown = Image.objects.at(["https://a.example/1"])
            if connection.vendor == "sqlite":
                assert "image_url_start" in shown.explain()


class TestFilters:
    def test_by_host(self, editor: Client) -> None:
        first = fail("https://a.example/1")
        fail("https://b.example/1")
        assert rows(editor, host="a.example") == [first.url]
        assert rows(editor, host="none.example") == []
        text = text_of(editor.get(reverse(LIST)))
        assert "a.example (1)" in text
        assert "b.example (1)" in text

    def test_offers_the_worst_hosts(self, editor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("articles.admin.images.failed_images.HOSTS", 1)
        for number in range(2):
            fail(f"https://b.example/{number}")
        fail("https://a.example/")
        text = text_of(editor.get(reverse(LIST), {"host": "a.example"}))
        assert "b.example (2)" in text
        assert "a.example (1)" not in text

    def test_by_reason(self, editor: Client) -> None:
        gone = fail("https://a.example/1", "Its server answers 404.")
        page = fail("https://a.example/2", "This is a web page or other markup, not an image.")
        lost = fail("https://a.example/3", "b.example cannot be found.")
        assert rows(editor, reason="refused") == [gone.url]
        assert rows(editor, reason="other") == [page.url]
        assert rows(editor, reason="unreachable") == [lost.url]
        assert rows(editor, reason="nonsense", host="a.example") == [lost.url, page.url, gone.url]

    @pytest.mark.parametrize("module", [fetching, outbound, renditions, render_process])
    def test_every_reason_is_of_one_kind(self, module: ModuleType) -> None:
        reasons = sentences(module)
        assert len(reasons) > 1
        for why in reasons:
            kinds = [
                kind.key
                for kind in KINDS
                if why.startswith(kind.beginnings) or (kind.endings and why.endswith(kind.endings))
            ]
            assert len(kinds) == 1, why


def sentences(module: ModuleType) -> list[str]:
    """Return all failure messages of a module, with an x for each variable part."""
    found = []
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        texts = node.args if isinstance(node, ast.Call) else []
        if isinstance(node, ast.Return | ast.AnnAssign) and node.value:
            texts = [node.value]
        for text in texts:
            parts = text.values if isinstance(text, ast.JoinedStr) else [text]
            words = "".join(
                str(one.value) if isinstance(one, ast.Constant) else "x" for one in parts
            )
            if words.endswith(".") and " " in words:
                found.append(words)
    return found


class TestAgain:
    def test_selected(
        self, editor: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        first, second = fail("https://a.example/1", tries=6), fail("https://a.example/2")
        with django_capture_on_commit_callbacks(execute=True):
            answer = act(editor, "fetch_again", first)
        assert messages_of(editor, answer) == ["Will be fetched next, in the background: 1 image."]
        assert waiting(find_images)
        first.refresh_from_db()
        assert (first.state, first.tries, first.failure) == (State.WAITING, 0, "")
        assert rows(editor) == [second.url]

    def test_all_that_the_filter_finds(self, editor: Client) -> None:
        ticked, *_, other = (
            fail("https://a.example/1"),
            fail("https://a.example/2"),
            fail("https://b.example/3"),
        )
        act(editor, "fetch_again", ticked, query="?host=a.example", select_across="1")
        assert rows(editor) == [other.url]

    def test_all_of_a_host(self, editor: Client) -> None:
        copy = make_stored_image()
        ticked, _ = fail("https://a.example/1"), fail("https://a.example/2")
        kept = fail("https://a.example/kept", "", state=State.KEPT, stored=copy)
        other = fail("https://b.example/3")
        answer = act(editor, "fetch_hosts_again", ticked)
        assert messages_of(editor, answer) == ["Will be fetched next, in the background: 2 images."]
        assert rows(editor) == [other.url]
        kept.refresh_from_db()
        assert kept.state == State.KEPT

    def test_is_fetched(self, editor: Client, server: Server, tmp_path: Any, settings: Any) -> None:
        settings.MEDIA_ROOT = str(tmp_path)
        show(server.url("/none"))
        keep()
        failed = ImageFetch.objects.get()
        assert (failed.host, failed.next_try_at) == ("127.0.0.1", None)
        server.requests.clear()
        act(editor, "fetch_again", failed)
        assert server.requests == []
        keep()
        assert server.paths() == ["/none"]

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
    def test_not_for_viewers(self, client: Client, role: Role) -> None:
        client.force_login(make_user(role))
        one = fail("https://a.example/1")
        assert "Fetch" not in text_of(client.get(reverse(LIST)))
        act(client, "fetch_again", one)
        act(client, "fetch_hosts_again", one)
        one.refresh_from_db()
        assert one.state == State.FAILED


class TestDesk:
    def test_leads_here(self, editor: Client) -> None:
        make_article()
        desk = reverse("admin:index")
        assert "Picture problems" not in text_of(editor.get(desk))
        fail("https://a.example/1")
        page = editor.get(desk)
        assert "Picture problems: 1" in text_of(page)
        assert reverse(LIST) in page.content.decode()

    def test_not_without_permission_to_view(self, client: Client) -> None:
        client.force_login(make_user())
        assert client.get(reverse(LIST)).status_code == 403
        assert not re.search("imagefetch", client.get(reverse("admin:index")).content.decode())
