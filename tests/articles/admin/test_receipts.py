"""Receipts in the admin: the sum, the role of each report, and the decision."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from articles import newsdesk
from articles.admin.articles.receipts import SHOWN, receipt_of
from articles.models import Article
from articles.roles import Role
from tests.articles.admin.admin_pages import get
from tests.factories import (
    make_article,
    make_provider,
    make_superseded,
    make_user,
    relate,
)

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def text_of(client: Client, article: Article) -> str:
    """Return the text of an article's receipt page, starting at its heading."""
    html = get(client, reverse("admin:articles_article_receipt", args=[article.pk]))
    part = html.partition('id="content-main"')[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", part))


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(make_user(Role.VIEWER))
    return client


class TestSum:
    def test_with_bonus(self, viewer: Client) -> None:
        article = make_article(quality=57, heat=77, published=True)
        paper = make_provider(name="The Paper")
        relate(article, make_article(quality=53, provider=paper), make_article(quality=None))
        text = text_of(viewer, article)

        assert "57 quality + 2 × 10 linked = 77 heat ≥ 70 threshold" in text  # noqa: RUF001
        assert "Published by the rule" in text
        assert re.search(r"Counted 53 Story \d+ The Paper . Story \d+", text)

    def test_below(self, viewer: Client) -> None:
        text = text_of(viewer, make_article(quality=60))
        assert "60 quality = 60 heat &lt; 70 threshold" in text
        assert "Not published: below 70" in text

    def test_under_the_minimum(self, viewer: Client) -> None:
        article = make_article(quality=49)
        relate(article, make_article(quality=40))
        text = text_of(viewer, article)
        assert "49 quality = 49 heat" in text
        assert "No bonus for its 1 linked report: quality is under the minimum of 50" in text
        assert "Would count 40" in text

    def test_not_scored_and_coverage_only(self, viewer: Client) -> None:
        assert "Unscored: no heat" in text_of(viewer, make_article(quality=None))
        stub = make_article(coverage_only=True)
        assert "Link only: other articles link to it" in text_of(viewer, stub)

    @pytest.mark.parametrize(
        ("lead", "words"),
        [
            ({"quality": 52}, "better by 12"),
            ({"quality": 30, "is_pinned": True}, "pinned as the lead"),
        ],
    )
    def test_superseded(self, viewer: Client, lead: dict[str, Any], words: str) -> None:
        paper = make_provider(name="The Paper")
        article = make_superseded(make_article(provider=paper, **lead))
        text = text_of(viewer, article)
        assert "40 quality → -1 heat, behind lead" in text
        assert re.search(rf"Outranked by {lead['quality']} Story \d+ The Paper . {words}", text)
        assert "a better report leads" in text

    def test_given_by_its_document(self, viewer: Client) -> None:
        article = make_article(quality=60, heat=75, published=True, heat_is_given=True)
        text = text_of(viewer, article)
        assert "Stored is heat 75, published: as its document says" in text
        assert "60 quality = 60 heat" in text


class TestDecision:
    def test_who_why_and_until_when(self, viewer: Client) -> None:
        article = make_article()
        until = timezone.now().replace(microsecond=0) + timedelta(days=2)
        by = make_user(Role.PUBLISHER, username="anna")
        newsdesk.perform(newsdesk.hold(article, until=until), by=by, reason="No second source")
        text = text_of(viewer, article)

        assert "Held by anna on " in text
        assert f"until {until:%b} {until.day}, {until.year} {until:%H:%M} UTC" in text
        assert "overrides the rule. Note: No second source" in text
        assert "by the rule" not in text

    def test_ended(self, viewer: Client) -> None:
        past = timezone.now() - timedelta(hours=1)
        article = make_article(decision="publish", decision_until=past)
        text = text_of(viewer, article)
        assert "Published by an editor, over since" in text
        assert "No note." in text

    def test_pin_and_schedule(self, viewer: Client) -> None:
        now = timezone.now()
        article = make_article(is_pinned=True, publish_from=now, publish_until=now + timedelta(1))
        text = text_of(viewer, article)
        assert "Pinned as lead" in text
        assert "Readers see it from" in text
        assert "Readers see it until" in text

    def test_left_out(self, viewer: Client) -> None:
        article, held = make_article(quality=60), make_article(quality=50)
        relate(article, held, make_article(decision="withdraw", quality=20))
        by = make_user(Role.EDITOR, username="anna")
        newsdesk.perform(newsdesk.hold(held), by=by, reason="A hoax")
        text = text_of(viewer, article)
        assert re.search(r"Left out 50 .* . held by anna: A hoax 20 .* . withdrawn", text)
        assert "Counted" not in text

    def test_left_out_until_its_time(self, viewer: Client) -> None:
        now = timezone.now().replace(second=0, microsecond=0)
        begin = now + timedelta(days=2)
        article = make_article(quality=60)
        relate(
            article,
            make_article(quality=50, publish_from=begin),
            make_article(quality=40, published_at=begin + timedelta(minutes=15)),
            make_article(coverage_only=True, quality=30, publish_until=now),
        )
        text = text_of(viewer, article)
        until = f"scheduled until {begin:%b} {begin.day}, {begin.year} {begin:%H:%M} UTC"
        assert re.search(rf"Left out 50 .* . {until} 40 .* . {until} 30 .* . expired", text)

    def test_dated_in_the_future(self, viewer: Client) -> None:
        text = text_of(viewer, make_article(published_at=datetime(2031, 3, 1, 8, 0, tzinfo=UTC)))
        assert "Its own date is in the future: Mar 1, 2031 08:00 UTC." in text
        assert "Readers see it from Mar 1, 2031 07:45 UTC." in text


class TestPage:
    def test_who(self, client: Client) -> None:
        address = reverse("admin:articles_article_receipt", args=[make_article().pk])
        assert client.get(address)["Location"].startswith(reverse("admin:login"))
        for role in Role:
            client.force_login(make_user(role))
            assert client.get(address).status_code == 200
        client.force_login(make_user())
        assert client.get(address).status_code == 403

    def test_fail_unknown(self, viewer: Client) -> None:
        address = reverse("admin:articles_article_receipt", args=[999_999])
        assert viewer.get(address).status_code == 404


class TestCost:
    @pytest.mark.parametrize("size", [1, 9])
    def test_queries(self, size: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
        article = make_article()
        for _ in range(size):
            relate(article, make_article(quality=30), make_article(decision="hold"))
        # Expect: policy, article, links from it, links to it.
        with django_assert_num_queries(4):
            receipt = receipt_of(article)
        assert (len(receipt.counted), len(receipt.left_out)) == (size, size)

    def test_lists_no_more_than_shown(self) -> None:
        article = make_article()
        relate(article, *(make_article(quality=30) for _ in range(SHOWN + 1)))
        receipt = receipt_of(article)
        assert len(receipt.counted) == SHOWN
        assert receipt.parts[1].number == f"{SHOWN + 1} × 10"  # noqa: RUF001
