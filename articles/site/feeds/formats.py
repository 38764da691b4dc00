"""Writers for RSS 2.0, Atom and JSON Feed 1.1."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any, Final
from xml.sax.xmlreader import AttributesImpl

from django.urls.converters import StringConverter
from django.utils.feedgenerator import Atom1Feed, Rss201rev2Feed, SyndicationFeed, rfc3339_date
from django.utils.xmlutils import SimplerXMLGenerator

_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KEPT: Final = "image/jpeg"
"""The type of stored images, whose size in bytes is known."""
_NOTHING_YET: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""The date of an empty feed. It is constant so that clients need not read the feed again."""


def clean(value: Any) -> Any:
    """Remove characters that XML 1.0 forbids from a text or all texts in a list or mapping."""
    match value:
        case str():
            return _NO_XML.sub("", value)
        case list() | tuple():
            return [clean(one) for one in value]
        case dict():
            return {key: clean(one) for key, one in value.items()}
        case _:
            return value


class _Dated(SyndicationFeed):
    """A feed dated by its most recently changed entry."""

    def latest_post_date(self) -> datetime:
        return max((item["updateddate"] for item in self.items), default=_NOTHING_YET)


class Rss(_Dated, Rss201rev2Feed):
    """RSS 2.0, with extensions for content, images and links.

    https://www.rssboard.org/rss-specification, https://www.rssboard.org/media-rss
    """

    label = "RSS"
    media_type = "application/rss+xml"
    content_type = f"{media_type}; charset=utf-8"

    def rss_attributes(self) -> dict[str, str]:
        return super().rss_attributes() | {
            "xmlns:content": "http://purl.org/rss/1.0/modules/content/",
            "xmlns:media": "http://search.yahoo.com/mrss/",
        }

    def add_root_elements(self, handler: SimplerXMLGenerator) -> None:
        super().add_root_elements(handler)
        handler.addQuickElement("generator", self.feed["generator"])
        if self.feed["next_url"]:
            link = {"rel": "next", "href": self.feed["next_url"]}
            handler.addQuickElement("atom:link", None, link)
        if self.feed["logo"]:
            handler.startElement("image", AttributesImpl({}))
            handler.addQuickElement("url", self.feed["logo"])
            handler.addQuickElement("title", self.feed["title"])
            handler.addQuickElement("link", self.feed["link"])
            handler.endElement("image")

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        handler.addQuickElement("content:encoded", item["content"])
        if item["original"]:
            handler.addQuickElement("atom:link", None, {"rel": "via", "href": item["original"]})
        if image := item["image"]:
            self._add_image(handler, image)

    def _add_image(self, handler: SimplerXMLGenerator, image: dict[str, Any]) -> None:
        sizes = {name: str(image[name]) for name in ("width", "height") if image[name]}
        attributes = {"url": image["url"], "medium": "image"} | sizes
        # An enclosure needs the size in bytes, which is unknown for images on other sites.
        if image["byte_size"]:
            kept = {"type": _KEPT, "length": str(image["byte_size"])}
            handler.addQuickElement("enclosure", None, {"url": image["url"], **kept})
            attributes |= {"type": _KEPT, "fileSize": kept["length"]}
        handler.startElement("media:content", AttributesImpl(attributes))
        if image["title"]:
            handler.addQuickElement("media:description", image["title"], {"type": "plain"})
        if image["credit"]:
            handler.addQuickElement("media:credit", image["credit"])
        handler.endElement("media:content")


class Atom(_Dated, Atom1Feed):
    """Atom, RFC 4287."""

    label = "Atom"
    media_type = "application/atom+xml"
    content_type = f"{media_type}; charset=utf-8"

    def add_root_elements(self, handler: SimplerXMLGenerator) -> None:
        super().add_root_elements(handler)
        handler.addQuickElement("generator", self.feed["generator"])
        handler.addQuickElement("icon", self.feed["icon"])
        if self.feed["logo"]:
            handler.addQuickElement("logo", self.feed["logo"])
        if self.feed["next_url"]:
            # RFC 5005: pages of one feed.
            handler.addQuickElement("link", None, {"rel": "next", "href": self.feed["next_url"]})

    def item_attributes(self, item: dict[str, Any]) -> dict[str, str]:
        return {"xml:lang": item["language"]} if item["language"] else {}

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        handler.addQuickElement("content", item["content"], {"type": "html"})
        if item["original"]:
            handler.addQuickElement("link", None, {"rel": "via", "href": item["original"]})
        if image := item["image"]:
            size = image["byte_size"]
            kept = {"type": _KEPT, "length": str(size)} if size else {}
            link = {"rel": "enclosure", "href": image["url"], **kept}
            handler.addQuickElement("link", None, link)


class Json(_Dated):
    """JSON Feed 1.1: https://www.jsonfeed.org/version/1.1/."""

    label = "JSON Feed"
    media_type = "application/feed+json"
    content_type = f"{media_type}; charset=utf-8"

    def write(self, outfile: Any, encoding: str) -> None:
        feed = self.feed
        written = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": feed["title"],
            "home_page_url": feed["link"],
            "feed_url": feed["feed_url"],
            "description": feed["description"],
            "next_url": feed["next_url"],
            "icon": feed["logo"],
            "favicon": feed["icon"],
            "language": feed["language"],
        }
        items = [_present(_json_item(item)) for item in self.items]
        text = json.dumps(_present(written) | {"items": items}, ensure_ascii=False)
        outfile.write(text.encode(encoding))


def _json_item(item: dict[str, Any]) -> dict[str, Any]:
    author = {"name": item["author_name"], "url": item["author_link"]}
    return {
        "id": item["unique_id"],
        "url": item["link"],
        "external_url": item["original"],
        "title": item["title"],
        "summary": item["summary"],
        "content_html": item["content"],
        "image": item["image"] and item["image"]["url"],
        "date_published": rfc3339_date(item["pubdate"]),
        "date_modified": rfc3339_date(item["updateddate"]),
        "authors": [_present(author)],
        "tags": item["categories"],
        "language": item["language"],
    }


def _present(values: dict[str, Any]) -> dict[str, Any]:
    """Return ``values`` without the empty ones, so that the feed has no nulls."""
    return {name: value for name, value in values.items() if value}


FORMATS: Final[dict[str, type[Rss | Atom | Json]]] = {"rss": Rss, "atom": Atom, "json": Json}
"""The classes that write feeds, by the ending of the feed's URL."""


class FormatConverter(StringConverter):
    regex = "|".join(FORMATS)
