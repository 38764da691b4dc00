"""The queue of duplicates: groups with the same address, each resolved with one decision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from articles.models import Act, Article, Pair
from articles.newsdesk import duplicates
from articles.newsdesk.queues import BY_KEY, DUPLICATES
from articles.roles import Role
from tests.articles.admin.admin_pages import PAYLOAD
from tests.articles.admin.asking import hidden, messages_of, press_undo, text_of
from tests.articles.samples import document, load, put
from tests.factories import make_article, make_pair, make_user, relate

pytestmark = pytest.mark.django_db

QUEUE = f"/admin/articles/article/queue/{DUPLICATES}/"
TRIAGE = f"/admin/articles/article/triage/{DUPLICATES}/"
URL = "https://paper.example/same"
SPELLINGS = (URL, "http://www.paper.example/same/", f"{URL}/amp?utm_source=x#top")


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(make_user(Role.EDITOR))
    return client


def make_group(**overrides: Any) -> list[Article]:
    """Store a group of duplicates, newest first."""
    return [make_article(web_url=url, **overrides) for url in SPELLINGS]


def make_near(**overrides: Any) -> tuple[Article, Article]:
    """Store two near-duplicates."""
    older, newer = make_article(**overrides), make_article(**overrides)
    make_pair(older, newer, kind=Pair.Kind.DUPLICATE, score=0.82, reasons=[["excerpt", 82]])
    return older, newer


def keep(client: Client, page: Any, article: Article) -> Any:
    """Press "Keep this one" on a page."""
    sent = {name: hidden(page, name) for name in ("seen", "next")}
    address = reverse("admin:articles_article_keep")
    return client.post(address, sent | {"keep": str(article.pk)})


class TestPage:
    def test_shows_each_group_once(self, editor: Client) -> None:
        group = make_group()
        for _ in range(3):
            make_article(web_url="https://paper.example/another")
        response = editor.get(QUEUE)
        text = text_of(response)
        assert "2 waiting" in text
        assert text.count("3 articles at") == 2
        for article in group:
            assert text.count(article.slug) == 1
            assert f"Keep this one : {article.headline}" in text

    def test_viewers_cannot_decide(self, client: Client) -> None:
        first, *_ = make_group()
        client.force_login(make_user(Role.VIEWER))
        page = client.get(QUEUE)
        assert first.slug in text_of(page)
        assert "<button" not in page.content.decode().partition('class="duplicates"')[2]
        assert keep(client, page, first).status_code == 403
        assert not Act.objects.exists()

    def test_queries(
        self, editor: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for _ in range(2):
            make_group()
            make_near()
            # Expect: session, user, permissions of the user and of the role, policy; the limit of
            # the queue, its page, its count; the groups; pairs of near-duplicates, their articles.
            with django_assert_num_queries(11):
                editor.get(QUEUE)

    def test_hostile_texts(self, editor: Client) -> None:
        make_group(title=PAYLOAD)
        html = editor.get(QUEUE).content.decode()
        assert "<script>alert" not in html
        assert "<img src=x" not in html

    def test_a_large_group_in_parts(self, editor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        group = make_group()
        monkeypatch.setattr(duplicates, "MOST_AT_ONCE", 2)
        for rest in (2, 1):
            response = keep(editor, editor.get(QUEUE), group[0])
            assert "held 1 duplicate" in messages_of(editor, response)[0]
            left = Article.objects.filter(decision="", address_key=group[0].address_key)
            assert left.count() == rest


class TestKeep:
    def test_holds_the_others_in_one_decision(self, editor: Client) -> None:
        first, second, third = make_group()
        response = keep(editor, editor.get(QUEUE), second)
        assert response["Location"] == QUEUE
        (message,) = messages_of(editor, response)
        assert message.startswith(f"Kept “{second.headline}”, held 2 duplicates.")
        act = Act.objects.get()
        assert (act.verb, act.reason) == ("hold", f"Duplicate of {second.slug}")
        decisions = dict(Article.objects.values_list("pk", "decision"))
        assert decisions == {first.pk: "hold", second.pk: "", third.pk: "hold"}
        first.refresh_from_db()
        assert first.decision_reason == f"Duplicate of {second.slug}"
        assert list(Article.objects.published()) == [second]
        assert "Clear" in text_of(editor.get(QUEUE))

        assert press_undo(editor, message).status_code == 302
        assert Article.objects.published().count() == 3
        assert "1 waiting" in text_of(editor.get(QUEUE))

    def test_ten_spellings_are_imported_and_resolved(self, editor: Client, tmp_path: Path) -> None:
        for number in range(10):
            url = f"{URL}?utm_campaign={number}"
            put(tmp_path, f"{number}.md", document(web_url=url, quality=90, published=True))
        load(tmp_path)
        page = editor.get(QUEUE)
        assert "1 waiting" in text_of(page)
        assert "10 articles at" in text_of(page)
        keep(editor, page, Article.objects.order_by("slug")[0])
        assert Act.objects.count() == 1
        assert Article.objects.filter(decision="hold").count() == 9
        assert load(tmp_path).unchanged == 10
        assert "Clear" in text_of(editor.get(QUEUE))

    def test_in_triage(self, editor: Client) -> None:
        first, *others = make_group()
        page = editor.get(TRIAGE)
        assert "Keep this article, hold the others" in text_of(page)
        html = page.content.decode().partition(reverse("admin:articles_article_keep"))[2]
        assert f'value="{first.pk}"' in html
        response = keep(editor, _Part(html), first)
        assert response["Location"].startswith(TRIAGE)
        assert set(Article.objects.filter(decision="hold")) == set(others)

    def test_triage_of_another_queue_does_not_offer_it(self, editor: Client) -> None:
        make_group(quality=None)
        page = text_of(editor.get("/admin/articles/article/triage/not-scored/"))
        assert "Duplicates: the same address" in page
        assert "hold the others" not in page

    def test_fail_stale(self, editor: Client) -> None:
        first, second, _ = make_group()
        page = editor.get(QUEUE)
        Article.objects.filter(pk=first.pk).update(version=7)
        (message,) = messages_of(editor, keep(editor, page, second))
        assert message.startswith(f"Nothing was done. {first.slug}: somebody else")
        assert not Act.objects.exists()

    def test_fail_outside_the_group(self, editor: Client) -> None:
        make_group()
        page = editor.get(QUEUE)
        assert keep(editor, page, make_article()).status_code == 404

    def test_fail_unsigned(self, editor: Client) -> None:
        sent = {"seen": "[[1, 1]]", "keep": "1"}
        response = editor.post(reverse("admin:articles_article_keep"), sent)
        assert "not from this site" in messages_of(editor, response)[0]


class TestNearDuplicates:
    def test_shown_once_with_the_reason(self, editor: Client) -> None:
        older, newer = make_near()
        text = text_of(editor.get(QUEUE))
        assert "1 waiting" in text
        assert "2 articles with nearly the same text" in text
        assert "82 % of the excerpt is identical" in text
        assert f"Keep this one : {older.headline}" in text
        assert f"Keep this one : {newer.headline}" in text
        reasons = BY_KEY[DUPLICATES].reasons([newer])
        assert reasons == {newer.pk: f"“{older.headline}”: 82 % of the excerpt is identical"}

    def test_beside_a_group_with_the_same_address(self, editor: Client) -> None:
        group = make_group()
        other = make_article()
        make_pair(group[0], group[1], kind=Pair.Kind.DUPLICATE, reasons=[["headline"]])
        make_pair(group[0], other, kind=Pair.Kind.DUPLICATE, reasons=[["headline"]])
        text = text_of(editor.get(QUEUE))
        assert text.count("3 articles at") == 1
        assert "2 waiting" in text
        # The pair of one address is in its group already.
        assert text.count("2 articles with nearly the same text") == 1

    def test_keeps_one(self, editor: Client) -> None:
        older, newer = make_near()
        response = keep(editor, editor.get(QUEUE), older)
        (message,) = messages_of(editor, response)
        assert set(Article.objects.filter(decision="hold")) == {newer}
        assert "Clear" in text_of(editor.get(QUEUE))
        press_undo(editor, message)
        assert "1 waiting" in text_of(editor.get(QUEUE))

    def test_refuses_and_undoes(self, editor: Client) -> None:
        older, _ = make_near()
        page = editor.get(QUEUE)
        sent = {"pair_seen": hidden(page, "pair_seen"), "next": QUEUE, "refuse": str(older.pk)}
        response = editor.post(reverse("admin:articles_article_pair"), sent)
        (message,) = messages_of(editor, response)
        assert Pair.objects.get().verdict == Pair.Verdict.REFUSED
        assert "Clear" in text_of(editor.get(QUEUE))
        press_undo(editor, message)
        assert "1 waiting" in text_of(editor.get(QUEUE))

    def test_linked_held_or_decided_ones_do_not_wait(self, editor: Client) -> None:
        relate(*make_near())
        for side in (0, 1):
            held = make_near()[side]
            Article.objects.filter(pk=held.pk).update(decision="hold", published=False)
        make_pair(make_article(), make_article(), kind=Pair.Kind.EVENT)
        refused = make_near()
        Pair.objects.filter(second=refused[1]).update(verdict=Pair.Verdict.REFUSED)
        assert "Clear" in text_of(editor.get(QUEUE))

    def test_hostile_texts(self, editor: Client) -> None:
        make_near(title=PAYLOAD)
        html = editor.get(QUEUE).content.decode()
        assert "<script>alert" not in html
        assert "<img src=x" not in html


class _Part:
    """A part of a page, as ``hidden`` reads it."""

    def __init__(self, html: str) -> None:
        self.content = html.encode()
