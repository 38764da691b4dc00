"""Saving an article's texts is a decision and never silently overwrites other changes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from articles import newsdesk
from articles.models import Act, ActChange, Article
from articles.roles import Role
from tests.articles.admin.admin_pages import PAYLOAD, form_of, get, page_of
from tests.factories import make_article, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.once]

Login = Callable[..., Client]
Form = dict[str, str]


@pytest.fixture
def login(client: Client) -> Login:
    def log_in(*roles: Role) -> Client:
        client.force_login(make_user(*roles))
        return client

    return log_in


def stored(article: Article) -> Article:
    return Article.objects.get(pk=article.pk)


def typed(html: str, name: str) -> str:
    """Return the value of a field of the form."""
    found = re.search(rf'<textarea name="{name}"[^>]*>\r?\n?([^<]*)</textarea>', html)
    assert found is not None
    return found[1]


def edit_elsewhere(article: Article, **texts: str) -> None:
    editor = make_user(Role.EDITOR, username="edith")
    newsdesk.perform(newsdesk.edit(stored(article), **texts), by=editor, reason="a typo")


def post(client: Client, article: Article, form: Form) -> tuple[int, str]:
    response = client.post(page_of(article), form)
    return response.status_code, response.content.decode()


class TestSave:
    def test_is_an_act(self, login: Login) -> None:
        client = login(Role.EDITOR)
        article = make_article(title="Before", body="One")
        html = get(client, page_of(article))
        status, _ = post(client, article, form_of(html, title="After", reason="clearer"))

        assert status == 302
        assert stored(article).title == "After"
        act = Act.objects.get()
        assert (act.verb, act.reason) == (Act.Verb.EDIT, "clearer")
        change = ActChange.objects.get()
        assert (change.before, change.after) == ({"title": "Before"}, {"title": "After"})
        newsdesk.perform(newsdesk.undo(act), by=make_user(Role.EDITOR))
        assert stored(article).title == "Before"

    def test_control_characters_are_left_out(self, login: Login) -> None:
        client = login(Role.EDITOR)
        article = make_article(title="Before", excerpt="One")
        form = form_of(get(client, page_of(article)), title="A\x1bfter", excerpt="One\x07")
        assert post(client, article, form | {"reason": "cle\x9barer"})[0] == 302

        assert (stored(article).title, stored(article).excerpt) == ("After", "One")
        assert (Act.objects.get().reason, stored(article).version) == ("clearer", 2)

    @pytest.mark.parametrize("title", ["\u200b", "&nbsp;", "\x07"])
    def test_fail_invisible_headline(self, login: Login, title: str) -> None:
        client = login(Role.EDITOR)
        article = make_article(title="Before")
        status, html = post(client, article, form_of(get(client, page_of(article)), title=title))

        assert status == 200
        assert "errorlist" in html
        assert stored(article).title == "Before"

    def test_a_note_alone_is_not_a_decision(self, login: Login) -> None:
        client = login(Role.EDITOR)
        article = make_article(title="Before")
        post(client, article, form_of(get(client, page_of(article)), reason="just so"))

        assert not Act.objects.exists()
        assert stored(article).version == 1

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
    def test_fail_without_permission(self, login: Login, role: Role) -> None:
        client = login(role)
        article = make_article(title="Before")
        html = get(client, page_of(article))

        assert "<textarea" not in html
        assert 'name="reason"' not in html
        assert 'name="seen_version"' not in html
        form = {"title": "After", "seen_version": "1", "reason": ""}
        assert post(client, article, form)[0] == 403
        assert stored(article).title == "Before"

    def test_says_why_in_full(self, login: Login) -> None:
        client = login(Role.EDITOR)
        article = make_article(quality=80)
        editor = make_user(Role.EDITOR, username="edith")
        newsdesk.perform(newsdesk.hold(stored(article)), by=editor, reason="wait for a comment")

        html = get(client, page_of(article))
        # The receipt names the editor and gives the reason.
        assert "edith" in html
        assert "wait for a comment" in html

    def test_waits_for_no_row_that_an_import_holds(self, login: Login) -> None:
        # Every writer takes the desk's lock before it locks rows; the other order could deadlock.
        client = login(Role.EDITOR)
        article = make_article()
        form = form_of(get(client, page_of(article)), title="After")
        with CaptureQueriesContext(connection) as queries:
            post(client, article, form)
        locks = [query["sql"] for query in queries if "FOR UPDATE" in query["sql"]]

        assert locks == []


class TestSaveOverANewerVersion:
    def test_shows_all_three_and_saves_nothing(self, login: Login) -> None:
        client = login(Role.EDITOR)
        article = make_article(title="Opened", excerpt="Old", body="Body")
        form = form_of(get(client, page_of(article)), title="Mine", excerpt="My words")
        edit_elsewhere(article, title="Theirs")
        status, html = post(client, article, form)

        assert status == 200
        assert stored(article).title == "Theirs"
        panel = html.partition('class="module clashes"')[2].partition("</section>")[0]
        sides = re.findall(r"<h3>([^<]+)</h3>\s*<pre[^>]*>(.*?)</pre>", panel, re.DOTALL)
        assert sides == [
            ("When you opened it", "Opened"),
            ("Stored now", "Theirs"),
            ("What you typed", "Mine"),
            ("What yours would change", "<del>Theirs</del><ins>Mine</ins>"),
        ]
        assert "Edited by edith" in panel
        assert "a typo" in panel
        # The page keeps the input. Nobody else changed the excerpt, so there is no choice to make.
        assert typed(html, "title") == "Mine"
        assert typed(html, "excerpt") == "My words"
        assert "choice_excerpt" not in panel

    def test_submitting_again_saves_nothing(self, login: Login) -> None:
        client = login(Role.EDITOR)
        article = make_article(title="Opened")
        form = form_of(get(client, page_of(article)), title="Mine")
        edit_elsewhere(article, title="Theirs")
        for _ in range(3):
            status, html = post(client, article, form)
            assert status == 200
            assert typed(html, "title") == "Mine"
            form = form_of(html)
        assert "Choose which text to keep for title" in html
        assert stored(article).title == "Theirs"

    def test_saves_mine_by_field(self, login: Login) -> None:
        client = login(Role.EDITOR)
        article = make_article(title="Opened", excerpt="Opened")
        form = form_of(get(client, page_of(article)), title="Mine", excerpt="Mine", body="Mine")
        edit_elsewhere(article, title="Theirs", excerpt="Theirs")
        _, html = post(client, article, form)
        choices = {"choice_title": "mine", "choice_excerpt": "stored"}
        status, _ = post(client, article, form_of(html, **choices))

        assert status == 302
        now = stored(article)
        assert (now.title, now.excerpt, now.body) == ("Mine", "Theirs", "Mine")
        change = ActChange.objects.latest("pk")
        assert change.before["title"] == "Theirs"

    def test_one_choice_missing(self, login: Login) -> None:
        client = login(Role.EDITOR)
        article = make_article(title="Opened", excerpt="Opened")
        form = form_of(get(client, page_of(article)), title="Mine", excerpt="Mine")
        edit_elsewhere(article, title="Theirs", excerpt="Theirs")
        _, html = post(client, article, form)
        status, html = post(client, article, form_of(html, choice_title="mine"))

        assert status == 200
        assert "Choose which text to keep for excerpt" in html
        assert re.search(r'name="choice_title"\s+value="mine"\s+checked', html)
        assert stored(article).title == "Theirs"

    def test_changed_yet_again(self, login: Login) -> None:
        client = login(Role.EDITOR)
        article = make_article(title="Opened")
        form = form_of(get(client, page_of(article)), title="Mine")
        edit_elsewhere(article, title="Theirs")
        _, html = post(client, article, form)
        newsdesk.perform(newsdesk.edit(stored(article), title="Theirs again"), by=None)
        status, html = post(client, article, form_of(html, choice_title="mine"))

        assert status == 200
        assert stored(article).title == "Theirs again"
        assert "<del>Theirs again</del><ins>Mine</ins>" in html
        status, _ = post(client, article, form_of(html, choice_title="mine"))
        assert (status, stored(article).title) == (302, "Mine")

    def test_unchanged_input_yields_to_stored_text(self, login: Login) -> None:
        client = login(Role.EDITOR)
        article = make_article(title="Opened", excerpt="Opened")
        form = form_of(get(client, page_of(article)), title="Mine")
        edit_elsewhere(article, excerpt="Theirs")
        status, html = post(client, article, form)

        assert status == 200
        assert typed(html, "excerpt") == "Theirs"
        assert "Nobody else changed the texts that you changed" in html
        status, _ = post(client, article, form_of(html))
        now = stored(article)
        assert (status, now.title, now.excerpt) == (302, "Mine", "Theirs")

    def test_after_an_import_the_opened_text_is_unknown(self, login: Login) -> None:
        client = login(Role.EDITOR)
        article = make_article(title="Opened", excerpt="Opened")
        form = form_of(get(client, page_of(article)), title="Mine")
        Article.objects.filter(pk=article.pk).update(title="Imported", excerpt="New", version=2)
        _, html = post(client, article, form)

        assert "When you opened it" not in html
        # The hidden version could be forged.
        assert typed(html, "excerpt") == "Opened"
        choices = {"choice_title": "mine", "choice_excerpt": "stored"}
        status, _ = post(client, article, form_of(html, **choices))
        assert (status, stored(article).title, stored(article).excerpt) == (302, "Mine", "New")

    def test_a_decision_made_in_the_meantime(self, login: Login) -> None:
        client = login(Role.EDITOR)
        article = make_article(title="Opened", quality=50)
        form = form_of(get(client, page_of(article)), title="Mine")
        newsdesk.perform(newsdesk.set_quality(stored(article), 75), by=None)
        status, html = post(client, article, form)

        assert status == 200
        assert "Scored by the system" in html
        status, _ = post(client, article, form_of(html))
        assert (status, stored(article).title, stored(article).quality) == (302, "Mine", 75)

    @pytest.mark.parametrize("met", ["", "title", "quality,slug", ",,,", "title,title"])
    def test_fail_forged_choices(self, login: Login, met: str) -> None:
        client = login(Role.EDITOR)
        article = make_article(title="Opened", quality=50)
        form = form_of(get(client, page_of(article)), title="Mine")
        edit_elsewhere(article, title="Theirs")
        forged = {"clashes": met, "choice_title": "mine", "choice_quality": "mine"}
        status, _ = post(client, article, form | forged)

        assert (status, stored(article).title) == (200, "Theirs")

    def test_nothing_in_it_runs(self, login: Login) -> None:
        client = login(Role.EDITOR)
        article = make_article(title="Opened")
        form = form_of(get(client, page_of(article)), title=PAYLOAD + "mine")
        change = newsdesk.edit(stored(article), title=PAYLOAD, body=PAYLOAD)
        newsdesk.perform(change, by=None, reason=PAYLOAD)
        _, html = post(client, article, form)

        assert "clashes" in html
        assert "<script>alert" not in html
        assert "<img src=x" not in html


class TestQueries:
    def test_of_a_save(self, login: Login) -> None:
        client = login(Role.EDITOR)
        counts = set()
        for size in (1, 8):
            article = make_article(title="Opened")
            newsdesk.perform(
                newsdesk.relate(stored(article), [make_article() for _ in range(size)]), by=None
            )
            form: Any = form_of(get(client, page_of(article)), title="Mine")
            edit_elsewhere(article, title="Theirs") if size == 1 else newsdesk.perform(
                newsdesk.edit(stored(article), title="Theirs"), by=None
            )
            with CaptureQueriesContext(connection) as queries:
                post(client, article, form)
            counts.add(len(queries))
        assert len(counts) == 1
