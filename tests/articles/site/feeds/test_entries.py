"""Feed entries with any text."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest
from django.test import Client
from django.utils import timezone

from articles.models import Image
from tests.articles.site.feeds.reading import (
    FORMATS,
    HERE,
    MEDIA,
    entry_of,
    entry_of_slug,
    read,
    text_of,
)
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

formats = pytest.mark.parametrize("ending", FORMATS)
HOSTILE: Final = {
    "markup": "<script>alert(1)</script> & <b>bold</b>",
    "end of character data": "]]> <![CDATA[ x ]]> <!-- -- -->",
    "entities": "AT&amp;amp;T &amp;lt;b&amp;gt; &amp;#8217;",
    "right to left": "\u200fخبر عاجل\u200e (שלום) \u202eabc\u202c",
    "beyond the first plane": "👩🏽‍🚀 \U0001d518\U0001d52b é 漢字",
    "quotes": "\"one\" 'two' `three` \\ \u2028 \u2029x",
}


@formats
class TestEntry:
    def test_has_the_content_of_the_page(self, client: Client, ending: str) -> None:
        article = make_article(
            title="It&#233;s &lt;b&gt;",
            excerpt="One &amp; <i>two</i>\nthree",
            published_at=NOW,
            updated_at=NOW + timedelta(hours=1),
            topics=(make_topic("Zebras"), make_topic("Apes & Co.")),
            provider=make_provider(name="The <Paper>", domain="paper.example"),
            web_url="https://paper.example/ä b?x=1&y=2",
        )
        image = {"url": "https://a.example/ü.jpg?a=1&b=2", "width": 1200, "height": 800}
        Image.objects.create(article=article, position=0, url="javascript:alert(1)")
        Image.objects.create(article=article, position=1, title="A <p>", attribution="B", **image)
        Image.objects.create(article=article, position=2, url="https://a.example/2.jpg")
        forget_changes(article)
        entry = entry_of(client, f"/feed.{ending}")

        assert entry.id == entry.link == f"{HERE}/news/{article.slug}/"
        assert entry.original == "https://paper.example/%C3%A4%20b?x=1&y=2"
        assert entry.title == "Ités <b>"
        assert entry.author == "The <Paper>"
        assert entry.published == NOW
        assert entry.updated in {None, NOW + timedelta(hours=1)}
        assert entry.tags == ["Zebras", "Apes & Co."]
        assert entry.image == "https://a.example/%C3%BC.jpg?a=1&b=2"
        assert entry.summary == "One & <i>two</i>\nthree"
        assert text_of(entry.content) == "One & <i>two</i> three Read at The <Paper>"
        assert '<a href="https://paper.example/%C3%A4%20b?x=1&amp;y=2" rel="no' in entry.content
        assert "<i>" not in entry.content

    def test_coverage(self, client: Client, ending: str) -> None:
        lead = make_article(title="Lead", excerpt="")
        first = make_article(title="A <b> &amp; C", quality=60, coverage_only=True)
        second = make_article(title="No link", quality=50, web_url="javascript:alert(1)")
        relate(lead, second, first)
        entry = entry_of(client, f"/feed.{ending}")

        assert text_of(entry.content) == (
            f"Read at {lead.provider.name} More coverage "
            f"{first.provider.name}: A <b> & C {second.provider.name}: No link"
        )
        assert f'<a href="{first.web_url}" rel="noopener noreferrer external">A &lt;b&gt; &amp; C</a>' in entry.content  # fmt: skip
        assert "javascript:" not in entry.content

    def test_a_minimal_document(self, client: Client, ending: str) -> None:
        article = make_article(excerpt="", web_url="javascript:alert(1)", type="video")
        entry = entry_of(client, f"/feed.{ending}")

        assert entry.summary == entry.original == entry.image == ""
        assert entry.tags == []
        assert entry.content == f"<p>{article.provider.name}</p>"

    def test_video(self, client: Client, ending: str) -> None:
        address = "https://video.example/watch/1"
        make_article(type="video", web_url="", original_url=address, featured_content="<iframe>")
        entry = entry_of(client, f"/feed.{ending}")

        assert entry.original == address
        assert "Watch at" in entry.content
        assert "iframe" not in client.get(f"/feed.{ending}").content.decode()

    def test_coverage_of_a_followed_story(self, client: Client, ending: str) -> None:
        lead = make_article(published_at=NOW, title="Lead", excerpt="Excerpt")
        stub = make_article(coverage_only=True, title="Stub", published_at=NOW - timedelta(hours=1))
        page = make_article(title="Published", published_at=NOW - timedelta(hours=2))
        no_link = {"web_url": "javascript:alert(1)", "published_at": NOW - timedelta(hours=3)}
        bare = make_superseded(lead, title="Bare", **no_link)
        relate(lead, stub, page, bare)
        entries = read(client, f"/news/{lead.slug}/feed.{ending}").entries

        assert [entry.title for entry in entries] == ["Lead", "Stub", "Published", "Bare"]
        assert [entry.link for entry in entries] == [
            f"{HERE}/news/{lead.slug}/",
            stub.web_url,
            f"{HERE}/news/{page.slug}/",
            f"{HERE}/news/{lead.slug}/",
        ]
        assert [entry.original for entry in entries][1:] == [stub.web_url, page.web_url, ""]
        assert [entry.author for entry in entries][1] == stub.provider.name
        # An entry keeps its id in every feed, even when its link changes.
        slugs = [one.slug for one in (lead, stub, page, bare)]
        assert [entry.id for entry in entries] == [f"{HERE}/news/{slug}/" for slug in slugs]
        assert entries[0] == entry_of_slug(client, f"/feed.{ending}", lead.slug)


@formats
class TestIdentityAndTime:
    def test_id_does_not_depend_on_the_title(self, client: Client, ending: str) -> None:
        article = make_article(title="Before")
        before = entry_of(client, f"/feed.{ending}")
        article.title = "After"
        article.save()
        after = entry_of(client, f"/feed.{ending}")

        assert (before.title, after.title) == ("Before", "After")
        assert before.id == after.id

    def test_updated_is_never_in_the_future(self, client: Client, ending: str) -> None:
        now = timezone.now()
        lead = make_article(published_at=NOW, updated_at=now + timedelta(days=1))
        ahead: dict[str, Any] = {"published_at": now + timedelta(days=1)}
        relate(lead, make_article(coverage_only=True, **ahead), make_article(quality=None, **ahead))
        forget_changes(lead)
        assert entry_of(client, f"/feed.{ending}").updated in {None, NOW}

        # An article may be dated a few minutes ahead of our clock.
        soon = now + timedelta(minutes=10)
        made = NOW - timedelta(days=1)
        make_article(slug="2026-03-01-ahead", created_at=made, published_at=soon)
        entry = entry_of_slug(client, f"/feed.{ending}", "2026-03-01-ahead")
        assert entry.updated in {None, made}
        assert read(client, f"/feed.{ending}").updated in {None, NOW}


@formats
class TestHostileWords:
    @pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
    def test_come_back_as_they_are(self, client: Client, ending: str, words: str) -> None:
        # Documents may contain entities; feed readers get the actual characters.
        shown = " ".join(html.unescape(words).split())
        provider = make_provider(name=words)
        topic = make_topic(words, key="words", slug="words")
        texts = {"title": words, "excerpt": words}
        article = make_article(provider=provider, topics=(topic,), **texts)
        report = make_article(title=words, provider=provider, coverage_only=True)
        relate(article, report)
        Image.objects.create(
            article=article,
            position=0,
            url=f"https://a.example/{words}",
            title=words,
            attribution=words,
        )
        name = " ".join(words.split())
        for path in ("", "topics/words/", f"news/{article.slug}/"):
            entry = entry_of_slug(client, f"/{path}feed.{ending}", article.slug)
            assert entry.title == " ".join(entry.summary.split()) == shown
            assert entry.author == name
            assert entry.tags == [name]
            assert text_of(entry.content) == f"{shown} Read at {name} More coverage {name}: {shown}"
            for tag in re.findall(r"<[^>]*>", entry.content):
                assert re.fullmatch(r'</?(p|br|h2|ul|li|a)( href="[^"<]*" rel="[a-z ]+")?>', tag)

    def test_characters_that_xml_cannot_have_are_removed(self, client: Client, ending: str) -> None:
        words = "a\x01b\x0bc\x1f\ufffed\uffff\x7fe"
        provider = make_provider(name=words)
        topic = make_topic(words, key="words", slug="words")
        article = make_article(
            title=words,
            excerpt=f"{words}\r\n&#1;&#xb;&#xd800;{words}",
            topics=(topic,),
            provider=provider,
            web_url=f"https://a.example/{words}",
        )
        relate(article, make_article(title=words, provider=provider, coverage_only=True))
        Image.objects.create(article=article, position=0, url=f"https://a.example/{words}")
        for path in ("", "topics/words/", f"providers/{provider.domain}/", f"news/{article.slug}/"):
            feed = read(client, f"/{path}feed.{ending}")
            assert feed.title.endswith("abcd\x7fe") is (path != "")
            entry = entry_of_slug(client, f"/{path}feed.{ending}", article.slug)
            assert entry.title == entry.author == entry.tags[0] == "abcd\x7fe"
            # This kind of URL must not become a link.
            assert entry.original == entry.image == ""


class TestImages:
    """Values that only RSS has elements for."""

    def test_size_caption_and_credit(self, client: Client) -> None:
        image = {"url": "https://a.example/1.jpg", "title": "A <b>", "attribution": "An & Agency"}
        Image.objects.create(article=make_article(), position=0, width=1200, height=800, **image)
        rss = ET.fromstring(client.get("/feed.rss").content)  # noqa: S314
        (content,) = rss.iter(f"{MEDIA}content")

        assert content.attrib == {
            "url": "https://a.example/1.jpg",
            "medium": "image",
            "width": "1200",
            "height": "800",
        }
        assert content.findtext(f"{MEDIA}description") == "A <b>"
        assert content.findtext(f"{MEDIA}credit") == "An & Agency"

    def test_unknown(self, client: Client) -> None:
        url = "https://a.example/1.jpg"
        Image.objects.create(article=make_article(), position=0, url=url, width=0)
        rss = ET.fromstring(client.get("/feed.rss").content)  # noqa: S314
        (content,) = rss.iter(f"{MEDIA}content")

        assert content.attrib == {"url": url, "medium": "image"}
        assert list(content) == []
