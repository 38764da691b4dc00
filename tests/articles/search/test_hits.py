"""Search results compared with a model in plain Python, and updates of the index."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from articles import search
from articles.models import Article, ArticleTopic, Topic
from articles.search import Order, index
from articles.search.match_syntax import Tier
from articles.site.filters import ArticleFilter
from newsroom.paging import CursorError
from newsroom.words import MARK, stored
from providers.models import Provider
from tests.factories import NOW, make_article, make_provider, make_topic

pytestmark = pytest.mark.django_db


def pages(asked: str, order: Order, size: int = 2) -> list[str]:
    """Return the slugs on all pages of a search, in order."""
    slugs: list[str] = []
    cursor = ""
    for _ in range(100):
        narrowed = ArticleFilter(QueryDict(asked), queryset=Article.objects.published(NOW))
        page = narrowed.found(order, cursor, size=size)
        slugs += [row.slug for row in page.rows]
        if not page.next:
            return slugs
        assert len(page.rows) == size
        cursor = page.next
    raise AssertionError("pages without end")


# The model


def tokens(text: str) -> list[str]:
    """Return the folded words of a text."""
    plain = unicodedata.normalize("NFD", text)
    plain = "".join(one for one in plain if unicodedata.category(one) != "Mn").lower()
    return "".join(one if one.isalnum() else " " for one in plain).split()


@dataclass
class Known:
    """An article in the model, as lists of words; a phrase must match within one list."""

    slug: str
    published_at: datetime
    headline: list[str]
    excerpt: list[str]
    names: list[list[str]] = field(default_factory=list)

    @classmethod
    def of(cls, article: Article) -> Known:
        names = [article.provider.name, *(topic.name for topic in article.topics.all())]
        return cls(
            article.slug,
            article.published_at,
            tokens(article.title),
            tokens(article.excerpt),
            [tokens(name) for name in names],
        )

    def tier(self, asked: search.Search) -> int:
        """Return the tier of a hit, or 0 for no hit."""
        text = [self.headline, self.excerpt]
        if any(has(term, [*text, *self.names], begins=False) for term in asked.unwanted):
            return 0
        for tier, fields in ((1, [self.headline]), (2, text), (3, [*text, *self.names])):
            if all(
                has(term, fields, begins=place in asked.begins)
                for place, term in enumerate(asked.wanted)
            ):
                return tier
        return 0


def has(term: tuple[str, ...], fields: list[list[str]], *, begins: bool) -> bool:
    """Return whether a term matches in one of these lists of words."""
    wanted = tokens(" ".join(term))
    return any(
        words[place : place + len(wanted)] == wanted
        or (begins and words[place].startswith(wanted[0]))
        for words in fields
        for place in range(len(words))
    )


def expected(asked: str, order: Order) -> list[str]:
    """Return the slugs that the search must find, in order."""
    parsed = search.parse(QueryDict(asked).get("q") or "", is_typing=False)
    published = Article.objects.published(NOW).select_related("provider")
    known = [Known.of(one) for one in published.prefetch_related("topics")]
    hits = [(one.tier(parsed), one) for one in known if one.tier(parsed)]
    hits.sort(key=lambda hit: hit[1].slug)
    hits.sort(key=lambda hit: hit[1].published_at, reverse=True)
    if order == Order.BEST and parsed.wanted:
        hits.sort(key=lambda hit: hit[0])
    return [one.slug for _, one in hits]


# Few words, times and names, so that all combinations occur.
WORDS = ["ant", "Bee", "cät", "antler", "dog"]
some_words = st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join)
some_article = st.fixed_dictionaries(
    {
        "title": some_words,
        "excerpt": some_words,
        "seconds": st.sampled_from([0, 0.25, 0.9997, 1, 90, -(10**10), 6 * 10**10]),
        "provider": st.integers(0, 1),
        "topics": st.lists(st.integers(0, 2), unique=True),
        "published": st.sampled_from([True, True, True, False]),
        "type": st.sampled_from(["article", "video"]),
    }
)
term = st.sampled_from([*WORDS, "ant*", "BEE", "cat", '"bee dog"', '"ant ant"', '"dog bee"', "x"])
some_query = st.lists(st.tuples(st.sampled_from(["", "", "-"]), term), min_size=1, max_size=3).map(
    lambda terms: " ".join(minus + word for minus, word in terms)
)


class TestAgainstModel(TestCase):
    """Small worlds with many hits, on either database."""

    @settings(max_examples=60)
    @given(
        st.lists(some_article, max_size=7),
        st.lists(some_query, min_size=1, max_size=3),
        st.sampled_from(list(Order)),
    )
    def test_same_hits_in_the_same_order(
        self, articles: list[dict[str, Any]], queries: list[str], order: Order
    ) -> None:
        providers = [make_provider(name=name) for name in ("Daily Bee", "Dog")]
        topics = [make_topic(name=name) for name in ("Ant", "Bee dog", "Nothing of it")]
        for number, values in enumerate(articles):
            make_article(
                slug=f"2026-03-01-{len(articles) - number}",
                title=values["title"] or "-",
                excerpt=values["excerpt"],
                provider=providers[values["provider"]],
                topics=tuple(topics[place] for place in values["topics"]),
                published=values["published"],
                type=values["type"],
                published_at=NOW - timedelta(seconds=values["seconds"]),
            )
        for query in queries:
            asked = QueryDict(mutable=True)
            asked["q"] = query
            assert pages(asked.urlencode(), order) == expected(asked.urlencode(), order), query
            listed = Article.objects.published(NOW).search(query, is_typing=False)
            everything = expected(asked.urlencode(), order)
            assert sorted(one.slug for one in listed) == sorted(everything)


class TestOrder:
    def test_best_is_headline_then_text_then_names(self) -> None:
        topic = make_topic("Council")
        made = [
            make_article(title="Tax", excerpt="Rise", topics=(topic,)),
            make_article(title="Tax", excerpt="Council"),
            make_article(title="Council tax", excerpt=""),
            make_article(title="Council", excerpt="tax"),
        ]
        names, text, headline, other = (one.slug for one in made)
        assert pages("q=council tax", Order.BEST) == [headline, text, other, names]
        assert pages("q=council tax", Order.LATEST) == [names, text, headline, other]

    @pytest.mark.parametrize("order", list(Order))
    def test_neither_skips_nor_repeats_while_articles_arrive(self, order: Order) -> None:
        def make(minute: int) -> str:
            moment = NOW - timedelta(minutes=minute // 3)
            return make_article(title=f"Zebra {minute}", published_at=moment).slug

        wanted = {make(minute) for minute in range(12)}
        found: list[str] = []
        cursor = ""
        while True:
            narrowed = ArticleFilter(QueryDict("q=zebra"), queryset=Article.objects.published(NOW))
            page = narrowed.found(order, cursor, size=5)
            found += [row.slug for row in page.rows]
            if not page.next:
                break
            cursor = page.next
            make_article(title="Zebra that is new", published_at=NOW)
        assert len(found) == len(set(found))
        assert set(found) == wanted

    def test_many_within_one_second(self) -> None:
        # Later articles have earlier slugs, unlike the order of SQLite's index.
        slugs = [
            make_article(title="Zebra", slug=f"2026-03-01-{9 - number}", published_at=NOW).slug
            for number in range(9)
        ]
        assert pages("q=zebra", Order.LATEST) == sorted(slugs)
        assert pages("q=zebra", Order.BEST) == sorted(slugs)

    @pytest.mark.parametrize(
        "cursor",
        ["x", "0", "9,2026-03-01T12:00:00Z,a", "1,then,a", "1,,", "0,2026-03-01T12:00:00Z,a"],
    )
    def test_refuses_other_cursors(self, cursor: str) -> None:
        narrowed = ArticleFilter(QueryDict("q=zebra"), queryset=Article.objects.published(NOW))
        with pytest.raises(CursorError):
            narrowed.found(Order.BEST, cursor, size=5)

    def test_old_hits_of_a_tier_are_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("articles.search.hits.WALKED", 3)
        old = make_article(title="Zebra", published_at=NOW - timedelta(days=3))
        older = make_article(title="x", excerpt="Zebra", published_at=NOW - timedelta(days=4))
        for _ in range(10):
            make_article()
        assert pages("q=zebra", Order.BEST) == [old.slug, older.slug]
        assert pages("q=zebra", Order.LATEST, size=1) == [old.slug, older.slug]


class TestMarks:
    def test_are_no_words(self) -> None:
        provider = make_provider(name=f"Paper {MARK}t1")
        article = make_article(provider=provider, title=f"{MARK}l Zebra")
        for text in ("ʬl", "ʬp*", f"ʬp{provider.pk}", "ʬhzebra", "ʬyarticle", "ʬt1"):
            assert not pages(f"q={text}x", Order.BEST)
        assert pages("q=ʬhzebra", Order.BEST) == []
        assert pages("q=zebra", Order.BEST) == [article.slug]
        assert pages("q=zebra&topic=none", Order.BEST) == []

    def test_a_phrase_does_not_match_across_names(self) -> None:
        make_article(provider=make_provider(name="Daily Bee"), topics=(make_topic("Dog"),))
        assert pages('q="bee dog"', Order.BEST) == []
        assert len(pages('q="daily bee"', Order.BEST)) == 1


def vectors() -> list[str]:
    """Return the index entries of each article, computed from its rows."""
    return [
        index.filed_under(
            (article.provider_id, stored(article.provider.name)),
            [(link.topic_id, stored(link.topic.name)) for link in article.topic_links.all()],
        )
        for article in Article.objects.select_related("provider")
        .prefetch_related("topic_links__topic")
        .order_by("pk")
    ]


class TestStems:
    def test_other_forms_follow_over_pages(self) -> None:
        exact = [make_article(title=f"Drone {number}", quality=90 - number) for number in range(3)]
        others = [make_article(title=f"Drones {number}", quality=90) for number in range(3)]
        found = pages("q=drone", Order.BEST)
        assert sorted(found[:3]) == sorted(one.slug for one in exact)
        assert sorted(found[3:]) == sorted(one.slug for one in others)

    @pytest.mark.once
    def test_do_not_repeat_the_other_tiers(self) -> None:
        """SQLite copies a tier wherever it is mentioned: half a second and 100 MB for a search."""
        with CaptureQueriesContext(connection) as queries:
            pages("q=drone", Order.BEST)
        (query,) = (one["sql"] for one in queries if "found_" in one["sql"])
        _, _, stems = query.partition(f"page_{Tier.HEADLINE_STEMS:d} AS")
        assert stems
        assert "(SELECT count(*) FROM found_" not in stems


class TestIndexKeepsUp:
    """The index is correct after every kind of write."""

    def check(self) -> None:
        stored = Article.objects.order_by("pk").values_list("filed_under", flat=True)
        assert list(stored) == vectors()

    def test_created(self) -> None:
        article = make_article(topics=(make_topic("Ant"), make_topic("Bee")))
        self.check()
        assert pages("q=ant bee", Order.BEST) == [article.slug]

    def test_provider_changed_and_renamed(self) -> None:
        first, second = make_provider(name="Ant"), make_provider(name="Bee")
        article = make_article(provider=first)
        make_article(provider=second)
        Article.objects.filter(pk=article.pk).update(provider=second)
        self.check()
        assert len(pages("q=bee", Order.BEST)) == 2
        assert pages("q=ant", Order.BEST) == []
        Provider.objects.filter(pk=second.pk).update(name="Cat")
        self.check()
        assert len(pages("q=cat", Order.BEST)) == 2
        assert pages("q=bee", Order.BEST) == []

    def test_topics_added_moved_renamed_removed(self) -> None:
        ant, bee = make_topic("Ant"), make_topic("Bee")
        article, other = make_article(), make_article()
        for one in (article, other):
            ArticleTopic.objects.create(article=one, topic=ant, position=0)
            self.check()
        ArticleTopic.objects.create(article=article, topic=bee, position=1)
        self.check()
        ArticleTopic.objects.filter(topic=ant).update(position=5)
        self.check()
        assert set(pages("q=ant", Order.BEST)) == {article.slug, other.slug}
        Topic.objects.filter(pk=ant.pk).update(name="Cat")
        self.check()
        assert set(pages("q=cat", Order.BEST)) == {article.slug, other.slug}
        ArticleTopic.objects.filter(article=article, topic=ant).update(topic=make_topic("Dog"))
        self.check()
        ArticleTopic.objects.filter(topic=bee).update(article=other)
        self.check()
        article.topic_links.all().delete()
        self.check()
        assert pages("q=cat", Order.BEST) == [other.slug]

    def test_saving_a_stale_instance_changes_nothing(self) -> None:
        topic = make_topic("Ant")
        article = make_article(topics=(topic,))
        topic.name = "Bee"
        topic.save()
        # This instance was made before its topic was added and renamed.
        article.title = "Zebra"
        article.save()
        self.check()
        assert pages("q=bee zebra", Order.BEST) == [article.slug]
        assert pages("q=ant", Order.BEST) == []

    def test_redated_retyped_unpublished(self) -> None:
        first, second = make_article(title="Zebra"), make_article(title="Zebra")
        assert pages("q=zebra", Order.LATEST) == [first.slug, second.slug]
        Article.objects.filter(pk=second.pk).update(published_at=NOW, type="video")
        assert pages("q=zebra", Order.LATEST) == [second.slug, first.slug]
        assert pages("q=zebra&type=video", Order.LATEST) == [second.slug]
        Article.objects.filter(pk=second.pk).update(published=False)
        assert pages("q=zebra", Order.LATEST) == [first.slug]
        Article.objects.filter(pk=second.pk).update(published=True)
        assert pages("q=zebra", Order.LATEST) == [second.slug, first.slug]

    def test_deleted(self) -> None:
        article = make_article(title="Zebra", topics=(make_topic("Ant"),))
        article.delete()
        assert pages("q=zebra", Order.BEST) == []
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT count(*) FROM {index.FTS_TABLE} WHERE {index.FTS_TABLE} MATCH %s",  # noqa: S608
                    ["zebra OR ant OR names : ʬl"],
                )
                assert cursor.fetchone() == (0,)

    @pytest.mark.parametrize("year", [1, 1500, 1969, 2300, 9998])
    def test_any_year(self, year: int) -> None:
        moment = datetime(year, 6, 1, tzinfo=UTC)
        article = make_article(title="Zebra", published_at=moment, top_rank=0)
        # Readers do not find what is dated in the future.
        found = [article.slug] if moment < NOW else []
        assert pages("q=zebra", Order.LATEST) == found
        days = f"since={year:04}-06-01&until={year:04}-06-01"
        assert pages(f"q=zebra&{days}", Order.BEST) == found
        Article.objects.filter(pk=article.pk).update(published_at=NOW, title="Yak")
        assert pages("q=zebra", Order.LATEST) == []
        assert pages("q=yak", Order.LATEST) == [article.slug]
