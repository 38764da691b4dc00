"""Suggested reports of the same event on the article's page and in triage."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from articles.admin.decisions import queue_page
from articles.models import Act, Article, Pair, Related
from articles.roles import Role
from tests.articles.admin.admin_pages import PAYLOAD, page_of
from tests.articles.admin.asking import hidden, messages_of, press_undo, text_of
from tests.articles.admin.test_triage import address_of, make_waiting
from tests.factories import make_article, make_pair, make_provider, make_user, relate

pytestmark = pytest.mark.django_db

ADDRESS = reverse("admin:articles_article_pair")


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(make_user(Role.EDITOR))
    return client


def press(client: Client, page: Any, button: str, other: Article, form: str = "same-event") -> Any:
    """Press a button of a suggestion that a page shows."""
    html = page.content.decode()
    assert f'name="{button}"' in html
    within = html.partition(f'id="{form}"')[2].partition("</form>")[0]
    sent = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', within))
    return client.post(ADDRESS, sent | {button: str(other.pk)})


def links() -> set[tuple[int, int]]:
    return set(Related.objects.values_list("article", "target"))


class TestArticlePage:
    def test_best_first_with_reasons(self, editor: Client) -> None:
        article = make_article()
        others = [make_article(title=f"Report {number}") for number in range(6)]
        for score, other in enumerate(others, 1):
            make_pair(article, other, score=score, reasons=[["names", "Ylva"]])
        page = editor.get(page_of(article))
        shown = [one.other for one, _ in page.context["same_event"]]
        assert shown == [others[5], others[4], others[3]]
        assert "Same event?" in text_of(page)
        assert "both name: Ylva" in text_of(page)

    def test_none(self, editor: Client) -> None:
        assert "Same event?" not in text_of(editor.get(page_of(make_article())))

    def test_only_for_those_who_may_link(self, client: Client) -> None:
        article, other = make_article(), make_article()
        make_pair(article, other)
        client.force_login(make_user(Role.VIEWER))
        assert "Same event?" not in text_of(client.get(page_of(article)))
        assert client.post(ADDRESS, {"relate": other.pk}).status_code == 403

    def test_hostile_texts(self, editor: Client) -> None:
        article = make_article()
        other = make_article(title=PAYLOAD, provider=make_provider(name=PAYLOAD))
        make_pair(article, other, reasons=[["names", PAYLOAD]])
        page = editor.get(page_of(article))
        assert page.context["same_event"]
        assert PAYLOAD not in page.content.decode()
        response = press(editor, page, "refuse", other)
        assert PAYLOAD not in editor.get(response["Location"]).content.decode()

    def test_links_with_the_whole_story_and_undoes(self, editor: Client) -> None:
        article, member, other = make_article(quality=90), make_article(), make_article(title="B")
        relate(article, member)
        relate(member, article)
        before = links()
        make_pair(article, other)
        response = press(editor, editor.get(page_of(article)), "relate", other)
        assert response["Location"] == page_of(article)
        (message,) = messages_of(editor, response)
        assert message.startswith(f"Linked “B” with “{article.headline}”.")
        made = {(one.pk, other.pk) for one in (article, member)}
        assert links() == before | made | {(b, a) for a, b in made}
        assert Pair.objects.get().verdict == Pair.Verdict.ACCEPTED
        assert not editor.get(page_of(article)).context["same_event"]
        press_undo(editor, message)
        assert links() == before
        assert editor.get(page_of(article)).context["same_event"]

    def test_refuses_and_undoes(self, editor: Client) -> None:
        article, other = make_article(), make_article()
        make_pair(article, other)
        response = press(editor, editor.get(page_of(article)), "refuse", other)
        (message,) = messages_of(editor, response)
        assert "are not the same event" in message
        assert Pair.objects.get().verdict == Pair.Verdict.REFUSED
        assert not editor.get(page_of(article)).context["same_event"]
        press_undo(editor, message)
        assert Pair.objects.get().verdict == Pair.Verdict.NONE

    def test_fail_stale(self, editor: Client) -> None:
        article, other = make_article(), make_article()
        make_pair(article, other)
        page = editor.get(page_of(article))
        Article.objects.filter(pk=other.pk).update(version=7)
        (message,) = messages_of(editor, press(editor, page, "relate", other))
        assert message.startswith(f"Nothing was done. {other.slug}: somebody else")
        assert not Act.objects.exists()

    def test_fail_unsigned_or_not_shown(self, editor: Client) -> None:
        article, other = make_article(), make_article()
        response = editor.post(ADDRESS, {"pair_seen": "[[1, 1]]", "relate": other.pk})
        assert "not from this site" in messages_of(editor, response)[0]
        make_pair(article, other)
        page = editor.get(page_of(article))
        assert press(editor, page, "relate", make_article()).status_code == 404
        sent = {"pair_seen": hidden(page, "pair_seen")}
        assert "Choose what to do" in messages_of(editor, editor.post(ADDRESS, sent))[0]
        assert not Act.objects.exists()


class TestTriage:
    def test_links_and_stays_at_the_article(self, editor: Client) -> None:
        article, _ = make_waiting(2)
        other = make_article()
        make_pair(article, other)
        page = editor.get(address_of())
        html = page.content.decode()
        assert 'data-key="a"' in html
        assert 'data-key="A"' in html
        response = press(editor, page, "relate", other)
        assert response["Location"] == f"{address_of()}?article={article.pk}"
        page = editor.get(response["Location"])
        last = page.context["last_act"]
        assert last["words"].startswith(f"Linked: “{article.headline}”")
        assert last["next"] == response["Location"]
        assert not page.context["messages"]
        editor.post(last["address"], {"next": last["next"]})
        assert links() == set()

    def test_refusal_is_undone_by_the_same_key(self, editor: Client) -> None:
        (article,) = make_waiting(1)
        other = make_article()
        make_pair(article, other)
        response = press(editor, editor.get(address_of()), "refuse", other)
        page = editor.get(response["Location"])
        assert not page.context["same_event"]
        last = page.context["last_act"]
        assert last["next"] == response["Location"]
        editor.post(last["address"], {"next": last["next"]})
        assert editor.get(response["Location"]).context["same_event"]

    def test_link_with_a_large_story_is_undone_by_the_same_key(self, editor: Client) -> None:
        (article,) = make_waiting(1)
        relate(article, *(make_article() for _ in range(6)))
        other = make_article()
        make_pair(article, other)
        response = press(editor, editor.get(address_of()), "relate", other)
        assert editor.get(response["Location"]).context["last_act"]

    def test_leaves_out_articles_of_the_same_story(self, editor: Client) -> None:
        (article,) = make_waiting(1)
        lead, other = make_article(quality=90), make_article(quality=80)
        relate(lead, article, other)
        make_pair(article, other)
        assert not editor.get(address_of()).context["same_event"]


class TestUngathered:
    QUEUE = "/admin/articles/article/queue/ungathered/"

    def make(self, score: float = 3, **overrides: Any) -> tuple[Article, Article]:
        values = {"quality": 80, "published": True, **overrides}
        older, newer = make_article(**values), make_article(**values)
        make_pair(older, newer, score=score, reasons=[["names", "Ylva"]])
        return older, newer

    def test_links_one_of_several(self, editor: Client) -> None:
        older, newer = self.make()
        others = self.make()
        page = editor.get(self.QUEUE)
        text = text_of(page)
        assert "2 waiting" in text
        assert "both name: Ylva" in text
        assert all(one.headline in text for one in (older, newer, *others))
        response = press(editor, page, "relate", older, form=f"pair-{newer.pk}")
        assert response["Location"] == self.QUEUE
        (message,) = messages_of(editor, response)
        assert links() == {(older.pk, newer.pk), (newer.pk, older.pk)}
        assert "1 waiting" in text_of(editor.get(self.QUEUE))
        press_undo(editor, message)
        assert "2 waiting" in text_of(editor.get(self.QUEUE))

    def test_refuses(self, editor: Client) -> None:
        older, newer = self.make()
        page = editor.get(self.QUEUE)
        press(editor, page, "refuse", older, form=f"pair-{newer.pk}")
        assert "Clear" in text_of(editor.get(self.QUEUE))

    def test_pages(self, editor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(queue_page, "PAGE_SIZE", 2)
        for _ in range(3):
            self.make()
        page = editor.get(self.QUEUE)
        assert len(page.context["ungathered"]) == 2
        page = editor.get(f"{self.QUEUE}?{page.context['next']}")
        assert len(page.context["ungathered"]) == 1

    def test_viewers_only_look(self, client: Client) -> None:
        older, _ = self.make()
        client.force_login(make_user(Role.VIEWER))
        page = client.get(self.QUEUE)
        assert older.headline in text_of(page)
        assert 'name="relate"' not in page.content.decode()

    def test_hostile_texts(self, editor: Client) -> None:
        self.make(title=PAYLOAD)
        html = editor.get(self.QUEUE).content.decode()
        assert "<script>alert" not in html
        assert "<img src=x" not in html

    def test_triage_suggests_the_other_article(self, editor: Client) -> None:
        older, newer = self.make()
        page = editor.get(address_of("ungathered"))
        assert page.context["article"] == newer
        assert page.context["same_event"][0][0].other == older
