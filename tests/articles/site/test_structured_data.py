"""Metadata of pages: JSON-LD, cards and canonical links are valid, correct and claim no
authorship."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from articles.models import Image, Topic
from articles.site.structured_data import LONGEST_HEADLINE, MOST_MENTIONED, as_json
from tests.articles.states import CASES
from tests.factories import (
    NOW,
    forget_changes,
    make_article,
    make_provider,
    make_superseded,
    make_topic,
    relate,
)

pytestmark = [pytest.mark.django_db, pytest.mark.once]

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]></SCRIPT >",
    '"}];alert(1);//',
    "\\u003c/script\\u003e\\",
    "a\u2028b\u2029c",
    "&lt;/script&gt;&amp;",
    "</script\u0130>",
]
LISTS = ["/", "/latest/", "/topics/ai/", "/providers/paper.example/", "/search/?q=story"]


class Head(HTMLParser):
    """Reads the head of a page like a browser."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.metas: dict[str, list[str]] = {}
        self.links: dict[str, str] = {}
        self.scripts: list[str] = []
        self._is_in_script = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "script":
            assert values == {"type": "application/ld+json"}
            self._is_in_script = True
            self.scripts.append("")
        elif tag == "meta" and (name := values.get("property") or values.get("name")):
            self.metas.setdefault(name, []).append(values["content"])
        elif tag == "link":
            self.links[values["rel"]] = values["href"]

    def handle_endtag(self, tag: str) -> None:
        self._is_in_script = self._is_in_script and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._is_in_script:
            self.scripts[-1] += data

    def __getitem__(self, name: str) -> str:
        (value,) = self.metas[name]
        return value

    @property
    def data(self) -> Any:
        (script,) = self.scripts
        return json.loads(script)


def head(client: Client, address: str) -> Head:
    response = client.get(address)
    assert response.status_code == 200
    return Head(response.content.decode())


def things(data: Any) -> Iterator[dict[str, Any]]:
    """Return all objects in a page's data, at any depth."""
    if isinstance(data, list):
        for one in data:
            yield from things(one)
    elif isinstance(data, dict):
        yield data
        for one in data.values():
            yield from things(one)


@pytest.fixture(autouse=True)
def site(settings: Any) -> None:
    settings.SITE_URL = "https://news.example"
    settings.SITE_NAME = "The Gazette"


@pytest.fixture
def ai() -> Topic:
    return make_topic("AI")


class TestStory:
    def test_facts_of_the_original(self, client: Client, ai: Topic) -> None:
        provider = make_provider(
            domain="paper.example",
            name="The Paper",
            logos=[{"url": "https://paper.example/logo.png", "width": 50, "height": 40}],
        )
        article = make_article(
            title="Cats &amp; dogs",
            excerpt="They agreed.",
            web_url="https://paper.example/cats?a=1&b=2",
            published_at=NOW,
            updated_at=NOW + timedelta(hours=1),
            provider=provider,
            topics=(ai,),
        )
        Image.objects.create(article=article, position=0, url="https://a.example/1.jpg")
        Image.objects.create(article=article, position=1, url="file:///etc/passwd")
        forget_changes(article)
        data = head(client, article.get_absolute_url()).data

        page = f"https://news.example/news/{article.slug}/"
        assert data["@context"] == "https://schema.org"
        assert (data["@type"], data["url"], data["name"]) == ("WebPage", page, "Cats & dogs")
        assert data["inLanguage"] == "en-us"
        assert data["dateModified"] == "2026-03-01T13:00:00+00:00"
        assert data["about"] == [
            {"@type": "Thing", "name": "AI", "url": "https://news.example/topics/ai/"}
        ]
        assert data["mainEntity"] == {
            "@type": "NewsArticle",
            "headline": "Cats & dogs",
            "description": "They agreed.",
            "url": "https://paper.example/cats?a=1&b=2",
            "datePublished": "2026-03-01T12:00:00+00:00",
            "dateModified": "2026-03-01T13:00:00+00:00",
            "inLanguage": "en-us",
            "image": ["https://a.example/1.jpg"],
            "publisher": {
                "@type": "Organization",
                "name": "The Paper",
                "url": "https://paper.example/",
                "logo": {
                    "@type": "ImageObject",
                    "url": "https://paper.example/logo.png",
                    "width": 50,
                    "height": 40,
                },
            },
        }
        assert "mentions" not in data

    def test_coverage_by_rank_with_its_publishers(self, client: Client) -> None:
        article = make_article()
        other = make_provider(domain="other.example", name="Other")
        relate(
            article,
            make_article(quality=60, title="Weaker", provider=other),
            make_article(quality=70, title="Stronger"),
            make_article(quality=75, title="Canary", decision="hold"),
        )
        data = head(client, article.get_absolute_url()).data

        assert [one["headline"] for one in data["mentions"]] == ["Stronger", "Weaker"]
        weaker = data["mentions"][1]
        assert weaker["@type"] == "NewsArticle"
        assert weaker["url"].startswith("https://paper.example/")
        assert weaker["publisher"] == {
            "@type": "Organization",
            "name": "Other",
            "url": "https://other.example/",
        }

    def test_much_coverage(self, client: Client) -> None:
        article = make_article(quality=100)
        relate(article, *(make_article() for _ in range(MOST_MENTIONED + 2)))
        data = head(client, article.get_absolute_url()).data
        assert len(data["mentions"]) == MOST_MENTIONED

    def test_video(self, client: Client) -> None:
        article = make_article(
            type="video", web_url="", original_url="https://v.example/1", published_at=NOW
        )
        Image.objects.create(article=article, position=0, url="https://a.example/1.jpg")
        video = head(client, article.get_absolute_url()).data["mainEntity"]

        assert video["@type"] == "VideoObject"
        # The properties that search engines require for a video.
        assert video["name"] == article.title
        assert video["uploadDate"] == "2026-03-01T12:00:00+00:00"
        assert video["thumbnailUrl"] == "https://a.example/1.jpg"
        assert video["url"] == "https://v.example/1"

    def test_claims_no_authorship(self, client: Client, ai: Topic) -> None:
        article = make_article(provider=make_provider(name="The Paper"), topics=(ai,))
        relate(article, make_article(quality=60))
        for one in things(head(client, article.get_absolute_url()).data):
            assert not {"author", "creator", "copyrightHolder", "isAccessibleForFree"} & one.keys()
            if "publisher" in one:
                assert one["publisher"]["name"] != "The Gazette"
            if one["@type"] in {"NewsArticle", "VideoObject"}:
                assert not one["url"].startswith("https://news.example")

    @pytest.mark.parametrize("length", [LONGEST_HEADLINE, LONGEST_HEADLINE + 1, 1000])
    def test_long_headline(self, client: Client, length: int) -> None:
        article = make_article(title="x" * length)
        headline = head(client, article.get_absolute_url()).data["mainEntity"]["headline"]
        assert len(headline) == LONGEST_HEADLINE
        assert headline.endswith("…") is (length > LONGEST_HEADLINE)

    @pytest.mark.parametrize("domain", ["not a domain", "a.example/path", "a@b.example", "-", "a."])
    def test_provider_without_an_address(self, client: Client, domain: str) -> None:
        article = make_article(provider=make_provider(domain=domain))
        publisher = head(client, article.get_absolute_url()).data["mainEntity"]["publisher"]
        assert "url" not in publisher

    def test_urls_that_are_not_http(self, client: Client) -> None:
        logos = [{"url": "/local.png", "width": 1, "height": 1}]
        article = make_article(web_url="javascript:alert(1)", provider=make_provider(logos=logos))
        Image.objects.create(article=article, position=0, url="data:image/png,x")
        found = head(client, article.get_absolute_url())
        assert not {"url", "image"} & found.data["mainEntity"].keys()
        assert "logo" not in found.data["mainEntity"]["publisher"]
        assert "og:image" not in found.metas

    def test_no_query(self, client: Client, django_assert_num_queries: Any) -> None:
        article = make_article(topics=(make_topic(),))
        relate(article, *(make_article(quality=60) for _ in range(5)))
        client.get(article.get_absolute_url())
        make_article()
        # Expect: edition; story with provider, topics, images, coverage; more stories of the topic.
        with django_assert_num_queries(6):
            assert len(head(client, article.get_absolute_url()).data["mentions"]) == 5


class TestLists:
    @pytest.mark.parametrize("address", LISTS)
    def test_stories_in_order(self, client: Client, ai: Topic, address: str) -> None:
        provider = make_provider(domain="paper.example", name="The Paper")
        stories = [
            make_article(
                title=f"Story {n}",
                published_at=NOW - n * timedelta(hours=1),
                provider=provider,
                topics=(ai,),
            )
            for n in range(3)
        ]
        make_superseded(stories[0], provider=provider, topics=(ai,), title="A story superseded")
        data = head(client, address).data

        kind = "SearchResultsPage" if "search" in address else "CollectionPage"
        assert data["@type"] == kind
        assert data["url"] == f"https://news.example{address}"
        assert data["mainEntity"]["@type"] == "ItemList"
        assert data["mainEntity"]["itemListElement"] == [
            f"https://news.example/news/{story.slug}/" for story in stories
        ]

    def test_part_of_a_site_that_can_be_searched(self, client: Client) -> None:
        site = head(client, "/").data["isPartOf"]
        assert (site["@type"], site["name"]) == ("WebSite", "The Gazette")
        assert site["url"] == "https://news.example/"
        action = site["potentialAction"]
        assert action["@type"] == "SearchAction"
        assert action["target"]["urlTemplate"] == (
            "https://news.example/search/?q={search_term_string}"
        )
        assert action["query-input"] == "required name=search_term_string"

    @pytest.mark.parametrize("address", [*LISTS, "/topics/", "/providers/"])
    def test_nothing_listed(self, client: Client, ai: Topic, address: str) -> None:
        make_provider(domain="paper.example")
        data = head(client, address).data
        assert "mainEntity" not in data
        assert data["name"]

    def test_breadcrumbs_of_a_topic(self, client: Client, ai: Topic) -> None:
        topic = make_topic("Computer Vision", parent=ai)
        make_article(topics=(topic,))
        crumbs = head(client, f"/topics/{topic.slug}/").data["breadcrumb"]
        assert crumbs["@type"] == "BreadcrumbList"
        found = [(one["position"], one["name"], one["item"]) for one in crumbs["itemListElement"]]
        assert found == [
            (1, "Topics", "https://news.example/topics/"),
            (2, "AI", "https://news.example/topics/ai/"),
            (3, "Computer Vision", "https://news.example/topics/computer-vision/"),
        ]

    def test_names_only_what_is_published(self, client: Client, ai: Topic) -> None:
        provider = make_provider(domain="paper.example")
        articles = {
            case: case.make(title="Canary", topics=(ai,), provider=provider)
            for case in CASES
            if case.status != 200
        }
        for address in (*LISTS, "/search/?q=Canary"):
            text = "".join(head(client, address).scripts)
            assert [case for case, one in articles.items() if one.slug in text] == [], address
            text = text.replace("q=Canary", "").replace("Search: Canary", "")
            assert "Canary" not in text, address


class TestHead:
    def test_story(self, client: Client, ai: Topic) -> None:
        article = make_article(
            title='Cats &amp; "dogs"',
            excerpt="They\nagreed.",
            published_at=NOW,
            updated_at=NOW + timedelta(hours=1),
            topics=(ai, make_topic("Pets")),
        )
        image = {"width": 1200, "height": 630, "title": "Two friends"}
        Image.objects.create(article=article, position=0, url="https://a.example/1.jpg", **image)
        forget_changes(article)
        found = head(client, f"{article.get_absolute_url()}?utm_source=x&fbclid=y")

        address = f"https://news.example/news/{article.slug}/"
        assert found.links["canonical"] == found["og:url"] == found.data["url"] == address
        assert found["og:type"] == "article"
        assert found["og:title"] == 'Cats & "dogs"'
        assert found["og:description"] == found["description"] == "They agreed."
        assert found["og:site_name"] == "The Gazette"
        assert found["og:locale"] == "en_US"
        assert found["og:image"] == "https://a.example/1.jpg"
        assert (found["og:image:width"], found["og:image:height"]) == ("1200", "630")
        assert found["og:image:alt"] == "Two friends"
        assert found["twitter:card"] == "summary_large_image"
        assert found["article:published_time"] == "2026-03-01T12:00:00+00:00"
        assert found["article:modified_time"] == "2026-03-01T13:00:00+00:00"
        assert found.metas["article:tag"] == ["AI", "Pets"]
        assert not [name for name in found.metas if "author" in name or "creator" in name]

    def test_story_with_little(self, client: Client) -> None:
        article = make_article(excerpt="", provider=make_provider(name="The Paper"))
        found = head(client, article.get_absolute_url())
        assert found["description"] == "Reported by The Paper"
        assert found["twitter:card"] == "summary"
        assert not {"og:image", "article:tag"} & found.metas.keys()

    @pytest.mark.parametrize("address", [*LISTS, "/topics/", "/providers/"])
    def test_list(self, client: Client, ai: Topic, address: str) -> None:
        make_article(provider=make_provider(domain="paper.example"), topics=(ai,))
        found = head(client, address)
        assert found.links["canonical"] == found["og:url"] == f"https://news.example{address}"
        assert found["og:type"] == "website"
        assert found["og:title"]
        assert 10 < len(found["description"]) <= 200
        assert found["twitter:card"] == "summary"

    @pytest.mark.parametrize(
        ("asked", "canonical"),
        [
            ("/latest/?utm_source=x&ref=y", "/latest/"),
            ("/latest/?after=", "/latest/"),
            ("/search/?page=3&q=cats+%26+d%C3%B6gs&utm_medium=z", "/search/?q=cats+%26+d%C3%B6gs"),
        ],
    )
    def test_canonical(self, client: Client, asked: str, canonical: str) -> None:
        assert head(client, asked).links["canonical"] == f"https://news.example{canonical}"

    def test_later_pages_have_their_own_url(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("articles.site.views.PAGE_SIZE", 1)
        make_article()
        make_article()
        html = client.get("/latest/").content.decode()
        further = re.search(r'href="(\?after=[^"]+|/latest/\?after=[^"]+)"', html)
        assert further
        address = "/latest/?" + further[1].partition("?")[2].replace("&amp;", "&")
        found = head(client, f"{address}&utm_source=x")
        assert found.links["canonical"] == f"https://news.example{address}"
        assert len(found.data["mainEntity"]["itemListElement"]) == 1

    def test_letters_of_every_script(self, client: Client) -> None:
        make_article(topics=(make_topic("経済"),))
        address = "/topics/%E7%B5%8C%E6%B8%88/"
        assert head(client, address).links["canonical"] == f"https://news.example{address}"

    def test_urls_use_the_host_of_the_request_without_site_url(
        self, client: Client, settings: Any
    ) -> None:
        settings.SITE_URL = ""
        assert head(client, "/").links["canonical"] == "http://testserver/"

    @pytest.mark.parametrize("address", ["/news/2026-03-01-never-was/", "/nothing"])
    def test_error_pages_have_no_metadata(self, client: Client, address: str) -> None:
        response = client.get(address)
        assert response.status_code == 404
        found = Head(response.content.decode())
        assert not found.scripts
        assert "canonical" not in found.links


class TestHostileTexts:
    @pytest.mark.parametrize("text", HOSTILE)
    def test_do_not_break_out(self, client: Client, text: str) -> None:
        topic = make_topic(text, key="ai", slug="ai")
        provider = make_provider(name=text, domain="paper.example", description=text)
        article = make_article(title=text, excerpt=text, provider=provider, topics=(topic,))
        relate(article, make_article(quality=60, title=text, provider=provider))
        Image.objects.create(
            article=article, position=0, url="https://a.example/</script>", title=text
        )
        plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        for address in (article.get_absolute_url(), *LISTS[:-1]):
            found = head(client, address)  # Asserts that the only script is data.
            names = {one.get("headline", one.get("name")) for one in things(found.data)}
            # Lists contain only the URLs of their stories.
            assert bool({plain, text} & names) is (address not in {"/", "/latest/"})

    @pytest.mark.parametrize("words", ["</script>", '"><script>', "\x00", "\u2028"])
    def test_words_searched_for(self, client: Client, words: str) -> None:
        response = client.get("/search/", {"q": words})
        assert response.status_code in {200, 400}
        assert len(Head(response.content.decode()).scripts) <= 1

    @pytest.mark.parametrize("text", HOSTILE)
    def test_as_json(self, text: str) -> None:
        written = as_json({"text": text})
        assert json.loads(written) == {"text": text}
        assert not re.search("[<>&'\u2028\u2029]", written)

    @pytest.mark.parametrize("number", [float("nan"), float("inf")])
    def test_fail_no_number(self, number: float) -> None:
        with pytest.raises(ValueError, match="not JSON compliant"):
            as_json({"number": number})
