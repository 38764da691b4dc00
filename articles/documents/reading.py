"""Read a document: its keys, which ones are required, and how bad values are handled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from articles.documents import values
from articles.documents.canonical import read_canonical
from articles.documents.frontmatter import NULLS, Node, read_mapping
from articles.documents.model import (
    ArticleDocument,
    Desk,
    DocumentImage,
    DocumentProvider,
    ProviderDocument,
    RelatedEntry,
    TopicDocument,
)
from articles.documents.problems import (
    NO_NEWS_KEYS,
    NO_QUALITY,
    DocumentError,
    DocumentWarning,
    NotNewsError,
    shown,
)
from articles.documents.source import Source
from articles.documents.values import Converter
from articles.documents.yaml_text import Extra

Keys = Mapping[str, tuple[str, Converter]]

_ADDRESSES: Final = ("webUrl", "originalUrl")

# Other tools' names for the required keys.
_OTHER_NAMES: Final = {
    "publishedDateTime": {"date", "pubdate", "published", "publisheddate", "publishedat", "datepublished", "publishdate"},
    "webUrl": {"url", "link", "permalink", "canonicalurl", "externalurl", "originalurl"},
    "title": {"headline", "name"},
    "provider": {"source", "publisher", "site"},
    "domain": {"host", "url", "site"},
}  # fmt: skip


def _read(
    source: Source, node: Node, keys: Keys, required: tuple[str, ...], *, may_lack: bool = False
) -> dict[str, Any]:
    """Convert known keys of a mapping by ``keys``; put the others in ``extra``.

    Null counts as absent. A bad value of a key that is not ``required`` is left out with a warning.
    With ``may_lack`` no key is required, and the first is only an example.
    Continue after an error, so that one DocumentError reports all errors.
    """
    if type(node.value) is not dict:
        expected = f"expected keys such as {required[0]}: …"
        source.fail(node.index, f"{expected}, {values.found(node)}")
    if may_lack:
        required = ()
    result: dict[str, Any] = {}
    extra: dict[str, Extra] = {}
    errors: list[DocumentError] = []
    bad: dict[str, DocumentError] = {}
    for key, child in node.value.items():
        known = keys.get(key)
        if known is None:
            extra[key] = values.unknown(child)
            if keys is ARTICLE_KEYS and len(key.split()) > 2:
                message = (
                    "an unknown key of several words: if it continues the value above, indent it"
                )
                source.warn(child.key_index, message)
        elif not (child.plain and child.value in NULLS):
            name, convert = known
            try:
                result[name] = convert(source, child)
            except DocumentError as error:
                bad[key] = error
        elif child.comment is not None and key not in required:
            message = f"the # begins a comment, so {key} is empty: put the value in quotes"
            source.warn(child.comment, message)
    for key in required:
        if key in bad:
            wrong = bad.pop(key)
            errors += wrong, *wrong.more
        elif keys[key][0] not in result:
            errors.append(_missing(source, node, key))
    if "webUrl" in keys:
        errors += _without_address(source, node, result, bad)
    if keys is ARTICLE_KEYS:
        errors += _without_quality(source, node, result, bad)
    for key, wrong in bad.items():
        source.warn_of(wrong, f"the key {key} is left out")
    if errors:
        first, *more = sorted(errors, key=lambda error: (error.line, error.column))
        first.more = tuple(more)
        raise first
    if extra:
        result["extra"] = extra
    return result


def _missing(source: Source, node: Node, key: str) -> DocumentError:
    child = node.value.get(key)
    if child is not None and child.comment is not None:
        message = f"the # begins a comment, so {key} is empty: put the value in quotes"
        return source.error(child.comment, message)
    if child is not None:
        return source.error(child.key_index, f"{key} has no value: add one")
    other = _other_name(node, key)
    if other is not None:
        form = ": 2020-08-17T08:14:00Z" if key == "publishedDateTime" else ""
        message = f"missing key {key}: write {shown(other)} as {key}{form}"
        return source.error(node.value[other].key_index, message)
    return source.error(node.key_index, f"missing key {key}: add it")


def _other_name(node: Node, key: str) -> str | None:
    """Return a key probably meant as ``key``: in different case, or under another tool's name."""
    for other in node.value:
        squeezed = other.lower().replace("_", "").replace("-", "").replace(" ", "")
        if squeezed == key.lower():
            return str(other)
    names = _OTHER_NAMES.get(key, set())
    for other in node.value:
        squeezed = other.lower().replace("_", "").replace("-", "")
        if squeezed in names and other not in ARTICLE_KEYS:
            return str(other)
    return None


def _without_address(
    source: Source, node: Node, result: dict[str, Any], bad: dict[str, DocumentError]
) -> Iterator[DocumentError]:
    """Yield the problems of the addresses if none of them can be used."""
    if "web_url" in result or "original_url" in result:
        return
    wrong = [bad.pop(key) for key in _ADDRESSES if key in bad]
    if wrong:
        yield from wrong
        return
    missing = _missing(source, node, "webUrl")
    if missing.message == "missing key webUrl: add it":
        message = "missing key webUrl (or originalUrl for a video): add it"
        missing = source.error(node.key_index, message)
    yield missing


def _without_quality(
    source: Source, node: Node, result: dict[str, Any], bad: dict[str, DocumentError]
) -> Iterator[DocumentError]:
    """Yield errors for heat and published without a quality; remove both if the quality is bad."""
    if "quality" in result:
        return
    for key in ("heat", "published"):
        name, _ = ARTICLE_KEYS[key]
        if "quality" in bad:
            bad.pop(key, None)
            result.pop(name, None)
        elif name in result:
            message = f"{key} without quality: add quality or remove {key}"
            yield source.error(node.value[key].key_index, message)


IMAGE_KEYS: Keys = {
    "url": ("url", values.image_url),
    "width": ("width", values.size),
    "height": ("height", values.size),
    "title": ("title", values.text),
    "attribution": ("attribution", values.text),
    "isCached": ("is_cached", values.flag),
}
_LOGO_KEYS: Keys = {**IMAGE_KEYS, "url": ("url", values.logo_url)}


def _image(source: Source, node: Node) -> DocumentImage:
    return DocumentImage(**_read(source, node, IMAGE_KEYS, ("url",)))


def _logo(source: Source, node: Node) -> DocumentImage:
    return DocumentImage(**_read(source, node, _LOGO_KEYS, ("url",)))


def _each(what: str, convert: Converter) -> Converter:
    """Return a converter for lists that leaves out bad items with a warning."""

    def convert_all(source: Source, node: Node) -> tuple[Any, ...]:
        converted: list[Any] = []
        for item in values.items(source, node):
            try:
                converted.append(convert(source, item))
            except DocumentError as error:
                source.warn_of(error, f"this {what} is left out")
        return tuple(converted)

    return convert_all


_images = _each("image", _image)

PROVIDER_KEYS: Keys = {
    "name": ("name", values.line),
    "domain": ("domain", values.domain),
    "images": ("images", _each("logo", _logo)),
}


_KNOWN_PROVIDERS: Final = 4_096
"""How many providers to remember. Each is checked and stored only once."""


def _remembered(convert: Callable[[Source, Node], DocumentProvider]) -> Converter:
    """Return a converter of providers that remembers those without warnings.

    A hub names the same few hundred in all its documents.
    """
    known: dict[Any, DocumentProvider] = {}

    def remember(source: Source, node: Node) -> DocumentProvider:
        values = _values_of(node)
        found = known.get(values)
        if found is None:
            warnings = len(source.warnings)
            found = convert(source, node)
            if len(source.warnings) == warnings and len(known) < _KNOWN_PROVIDERS:
                known[values] = found
        return found

    return remember


def _values_of(node: Node) -> Any:
    """Return what the conversion of a node depends on: everything but its positions."""
    value = node.value
    if type(value) is str:
        return value, node.plain, node.comment is None
    if type(value) is list:
        return tuple([_values_of(one) for one in value])
    return tuple([(key, _values_of(one)) for key, one in value.items()])


@_remembered
def _provider(source: Source, node: Node) -> DocumentProvider:
    return DocumentProvider(**_read(source, node, PROVIDER_KEYS, ("name", "domain")))


@_remembered
def _entry_provider(source: Source, node: Node) -> DocumentProvider:
    """Read the provider of an entry. Without a usable name, its domain is the name."""
    result = _read(source, node, PROVIDER_KEYS, ("domain",))
    if "name" not in result:
        if "name" not in node.value or node.value["name"].is_null:
            source.warn_of(_missing(source, node, "name"), "the domain stands in")
        result["name"] = result["domain"]
    return DocumentProvider(**result)


ENTRY_KEYS: Keys = {
    "title": ("title", values.line),
    "excerpt": ("excerpt", values.text),
    "publishedDateTime": ("published_at", values.time),
    "originalUrl": ("original_url", values.url),
    "webUrl": ("web_url", values.url),
    "ampWebUrl": ("amp_url", values.url),
    "cdnAmpWebUrl": ("cdn_amp_url", values.url),
    "type": ("type", values.kind),
    "provider": ("provider", _entry_provider),
    "quality": ("quality", values.quality),
    "images": ("images", _images),
}
_REQUIRED: Final = ("title", "publishedDateTime", "provider")


def _entry(source: Source, node: Node) -> RelatedEntry:
    return RelatedEntry(**_read(source, node, ENTRY_KEYS, _REQUIRED))


_addresses = _each("address", values.url)

DESK_KEYS: Keys = {
    "decision": ("decision", values.decision),
    "until": ("until", values.time),
    "reason": ("reason", values.text),
    "from": ("begin", values.time),
    "to": ("end", values.time),
    "pinned": ("pinned", values.flag),
    "accepted": ("accepted", _addresses),
    "refused": ("refused", _addresses),
}


def _desk(source: Source, node: Node) -> Desk | None:
    """Read the editors' decisions. Values that contradict each other are left out."""
    result = _read(source, node, DESK_KEYS, ("decision",), may_lack=True)
    decision = result.get("decision")
    for key in ("until", "reason"):
        if key in result and decision is None:
            message = f"{key} without decision: add decision or remove {key} (it is left out)"
            source.warn(node.value[key].key_index, message)
            del result[key]
    if "until" in result and decision == "withdraw":
        message = "a withdrawal has no end: remove until (it is left out)"
        source.warn(node.value["until"].key_index, message)
        del result["until"]
    if "begin" in result and "end" in result and result["begin"] >= result["end"]:
        message = "from must be before to (both are left out)"
        source.warn(node.value["to"].index, message)
        del result["begin"], result["end"]
    desk = Desk(**result)
    return None if desk == Desk() else desk


ARTICLE_KEYS: Keys = {
    "category": ("category", values.line),
    "title": ("title", values.line),
    "excerpt": ("excerpt", values.text),
    "publishedDateTime": ("published_at", values.time),
    "updatedDateTime": ("updated_at", values.time),
    "originalUrl": ("original_url", values.url),
    "webUrl": ("web_url", values.url),
    "ampWebUrl": ("amp_url", values.url),
    "cdnAmpWebUrl": ("cdn_amp_url", values.url),
    "type": ("type", values.kind),
    "language": ("language", values.language),
    "quality": ("quality", values.quality),
    "heat": ("heat", values.heat),
    "published": ("published", values.flag),
    "featuredContent": ("featured_content", values.text),
    "provider": ("provider", _provider),
    "topics": ("topics", _each("topic", values.topic)),
    "images": ("images", _images),
    "related": ("related", _each("entry", _entry)),
    "desk": ("desk", _desk),
    "secured": ("secured", values.opaque),
}


def parse(path: str, data: bytes) -> ArticleDocument:
    """Read a document; ``path`` is for messages only.

    Raise NotNewsError if this is not a news document, and DocumentError if no usable article
    remains for another reason.
    """
    source = Source(path, data)
    root = read_canonical(source)
    if root is not None:
        before = len(source.warnings)
        try:
            document = _article(source, root)
        except DocumentError:
            pass
        else:
            if len(source.warnings) == before:
                return document
        # These nodes have no positions. The slower reader reports the same problems with positions.
        del source.warnings[before:]
    try:
        root = read_mapping(source)
        return _article(source, root)
    except DocumentError as error:
        reason = _why_no_news(root) if root is not None else None
        if reason is not None and not isinstance(error, NotNewsError):
            error = NotNewsError.of(error, reason)
        error.warnings = _sorted(source)
        raise error from None


def _article(source: Source, root: Node) -> ArticleDocument:
    result = _read(source, root, ARTICLE_KEYS, _REQUIRED)
    return ArticleDocument(
        **result, body=source.body, line_end=source.line_end, warnings=_sorted(source)
    )


def _sorted(source: Source) -> tuple[DocumentWarning, ...]:
    return tuple(sorted(source.warnings, key=lambda one: (one.line, one.column)))


def _why_no_news(root: Node) -> str | None:
    """Return the reason why this is not a news document, or None if it is one."""
    given = {key for key, node in root.value.items() if not (node.plain and node.value in NULLS)}
    if not root.value.keys() & {"publishedDateTime", "provider"}:
        return NO_NEWS_KEYS
    if given & {"heat", "published"} and "quality" not in given:
        return NO_QUALITY
    return None


_TOPIC_KEYS: Keys = {
    "_id": ("id", values.slug),
    "name": ("name", values.topic),
    "shortname": ("short_name", values.line),
    "parent": ("parent", values.topic),
    "keywords": ("keywords", _each("keyword", values.line)),
    "hashtags": ("hashtags", _each("hashtag", values.line)),
}
_PROVIDER_FILE_KEYS: Keys = {
    "name": ("name", values.line),
    "domain": ("domain", values.domain),
    "description": ("description", values.text),
    "images": ("images", _each("logo", _logo)),
}


def parse_topic(path: str, data: bytes) -> TopicDocument:
    """Read a topic file, which consists only of YAML. Raises DocumentError."""
    source = Source(path, data, fenced=False)
    result = _read(source, read_mapping(source), _TOPIC_KEYS, ("name",))
    return TopicDocument(**result, warnings=_sorted(source))


def parse_provider(path: str, data: bytes) -> ProviderDocument:
    """Read a provider file, which has front matter. Raises DocumentError."""
    source = Source(path, data)
    required = ("name", "domain")
    result = _read(source, read_mapping(source), _PROVIDER_FILE_KEYS, required)
    return ProviderDocument(**result, warnings=_sorted(source))
