"""The search page: results, filters, order, and any input."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from django.test import Client, RequestFactory
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from articles.models import Article, Unsuggested, Word
from articles.search.match_syntax import Tier
from articles.site import filters
from articles.site import search as search_module
from articles.site.search import search
from articles.suggestions.computing import count_words
from tests.articles.site.test_reader_safety import PAYLOADS
from tests.articles.site.test_views import get, slugs_on
from tests.articles.states import make_all, names
from tests.factories import NOW, make_article, make_provider, make_superseded, make_topic

pytestmark = pytest.mark.django_db


def found(client: Client, **asked: Any) -> list[str]:
    """Return the slugs that a search shows."""
    return slugs_on(get(client, f"/search/?{urlencode(asked, doseq=True)}"))


def count_all_words() -> None:
    Word.objects.all().delete()
    every = Article.objects.values_list("pk", flat=True)
    Unsuggested.objects.add(every, are_new=True)
    while count_words():
        pass


class TestWhoIsFound:
    def test_finds_only_what_is_published(self, client: Client) -> None:
        provider, topic = make_provider(name="Quince"), make_topic("Kumquat")
        articles = make_all(
            title="Xylophone", excerpt="Zither", provider=provider, topics=(topic,), type="video"
        )
        expected = sorted(articles[name].slug for name in names(200))
        for order in ("best", "latest"):
            for asked in (
                *({"q": text} for text in ("xylophone", "zither", "quince", "kumquat")),
                {"topic": topic.slug},
                {"provider": provider.domain, "type": "video"},
            ):
                assert sorted(found(client, **asked, order=order)) == expected, asked
            # This also finds published leads of the other articles.
            shown = set(found(client, q="-absent", order=order))
            assert shown & {one.slug for one in articles.values()} == {*expected}
            for name, article in articles.items():
                is_found = [article.slug] if name in names(200) else []
                assert found(client, q=article.slug, order=order) == is_found, name

    def test_a_pasted_url(self, client: Client) -> None:
        for name, article in make_all().items():
            is_found = [article.slug] if name in names(200) else []
            assert found(client, q=article.url) == is_found, name
            own = f"https://newsroom.example/news/{article.slug}/"
            assert found(client, q=own) == is_found, name

    def test_leads_are_not_found_by_words_of_their_coverage(self, client: Client) -> None:
        make_superseded(title="Xylophone")
        assert found(client, q="xylophone") == []


class TestFilters:
    def test_filters_alone_and_combined(self, client: Client) -> None:
        ai, tax = make_topic("AI"), make_topic("Tax")
        paper, post = make_provider(name="Paper"), make_provider(name="Post")
        one = make_article(title="Zebra", topics=(ai, tax), provider=paper, published_at=NOW)
        two = make_article(
            title="Zebra",
            topics=(tax,),
            provider=post,
            type="video",
            quality=120,
            published_at=NOW - timedelta(days=40),
        )
        both = [one.slug, two.slug]
        asked: list[tuple[dict[str, Any], list[str]]] = [
            ({}, both),
            ({"topic": "ai"}, [one.slug]),
            ({"topic": ["ai", "tax"]}, both),
            ({"topic": "none"}, []),
            ({"provider": post.domain}, [two.slug]),
            ({"provider": [post.domain, paper.domain]}, both),
            ({"type": "video"}, [two.slug]),
            ({"type": ["video", "article"]}, both),
            ({"type": ""}, both),
            ({"since": "2026-03-01"}, [one.slug]),
            ({"until": "2026-03-01"}, both),
            ({"until": "2026-02-28"}, [two.slug]),
            ({"since": "2026-03-01T12:00:00Z"}, [one.slug]),
            ({"since": "2026-03-01T12:00:01Z"}, []),
            ({"until": "2026-03-01T12:00:00+00:00"}, [two.slug]),
            ({"minimumHeat": "100"}, [two.slug]),
            ({"topic": "tax", "type": "article", "minimumHeat": "0"}, [one.slug]),
            ({"unknown": "x", "decision_reason__contains": "x"}, both),
        ]
        for narrowing, expected in asked:
            for words in ({"q": "zebra"}, {"q": "zebra", "order": "latest"}, {"q": "-yak"}):
                assert found(client, **words, **narrowing) == expected, (words, narrowing)
            if narrowing and set(narrowing) & {"topic", "provider", "since"}:
                assert found(client, **narrowing) == expected, narrowing

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("q", "\0"),
            ("topic", "\0"),
            ("topic", "x" * 300),
            ("provider", "a\0b"),
            ("type", "podcast"),
            ("since", "yesterday"),
            ("since", "2026-13-01"),
            ("until", "9999-12-31"),
            ("until", "0001-01-01T00:00:00+23:00"),
            ("minimumHeat", "hot"),
            ("minimumHeat", "-1"),
            ("minimumHeat", "9" * 50),
        ],
    )
    def test_errors_appear_next_to_their_field(self, client: Client, name: str, value: str) -> None:
        make_article(title="Zebra")
        html = get(client, f"/search/?{urlencode({'q': 'zebra', name: value})}")
        assert slugs_on(html) == []
        assert 'class="error"' in html

    def test_too_many_topics(self, client: Client) -> None:
        asked = urlencode({"topic": [f"t{n}" for n in range(21)]}, doseq=True)
        assert "Choose at most 20." in get(client, f"/search/?{asked}")

    def test_filters_can_be_removed_and_others_are_suggested(self, client: Client) -> None:
        ai, tax = make_topic("AI"), make_topic("Tax")
        make_article(title="Zebra", topics=(ai, tax))
        make_article(title="Zebra", topics=(ai,))
        html = get(client, "/search/?q=zebra&topic=ai&after=")
        assert re.search(r'href="\?q=zebra">\s*AI', html)
        assert re.search(r'href="\?q=zebra&amp;topic=tax">Tax</a>', html)


class TestPage:
    def test_fail_invalid_cursor(self, client: Client) -> None:
        for _ in range(2):
            make_article(title="Zebra")
        place = "2026-03-01T12:00:00Z,a"
        headline, unknown = int(Tier.HEADLINE), max(Tier) + 1
        for cursor, status in (
            (f"{headline},{place}", 200),
            (f"{unknown},{place}", 404),
            (place, 404),
        ):
            response = client.get("/search/", {"q": "zebra", "after": cursor})
            assert response.status_code == status, cursor

    def test_blank(self, client: Client) -> None:
        make_article()
        for address in ("/search/", "/search/?q=", "/search/?q=+&type=&since="):
            html = get(client, address)
            assert slugs_on(html) == []
            assert "No results" not in html

    def test_nothing_found(self, client: Client) -> None:
        html = get(client, "/search/?q=xylophone")
        assert "No results for “xylophone”" in html
        assert "No results" in get(client, "/search/?q=!!!")

    def test_says_how_many_there_are(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(filters, "MOST_COUNTED", 27)
        monkeypatch.setattr(search_module, "MOST_COUNTED", 27)
        make_all(title="Zebra")
        public = len(found(client, q="zebra"))
        assert 1 < public < 26
        for total in range(public + 1, 30):
            make_article(title="Zebra")
            html = get(client, f"/search/?q=zebra&nocache={total}")
            expected = "More than 27 stories" if total > 27 else f"{total} stories"
            assert re.search(rf'class="count">\s*{expected}', html), total
        make_article(title="Quagga")
        assert re.search(r'class="count">\s*1 story\s', get(client, "/search/?q=quagga"))
        assert 'class="count"' not in get(client, "/search/?q=nothing")

    def test_search_engines_do_not_list_it(self, client: Client) -> None:
        make_article(title="Zebra")
        robots = '<meta name="robots" content="noindex">'
        for address in ("/search/", "/search/?q=zebra", "/search/?q=nothing", "/search/?topic=x"):
            assert robots in get(client, address)
        assert robots not in get(client, "/")

    def test_marks_the_words_in_hits(self, client: Client) -> None:
        make_article(title="Café & bar", excerpt="The CAFE opens.")
        html = get(client, "/search/?q=cafe")
        assert "<mark>Café</mark> &amp; bar" in html
        assert "The <mark>CAFE</mark> opens." in html

    def test_untrusted_words(self, client: Client) -> None:
        for payload in PAYLOADS.values():
            make_article(title=f"Zebra {payload}", excerpt=payload)
            html = get(client, f"/search/?{urlencode({'q': f'zebra {payload}'})}")
            assert "<script>" not in html
            assert "<img src=x" not in html
        html = get(client, f"/search/?{urlencode({'q': 'zebra', 'topic': [*PAYLOADS.values()]})}")
        assert "<script>" not in html

    @pytest.mark.parametrize("order", ["best", "latest"])
    def test_pages(self, client: Client, order: str) -> None:
        slugs = [make_article(title="Zebra").slug for _ in range(26)]
        html = get(client, f"/search/?q=zebra&order={order}")
        assert slugs_on(html) == slugs[:25]
        following = re.search(r'rel="next"\s+href="([^"]+)"', html)
        assert following
        html = get(client, f"/search/{following[1].replace('&amp;', '&')}")
        assert slugs_on(html) == slugs[25:]
        assert 'rel="next"' not in html

    def test_other_cursors_are_not_found(self, client: Client) -> None:
        assert client.get("/search/?q=zebra&after=1,x").status_code == 404

    def test_queries(self, client: Client, django_assert_num_queries: Callable[[int], Any]) -> None:
        ai = make_topic("AI")
        for number in range(8):
            make_article(title=f"Zebra {number}", topics=(ai, make_topic()))
        # Expect: edition; hits; articles with provider, topics, images, coverage.
        for number, asked in enumerate(
            ["q=zebra", "q=zebra&order=latest", "q=zebra&topic=ai&type=article&since=2020-01-01"]
        ):
            with django_assert_num_queries(6):
                get(client, f"/search/?{asked}&nocache={number}")
        with django_assert_num_queries(1):
            get(client, "/search/")

    def test_a_full_page_is_stored(
        self, client: Client, django_assert_num_queries: Callable[[int], Any]
    ) -> None:
        """Even for programs that ask for pages without compression."""
        topics = tuple(make_topic(f"{number} topics with long names") for number in range(3))
        for number in range(25):
            excerpt = "A zebra runs through a town. " * 20
            make_article(title=f"Zebra {number} " * 10, excerpt=excerpt, topics=topics)
        page = get(client, "/search/?q=zebra")
        assert len(page) > 32 * 1024
        # Expect 1 query: the edition.
        with django_assert_num_queries(1):
            assert get(client, "/search/?q=zebra") == page


class TestDidYouMean:
    def meant(self, client: Client, words: str, **more: str) -> str:
        html = get(client, f"/search/?{urlencode({'q': words, **more})}")
        link = re.search(r'class="meant">.*?<a href="([^"]+)">([^<]+)</a>', html, re.DOTALL)
        if link is None:
            return ""
        assert found(client, **dict(parse_qsl(unescape(link[1])[1:]))), words
        return unescape(link[2])

    def test_a_word_one_letter_away(self, client: Client) -> None:
        make_article(title="Quarterly merger of Σόλων and Комета", excerpt="A café opened.")
        count_all_words()
        for words, expected in {
            "megrer": "merger",
            "mergr": "merger",
            "merrger": "merger",
            "mercer": "merger",
            "Quarterly Mercer": "Quarterly merger",
            '"quarterly merger" cafe opned': '"quarterly merger" cafe opened',
            "Σόλον": "σολων",
            "комте": "",
            "камета": "комета",
            # Two letters, too short, not a word, found already.
            "mecrerr": "",
            "fo": "",
            "12345": "",
            "merger": "",
        }.items():
            assert self.meant(client, words) == expected, words

    def test_the_most_common_word_first(self, client: Client) -> None:
        make_article(title="Tones")
        for _ in range(3):
            make_article(title="Zones")
        count_all_words()
        assert self.meant(client, "bones") == "zones"

    def test_filters_stay(self, client: Client) -> None:
        make_article(title="Merger", type="video")
        count_all_words()
        assert self.meant(client, "mercer", type="video") == "merger"
        assert self.meant(client, "mercer", type="article") == ""

    def test_nothing_is_learned_of_hidden_articles(self, client: Client) -> None:
        for name, article in make_all().items():
            word = "xylo" + "".join(letter for letter in name if letter.isalpha())[:12]
            Article.objects.filter(pk=article.pk).update(title=word, excerpt=word)
            count_all_words()
            is_public = name in names(200)
            expected = word if is_public else ""
            assert self.meant(client, f"{word[:5]}{word[6:]}") == expected, name

    def test_queries(self, client: Client, django_assert_num_queries: Callable[[int], Any]) -> None:
        make_article(title="hidden", quality=10)
        for title in ("zones", "tones", "cones", "hones"):
            make_article(title=title, quality=10)
        count_all_words()
        # Expect: edition; hits; words; three that readers do not find.
        with django_assert_num_queries(6):
            get(client, "/search/?q=bones")


class TestNeverFails(TestCase):
    @settings(max_examples=60)
    @given(
        st.dictionaries(
            st.sampled_from(
                ["q", "topic", "provider", "type", "since", "until", "minimumHeat", "order"]
            ),
            st.text(alphabet=st.characters(exclude_categories=[]))
            | st.text("\"'-*():&|!<>^{}[]~\\:+,. \0aàb0_"),
        )
    )
    @example({"q": '"' * 10_000})
    @example({"q": 'NEAR(a b) AND OR NOT ^a {title}: b* - -- -"', "topic": "'", "provider": '"'})
    @example({"since": "2026-03-01", "until": "0001-01-01"})
    @example({"q": "a* b* c* abc* -abc*", "minimumHeat": "٣"})
    def test_any_input(self, asked: dict[str, str]) -> None:
        request = RequestFactory().get("/search/")
        query = request.GET.copy()
        query.update(asked)
        request.GET = query  # type: ignore[assignment]
        assert search(request).status_code == 200


class TestLongSearches:
    @pytest.mark.parametrize("path", ["/search/", "/search/feed.rss", "/search/feed.json"])
    def test_are_cut_before_they_are_shown(self, client: Client, path: str) -> None:
        make_article(title="Xylophone")
        response = client.get(path, {"q": f"xylophone {'z' * 36_000}"})
        assert response.status_code == 200
        assert b"z" * 100 in response.content
        assert b"z" * 201 not in response.content

    def test_a_long_address_is_not_cut(self, client: Client) -> None:
        url = f"https://a.example/{'z' * 300}"
        make_article(title="Xylophone", web_url=url)
        assert b"Xylophone" in client.get("/search/", {"q": url}).content

    def test_the_api_refuses_them(self, client: Client) -> None:
        response = client.get("/api/v1/news/", {"q": "z" * 201})
        assert response.status_code == 400
        assert "200" in response.json()["detail"]
