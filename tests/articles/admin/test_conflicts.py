"""The import conflicts page: both sides, the consequences, and permissions."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from articles import newsdesk
from articles.models import Act, Article, ImportConflict
from articles.roles import Role
from tests.articles.admin.admin_pages import CANARY, PAYLOAD, get, page_of
from tests.articles.samples import document, edit, entry, load, only_article, put
from tests.factories import NOW, make_article, make_source, make_user, relate

pytestmark = pytest.mark.django_db

Login = Callable[..., Client]


@pytest.fixture
def login(client: Client) -> Login:
    def log_in(*roles: Role) -> Client:
        client.force_login(make_user(*roles))
        return client

    return log_in


@pytest.fixture
def article(tmp_path: Path) -> Article:
    """Return an article with conflicts: an editor and its document changed headline and quality."""
    put(tmp_path, "one.txt", document())
    load(tmp_path)
    edit(only_article(), title="Our headline", quality=65)
    put(tmp_path, "one.txt", document(title="Their headline", quality=90))
    load(tmp_path)
    return only_article()


def page(article: Article | None = None) -> str:
    address = reverse("admin:articles_article_conflicts")
    return f"{address}?article={article.pk}" if article else address


def resolve_page(article: Article) -> str:
    return reverse("admin:articles_article_resolve", args=[article.pk])


def form_of(html: str, **choices: str) -> dict[str, str]:
    """Return the data that a browser submits from the first form of a page, with these choices."""
    form = html.partition('name="seen_version"')
    form_html = '<input type="hidden" name="seen_version"' + form[2].partition("</form>")[0]
    values = dict(re.findall(r'type="hidden"\s+name="(\w+)"\s+value="([^"]*)"', form_html))
    for field, choice in choices.items():
        conflict = ImportConflict.objects.get(field=field, resolved_at=None)
        values[f"choice_{conflict.pk}"] = choice
    return values


class TestPage:
    def test_sides(self, login: Login, article: Article) -> None:
        html = get(login(Role.EDITOR), page())
        title, quality = (part.partition("</fieldset>")[0] for part in html.split("<legend>")[1:3])
        sides = re.findall(r"<h3>([^<]+)</h3>\s*<pre[^>]*>([^<]*)</pre>", title)

        assert [text for _, text in sides] == ["Bridge opens", "Their headline", "Our headline"]
        assert [heading for heading, _ in sides][:2] == ["Source then", "Source now"]
        assert re.findall(r"<pre[^>]*>([^<]*)</pre>", quality) == ["60", "90", "65"]
        assert html.count('class="module conflicts"') == 1

    def test_lists(self, login: Login, tmp_path: Path) -> None:
        put(tmp_path, "one.txt", document())
        load(tmp_path)
        relate(only_article(), make_article(web_url="https://paper.example/ours"))
        put(tmp_path, "one.txt", document(related=(entry(),)))
        load(tmp_path)
        html = get(login(Role.EDITOR), page())

        assert "<li>herald.example/bridge</li>" in html
        assert "<li>paper.example/ours</li>" in html
        assert "(none)" in html

    def test_of_one_article(self, login: Login, article: Article) -> None:
        other = make_article(title="Another one")
        ImportConflict.objects.create(article=other, field="title", source="x", found_at=NOW)
        html = get(login(Role.VIEWER), page(other))

        assert "Another one" in html
        assert "Our headline" not in html
        client = login(Role.VIEWER)
        for nonsense in ("x", "-1", "9" * 30):
            assert client.get(page(), {"article": nonsense}).status_code == 404

    def test_shows_the_editors_later_changes(self, login: Login, article: Article) -> None:
        edit(article, title="Our newest headline")
        assert "Our newest headline" in get(login(Role.EDITOR), page())

    def test_viewers_have_no_choices(self, login: Login, article: Article) -> None:
        html = get(login(Role.VIEWER), page())
        assert "Our headline" in html
        assert 'type="radio"' not in html
        assert "Show what that changes" not in html

    def test_is_linked_from_the_article(self, login: Login, article: Article) -> None:
        assert page(article) in get(login(Role.VIEWER), page_of(article))

    def test_empty(self, login: Login) -> None:
        assert "Clear" in get(login(Role.VIEWER), page())

    def test_queries(self, login: Login) -> None:
        client = login(Role.EDITOR)
        counts = []
        for size in (2, 6):
            for _ in range(size):
                one = make_article()
                for field in ("title", "related"):
                    ImportConflict.objects.create(article=one, field=field, found_at=NOW)
            with CaptureQueriesContext(connection) as queries:
                get(client, page())
            counts.append(len(queries))
        # Expect: session, user, permissions (2), conflicts, articles, topics, images, links.
        assert counts[0] == counts[1] <= 9

    def test_nothing_in_it_runs(self, login: Login) -> None:
        one = make_article(title=PAYLOAD)
        make_source(make_article(), secured=CANARY)
        values: dict[str, Any] = {"before": PAYLOAD, "source": [PAYLOAD], "editor": PAYLOAD}
        ImportConflict.objects.create(article=one, field="title", found_at=NOW, **values)
        ImportConflict.objects.create(article=one, field="<b>'\"", found_at=NOW, **values)
        client = login(Role.EDITOR)
        html = get(client, page())
        conflicts = {
            f"choice_{one.pk}": "editor" for one in ImportConflict.objects.filter(article=one)
        }
        html += client.post(resolve_page(one), form_of(html) | conflicts).content.decode()

        assert html.count("Resolve") > 1
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert "<b>'" not in html
        assert not re.search(r'<[^>]+\s(?:style|on\w+)="', html)


class TestResolve:
    def test_previews_then_decides(self, login: Login, article: Article) -> None:
        client = login(Role.EDITOR)
        form = form_of(get(client, page()), title="editor", quality="source")
        response = client.post(resolve_page(article), form)
        html = response.content.decode()

        assert response.status_code == 200
        assert "keep the editor’s value" in html  # noqa: RUF001 - as readers see it
        assert "What will change for readers" in html
        assert not Act.objects.exists()
        assert only_article().quality == 65
        response = client.post(
            resolve_page(article), form_of(html) | {"confirmed": "1", "reason": "theirs is newer"}
        )
        assert response.status_code == 302
        now = only_article()
        assert (now.title, now.quality, now.heat, now.published) == ("Our headline", 90, 90, True)
        act = Act.objects.get()
        assert (act.verb, act.reason) == (Act.Verb.RESOLVE, "theirs is newer")
        assert not ImportConflict.objects.filter(resolved_at=None).exists()
        history = get(client, page_of(article, "history"))
        assert "took the source’s quality" in history  # noqa: RUF001 - as readers see it
        assert "kept the edited title" in history
        newsdesk.perform(newsdesk.undo(act), by=make_user(Role.EDITOR))
        assert only_article().quality == 65
        assert ImportConflict.objects.filter(resolved_at=None).count() == 2

    @pytest.mark.parametrize(
        ("side", "title"), [("source", "Their headline"), ("editor", "Our headline")]
    )
    def test_all_at_once(self, login: Login, article: Article, side: str, title: str) -> None:
        client = login(Role.EDITOR)
        form = form_of(get(client, page())) | {"all": side}
        html = client.post(resolve_page(article), form).content.decode()
        client.post(resolve_page(article), form_of(html) | {"confirmed": "1"})

        assert only_article().title == title
        assert not ImportConflict.objects.filter(resolved_at=None).exists()

    def test_one_of_two(self, login: Login, article: Article) -> None:
        client = login(Role.EDITOR)
        form = form_of(get(client, page()), title="source") | {"confirmed": "1"}
        client.post(resolve_page(article), form)

        assert only_article().title == "Their headline"
        assert ImportConflict.objects.get(resolved_at=None).field == "quality"

    def test_a_preview_adds_no_coverage(self, login: Login, tmp_path: Path) -> None:
        put(tmp_path, "one.txt", document())
        load(tmp_path)
        relate(only_article(), make_article(web_url="https://paper.example/ours", quality=10))
        put(tmp_path, "one.txt", document(related=(entry(),)))
        load(tmp_path)
        client = login(Role.EDITOR)
        one = Article.objects.get(source_document__path="one.txt")
        form = form_of(get(client, page()), related="source")
        html = client.post(resolve_page(one), form).content.decode()
        assert "take the source’s value" in html  # noqa: RUF001 - as readers see it
        assert not Article.objects.filter(coverage_only=True).exists()
        client.post(resolve_page(one), form_of(html) | {"confirmed": "1"})
        assert Article.objects.get(coverage_only=True).title == entry().title

    def fail(self, client: Client, article: Article, form: dict[str, str]) -> str:
        response = client.post(resolve_page(article), form | {"confirmed": "1"}, follow=True)
        assert not Act.objects.exists()
        assert only_article().title != "Their headline"
        html = response.content.decode()
        assert "Nothing was changed" in html
        return html

    def test_fail_article_changed_meanwhile(self, login: Login, article: Article) -> None:
        client = login(Role.EDITOR)
        form = form_of(get(client, page()), title="source")
        edit(only_article(), excerpt="Other")
        assert "somebody else, or an import, changed this" in self.fail(client, article, form)

    def test_fail_newer_import(self, login: Login, article: Article) -> None:
        client = login(Role.EDITOR)
        form = form_of(get(client, page()), title="source")
        ImportConflict.objects.update(found_at=NOW + timedelta(days=9), source="Newer")
        assert "A newer import changed title" in self.fail(client, article, form)

    @pytest.mark.parametrize("choice", ["", "both"])
    def test_fail_nothing_chosen(self, login: Login, article: Article, choice: str) -> None:
        client = login(Role.EDITOR)
        form = form_of(get(client, page()), title=choice)
        assert "Choose a value for at least one" in self.fail(client, article, form)

    def test_fail_without_permission(self, login: Login, article: Article) -> None:
        form = form_of(get(login(Role.EDITOR), page()), title="source") | {"confirmed": "1"}
        for role in (Role.VIEWER, Role.OPERATOR):
            assert login(role).post(resolve_page(article), form).status_code == 403
        assert login().get(page()).status_code == 403
        assert login(Role.EDITOR).get(resolve_page(article)).status_code == 405
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(make_user(Role.EDITOR))
        assert strict.post(resolve_page(article), form).status_code == 403
        client = login(Role.EDITOR)
        assert client.post(resolve_page(Article(pk=10**9)), form).status_code == 404
        assert only_article().title == "Our headline"
