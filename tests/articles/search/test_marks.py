"""Marking the search terms, and choosing the excerpt around them."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from articles.search import Search, excerpt_around, marked, parse


def asked(query: str) -> Search:
    return parse(query, is_typing=False)


class TestMarked:
    @pytest.mark.parametrize(
        ("text", "query", "expected"),
        [
            ("Council meets", "council", "<mark>Council</mark> meets"),
            ("Café, CAFE, cafes", "café", "<mark>Café</mark>, <mark>CAFE</mark>, cafes"),
            ("Cafe\u0301 bar", "cafe", "<mark>Cafe\u0301</mark> bar"),
            ("Councils meet", "counc*", "<mark>Councils</mark> meet"),
            ("Councils meet", "council", "Councils meet"),
            ("A red, red rose", '"red rose"', "A red, <mark>red rose</mark>"),
            ("one two three", '"one two" "two three"', "<mark>one two</mark><mark> three</mark>"),
            ("council or not", "council -not", "<mark>council</mark> or not"),
            (
                "<b>bold</b> & b",
                "b",
                "&lt;<mark>b</mark>&gt;bold&lt;/<mark>b</mark>&gt; &amp; <mark>b</mark>",
            ),
            (
                "it's on-demand",
                "on-demand s",
                "it&#x27;<mark>s</mark> <mark>on</mark>-<mark>demand</mark>",
            ),
            ("हिन्दी 東京", "हिन्दी", "<mark>हिन्दी</mark> 東京"),
            ("nothing", "", "nothing"),
        ],
    )
    def test_words(self, text: str, query: str, expected: str) -> None:
        assert marked(text, asked(query)) == expected

    @given(st.text(), st.text(alphabet='ab "*-éÉ'))
    def test_text_stays_the_same(self, text: str, query: str) -> None:
        shown = marked(text, asked(query)).replace("<mark>", "").replace("</mark>", "")
        assert html.unescape(shown) == html.unescape(html.escape(text))


class TestExcerpt:
    def test_short_stays_whole(self) -> None:
        assert excerpt_around("A zebra", asked("zebra")) == "A <mark>zebra</mark>"

    def test_around_the_first_match(self) -> None:
        text = "word " * 100 + "zebra " + "other " * 100
        shown = excerpt_around(text, asked("zebra"))
        assert shown.startswith("… word ")
        assert shown.endswith(" other …")
        assert "<mark>zebra</mark>" in shown
        assert 150 <= len(shown) <= 230

    def test_from_the_start_without_a_match(self) -> None:
        assert excerpt_around("word " * 100, asked("zebra")).startswith("word word")

    @given(st.text(min_size=150), st.text(alphabet='ab "*-'))
    def test_is_bounded(self, text: str, query: str) -> None:
        shown = excerpt_around(text, asked(query)).replace("<mark>", "").replace("</mark>", "")
        assert len(html.unescape(shown)) <= 200 + 4
