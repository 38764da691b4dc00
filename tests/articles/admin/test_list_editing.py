"""Editing quality in the list: permissions, saving and conflicts."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from articles import newsdesk
from articles.models import Act, Article
from articles.roles import Role
from tests.articles.admin.admin_pages import PAYLOAD
from tests.articles.admin.asking import LIST, messages_of, press_undo, text_of
from tests.factories import make_article, make_provider, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.once]

SCORES = "admin:articles_article_scores"


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(make_user(Role.EDITOR))
    return client


def inputs(page: Any) -> dict[str, Any]:
    """Return the data that a browser would submit from the unchanged quality form."""
    html = page.content.decode()
    rows = re.findall(r'name="row" value="([^"]*)"', html)
    qualities = re.findall(r'name="(quality-\d+)" value="([^"]*)"', html)
    back = re.search(r'name="list" value="([^"]*)"', html)
    assert back
    return {"row": rows, "list": back[1].replace("&amp;", "&")} | dict(qualities)


def save(client: Client, page: Any, **typed: str) -> Any:
    sent = inputs(page)
    return client.post(reverse(SCORES), sent | typed)


def typed(article: Article, text: str) -> dict[str, str]:
    return {f"quality-{article.pk}": text}


def stored(article: Article) -> int | None:
    return Article.objects.get(pk=article.pk).quality


class TestSaved:
    def test_changed_rows_as_one_act(self, editor: Client) -> None:
        first, second, third = (make_article(quality=quality) for quality in (40, None, 90))
        page = editor.get(reverse(LIST), {"type__exact": "article"})
        done = save(editor, page, **typed(first, "75"), **typed(second, "60"))
        assert done["Location"] == reverse(LIST) + "?type__exact=article"
        (message,) = messages_of(editor, done)
        assert message.startswith("Scored: 2 articles.")
        act = Act.objects.get()
        assert set(act.changes.values_list("article", flat=True)) == {first.pk, second.pk}
        assert [stored(one) for one in (first, second, third)] == [75, 60, 90]
        assert Article.objects.get(pk=first.pk).heat == 75
        assert Article.objects.get(pk=third.pk).version == third.version
        press_undo(editor, message)
        assert [stored(one) for one in (first, second, third)] == [40, None, 90]

    def test_emptied(self, editor: Client) -> None:
        article = make_article()
        save(editor, editor.get(reverse(LIST)), **typed(article, ""))
        assert stored(article) is None

    def test_nothing_changed(self, editor: Client) -> None:
        make_article()
        done = save(editor, editor.get(reverse(LIST)))
        assert "no quality changed" in messages_of(editor, done)[0]
        assert not Act.objects.exists()

    def test_same_score_by_somebody_else(self, editor: Client) -> None:
        article = make_article(quality=40)
        page = editor.get(reverse(LIST))
        newsdesk.perform(newsdesk.set_quality(article, 75), by=None)
        done = save(editor, page, **typed(article, "75"))
        assert "no quality changed" in messages_of(editor, done)[0]

    def test_next_refuses_other_sites(self, editor: Client) -> None:
        article = make_article()
        page = editor.get(reverse(LIST))
        for query in ("//elsewhere.example", "https://elsewhere.example", "a\r\nX-B: c"):
            done = save(editor, page, list=query)
            assert done["Location"].startswith(reverse(LIST) + "?")
            assert "\n" not in done["Location"]
        assert stored(article) == 80


class TestConflict:
    def test_stale_row_is_shown_and_not_written(self, editor: Client) -> None:
        stale, other = make_article(quality=40), make_article(quality=50)
        page = editor.get(reverse(LIST))
        meanwhile = make_user(Role.EDITOR, username="kim")
        change = newsdesk.set_quality(stale, 66)
        newsdesk.perform(change, by=meanwhile, reason="second look")
        answer = save(editor, page, **typed(stale, "77"), **typed(other, "88"))
        assert answer.status_code == 200
        assert (stored(stale), stored(other)) == (66, 88)
        ((row, _),) = answer.context["rows"]
        assert (row.seen_quality, row.article.quality, row.typed) == (40, 66, "77")
        words = text_of(answer)
        assert "Scored by kim" in words
        assert "second look" in words
        assert "Scored: 1 article." in words
        assert f'name="quality-{stale.pk}" value="77"' in answer.content.decode()
        # Both values were shown, and the form is submitted again.
        assert save(editor, answer).status_code == 302
        assert stored(stale) == 77

    def test_stale_by_an_import(self, editor: Client) -> None:
        article = make_article(quality=40)
        page = editor.get(reverse(LIST))
        Article.objects.filter(pk=article.pk).update(version=9)
        answer = save(editor, page, **typed(article, "77"))
        assert "Changed by somebody else, or by an import" in text_of(answer)
        assert stored(article) == 40

    def test_untouched_rows_may_be_stale(self, editor: Client) -> None:
        stale, other = make_article(quality=40), make_article(quality=50)
        page = editor.get(reverse(LIST))
        newsdesk.perform(newsdesk.set_quality(stale, 66), by=None)
        assert save(editor, page, **typed(other, "88")).status_code == 302
        assert (stored(stale), stored(other)) == (66, 88)

    @pytest.mark.parametrize("text", ["x", "-1", "1.5", "1000000", "9" * 5000, "1e3", PAYLOAD])
    def test_no_quality(self, editor: Client, text: str) -> None:
        wrong, other = make_article(quality=40), make_article(quality=50)
        answer = save(editor, editor.get(reverse(LIST)), **typed(wrong, text), **typed(other, "88"))
        assert answer.status_code == 200
        assert "Quality goes from 0" in text_of(answer) or "A quality is a" in text_of(answer)
        assert PAYLOAD not in answer.content.decode()
        ((row, _),) = answer.context["rows"]
        assert row.typed == text
        assert (stored(wrong), stored(other)) == (40, 88)


class TestForged:
    def test_forged_row(self, editor: Client) -> None:
        shown, other = make_article(quality=40), make_article(quality=50)
        sent = inputs(editor.get(reverse(LIST), {"q": shown.slug}))
        address = reverse(SCORES)
        assert editor.post(address, sent | typed(other, "1")).status_code == 400
        forged = sent["row"][0].replace(f"{shown.pk},", f"{other.pk},")
        data = {"row": [forged], **typed(other, "1")}
        assert editor.post(address, data).status_code == 400
        assert (stored(shown), stored(other)) == (40, 50)

    def test_unknown_version(self, editor: Client) -> None:
        article = make_article(quality=40)
        row = inputs(editor.get(reverse(LIST)))["row"][0].replace(",1,", ",2,")
        data = {"row": [row], **typed(article, "1")}
        assert editor.post(reverse(SCORES), data).status_code == 400

    def test_coverage_only_has_no_input(self, editor: Client) -> None:
        make_article(coverage_only=True)
        assert inputs(editor.get(reverse(LIST)))["row"] == []

    def test_deleted_article(self, editor: Client) -> None:
        article = make_article()
        page = editor.get(reverse(LIST))
        sent = typed(article, "7")
        article.delete()
        assert save(editor, page, **sent).status_code == 302


class TestPermissions:
    @pytest.mark.parametrize("role", Role)
    def test_by_role(self, client: Client, role: Role) -> None:
        article = make_article(quality=40)
        client.force_login(make_user(Role.EDITOR))
        sent = inputs(client.get(reverse(LIST)))
        client.force_login(make_user(role))
        may = role in {Role.EDITOR, Role.PUBLISHER}
        page = client.get(reverse(LIST)).content.decode()
        assert (f'name="quality-{article.pk}"' in page) == may
        assert ('id="scores"' in page) == may
        answer = client.post(reverse(SCORES), sent | typed(article, "75"))
        assert answer.status_code == (302 if may else 403)
        assert stored(article) == (75 if may else 40)

    def test_only_by_post_with_a_token(self, editor: Client) -> None:
        assert editor.get(reverse(SCORES)).status_code == 405
        client = Client(enforce_csrf_checks=True)
        client.force_login(make_user(Role.EDITOR))
        assert client.post(reverse(SCORES)).status_code == 403


class TestList:
    def test_text_is_escaped(self, editor: Client) -> None:
        make_article(title=PAYLOAD, provider=make_provider(name=PAYLOAD))
        assert PAYLOAD not in editor.get(reverse(LIST)).content.decode()

    def test_labels_for_screen_readers(self, editor: Client) -> None:
        make_article(title="A comet passes")
        assert (
            'aria-label="Quality of A comet passes"' in editor.get(reverse(LIST)).content.decode()
        )

    def test_inputs_belong_to_their_own_form(self, editor: Client) -> None:
        make_article()
        page = editor.get(reverse(LIST)).content.decode()
        assert page.count('form="scores"') == 2
        inside = page.partition('id="changelist-form"')[2].partition("</form>")[0]
        assert 'id="scores"' not in inside
