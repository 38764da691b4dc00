"""The history of an article in the admin: reading, comparing and restoring, by role."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from articles import newsdesk
from articles.admin.history.history_page import PER_PAGE
from articles.admin.history.text_diff import MOST_COMPARED, text_diff
from articles.models import Act, Article
from articles.roles import Role
from tests.articles.admin.admin_pages import CANARY, PAYLOAD, get, page_of
from tests.factories import make_article, make_source, make_user

pytestmark = pytest.mark.django_db

Login = Callable[..., Client]


def fresh(article: Article) -> Article:
    return Article.objects.get(pk=article.pk)


def do(change: newsdesk.Change, reason: str = "", by: Any = None) -> Act:
    return newsdesk.perform(change, by=by, reason=reason)


def page(article: Article) -> str:
    return reverse("admin:articles_article_history", args=[article.pk])


def restore_page(article: Article, act_id: int) -> str:
    return reverse("admin:articles_article_restore", args=[article.pk, act_id])


@pytest.fixture
def login(client: Client) -> Login:
    def log_in(*roles: Role) -> Client:
        client.force_login(make_user(*roles))
        return client

    return log_in


class TestHistory:
    def test_replaces_djangos_own_page(self) -> None:
        assert page(make_article(pk=7)) == page_of(Article(pk=7), "history")

    def test_newest_first_with_who_why_and_what(self, login: Login) -> None:
        client = login(Role.VIEWER)
        article = make_article(quality=50, title="First headline")
        editor = make_user(Role.EDITOR, username="edith")
        do(newsdesk.set_quality(fresh(article), 75), by=editor, reason="a scoop")
        do(newsdesk.edit(fresh(article), title="Second headline"))
        html = get(client, page(article))

        assert html.index("Edited") < html.index("Scored")
        assert "edith" in html
        assert "a scoop" in html
        assert "<del>First headline</del>" in html
        assert "<ins>Second headline</ins>" in html
        assert re.search(r"50\s+→ 75\s+<small>now published</small>", html)

    def test_articles_that_only_changed_in_heat_are_marked(self, login: Login) -> None:
        article, other = make_article(quality=60), make_article(quality=50)
        do(newsdesk.relate(fresh(article), [fresh(other)]))
        do(newsdesk.set_quality(fresh(other), 90), reason="of the other one")
        html = get(login(Role.VIEWER), page(article))

        assert html.count('class="felt"') == 1
        assert "another article was scored" in html
        assert "of the other one" in html

    def test_links_in_words(self, login: Login) -> None:
        article, other = make_article(), make_article(title="The other one")
        do(newsdesk.relate(fresh(article), [fresh(other)]))
        do(newsdesk.unrelate(fresh(article), [fresh(other)]))
        html = get(login(Role.VIEWER), page(article))

        assert "links added" in html
        assert "links removed" in html
        assert html.count("<ins>The other one</ins>") == 2

    def test_verdicts_in_words(self, login: Login) -> None:
        article, other = make_article(), make_article(title="The <other> one")
        act = do(newsdesk.refuse(fresh(article), [fresh(other)]))
        html = get(login(Role.VIEWER), page(article))
        assert "<strong>Marked as another event</strong>" in html
        assert "not the same event as" in html
        assert "<ins>The &lt;other&gt; one</ins>" in html
        do(newsdesk.undo(act))
        html = get(login(Role.VIEWER), page(other))
        assert "perhaps the same event as" in html
        assert "it had been marked as another event" in html

    def test_pages(self, login: Login) -> None:
        client = login(Role.VIEWER)
        article = make_article(quality=1)
        for quality in range(2, PER_PAGE + 5):
            do(newsdesk.set_quality(fresh(article), quality), reason=f"reason {quality}.")
        html = get(client, page(article))
        older = re.search(r'\?before=(\d+)"', html)

        assert html.count("<blockquote") == PER_PAGE
        assert older is not None
        rest = get(client, page(article), before=older[1])
        assert rest.count("<blockquote") == 3
        assert "reason 2." in rest
        assert "Before the first decision" in rest
        assert "Before the first decision" not in html

    def test_empty(self, login: Login) -> None:
        html = get(login(Role.VIEWER), page(make_article()))
        assert "Nobody has decided on this article" in html

    @pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "²"])
    def test_nonsense(self, login: Login, before: str) -> None:
        client, article = login(Role.VIEWER), make_article()
        do(newsdesk.set_quality(fresh(article), 1))
        get(client, page(article), before=before)
        assert "Choose" in get(client, page(article), **{"from": before, "to": "now"})

    def test_access(self, login: Login, client: Client) -> None:
        article = make_article()
        assert client.get(page(article)).status_code == 302
        assert login().get(page(article)).status_code == 403
        viewer = login(Role.VIEWER)
        assert viewer.get(page(article)).status_code == 200
        assert viewer.post(page(article)).status_code == 405
        assert viewer.get(page(Article(pk=10**9))).status_code == 404

    def test_queries(self, login: Login) -> None:
        client = login(Role.EDITOR)
        counts = []
        for size in (2, 8):
            article = make_article(quality=1)
            for number in range(size):
                do(newsdesk.set_quality(fresh(article), 2 + number), by=make_user(Role.EDITOR))
                do(newsdesk.relate(fresh(article), [make_article()]))
            oldest = str(Act.objects.filter(changes__article=article).earliest("pk").pk)
            with CaptureQueriesContext(connection) as queries:
                get(client, page(article), **{"from": oldest, "to": "now"})
            counts.append(len(queries))
        # Expect 17: session, user, permissions (2), article, acts, names, conflicts, links; for the
        # comparison: states and names (5), acts.
        assert counts[0] == counts[1] <= 17

    def test_nothing_in_it_runs(self, login: Login) -> None:
        article, other = make_article(), make_article(title=PAYLOAD)
        make_source(article, secured=CANARY)
        do(newsdesk.edit(fresh(article), title=PAYLOAD, body=PAYLOAD), reason=PAYLOAD)
        do(newsdesk.relate(fresh(article), [fresh(other)]))
        do(newsdesk.hold(fresh(article)), reason=PAYLOAD)
        client = login(Role.PUBLISHER)
        for html in (
            get(client, page(article), **{"from": "0", "to": "now"}),
            get(client, restore_page(article, 0)),
            get(client, page(other)),
        ):
            assert "<script>alert" not in html
            assert "<img src=x" not in html
            assert "Q0FOQVJZ" not in html
            assert not re.search(r'<[^>]+\s(?:style|on\w+)="', html)


class TestUndoLink:
    def undo_entries(self, client: Client, article: Article) -> list[bool]:
        return [one.can_undo for one in client.get(page(article)).context["entries"]]

    def test_only_with_permission_and_for_unchanged_decisions(self, login: Login) -> None:
        article = make_article(quality=50)
        do(newsdesk.set_quality(fresh(article), 75))
        do(newsdesk.set_quality(fresh(article), 60))
        do(newsdesk.publish(fresh(article)))

        assert self.undo_entries(login(Role.VIEWER), article) == [False, False, False]
        assert self.undo_entries(login(Role.EDITOR), article) == [False, True, False]
        assert self.undo_entries(login(Role.PUBLISHER), article) == [True, True, False]

    def test_not_after_an_import_or_when_undone(self, login: Login) -> None:
        article = make_article(quality=50)
        act = do(newsdesk.set_quality(fresh(article), 75))
        do(newsdesk.undo(act))
        client = login(Role.EDITOR)
        # An undo can be undone.
        assert self.undo_entries(client, article) == [True, False]
        assert "undone by the system" in get(client, page(article))
        Article.objects.filter(pk=article.pk).update(quality=51, version=9)
        assert self.undo_entries(client, article) == [False, False]


class TestCompare:
    def test_texts_values_and_links(self, login: Login) -> None:
        article = make_article(quality=50, title="The quick brown fox", body="One two three")
        gone, other = make_article(title="Goner"), make_article(title="The other one")
        first = do(newsdesk.set_quality(fresh(article), 60))
        do(newsdesk.edit(fresh(article), title="The quick red fox"))
        do(newsdesk.relate(fresh(article), [fresh(other), fresh(gone)]))
        do(newsdesk.hold(fresh(article)), reason="wait")
        gone.delete()
        client = login(Role.VIEWER)
        html = get(client, page(article), **{"from": "now", "to": str(first.pk)})
        comparison = html.partition('class="module comparison"')[2].partition("</section>")[0]

        # The older state comes first, whichever order they were selected in.
        assert "The quick <del>brown</del><ins>red</ins> fox" in comparison
        assert re.search(r"added</span> <ins>The other one</ins>", comparison)
        assert "<del>automatic</del>" in comparison
        assert "<ins>held by an editor</ins>" in comparison
        assert ">Quality<" not in comparison
        assert ">Body<" not in comparison

    def test_long_texts_are_affordable(self) -> None:
        words = [f"word{number}" for number in range(4 * MOST_COMPARED)]
        one, other = " ".join(words), " ".join([*words[:-1], "end"])
        assert [piece.kind for piece in text_diff(one, other)] == ["same", "del", "ins"]
        lines, others = "\n".join(words), "\n".join(reversed(words))
        assert {piece.kind for piece in text_diff(lines, others)} >= {"del", "ins"}

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("", "a b"),
            ("a b", ""),
            ("a a", "a a a"),
            ("light", "right"),
            ("a\nb", "b\na"),
            ("", ""),
        ],
    )
    def test_pieces_form_both_texts(self, one: str, other: str) -> None:
        pieces = text_diff(one, other)
        assert "".join(piece.text for piece in pieces if piece.kind != "ins") == one
        assert "".join(piece.text for piece in pieces if piece.kind != "del") == other


class TestRestore:
    def made(self) -> tuple[Article, Act]:
        article = make_article(quality=50, title="First")
        scored = do(newsdesk.set_quality(fresh(article), 75))
        do(newsdesk.edit(fresh(article), title="Second"))
        do(newsdesk.set_quality(fresh(article), 60))
        return article, scored

    def test_previews_then_decides(self, login: Login) -> None:
        article, scored = self.made()
        client = login(Role.EDITOR)
        html = get(client, restore_page(article, scored.pk))

        assert "<del>Second</del><ins>First</ins>" in html
        assert "What will change for readers" in html
        assert fresh(article).title == "Second"
        form = {"seen_version": str(fresh(article).version), "reason": "it was better"}
        response = client.post(restore_page(article, scored.pk), form)
        assert response.status_code == 302
        stored = fresh(article)
        assert (stored.title, stored.quality, stored.heat, stored.published) == (
            "First",
            75,
            75,
            True,
        )
        act = Act.objects.latest("pk")
        assert (act.verb, act.reason) == (Act.Verb.RESTORE, "it was better")
        assert act.by == response.wsgi_request.user

    @pytest.mark.parametrize("seen", ["1", "", "x", "9" * 30])
    def test_fail_stale(self, login: Login, seen: str) -> None:
        article, scored = self.made()
        client = login(Role.EDITOR)
        response = client.post(
            restore_page(article, scored.pk), {"seen_version": seen}, follow=True
        )

        assert "Nothing was restored" in response.content.decode()
        assert fresh(article).title == "Second"

    def test_fail_without_the_permissions(self, login: Login) -> None:
        article, scored = self.made()
        address = restore_page(article, scored.pk)
        form = {"seen_version": str(fresh(article).version)}
        for role in (Role.VIEWER, Role.OPERATOR):
            client = login(role)
            assert client.get(address).status_code == 403
            assert client.post(address, form).status_code == 403
        do(newsdesk.withdraw(fresh(article)))
        client = login(Role.EDITOR)
        assert client.get(address).status_code == 403
        assert fresh(article).title == "Second"

    def test_fail_unknown(self, login: Login) -> None:
        article, _ = self.made()
        client = login(Role.EDITOR)
        html = client.get(restore_page(article, 10**9), follow=True).content.decode()
        assert "No such state is known" in html
        assert client.get(restore_page(Article(pk=10**9), 1)).status_code == 404

    def test_needs_a_token(self, login: Login) -> None:
        article, scored = self.made()
        login(Role.EDITOR)
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(make_user(Role.EDITOR))
        form = {"seen_version": str(fresh(article).version)}
        assert strict.post(restore_page(article, scored.pk), form).status_code == 403
