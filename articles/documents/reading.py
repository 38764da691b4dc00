"""Read a document: its keys, and how each value is checked and converted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from articles.documents.canonical import read_canonical
from articles.documents.frontmatter import (
    NULLS,
    DocumentError,
    Node,
    Source,
    plain_kind,
    read_mapping,
)
from articles.documents.model import (
    ArticleDocument,
    DocumentImage,
    DocumentProvider,
    ProviderDocument,
    RelatedEntry,
    TopicDocument,
)
from articles.documents.yaml_text import Extra, Plain

MAX_QUALITY: Final = 1000
"""Highest quality, in heat points. Real documents have 1 to 154."""
MAX_SIZE: Final = 100_000
"""Largest width and height of an image, in pixels: anything above is a mistake."""
MAX_URL_BYTES: Final = 2_000
"""Longest URL, in UTF-8 bytes. PostgreSQL indexes no value over 2,704 bytes."""
MAX_LINE: Final = 1_000
"""Longest title or name, in characters."""
MAX_ERRORS: Final = 20
"""Most errors reported of one list: finding each line takes time, and nobody reads 10,000."""
MIN_YEAR, MAX_YEAR = 1900, 2199

_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?"
    r" ?(Z|z|[-+](?:[01]\d|2[0-3]):[0-5]\d)?\Z",
    re.ASCII,
)
_WHOLE_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,8})\Z", re.ASCII)
_HTTP = re.compile(r"https?://[^\s/?#\\]+(?:[/?#][^\t\n\r]*)?\Z", re.IGNORECASE)
_DOMAIN = re.compile(r"[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)*\Z")

# A converter takes the source and the node, and returns the value or raises DocumentError at the
# node's place.


def _string(source: Source, node: Node) -> str:
    value = node.value
    if type(value) is not str or (node.plain and plain_kind(value) is not None):
        is_quotable = type(value) is str and not node.is_null
        advice = "put it in quotes" if is_quotable else "write a single text"
        source.fail(node.index, f"expected a string, found {node.describe()}: {advice}")
    return value


def _line(source: Source, node: Node) -> str:
    value = _string(source, node)
    if not value or value.isspace():
        source.fail(node.index, "expected some text, found an empty string")
    if len(value) > MAX_LINE:
        source.fail(node.index, f"{len(value):,} characters: expected at most {MAX_LINE:,}")
    return value


def _url(source: Source, node: Node) -> str:
    value = _string(source, node)
    if not _HTTP.match(value):
        source.fail(
            node.index,
            f"expected a URL that starts with http:// or https://, {_found(node)}",
        )
    if len(value) > 500 and len(value.encode()) > MAX_URL_BYTES:
        source.fail(node.index, f"URL too long: expected at most {MAX_URL_BYTES:,} bytes")
    return value


def _logo_url(source: Source, node: Node) -> str:
    if type(node.value) is str and re.match(r"/[^/\\\s]\S*\Z", node.value):
        return node.value
    return _url(source, node)


def _time(source: Source, node: Node) -> datetime:
    match = _TIME.match(node.value) if type(node.value) is str else None
    if match is None:
        expected = "expected a time such as 2020-08-17T08:14:00Z"
        source.fail(node.index, f"{expected}, {_found(node)}")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    if zone is None:
        source.fail(node.index, f"no time zone in {node.value}: write it in UTC, with a final Z")
    try:
        moment = datetime(
            int(year),
            int(month),
            int(day),
            int(hour),
            int(minute),
            int(second),
            int(fraction.ljust(6, "0")) if fraction else 0,
            UTC,
        )
        if zone not in {"Z", "z"}:
            moment = datetime.fromisoformat(f"{moment:%Y-%m-%dT%H:%M:%S.%f}{zone}").astimezone(UTC)
    except (ValueError, OverflowError) as error:
        source.fail(node.index, f"impossible time {node.value}: {error}")
    if not MIN_YEAR <= moment.year <= MAX_YEAR:
        source.fail(
            node.index,
            f"impossible time {node.value}: expected a year {MIN_YEAR} to {MAX_YEAR}",
        )
    return moment


def _whole(source: Source, node: Node, least: int, most: int) -> int:
    value = node.value
    if type(value) is str and node.plain and _WHOLE_NUMBER.match(value):
        number = int(value)
        if least <= number <= most:
            return number
    expected = f"expected a whole number from {least} to {most:,}"
    raise source.error(node.index, f"{expected}, {_found(node)}")


def _quality(source: Source, node: Node) -> int:
    return _whole(source, node, 0, MAX_QUALITY)


def _heat(source: Source, node: Node) -> int:
    return _whole(source, node, -1, 30_000)


def _size(source: Source, node: Node) -> int:
    return _whole(source, node, 0, MAX_SIZE)


def _flag(source: Source, node: Node) -> bool:
    value = node.value
    if not node.plain or value not in {"true", "false", "True", "False", "TRUE", "FALSE"}:
        source.fail(node.index, f"expected true or false without quotes, {_found(node)}")
    return value in {"true", "True", "TRUE"}


def _kind(source: Source, node: Node) -> str:
    value = node.value
    if type(value) is not str or value not in {"article", "video"}:
        source.fail(node.index, f"expected article or video, {_found(node)}")
    return value


def _domain(source: Source, node: Node) -> str:
    value = _line(source, node)
    if len(value) > 253 or not _DOMAIN.match(value):
        source.fail(node.index, f"expected a domain such as nypost.com, {_found(node)}")
    return value


def _found(node: Node) -> str:
    return f"found {node.describe()}"


def _list(source: Source, node: Node) -> list[Node]:
    if type(node.value) is not list:
        source.fail(
            node.index,
            f"expected a list, {_found(node)}: start each item with a hyphen",
        )
    return node.value


def _slug(source: Source, node: Node) -> str:
    value = _string(source, node)
    if not re.fullmatch(r"[\w-]{1,100}", value):
        source.fail(node.index, f"expected letters, digits and hyphens, {_found(node)}")
    return value


def _topic(source: Source, node: Node) -> str:
    name = _line(source, node)
    if not any(map(str.isalnum, name)):
        source.fail(node.index, f"expected a topic with letters or digits, {_found(node)}")
    return name


def _extra(node: Node) -> Extra:
    """Return the value of an unknown key as it is."""
    value = node.value
    if isinstance(value, str):
        return Plain(value) if node.plain and plain_kind(value) is not None else value
    if isinstance(value, list):
        return [_extra(item) for item in value]
    return {key: _extra(item) for key, item in value.items()}


_Converter = Callable[[Source, Node], Any]
Keys = Mapping[str, tuple[str, _Converter]]


def _read(source: Source, node: Node, keys: Keys, required: tuple[str, ...]) -> dict[str, Any]:
    """Convert a mapping: known keys by ``keys``, the others into ``extra``; null counts as absent.

    Continues after an error, so that one DocumentError names all of them.
    """
    if type(node.value) is not dict:
        source.fail(node.index, f"expected keys such as {required[0]}: …, {_found(node)}")
    values: dict[str, Any] = {}
    extra: dict[str, Extra] = {}
    errors: list[DocumentError] = []
    for key, child in node.value.items():
        known = keys.get(key)
        if known is None:
            extra[key] = _extra(child)
        elif not (child.plain and child.value in NULLS):
            name, convert = known
            try:
                values[name] = convert(source, child)
            except DocumentError as error:
                values[name] = None
                errors += error, *error.more
    for key in required:
        if keys[key][0] not in values:
            errors.append(_missing(source, node, key))
    if keys is ARTICLE_KEYS or keys is ENTRY_KEYS:
        errors += _inconsistent(source, node, values)
    if errors:
        first, *more = sorted(errors, key=lambda error: (error.line, error.column))
        first.more = tuple(more)
        raise first
    if extra:
        values["extra"] = extra
    return values


def _missing(source: Source, node: Node, key: str) -> DocumentError:
    if key in node.value:
        return source.error(node.value[key].key_index, f"{key} has no value: add one")
    return source.error(node.key_index, f"missing key {key}: add it")


def _inconsistent(source: Source, node: Node, values: dict[str, Any]) -> Iterator[DocumentError]:
    if "web_url" not in values and "original_url" not in values:
        yield source.error(
            node.key_index, "missing key webUrl (or originalUrl for a video): add it"
        )
    if "quality" not in values:
        for key in ("heat", "published"):
            if key in values:
                message = f"{key} without quality: add quality or remove {key}"
                yield source.error(node.value[key].key_index, message)


IMAGE_KEYS: Keys = {
    "url": ("url", _url),
    "width": ("width", _size),
    "height": ("height", _size),
    "title": ("title", _string),
    "attribution": ("attribution", _string),
    "isCached": ("is_cached", _flag),
}
_LOGO_KEYS: Keys = {**IMAGE_KEYS, "url": ("url", _logo_url)}


def _image(source: Source, node: Node) -> DocumentImage:
    return DocumentImage(**_read(source, node, IMAGE_KEYS, ("url",)))


def _logo(source: Source, node: Node) -> DocumentImage:
    return DocumentImage(**_read(source, node, _LOGO_KEYS, ("url",)))


def _each(convert: _Converter) -> _Converter:
    def convert_all(source: Source, node: Node) -> tuple[Any, ...]:
        values: list[Any] = []
        errors: list[DocumentError] = []
        for item in _list(source, node):
            try:
                values.append(convert(source, item))
            except DocumentError as error:
                errors += error, *error.more
                if len(errors) >= MAX_ERRORS:
                    break
        if errors:
            errors[0].more = tuple(errors[1:])
            raise errors[0]
        return tuple(values)

    return convert_all


_images = _each(_image)

PROVIDER_KEYS: Keys = {
    "name": ("name", _line),
    "domain": ("domain", _domain),
    "images": ("images", _each(_logo)),
}


def _provider(source: Source, node: Node) -> DocumentProvider:
    return DocumentProvider(**_read(source, node, PROVIDER_KEYS, ("name", "domain")))


ENTRY_KEYS: Keys = {
    "title": ("title", _line),
    "excerpt": ("excerpt", _string),
    "publishedDateTime": ("published_at", _time),
    "originalUrl": ("original_url", _url),
    "webUrl": ("web_url", _url),
    "ampWebUrl": ("amp_url", _url),
    "cdnAmpWebUrl": ("cdn_amp_url", _url),
    "type": ("type", _kind),
    "provider": ("provider", _provider),
    "quality": ("quality", _quality),
    "images": ("images", _images),
}
_REQUIRED = ("title", "publishedDateTime", "provider")


def _entry(source: Source, node: Node) -> RelatedEntry:
    return RelatedEntry(**_read(source, node, ENTRY_KEYS, _REQUIRED))


ARTICLE_KEYS: Keys = {
    "category": ("category", _line),
    "title": ("title", _line),
    "excerpt": ("excerpt", _string),
    "publishedDateTime": ("published_at", _time),
    "updatedDateTime": ("updated_at", _time),
    "originalUrl": ("original_url", _url),
    "webUrl": ("web_url", _url),
    "ampWebUrl": ("amp_url", _url),
    "cdnAmpWebUrl": ("cdn_amp_url", _url),
    "type": ("type", _kind),
    "quality": ("quality", _quality),
    "heat": ("heat", _heat),
    "published": ("published", _flag),
    "featuredContent": ("featured_content", _string),
    "provider": ("provider", _provider),
    "topics": ("topics", _each(_topic)),
    "images": ("images", _images),
    "related": ("related", _each(_entry)),
    "secured": ("secured", _string),
}


def parse(path: str, data: bytes) -> ArticleDocument:
    """Read a document; ``path`` is for messages only. Raises DocumentError."""
    source = Source(path, data)
    root = read_canonical(source)
    if root is not None:
        try:
            return _article(source, root)
        except DocumentError:
            # These nodes have no places. The other reader finds the error again, with its place.
            pass
    return _article(source, read_mapping(source))


def _article(source: Source, root: Node) -> ArticleDocument:
    values = _read(source, root, ARTICLE_KEYS, _REQUIRED)
    return ArticleDocument(**values, body=source.body, line_end=source.line_end)


_TOPIC_KEYS: Keys = {
    "_id": ("id", _slug),
    "name": ("name", _line),
    "shortname": ("short_name", _line),
    "parent": ("parent", _line),
    "keywords": ("keywords", _each(_line)),
    "hashtags": ("hashtags", _each(_line)),
}
_PROVIDER_FILE_KEYS: Keys = {
    "name": ("name", _line),
    "domain": ("domain", _domain),
    "description": ("description", _string),
    "images": ("images", _each(_logo)),
}


def parse_topic(path: str, data: bytes) -> TopicDocument:
    """Read a topic file, which is all YAML. Raises DocumentError."""
    source = Source(path, data, fenced=False)
    return TopicDocument(**_read(source, read_mapping(source), _TOPIC_KEYS, ("name",)))


def parse_provider(path: str, data: bytes) -> ProviderDocument:
    """Read a provider file, which is front matter. Raises DocumentError."""
    source = Source(path, data)
    required = ("name", "domain")
    return ProviderDocument(**_read(source, read_mapping(source), _PROVIDER_FILE_KEYS, required))
