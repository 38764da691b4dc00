"""Triage without JavaScript: decisions are forms, steps are links, and input is never lost."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from articles import newsdesk
from articles.admin.articles.article_context import RECORD_REACH, record_of
from articles.models import Act, Article, Image, ImportConflict
from articles.newsdesk.queues import QUEUES, Queue
from articles.roles import Role
from tests.articles.admin.admin_pages import PAYLOAD, get, make_everything
from tests.factories import (
    NOW,
    make_article,
    make_pair,
    make_provider,
    make_run,
    make_stored_image,
    make_superseded,
    make_topic,
    make_user,
    relate,
)

pytestmark = pytest.mark.django_db

NOT_SCORED: Final = "not-scored"


def address_of(key: str = NOT_SCORED) -> str:
    return reverse("admin:articles_article_triage", args=[key])


def make_waiting(count: int, **overrides: Any) -> list[Article]:
    """Store unscored articles, in queue order."""
    return [make_article(quality=None, **overrides) for _ in range(count)]


def form_of(html: str, verb: str, **more: str) -> dict[str, str]:
    """Return the data that a browser would submit for a button of the decision bar."""
    bar = html.partition('class="triage-bar')[2].partition("</form>")[0]
    assert f'value="{verb}"' in bar
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', bar))
    return hidden | {"verb": verb, "quality": "", "reason": ""} | more


def focus_of(html: str) -> int:
    """Return the id of the current article, or 0 at the end of a queue."""
    found = re.search(r'id="triage"[^>]*data-article="(\d+)"', html)
    return int(found[1]) if found else 0


def link_of(html: str, key: str) -> str:
    """Return the URL of the link for a key."""
    found = re.search(rf'<a class="button button-quiet"\s+href="([^"]+)"\s+data-key="{key}"', html)
    assert found
    return found[1].replace("&amp;", "&")


def words_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.partition('id="triage"')[2]))


@pytest.fixture
def publisher(client: Client) -> Client:
    client.force_login(make_user(Role.PUBLISHER))
    return client


class TestQueues:
    @pytest.mark.parametrize("queue", QUEUES, ids=lambda queue: queue.key)
    def test_empty(self, publisher: Client, queue: Queue) -> None:
        text = words_of(get(publisher, address_of(queue.key)))
        assert "Nothing waits here" in text
        assert queue.title in text

    @pytest.mark.parametrize("queue", QUEUES, ids=lambda queue: queue.key)
    def test_paged_in_both_directions(self, publisher: Client, queue: Queue) -> None:
        soon = timezone.now() + timedelta(hours=1)
        for number in range(3):
            same: dict[str, Any] = {"web_url": f"https://same.example/{number}"}
            make_article(quality=None)
            make_article(quality=65)
            make_pair(make_article(published=True), make_article(published=True))
            make_superseded(make_article(quality=69), quality=66)
            make_article(**same)
            make_article(**same)
            ImportConflict.objects.create(article=make_article(), field="title", found_at=NOW)
            # Two articles have the same time; their slugs break the tie.
            make_article(publish_from=soon + timedelta(hours=number // 2))
            make_article(decision="hold")
            make_article(decision="withdraw")
            decided = make_article(decision="hold", decided_at=NOW)
            relate(decided, make_article(quality=50))
        expected = [article.pk for article in queue.articles()]
        html = get(publisher, address_of(queue.key))
        there = []
        while pk := focus_of(html):
            there.append(pk)
            assert f"{len(there)} of {len(expected)}" in words_of(html)
            last, html = html, get(publisher, link_of(html, "j"))
        assert there == expected
        assert len(there) >= 3
        assert "still waiting" in words_of(html)

        html, back = last, []
        while pk := focus_of(html):
            back.append(pk)
            if pk == expected[0]:
                break
            html = get(publisher, link_of(html, "k"))
        assert back == expected[::-1]
        # The first article has no predecessor, so it stays.
        response = publisher.get(link_of(html, "k"), follow=True)
        assert focus_of(response.content.decode()) == expected[0]

    def test_fail_unknown(self, publisher: Client) -> None:
        assert publisher.get(address_of("nothing")).status_code == 404
        assert publisher.get(address_of() + "?article=999999").status_code == 404
        assert publisher.post(address_of(), {"verb": "score"}).status_code == 404

    @pytest.mark.parametrize("key", ["after", "before", "article"])
    @pytest.mark.parametrize(
        "value",
        [
            "",
            "x",
            ",",
            "2026-03-01",
            "0001-01-01T00:00:00+14:00,x",
            "2026-03-01T12:00Z,\x00",
            "9" * 30,
            "9999-12-31T23:59:59-14:00,x",
            "-1",
            "²",
            "2026-03-01T12:00Z," + "x" * 5000,
        ],
    )
    def test_any_place(self, publisher: Client, key: str, value: str) -> None:
        make_waiting(1)
        response = publisher.get(address_of(), {key: value}, follow=True)
        assert response.status_code == 200

    def test_place_of_an_article_that_left(self, publisher: Client) -> None:
        first, second, third = make_waiting(3)
        html = get(publisher, link_of(get(publisher, address_of()), "j"))
        assert focus_of(html) == second.pk
        Article.objects.filter(pk__in=[first.pk, second.pk]).delete()
        assert focus_of(get(publisher, link_of(html, "j"))) == third.pk


class TestWho:
    @pytest.mark.parametrize(
        ("role", "verbs"),
        [
            (Role.VIEWER, []),
            (Role.OPERATOR, []),
            (Role.EDITOR, ["score", "hold"]),
            (Role.PUBLISHER, ["score", "publish", "hold", "pin"]),
        ],
    )
    def test_decides_what(self, client: Client, role: Role, verbs: list[str]) -> None:
        client.force_login(make_user(role))
        article = make_article(quality=65)
        html = get(client, address_of("one-away"))
        assert re.findall(r'name="verb"\s+value="(\w+)"', html) == verbs
        for verb in ("score", "publish", "hold", "pin"):
            article.refresh_from_db()
            form = {
                "article": str(article.pk),
                "seen_version": str(article.version),
                "verb": verb,
                "quality": "66" if verb == "score" else "",
            }
            response = client.post(address_of("one-away"), form)
            expected = 302 if verb in verbs else 403
            if (verb, role) == ("pin", Role.PUBLISHER):
                # The article has been held in the meantime.
                expected = 200
            assert response.status_code == expected, verb

    def test_fail_without_permission(self, client: Client) -> None:
        assert client.get(address_of())["Location"].startswith(reverse("admin:login"))
        client.force_login(make_user())
        assert client.get(address_of()).status_code == 403
        assert client.post(address_of()).status_code == 403

    def test_fail_without_token(self) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(make_user(Role.PUBLISHER))
        article = make_article(quality=None)
        form = {"article": article.pk, "seen_version": 1, "verb": "hold"}
        assert client.post(address_of(), form).status_code == 403
        assert client.put(address_of()).status_code == 403
        assert not Act.objects.exists()


class TestFlow:
    def test_fifty_articles_by_one_form_each(self, publisher: Client) -> None:
        articles = make_waiting(50)
        response = publisher.get(address_of())
        for number, article in enumerate(articles):
            html = response.content.decode()
            assert focus_of(html) == article.pk
            match number % 3:
                case 0:
                    form = form_of(html, "score", quality="57")
                case 1:
                    form = form_of(html, "hold")
                case _:
                    form = form_of(html, "publish", reason="Of note")
            response = publisher.post(address_of(), form, follow=True)
            # The response to a decision shows the next article.
            assert len(response.redirect_chain) == 1
        assert "Nothing waits here" in words_of(response.content.decode())
        assert Act.objects.count() == 50
        assert Article.objects.filter(quality=57).count() == 17
        assert Article.objects.filter(decision="publish", decision_reason="Of note").count() == 16

    def test_skipped_articles_remain(self, publisher: Client) -> None:
        first, second = make_waiting(2)
        html = get(publisher, link_of(get(publisher, address_of()), "j"))
        form = form_of(html, "score", quality="12")
        html = publisher.post(address_of(), form, follow=True).content.decode()
        assert "That was the last one" in html
        assert "1 still waiting" in words_of(html)
        assert focus_of(get(publisher, address_of())) == first.pk
        second.refresh_from_db()
        assert second.quality == 12

    def test_decision_that_removes_the_position(self, publisher: Client) -> None:
        # The decision may clear the time by which the queue is ordered.
        soon = timezone.now() + timedelta(hours=1)
        first = make_article(publish_from=soon)
        second = make_article(publish_from=soon + timedelta(hours=1))
        html = get(publisher, address_of("scheduled"))
        assert focus_of(html) == first.pk
        Article.objects.filter(pk=first.pk).update(publish_from=None)
        form = form_of(html, "hold")
        html = publisher.post(address_of("scheduled"), form, follow=True).content.decode()
        assert focus_of(html) == second.pk
        html = get(publisher, address_of("scheduled") + f"?article={first.pk}")
        assert "not in this queue" in html
        assert focus_of(get(publisher, link_of(html, "j"))) == second.pk

    def test_undo_comes_back(self, publisher: Client) -> None:
        article, _ = make_waiting(2)
        html = get(publisher, address_of())
        form = form_of(html, "score", quality="57")
        html = publisher.post(address_of(), form, follow=True).content.decode()
        assert f"Scored: “{article.title}”" in words_of(html)
        undo = re.search(r'action="([^"]+/undo/)"\s+class="triage-last', html)
        back = re.search(r'name="next" value="([^"]+)"', html)
        assert undo
        assert back

        html = publisher.post(undo[1], {"next": back[1]}, follow=True).content.decode()
        assert focus_of(html) == article.pk
        assert "Undone" in html
        assert "triage-last" not in html
        article.refresh_from_db()
        assert article.quality is None

    def test_undo_offers_only_own_decisions_of_today(self, publisher: Client) -> None:
        one, two, three, four, five = make_waiting(5)
        somebody = make_user(Role.PUBLISHER)
        newsdesk.perform(newsdesk.set_quality(one, 5), by=somebody)
        me = newsdesk_user(publisher)
        yesterday = timezone.now() - timedelta(days=1)
        newsdesk.perform(newsdesk.set_quality(two, 5), by=me, at=yesterday)
        assert "triage-last" not in get(publisher, address_of())
        # A bulk action on one article previews its consequences first.
        many = newsdesk.together(newsdesk.hold(a) for a in (two_again(two), three, four, five))
        newsdesk.perform(many, by=me)
        assert "triage-last" not in get(publisher, address_of())

    def test_undo_of_a_pin_that_moved(self, publisher: Client) -> None:
        old, new = make_article(is_pinned=True), make_article()
        relate(old, new)
        newsdesk.perform(newsdesk.pin(new), by=newsdesk_user(publisher))
        text = words_of(get(publisher, address_of()))
        assert f"Pinned as lead: “{new.title}”; 1 other article changed" in text


def newsdesk_user(client: Client) -> Any:
    """Return the logged-in user."""
    return client.get(address_of()).wsgi_request.user


def two_again(article: Article) -> Article:
    article.refresh_from_db()
    return article


class TestRefused:
    @pytest.mark.parametrize(
        ("verb", "typed", "words"),
        [
            ("score", {}, "Type a quality first"),
            ("score", {"quality": "99999"}, "less than or equal to"),
            ("score", {"quality": "x"}, "whole number"),
            ("hold", {"quality": "57"}, "you typed quality 57, but chose “Hold”"),
            ("withdraw", {}, "Select a valid choice"),
            ("hold", {"reason": "x" * 2001}, "at most 2000"),
            ("hold", {"seen_version": "x"}, "whole number"),
        ],
    )
    def test_typed_is_kept(
        self, publisher: Client, verb: str, typed: dict[str, str], words: str
    ) -> None:
        article, _ = make_waiting(2)
        html = get(publisher, address_of())
        form = form_of(html, "score") | {"verb": verb, "reason": "Typed"} | typed
        html = publisher.post(address_of(), form).content.decode()

        assert words in html
        assert focus_of(html) == article.pk
        assert f'value="{form["reason"]}"' in html
        if quality := typed.get("quality"):
            assert f'value="{quality}"' in html
        assert not Act.objects.exists()

    def test_by_the_newsdesk(self, publisher: Client) -> None:
        make_article(quality=65)
        html = get(publisher, address_of("one-away"))
        form = form_of(html, "score", quality="65")
        html = publisher.post(address_of("one-away"), form).content.decode()
        assert "has that quality already" in html


class TestStale:
    def test_shown_with_what_was_typed(self, publisher: Client) -> None:
        article, _ = make_waiting(2)
        form = form_of(get(publisher, address_of()), "score", quality="57", reason="Typed")
        by = make_user(Role.EDITOR, username="somebody-else")
        newsdesk.perform(newsdesk.set_quality(article, 33), by=by, reason="Thin")
        html = publisher.post(address_of(), form).content.decode()
        text = words_of(html)

        assert focus_of(html) == article.pk
        assert "Nothing was done" in text
        assert "You chose “score” and typed quality 57" in text
        assert "Stored now is quality 33, heat 33, below the threshold" in text
        assert "Scored by somebody-else" in text
        assert 'value="57"' in html
        assert 'value="Typed"' in html
        assert Act.objects.count() == 1
        # The decision is submitted again, based on the stored version.
        again = form_of(html, "score", quality="57")
        assert publisher.post(address_of(), again).status_code == 302
        article.refresh_from_db()
        assert article.quality == 57

    def test_changed_while_it_is_written(
        self, publisher: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_waiting(1)
        form = form_of(get(publisher, address_of()), "hold")

        def perform_too_late(change: newsdesk.Change, **options: Any) -> Act:
            monkeypatch.undo()
            Article.objects.update(version=7)
            return newsdesk.perform(change, **options)

        monkeypatch.setattr("articles.newsdesk.perform", perform_too_late)
        text = words_of(publisher.post(address_of(), form).content.decode())
        assert "Nothing was done" in text
        assert "Changed by an import" in text
        assert not Act.objects.exists()


class TestFacts:
    def test_everything_in_view(self, publisher: Client) -> None:
        paper = make_provider(name="The Paper")
        yesterday = timezone.now() - timedelta(days=1)
        make_article(provider=paper, quality=80, published_at=yesterday)
        make_article(provider=paper, quality=50, published_at=yesterday)
        article = make_article(
            title="What &amp; when",
            excerpt="It happened.",
            quality=None,
            provider=paper,
            published_at=timezone.now(),
            topics=(make_topic("Zebras"),),
            web_url="https://paper.example/one",
        )
        relate(article, make_article(title="The rival", quality=51))
        twin = make_article(title="The twin", web_url=article.web_url, quality=None)
        Article.objects.filter(pk=twin.pk).update(published_at=NOW - timedelta(days=9))
        Image.objects.create(article=article, position=0, url="https://paper.example/a.jpg")
        ImportConflict.objects.create(
            article=article, run=make_run(), field="excerpt", editor="A", source="B", found_at=NOW
        )
        by = make_user(Role.EDITOR, username="anna")
        newsdesk.perform(newsdesk.edit(article, body="More"), by=by, reason="A correction")
        html = get(publisher, address_of())
        text = words_of(html)

        assert focus_of(html) == article.pk
        for words in (
            "What &amp; when",
            "It happened.",
            "Zebras",
            "The Paper : 1 published of 2 scored in the 90 days before, median quality 65",
            "Its story 51 The rival",
            "The twin",
            "Import conflicts excerpt A / now in its document: B",
            "Edited by anna",
            "A correction",
            "Unscored: no heat",
            "1 of 2",
        ):
            assert words in text
        # The page shows the stored copy and requests nothing from the publisher.
        assert "Image : not fetched yet will be fetched when readers can see it" in text
        assert "a.jpg" not in html
        stored = make_stored_image()
        Image.objects.update(stored=stored)
        assert f'src="{stored.url}"' in get(publisher, address_of())

    def test_record(self) -> None:
        paper = make_provider()
        assert record_of(paper, NOW) == "nothing scored in the 90 days before"
        make_article(provider=paper, quality=90, published_at=NOW - timedelta(days=91))
        make_article(provider=paper, quality=90, published_at=NOW + timedelta(days=1))
        make_article(provider=paper, coverage_only=True, published_at=NOW)
        make_article(provider=paper, quality=None, published_at=NOW, published=True)
        assert record_of(paper, NOW) == "nothing scored in the 90 days before"
        for quality in (10, 20, 80):
            make_article(provider=paper, quality=quality, published_at=NOW)
        make_article(quality=99, published_at=NOW)
        assert record_of(paper, NOW) == (
            "1 published of 3 scored in the 90 days before, median quality 20"
        )

    def test_record_has_a_cap(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert RECORD_REACH >= 100
        monkeypatch.setattr("articles.admin.articles.article_context.RECORD_REACH", 2)
        paper = make_provider()
        for days, quality in enumerate((10, 20, 80)):
            moment = NOW - timedelta(days=days)
            make_article(provider=paper, quality=quality, published_at=moment)
        assert record_of(paper, NOW) == (
            "0 published of 2 scored of its latest 2, median quality 15"
        )

    def test_hostile_texts(self, publisher: Client) -> None:
        for row in make_everything(PAYLOAD):
            if isinstance(row, Article):
                newsdesk.perform(newsdesk.set_quality(row, 3), by=None, reason=PAYLOAD)
                html = get(publisher, address_of() + f"?article={row.pk}")
                assert "<script>alert" not in html
                assert "<img src=x" not in html

    def test_nothing_inline(self, publisher: Client) -> None:
        make_waiting(1)
        html = get(publisher, address_of())
        assert not re.search(r"<script(?![^>]*\ssrc=)[^>]*>", html)
        assert not re.search(r'<[^>]+\s(style|on\w+)="', html)


class TestCost:
    def test_queries(self, publisher: Client) -> None:
        """The number of queries depends neither on the article nor on the length of the queue."""
        counts = []
        for number in (1, 7):
            Article.objects.all().delete()
            paper = make_provider()
            article = make_article(
                quality=None,
                provider=paper,
                published_at=NOW + timedelta(1),
                topics=(make_topic(),),
            )
            for _ in range(number):
                make_waiting(1)
                relate(article, make_article(provider=paper))
                make_article(web_url=article.web_url, quality=1)
                make_pair(article, make_article())
                place = article.images.count()
                url = f"https://a.example/{place}.png"
                Image.objects.create(article=article, position=place, url=url)
                newsdesk.perform(
                    newsdesk.edit(two_again(article), body=f"{article.version}"),
                    by=newsdesk_user(publisher),
                )
            with CaptureQueriesContext(connection) as queries:
                html = get(publisher, address_of())
            assert focus_of(html) == article.pk
            counts.append(len(queries))
        assert counts[0] == counts[1]
        assert counts[0] <= 30
