"""Full-text search gives the same results on both databases, and no input causes an error."""

from __future__ import annotations

import pytest
from django.db import connection
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from articles import newsdesk, search
from articles.models import Article
from articles.search import conditions
from newsroom.words import LONGEST_WORD
from tests.factories import make_article

pytestmark = pytest.mark.django_db


def found(text: str) -> set[str]:
    return set(Article.objects.search(text).values_list("title", flat=True))


class TestWords:
    @pytest.mark.parametrize(
        ("text", "is_found"),
        [
            ("council", True),
            ("COUNCIL", True),
            ("cafe", True),
            ("CAFÉ", True),
            ("naive", True),
            ("cafés", True),
            ("coun", True),
            ("co", False),
            ("uncil", False),
            ("coun approves", False),
            ("council mulls", True),
            ("mulls council", True),
            ("council absent", False),
            ("on-demand", True),
            ("demand", True),
            ("54.1", True),
            ("it's", True),
            ("its", False),
            ('"council approves"', True),
            ('"approves council"', False),
            ('"council approves', True),
            ('"buses mulls"', False),
            ("council -absent", True),
            ("council -mulls", False),
            ('council -"buses approves"', True),
            ('council -"council approves"', False),
            ("-absent", True),
            ("-council", False),
            ("東京", True),
            ("हिन्दी", True),
            ("AND", False),
            ("council AND mulls", False),
            ("council OR absent", False),
            ("title:council", False),
            ("council*", True),
            ("!!!", False),
            ("", True),
            ("  ", True),
        ],
    )
    def test_one_article(self, text: str, is_found: bool) -> None:
        make_article(
            title="Council approves Caf\u00e9\u2019s on-demand buses",
            excerpt="A naïve mayor mulls it; it's $54.1 million, says 東京 in हिन्दी.",
        )
        assert bool(found(text)) is is_found

    def test_body_and_address_are_not_searched(self) -> None:
        make_article(title="One", excerpt="", body="zebra", web_url="https://zebra.example/")
        assert found("zebra") == set()

    def test_follows_changes(self) -> None:
        article = make_article(title="Before", excerpt="")
        newsdesk.perform(newsdesk.edit(article, title="After"), by=None)
        assert (found("before"), found("after")) == (set(), {"After"})
        Article.objects.filter(pk=article.pk).update(excerpt="Zebra")
        assert found("zebra after") == {"After"}
        article.delete()
        assert found("after") == set()

    def test_common_words_find_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(conditions, "FEW", 2)
        for number in range(5):
            make_article(title=f"Zebra {number}")
        make_article(title="Other")
        assert len(found("zebra")) == 5
        assert found("zebra 3") == {"Zebra 3"}

    def test_long_texts_are_stored(self) -> None:
        make_article(title="Long", excerpt="word " * 300_000 + "x" * 5_000)
        assert found("word") == {"Long"}


class TestAddress:
    @pytest.mark.parametrize(
        "text",
        [
            "https://b.example/page/1?a=2",
            " https://b.example/page/1?a=2#top ",
            "https://b.example/page/1?a=2&utm_source=x&fbclid=y",
            "2026-03-01-council-approves",
            "https://newsroom.example/news/2026-03-01-council-approves/",
            "http://127.0.0.1:8000/news/2026-03-01-council-approves",
        ],
    )
    def test_finds_that_article_alone(self, text: str) -> None:
        make_article(
            title="This", slug="2026-03-01-council-approves", web_url="https://b.example/page/1?a=2"
        )
        make_article(title="Other", web_url="https://b.example/page/1")
        assert found(text) == {"This"}

    @pytest.mark.parametrize("added", ["utm_source=x", "utm_medium=x", "fbclid=x", "gclid=x"])
    @pytest.mark.parametrize("query", ["?a=2&", "?"])
    def test_tracking_parameters_are_ignored(self, added: str, query: str) -> None:
        address = f"https://b.example/page{query}".rstrip("?&")
        make_article(title="This", web_url=address)
        assert found(f"https://b.example/page{query}{added}") == {"This"}

    def test_other_parameters_are_not_ignored(self) -> None:
        make_article(title="This", web_url="https://b.example/page")
        assert found("https://b.example/page?id=2") == set()

    def test_slash_at_the_end(self) -> None:
        make_article(title="This", web_url="https://b.example/page")
        assert found("https://b.example/page/") == {"This"}

    def test_unknown(self) -> None:
        make_article(title="https example")
        assert found("https://b.example/page") == set()


class TestParse:
    def test_terms(self) -> None:
        asked = search.parse('one "two three" -four -"five six" seven')
        assert asked.wanted == (("one",), ("two", "three"), ("seven",))
        assert asked.unwanted == (("four",), ("five", "six"))
        assert asked.begins

    def test_bounded(self) -> None:
        assert len(search.parse("ab " * 1000).wanted) == search.MOST_TERMS == 24
        assert len(search.parse("ab " * 23).wanted) == 23
        assert search.LONGEST == 1_000
        assert search.parse("x" * 100_000).wanted == (("x" * LONGEST_WORD,),)

    @pytest.mark.parametrize(
        ("text", "is_typing", "begins"),
        [
            ("zeb", True, (0,)),
            ("ze", True, ()),
            ("zeb", False, ()),
            ("zeb*", False, (0,)),
            ("ze*", False, ()),
            ("one zeb", True, (1,)),
            ("one* zeb", True, (0, 1)),
            ('"zeb"', True, ()),
            ("one -zeb", True, ()),
            ("zeb !", True, ()),
        ],
    )
    def test_beginnings(self, text: str, is_typing: bool, begins: tuple[int, ...]) -> None:
        assert search.parse(text, is_typing=is_typing).begins == begins


class TestNeverFails(TestCase):
    @given(st.text() | st.text(alphabet="\"'-*():&|!<>^{}[]~\\:+,. \0aàb0_"))
    @example("\0")
    @example('"')
    @example('""')
    @example('-"')
    @example("a" * 100_000)
    @example('" -' * 30_000)
    @example("NEAR(a b)")
    @example("'; DROP TABLE articles_article; --")
    @example("https://")
    @example("https://[")
    @example("https://a.example/\0")
    @example("2026-01-01-" + "x" * 3_000)
    @example("\ud7ff")
    def test_any_text(self, text: str) -> None:
        list(Article.objects.search(text)[:1])


class TestFormerAddress:
    """Looking up former slugs and addresses reads only indexes."""

    def test_reads_no_whole_table(self) -> None:
        found = Article.objects.search("https://daily.example/2024-05-01-x?utm_source=x")
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL enable_seqscan = off")
            assert "Seq Scan" not in found.explain()
        else:
            plan = found.explain()
            assert plan.count("article_address") == 1
            assert "SCAN articles_article\n" not in f"{plan}\n"
