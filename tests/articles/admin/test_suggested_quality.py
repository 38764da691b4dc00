"""The suggested quality in triage."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse, reverse_lazy
from pytest_django import DjangoAssertNumQueries

from articles.models import ProviderRecord, QualityModel
from articles.roles import Role
from articles.suggestions import quality
from providers.models import Provider
from tests.articles.admin.admin_pages import get, page_of
from tests.articles.admin.test_triage import address_of, words_of
from tests.factories import NOW, make_article, make_provider, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def publisher(client: Client) -> Client:
    client.force_login(make_user(Role.PUBLISHER))
    return client


@pytest.fixture
def paper() -> Provider:
    """Return a provider with a record, and switch suggestions on."""
    paper = make_provider(name="Harbor Times")
    ProviderRecord.objects.create(provider=paper, scores=9, value=58)
    QualityModel.objects.create(
        weights={"amp": 6, "video": 20},
        learned=90,
        tested=30,
        error=3,
        baseline_error=9,
        is_on=True,
        fitted_at=NOW,
    )
    return paper


def test_is_taken_by_a_button(publisher: Client, paper: Provider) -> None:
    article = make_article(quality=None, provider=paper, amp_url="https://a.example/amp")
    html = get(publisher, address_of())
    expected = (
        "Suggested quality 64 : Harbor Times&#x27; record 58, has an AMP page +6. How good? Take q"
    )
    assert expected in words_of(html)
    form = html.partition('triage-take"')[2].partition("</form>")[0]
    data = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    assert publisher.post(address_of(), data | {"take": "64"}).status_code == 302
    article.refresh_from_db()
    assert article.quality == 64
    history = get(publisher, reverse("admin:articles_article_history", args=[article.pk]))
    assert "<ins>as suggested</ins>" in history
    assert [one.example.value for one in quality.scores()] == []


def test_a_typed_quality_is_learned(publisher: Client, paper: Provider) -> None:
    article = make_article(quality=None, provider=paper)
    data = {"article": article.pk, "seen_version": 1, "verb": "score", "quality": 58}
    assert publisher.post(address_of(), data).status_code == 302
    assert [one.example.value for one in quality.scores()] == [58]


def test_is_not_offered_again_for_the_same_score(publisher: Client, paper: Provider) -> None:
    article = make_article(quality=58, provider=paper)
    html = get(publisher, f"{address_of()}?article={article.pk}")
    assert "Suggested quality 58" in words_of(html)
    assert 'name="take"' not in html


def test_is_not_shown_while_switched_off(publisher: Client, paper: Provider) -> None:
    make_article(quality=None, provider=paper)
    QualityModel.objects.update(is_on=False)
    assert "Suggested quality" not in get(publisher, address_of())


def test_is_not_shown_to_those_who_may_not_score(client: Client, paper: Provider) -> None:
    make_article(quality=None, provider=paper)
    client.force_login(make_user(Role.VIEWER))
    assert "Suggested quality" not in get(client, address_of())


@pytest.mark.parametrize("is_decision", [True, False])
def test_is_taken_on_the_article_and_its_score_page(
    publisher: Client, paper: Provider, is_decision: bool
) -> None:
    article = make_article(quality=None, provider=paper, amp_url="https://a.example/amp")
    score = reverse("admin:articles_article_decide", args=[article.pk, "score"])
    page = score if is_decision else page_of(article)
    html = get(publisher, page)
    words = " ".join(re.sub(r"<[^>]*>", " ", html).split())
    assert (
        "Suggested quality 64 : Harbor Times&#x27; record 58, has an AMP page +6. How good? Take"
        in words
    )
    form = html.partition('id="take-quality"')[2].partition("</form>")[0]
    data = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    assert publisher.post(score, data | {"take": "64"})["Location"] == page_of(article)
    article.refresh_from_db()
    assert article.quality == 64
    # Not learned, because an editor took it.
    assert quality.scores() == []
    html = get(publisher, page_of(article))
    assert "Suggested quality <strong>64</strong>" in html
    assert 'name="take"' not in html


def test_the_list_shows_it_where_quality_is_typed(
    publisher: Client, paper: Provider, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    address = reverse("admin:articles_article_changelist")
    for _ in range(2):
        make_article(quality=None, provider=paper, amp_url="https://a.example/amp")
        make_article(quality=50, provider=paper)
        # Expect 11 queries: session, user, permissions (2), keys, articles with providers and
        # sizes, topics, images; model, what is known of the articles, records.
        with django_assert_num_queries(11):
            html = get(publisher, address)
    assert html.count('placeholder="64"') == 2
    assert html.count("Harbor Times&#x27; record 58, has an AMP page +6") == 2
    QualityModel.objects.update(is_on=False)
    assert "placeholder=" not in get(publisher, address).partition('id="result_list"')[2]


def test_other_decisions_and_viewers_see_none(publisher: Client, paper: Provider) -> None:
    article = make_article(quality=None, provider=paper)
    hold = reverse("admin:articles_article_decide", args=[article.pk, "hold"])
    assert "Suggested quality" not in get(publisher, hold)
    publisher.force_login(make_user(Role.VIEWER))
    assert "Suggested quality" not in get(publisher, page_of(article))


class TestHowGood:
    ADDRESS = reverse_lazy("admin:articles_article_suggested_quality")

    def test_errors_beside_each_other(
        self,
        publisher: Client,
        paper: Provider,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        # Expect 5 queries: session, user, permissions (2), model.
        with django_assert_num_queries(5):
            html = get(publisher, str(self.ADDRESS))
        text = " ".join(re.sub(r"<[^>]*>", " ", html).split())
        assert "latest 30 scores" in text
        assert "The suggested quality 3.0 The mean" in text
        assert "scores 9.0" in text
        assert "Suggestions are shown" in text

    def test_switched_off(self, publisher: Client, paper: Provider) -> None:
        QualityModel.objects.update(is_on=False, error=12)
        html = get(publisher, str(self.ADDRESS))
        assert "12.0" in html
        assert "No suggestions are shown" in html

    def test_nothing_learned(self, publisher: Client) -> None:
        assert "too few scores" in get(publisher, str(self.ADDRESS))
        QualityModel.objects.create(learned=1, tested=0, is_on=False, fitted_at=NOW)
        assert "too few scores" in get(publisher, str(self.ADDRESS))
