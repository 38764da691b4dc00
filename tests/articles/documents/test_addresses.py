"""Address keys, which are the same for every spelling of a page's address."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from articles.documents import MAX_KEY, address_key, addresses, parse
from articles.migrations.frozen.address_keys import address_key as frozen_key
from tests.articles.documents.documents import CASES

PAGE = "daily.example/2026/Bridge-opens"
SPELLINGS = {
    PAGE: [
        "https://daily.example/2026/Bridge-opens",
        "http://daily.example/2026/Bridge-opens",
        "HTTPS://daily.example/2026/Bridge-opens",
        "https://www.daily.example/2026/Bridge-opens",
        "https://WWW.Daily.Example/2026/Bridge-opens",
        "https://daily.example./2026/Bridge-opens",
        "https://daily.example/2026/Bridge-opens/",
        "https://daily.example/2026/Bridge-opens//",
        "https://daily.example/2026/Bridge-opens/amp",
        "https://daily.example/2026/Bridge-opens/amp/",
        "https://daily.example/2026/Bridge-opens/AMP/",
        "https://daily.example/2026/Bridge-opens#comments",
        "https://daily.example/2026/Bridge-opens#",
        "https://daily.example/2026/Bridge-opens?",
        "https://daily.example/2026/Bridge-opens?utm_source=rss&utm_medium=feed",
        "https://daily.example/2026/Bridge-opens?UTM_Source=rss",
        "https://daily.example/2026/Bridge-opens?utm_source",
        "https://daily.example/2026/Bridge-opens?%75tm_source=rss",
        "https://daily.example/2026/Bridge-opens?fbclid=a&gclid=b&mc_cid=c&msclkid=d&igshid=e",
        "https://www.daily.example/2026/Bridge-opens/amp/?fbclid=a#top",
        "https://daily.example/2026/%42ridge%2Dopens",
        "https://daily.example:443/2026/Bridge-opens",
        "https://daily.example:0443/2026/Bridge-opens",
        "http://daily.example:80/2026/Bridge-opens",
        "https://reader@daily.example/2026/Bridge-opens",
        "https://reader:word@daily.example/2026/Bridge-opens",
        "https:\\\\daily.example\\2026\\Bridge-opens",
        "https://daily.example/2026/./Bridge-opens",
        "https://daily.example/2026/x/../Bridge-opens",
        "https://daily.example/2026/x/%2e%2E/Bridge-opens",
    ],
    "daily.example": [
        "https://daily.example",
        "https://daily.example/",
        "https://www.daily.example//",
        "https://daily.example/amp/",
        "https://daily.example/?utm_source=x",
    ],
    "xn--bcher-kva.example/%C3%A4": [
        "https://bücher.example/ä",
        "https://bu\u0308cher.example/ä",
        "https://BÜCHER.example/%c3%a4",
        "https://xn--bcher-kva.example/%C3%A4",
        "https://www.bücher.example/ä/",
    ],
    "[2001:db8::1]/x": ["https://[2001:DB8::1]/x", "http://[2001:db8:0:0::1]:80/x/"],
    "192.0.2.1/x": ["https://192.0.2.1/x", "https://0xC0000201/x", "https://192.0.513/x"],
    "daily.example/x?id=7&q=a%20b": [
        "https://daily.example/x?id=7&q=a b",
        "https://daily.example/x/?id=7&utm_source=rss&q=a%20b",
        "https://daily.example/x?&id=%37&&q=a%20b#end",
    ],
    "daily.example:8443/x": ["https://daily.example:8443/x", "http://www.daily.example:8443/x/"],
    "http.example:8080/x": ["https://http.example:8080/x", "http://www.http.example:8080/x#y"],
    "http:8080/x": ["https://http:8080/x"],
}

PAIRS = [
    ("https://daily.example/Bridge", "https://daily.example/bridge"),
    ("https://daily.example/x?id=1", "https://daily.example/x?id=2"),
    ("https://daily.example/x?id=1", "https://daily.example/x"),
    ("https://daily.example/x?a=1&b=2", "https://daily.example/x?b=2&a=1"),
    ("https://daily.example/x?utm=1", "https://daily.example/x"),
    ("https://daily.example/x?clid=1", "https://daily.example/x"),
    ("https://daily.example/x", "https://m.daily.example/x"),
    ("https://daily.example/x", "https://daily.example.net/x"),
    ("https://daily.example/x", "https://daily.example:8443/x"),
    ("https://daily.example/camp", "https://daily.example/c"),
    ("https://daily.example/amp/x", "https://daily.example/x"),
    ("https://daily.example/a%2Fb", "https://daily.example/a/b"),
    ("https://daily.example/x?q=a%26b", "https://daily.example/x?q=a&b"),
    ("https://daily.example/x%3Fq", "https://daily.example/x?q"),
    ("https://daily.example/%C3%A4", "https://daily.example/a"),
    ("https://daily.example/" + "x" * 600 + "1", "https://daily.example/" + "x" * 600 + "2"),
]


class TestSpellings:
    @pytest.mark.parametrize(
        ("url", "key"), [(url, key) for key, urls in SPELLINGS.items() for url in urls]
    )
    def test_spellings_have_the_same_key(self, url: str, key: str) -> None:
        assert address_key(url) == key
        assert address_key(key) == key

    @pytest.mark.parametrize(("one", "other"), PAIRS)
    def test_different_pages_have_different_keys(self, one: str, other: str) -> None:
        assert address_key(one) != address_key(other)

    @pytest.mark.parametrize("text", ["", "x", "mailto:a@b.example", "http:", "http:x", "://x"])
    def test_other_text_is_its_own_key(self, text: str) -> None:
        assert address_key(text) == text

    def test_seen_in_a_real_hub(self) -> None:
        if not CASES.is_dir():
            pytest.skip("needs the cases: name their folder in NEWSROOM_CASES")
        files = [path for path in (CASES / "addresses").glob("*.md") if path.name != "z-main.md"]
        assert len({parse(path.name, path.read_bytes()).key for path in files}) == 1


@st.composite
def urls(draw: st.DrawFn) -> str:
    """Draw URLs; about half of them are plain enough for the fast path."""
    scheme = draw(st.sampled_from(["http://", "https://", "HTTP://", "https:\\\\"]))
    user = draw(st.sampled_from(["", "", "", "", "me@", "me:word@"]))
    label = st.text("aZ09-bé_", min_size=1, max_size=5) | st.sampled_from(["www", "amp", "http"])
    host = ".".join(draw(st.lists(label, min_size=1, max_size=3)))
    top = draw(st.sampled_from([".example", ".Example", ".example.", "", ".example:80", ":8080"]))
    part = st.text("aB.~-%2fEäé !&;=:@+'", max_size=6)
    path = draw(st.lists(st.sampled_from(["", "amp", "AMP", "..", ".", "%2E"]) | part, max_size=4))
    names = ["utm_source=1", "fbclid=2", "id=3", "ID=%33", "q=ä", "%75tm_a=1", ""]
    query = draw(st.none() | st.lists(st.sampled_from(names), max_size=3).map("&".join))
    end = draw(st.sampled_from(["", "", "", "/", "#", "#end"]))
    asked = "" if query is None else f"?{query}"
    return f"{scheme}{user}{host}{top}{''.join('/' + one for one in path)}{asked}{end}"


class TestAnyText:
    @given(st.text() | urls() | st.text(max_size=20).map("http://{}".format))
    @example("https://daily.example/\ud800")
    @example("\ud800")
    @example("https://daily.example/" + "ä" * 400)
    @example("ä" * 501)
    @example("https://https://[")
    def test_is_bounded_and_its_own_key(self, text: str) -> None:
        key = address_key(text)
        assert len(key) <= MAX_KEY
        assert key.isascii()
        assert address_key(key) == key

    @given(urls())
    @example("https://xn--zz.example/x")
    @example("https://a-.example/x")
    def test_the_fast_path_gives_the_same_keys(self, url: str) -> None:
        fast = address_key.__wrapped__(url)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(addresses, "_PLAIN", re.compile(r"(?!)"))
            assert address_key.__wrapped__(url) == fast

    @given(urls(), st.sampled_from(["#x", "?utm_source=x", "?fbclid=x#y"]))
    def test_dropped_parts_do_not_change_the_key(self, url: str, ending: str) -> None:
        if "?" not in url and "#" not in url:
            assert address_key(url + ending) == address_key(url)

    @given(urls() | st.text())
    @example("https://daily.example/" + "ä" * 400)
    def test_migrations_give_the_same_keys(self, text: str) -> None:
        assert frozen_key(text) == address_key(text)
