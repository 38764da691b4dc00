"""Read feeds of all formats into one shape, and check them against the specifications.

RSS 2.0: https://www.rssboard.org/rss-specification; Atom: RFC 4287; JSON Feed 1.1:
https://www.jsonfeed.org/version/1.1/. ``feedparser`` must also find no error in the first two.
"""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import feedparser
from django.test import Client

HERE: Final = "http://testserver"
FORMATS: Final = ("rss", "atom", "json")
MEDIA_TYPES: Final = {
    "rss": "application/rss+xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "json": "application/feed+json; charset=utf-8",
}
ATOM: Final = "{http://www.w3.org/2005/Atom}"
CONTENT: Final = "{http://purl.org/rss/1.0/modules/content/}"
DC: Final = "{http://purl.org/dc/elements/1.1/}"
MEDIA: Final = "{http://search.yahoo.com/mrss/}"
_RFC_822: Final = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
    r"\d\d:\d\d:\d\d ([+-]\d{4}|GMT)"
)
_RFC_3339: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_URI: Final = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry in any of the three formats; missing values are empty strings."""

    id: str
    link: str
    original: str
    title: str
    summary: str
    """Plain text with line breaks."""
    content: str
    """HTML."""
    author: str
    published: datetime
    updated: datetime | None
    image: str
    tags: list[str]


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed in any of the three formats."""

    title: str
    link: str
    itself: str
    description: str
    language: str
    updated: datetime | None
    logo: str
    next: str
    entries: list[Entry]


def read(client: Client, address: str, **headers: str) -> Feed:
    """Read a feed, which must exist and follow every rule of its format."""
    response = client.get(address, headers=headers)
    assert response.status_code == 200
    ending = address.partition("?")[0].rpartition(".")[2]
    assert response["Content-Type"] == MEDIA_TYPES[ending]
    feed = {"rss": _rss, "atom": _atom, "json": _json}[ending](response.content)
    ids = [entry.id for entry in feed.entries]
    assert len(ids) == len(set(ids))
    assert "" not in ids
    return feed


def entry_of(client: Client, address: str) -> Entry:
    """Read the only entry of a feed."""
    (entry,) = read(client, address).entries
    return entry


def entry_of_slug(client: Client, address: str, slug: str) -> Entry:
    """Read an article's entry in a feed."""
    return next(one for one in read(client, address).entries if f"/{slug}/" in one.id)


def text_of(content: str) -> str:
    """Return the text of an entry's content as a reader sees it."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", content)).split())


def _parsed(content: bytes, version: str, ending: str) -> Any:
    headers = {"content-type": MEDIA_TYPES[ending]}
    parsed = feedparser.parse(io.BytesIO(content), response_headers=headers)
    assert parsed.bozo is False, parsed.bozo_exception
    assert parsed.version == version
    return parsed


def _rss(content: bytes) -> Feed:
    parsed = _parsed(content, "rss20", "rss")
    root = ET.fromstring(content)  # noqa: S314
    assert (root.tag, root.get("version")) == ("rss", "2.0")
    (channel,) = root
    items = channel.findall("item")
    assert len(parsed.entries) == len(items)
    for name in ("title", "link", "description"):
        assert len(channel.findall(name)) == 1
        assert _text(channel, name)
    links = _links(channel)
    assert _text(channel, "ttl").isdecimal()
    logo = channel.find("image")
    if logo is not None:
        # A channel's image repeats the channel's title and link.
        assert [_text(logo, name) for name in ("title", "link")] == [
            _text(channel, name) for name in ("title", "link")
        ]
    return Feed(
        title=_text(channel, "title"),
        link=_uri(_text(channel, "link")),
        itself=links["self"],
        description=_text(channel, "description"),
        language=_text(channel, "language"),
        updated=_rfc_822(_text(channel, "lastBuildDate")),
        logo="" if logo is None else _uri(_text(logo, "url")),
        next=links.get("next", ""),
        entries=[_rss_item(item) for item in items],
    )


def _rss_item(item: ET.Element) -> Entry:
    # A title or a description is required. Only categories may occur more than once.
    assert item.find("title") is not None
    names = [child.tag for child in item if child.tag != "category"]
    assert len(names) == len(set(names))
    guid = item.find("guid")
    assert guid is not None
    image = item.find(f"{MEDIA}content")
    if guid.get("isPermaLink") == "true":
        assert _uri(guid.text or "") == _text(item, "link")
    else:
        assert guid.get("isPermaLink") == "false"
    assert item.find("author") is None  # must be an e-mail address
    assert item.find("enclosure") is None  # needs a length, which is unknown
    return Entry(
        id=guid.text or "",
        link=_uri(_text(item, "link")),
        original=_links(item).get("via", ""),
        title=_text(item, "title"),
        summary=_plain(_text(item, "description")),
        content=_text(item, f"{CONTENT}encoded"),
        author=_text(item, f"{DC}creator"),
        published=_rfc_822(_text(item, "pubDate")),
        updated=None,
        image="" if image is None else _uri(image.get("url", "")),
        tags=[tag.text or "" for tag in item.findall("category")],
    )


def _atom(content: bytes) -> Feed:
    parsed = _parsed(content, "atom10", "atom")
    feed = ET.fromstring(content)  # noqa: S314
    assert feed.tag == f"{ATOM}feed"
    entries = feed.findall(f"{ATOM}entry")
    assert len(parsed.entries) == len(entries)
    for parent in (feed, *entries):
        for name in ("id", "title", "updated"):
            assert len(parent.findall(ATOM + name)) == 1
        for name in ("subtitle", "generator", "icon", "logo", "published", "summary", "content"):
            assert len(parent.findall(ATOM + name)) <= 1
    links = _links(feed)
    _uri(_text(feed, f"{ATOM}id"))
    _uri(_text(feed, f"{ATOM}icon"))
    return Feed(
        title=_text(feed, f"{ATOM}title"),
        link=links["alternate"],
        itself=links["self"],
        description=_text(feed, f"{ATOM}subtitle"),
        language=feed.get("{http://www.w3.org/XML/1998/namespace}lang", ""),
        updated=_rfc_3339(_text(feed, f"{ATOM}updated")),
        logo=_text(feed, f"{ATOM}logo"),
        next=links.get("next", ""),
        entries=[_atom_entry(entry) for entry in entries],
    )


def _atom_entry(entry: ET.Element) -> Entry:
    links = _links(entry)
    (author,) = entry.findall(f"{ATOM}author")
    content = entry.find(f"{ATOM}content")
    assert content is not None
    assert content.get("type") == "html"
    return Entry(
        id=_uri(_text(entry, f"{ATOM}id")),
        link=links["alternate"],
        original=links.get("via", ""),
        title=_text(entry, f"{ATOM}title"),
        summary=_plain(_text(entry, f"{ATOM}summary")),
        content=content.text or "",
        author=_text(author, f"{ATOM}name"),
        published=_rfc_3339(_text(entry, f"{ATOM}published")),
        updated=_rfc_3339(_text(entry, f"{ATOM}updated")),
        image=links.get("enclosure", ""),
        tags=[tag.get("term", "") for tag in entry.findall(f"{ATOM}category")],
    )


_FEED_KEYS: Final = {
    "version": str, "title": str, "home_page_url": str, "feed_url": str, "description": str,
    "next_url": str, "icon": str, "favicon": str, "language": str, "items": list,
}  # fmt: skip
_ITEM_KEYS: Final = {
    "id": str, "url": str, "external_url": str, "title": str, "summary": str, "content_html": str,
    "image": str, "date_published": str, "date_modified": str, "authors": list, "tags": list,
    "language": str,
}  # fmt: skip


def _json(content: bytes) -> Feed:
    feed = json.loads(content)
    _check_keys(feed, _FEED_KEYS, {"version", "title", "items"})
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    _uri(feed["favicon"])
    return Feed(
        title=feed["title"],
        link=_uri(feed["home_page_url"]),
        itself=_uri(feed["feed_url"]),
        description=feed["description"],
        language=feed["language"],
        updated=None,
        logo=feed.get("icon", ""),
        next=feed.get("next_url", ""),
        entries=[_json_item(item) for item in feed["items"]],
    )


def _json_item(item: dict[str, Any]) -> Entry:
    # The standard requires content_html or content_text.
    _check_keys(item, _ITEM_KEYS, {"id", "content_html"})
    (author,) = item["authors"]
    _check_keys(author, {"name": str, "url": str}, {"name"})
    return Entry(
        id=item["id"],
        link=_uri(item["url"]),
        original=item.get("external_url", ""),
        title=item["title"],
        summary=item.get("summary", ""),
        content=item["content_html"],
        author=author["name"],
        published=_rfc_3339(item["date_published"]),
        updated=_rfc_3339(item["date_modified"]),
        image=item.get("image", ""),
        tags=item.get("tags", []),
    )


def _check_keys(values: dict[str, Any], known: Mapping[str, type], required: set[str]) -> None:
    assert values.keys() >= required
    assert values.keys() <= known.keys()
    for name, value in values.items():
        # Missing values are omitted.
        assert isinstance(value, known[name]), name
        assert value or name == "items", name


def _text(parent: ET.Element, name: str) -> str:
    return parent.findtext(name) or ""


def _plain(markup: str) -> str:
    assert "<" not in markup.replace("<br>", "")
    return html.unescape(markup.replace("<br>", "\n"))


def _links(parent: ET.Element) -> dict[str, str]:
    """Return the URLs of Atom's links by relation; our feeds have at most one of each."""
    found = parent.findall(f"{ATOM}link")
    links = [(link.get("rel", ""), _uri(link.get("href", ""))) for link in found]
    assert len(dict(links)) == len(links)
    return dict(links)


def _uri(text: str) -> str:
    assert _URI.fullmatch(text), text
    assert urlsplit(text).scheme in {"http", "https"}, text
    assert urlsplit(text).netloc, text
    return text


def _rfc_822(text: str) -> datetime:
    assert _RFC_822.fullmatch(text), text
    moment = parsedate_to_datetime(text)
    # No other check covers the day of the week.
    assert moment.strftime("%a") == text[:3]
    return moment


def _rfc_3339(text: str) -> datetime:
    assert _RFC_3339.fullmatch(text), text
    return datetime.fromisoformat(text)
