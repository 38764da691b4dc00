"""At public URLs, no text and no request can cause markup, code or errors."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from articles.documents import topic_key
from articles.models import Article, Image, Related
from articles.site import stories
from articles.site.filters import ArticleFilter
from tests.articles.site.public_pages import NOWHERE, PUBLIC, Place
from tests.factories import (
    make_article,
    make_provider,
    make_source,
    make_stored_image,
    make_superseded,
    make_topic,
    relate,
)

pytestmark = pytest.mark.django_db

PAYLOADS: Final = {
    "script": "<script>alert(1)</script>",
    "attribute": "\"><img src=x onerror=alert(1)>'><svg/onload=alert(1)>",
    "template": "{{ 7|add:7 }}{% debug %}",
    "json": '</script><script>alert(1)</script>"}]};alert(1)//<!--',
    "cdata": "]]><script>alert(1)</script><![CDATA[ &xxe; <!DOCTYPE x>",
    "entities": "&lt;script&gt;alert(1)&lt;/script&gt;&#60;img src=x onerror=alert(1)&#62;",
    "controls": "java\x03script:alert(1) \x1b[31m \r\nX-Injected: 1 \ufffe \u202e \u2028",
    "link": "javascript:alert(1)",
}
ADDRESSES: Final = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    " javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "//elsewhere.example/x",
    "http://",
    'https://paper.example/"><script>alert(1)</script>',
    "https://paper.example/' onmouseover='alert(1)",
]
OWN: Final = re.compile(r"/static/[\w./-]+\.js")
LINKS: Final = {"href", "src", "action", "formaction", "srcset", "poster", "data", "cite", "ping"}
PLACEHOLDER: Final = re.compile("data:image/png;base64,[A-Za-z0-9+/]+=*")
NO_END: Final = {"script", "style", "object", "embed", "applet", "base", "iframe", "frame", "math"}


class Nodes(HTMLParser):
    """Collects what a page must not contain, and its data blocks."""

    def __init__(self, *, is_page: bool = True) -> None:
        super().__init__(convert_charrefs=True)
        self.is_page = is_page
        self.dangers: list[str] = []
        self.data: list[str] = []
        self._is_data = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        self._is_data = tag == "script" and values.get("type") == "application/ld+json"
        if self._is_data:
            self.data.append("")
        elif tag in NO_END and not (tag == "script" and OWN.match(values.get("src") or "")):
            self.dangers.append(f"<{tag}>")
        if values.get("http-equiv"):
            self.dangers.append("http-equiv")
        for name, value in attributes:
            if name.startswith("on") or name in {"style", "srcdoc"}:
                self.dangers.append(name)
            elif tag == "img" and PLACEHOLDER.fullmatch(value or ""):
                continue
            elif name in LINKS and not is_safe(value or ""):
                self.dangers.append(f"{name}={value}")

    def handle_data(self, data: str) -> None:
        if self._is_data:
            self.data[-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._is_data = False


def is_safe(address: str) -> bool:
    """Return whether a browser follows a link to the web or to this site."""
    # Browsers remove these before they look for a scheme.
    told = re.sub(r"[\t\n\r]", "", address).strip("".join(map(chr, range(33))))
    if told.startswith(("http://", "https://")):
        return True
    return told == "" or bool(re.match(r"/(?![/\\])|[?#]", told))


def assert_harmless(response: Any) -> None:
    """Fail for a dangerous node, an injected header, or unreadable data."""
    assert response.status_code < 500
    assert "X-Injected" not in response.headers
    location = response.headers.get("Location", "/")
    assert is_safe(location), location
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    text = response.content.decode()
    match kind:
        case "text/html":
            assert_no_danger(text)
        case _ if kind.endswith("json"):
            assert_data_is_harmless(json.loads(text))
        case _ if kind.endswith("xml"):
            assert_xml_is_harmless(text)
        case _:
            assert kind in {"", "text/plain", "image/svg+xml", "application/vnd.oai.openapi"}, kind


def assert_no_danger(html: str) -> None:
    nodes = Nodes()
    nodes.feed(html)
    nodes.close()
    assert nodes.dangers == []
    for data in nodes.data:
        assert_data_is_harmless(json.loads(data))


def assert_xml_is_harmless(text: str) -> None:
    """A feed's URLs lead to the web, and its HTML has no dangerous node."""
    root = ElementTree.fromstring(text)  # noqa: S314 - our own answer
    for item in root.iter("item"):
        assert_no_danger(item.findtext("description") or "")
    for element in root.iter():
        tag = element.tag.rpartition("}")[2]
        content = (element.text or "").strip()
        if tag == "encoded" or element.get("type") == "html":
            assert_no_danger(content)
        elif tag in {"link", "loc", "uri", "icon", "logo", "url", "guid", "id"}:
            assert is_safe(content), (tag, content)
        for name, value in element.attrib.items():
            if name in {"href", "src", "url"}:
                assert is_safe(value), (tag, value)


def assert_data_is_harmless(data: Any, key: str = "") -> None:
    """URLs lead to the web, HTML has no dangerous node, and everything else is plain text."""
    match data:
        case dict():
            for name, value in data.items():
                assert_data_is_harmless(value, name)
        case list():
            for value in data:
                assert_data_is_harmless(value, key)
        case str() if key in {"content_html", "featuredContent"}:
            assert_no_danger(data)
        case str() if key in DATA_LINKS or key.lower().endswith("url"):
            assert is_safe(data), (key, data)


DATA_LINKS: Final = {
    *("@id", "id", "image", "thumbnailUrl", "item", "itemListElement", "urlTemplate"),
    *("icon", "logo"),
}


def hostile_newsroom(text: str, url: str = "") -> Place:
    """Store a story, its coverage and a superseded report, with ``text`` in every field."""
    url = url or f"https://paper.example/{text}"
    logos = [{"url": url, "width": 50, "height": 50}]
    provider = make_provider(name=text, description=text, notes=text, logos=logos)
    parent = make_topic(text, key="parent", slug="parent", short_name=text)
    topic = make_topic(text, key="payload", slug=topic_key(text) or "payload", parent=parent)
    values: dict[str, Any] = {
        "title": text,
        "excerpt": text,
        "body": text,
        "featured_content": text,
        "category": text,
        "locale": text[:16],
        "provider": provider,
        "topics": (topic, parent),
    }
    addresses: dict[str, Any] = {
        "web_url": url,
        "original_url": url,
        "amp_url": url,
        "cdn_amp_url": url,
    }
    # A document's URL cannot contain NUL, and neither database accepts it.
    lead = make_article(quality=95, **values, **addresses)
    make_article(type="video", **values, **addresses)
    superseded = make_superseded(lead, **values, **addresses)
    stub = make_article(coverage_only=True, **{**values, "topics": ()}, **addresses)
    relate(lead, superseded, stub)
    for position, stored in enumerate((make_stored_image(), None)):
        Image.objects.create(
            stored=stored,
            article=lead,
            position=position,
            url=url,
            title=text,
            attribution=text,
            width=1,
            height=1,
        )
    return Place(lead, topic, provider)


@pytest.mark.once
@pytest.mark.no_cover
class TestHostileTexts:
    """A document's text is shown as text, and its URLs lead to the web or are not linked."""

    @pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
    def test_everywhere(self, client: Client, payload: str) -> None:
        place = hostile_newsroom(payload)
        for address in place.all_addresses():
            for query in ({}, {"q": payload}, {"after": payload}, {"q": payload[1:9]}):
                assert_harmless(client.get(address, query))

    @pytest.mark.parametrize("url", ADDRESSES)
    def test_addresses(self, client: Client, url: str) -> None:
        place = hostile_newsroom("Words", url)
        for address in place.all_addresses():
            assert_harmless(client.get(address))

    @pytest.mark.parametrize("domain", ['a"><script>alert(1)</script>.example', "a b", "a,b", "é"])
    def test_domains(self, client: Client, domain: str) -> None:
        """The importer rejects these, but an editor may have typed them."""
        provider, topic = make_provider(domain=domain.lower()), make_topic()
        place = Place(make_article(provider=provider, topics=(topic,)), topic, provider)
        if "/" in domain:
            return
        for address in place.all_addresses():
            assert_harmless(client.get(address))

    @pytest.mark.parametrize("domain", ["a?b", "a#b", "..", "%2e%2e", "a%b"])
    def test_domains_that_are_paths(self, client: Client, domain: str) -> None:
        provider = make_provider(domain=domain)
        article = make_article(provider=provider)
        for address in ("/", "/latest/", "/providers/", article.get_absolute_url()):
            assert_harmless(client.get(address))

    def test_secured_never_appears(self, client: Client) -> None:
        place = hostile_newsroom("Words")
        make_source(place.article, secured="Q0FOQVJZ;Q0FOQVJZ")
        for address in [*place.all_addresses(), f"/news/{NOWHERE}/"]:
            for query in ({}, {"q": "Q0FOQVJZ"}):
                response = client.get(address, query)
                told = response.content.replace(b"Q0FOQVJZ", b"", 0 if not query else -1)
                assert b"Q0FOQVJZ" not in told

    def test_no_inline_code_and_no_other_hosts(self, client: Client) -> None:
        place = hostile_newsroom("Words")
        for address in [*place.all_addresses(), f"/news/{NOWHERE}/"]:
            response = client.get(address)
            policy = response["Content-Security-Policy"]
            assert "unsafe" not in policy
            assert "Set-Cookie" not in response
            if response["Content-Type"].startswith("text/html"):
                loaded = re.findall(
                    r"<(?:img|script|iframe|source|video|audio)\b[^>]*\bsrc(?:set)?=\"([^\"]*)",
                    response.content.decode(),
                )
                loaded = [one for one in loaded if not PLACEHOLDER.fullmatch(one)]
                assert [one for one in loaded if not one.startswith("/")] == []
                pictures = re.search("img-src ([^;]*)", policy)
                assert pictures is not None
                assert pictures[1] == "'self' data:"


TEXTS: Final = st.one_of(
    st.text(max_size=40),
    st.sampled_from([*PAYLOADS.values(), *ADDRESSES]),
    st.sampled_from(
        ["\0", "a\0b", "1" * 400, "-", '"', '"" -', "(", "*", "a* OR b", ":", "^", "%"]
    ),
    st.sampled_from(["-1", "0", "1", "2", "9" * 30, "1e9", "nan", "inf", "²", "\u0664"]),
    st.sampled_from(["2026-03-01", "2026-02-30", "0001-01-01", "9999-12-31T23:59:59Z,a"]),
    st.sampled_from(["2026-03-01T12:00:00Z,a", "20514.5,a", "Words,words", "'; DROP TABLE x; --"]),
)
NAMES: Final = st.sampled_from(
    ["after", "part", "q", "q", "order", "page", "format", *ArticleFilter.base_filters]
)
# Queries that browsers never send: bytes that are not text, and repeated names.
RAW: Final = st.binary(max_size=30).map(quote) | st.text("%&=;+,\"'<>[]q0Fa", max_size=30)


@pytest.mark.no_cover
class TestWhateverIsAsked:
    @pytest.mark.parametrize("name", PUBLIC)
    @given(data=st.data())
    @examples(max_examples=25)
    def test_never_an_error(self, name: str, data: st.DataObject) -> None:
        place = self.place()
        (address, *_) = data.draw(st.permutations([*place.addresses(name)]))
        fields = data.draw(st.lists(st.tuples(NAMES, TEXTS), max_size=4))
        sent = "&".join(
            [
                *(f"{quote(field)}={quote(text, errors='replace')}" for field, text in fields),
                data.draw(RAW),
            ]
        )
        assert_harmless(Client().get(address, QUERY_STRING=sent))

    @given(data=st.data())
    @examples(max_examples=25)
    def test_no_such_path(self, data: st.DataObject) -> None:
        text = quote(
            data.draw(TEXTS).encode(errors="replace"), safe=data.draw(st.sampled_from(["", "/"]))
        )
        for form in ("/{}/", "/news/{}/", "/topics/{}/", "/providers/{}/", "/{}"):
            assert_harmless(Client().get(form.format(text)))

    def test_no_such_name(self, client: Client) -> None:
        for name in ("%00", "a%00b", "%FF", "%F0%9F", "."):
            for path in (f"/news/{name}/", f"/topics/{name}/", f"/providers/{name}/feed.rss"):
                assert client.get(path).status_code == 404, path

    def place(self) -> Place:
        """Return the only story, so that many requests can use the same database."""
        article = Article.objects.filter(slug="2026-03-01-words").first()
        if article is None:
            topic = make_topic("Words")
            article = make_article(slug="2026-03-01-words", title="Words", topics=(topic,))
        return Place(article, article.topics.get(), article.provider)


MOST_QUERIES: Final = 6


@pytest.mark.no_cover
class TestQueries:
    """The number of queries does not depend on what a page shows."""

    def fill(self, count: int) -> Place:
        """Store stories with many topics and much coverage, all of the same topic and provider."""
        provider, topics = make_provider(), [make_topic() for _ in range(6)]
        stubs = [make_article(coverage_only=True) for _ in range(8)]
        leads = [
            make_article(title="Words", provider=provider, topics=tuple(topics))
            for _ in range(count)
        ]
        Related.objects.bulk_create(
            Related(article=lead, target=stub, position=position)
            for lead in leads
            for position, stub in enumerate(stubs)
        )
        for lead in leads:
            url, stored = "https://pictures.example/1.jpg", make_stored_image()
            Image.objects.create(article=lead, position=0, url=url, stored=stored)
        for _ in range(count // 5):
            make_superseded(leads[0], provider=provider, topics=tuple(topics))
        return Place(leads[0], topics[0], provider)

    def count(self, address: str, query: dict[str, str]) -> int:
        cache.clear()
        stories._kept.clear()
        with CaptureQueriesContext(connection) as queries:
            response = Client().get(address, query)
        assert response.status_code in {200, 302, 404}, address
        return len(queries)

    def test_are_constant_and_few(self, settings: LazySettings) -> None:
        settings.SITE_CONTACT = "desk@news.example"
        counts: dict[int, dict[str, int]] = {}
        for size in (1, 25, 60):
            place = self.fill(size)
            counts[size] = {
                # Use the URL name as the key, because the URL differs each time.
                f"{name} {number}": self.count(address, {"q": "words"} if ":search" in name else {})
                for name in PUBLIC
                for number, address in enumerate(place.addresses(name))
            }
            many = {name: n for name, n in counts[size].items() if n > MOST_QUERIES}
            assert many == {}, size
        assert counts[25] == counts[60]
