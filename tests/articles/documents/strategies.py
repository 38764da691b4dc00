"""Hypothesis strategies for documents: every field, and text of the kind that breaks YAML."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from hypothesis import strategies as st

from articles.documents import (
    MAX_QUALITY,
    ArticleDocument,
    Desk,
    DocumentImage,
    DocumentProvider,
    RelatedEntry,
)
from articles.documents.frontmatter import MAX_KEY
from articles.documents.reading import (
    ARTICLE_KEYS,
    DESK_KEYS,
    ENTRY_KEYS,
    IMAGE_KEYS,
    PROVIDER_KEYS,
    Keys,
)
from articles.documents.yaml_text import Extra, Plain
from newsroom.plain_text import CONTROLS, is_visible

T = TypeVar("T")
E = TypeVar("E", ArticleDocument, RelatedEntry)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# YAML 1.1 reads none of these as a string unless it is quoted.
NOT_STRINGS = [
    "", "~", "null", "Null", "yes", "No", "on", "off", "TRUE", "false", "0", "-1", "+7", "007",
    "1_000", "0x1F", "0b11", "1:30", "190:20:30", "1.50", "6.8523015e+5", ".5", ".inf", "-.INF",
    ".NaN", "2020-01-01", "2020-08-17T08:14:00Z", "2020-08-17 08:14:00 +2", "=", "<<",
]  # fmt: skip

# Characters that may confuse YAML, an editor or ``splitlines()``.
TRICKY = [
    "1e3", "0o17", "y", "n", "-", "- a", "--- a", "---", "...", "... a", "? a", "?", ": a", "a: b",
    "a:", ":", "a #b", "#", "# a", "#a", "@a", "`a`", "%a", "&a", "*a", "!a", "!!str a", "|", ">",
    "| a", "[a]", "[", "]", "{a: b}", "{", "}", ",", "a, b", "'", "'a'", "it's", '"', '"a"', "\\",
    "\\n", "C:\\", "a\\", " a", "a ", "  ", "\t", "a\tb", "a\nb", "\n", "a\n", "\na", "a\n# b",
    "a\n---\nb", "a\r\nb", "\r", "\x85", "a\x85b", "\u2028", "a\u2028b", "\u2029", "\ufeff",
    "\ufeffa", "a\ufeffb", "\ufffe", "\uffff", "\x07", "\x1b[0m", "\x7f", "\x9b", "\xa0", "a\xa0b",
    "\u200b", "\u202e", "\U000f0000", "\U000f0000\u2028", "\U0010fff0\u2029", "\U0010ffff", "😀",
    "e\u0301", "é", "日本", "“a”", "&nbsp;", "<<: a", "a" * 130,
]  # fmt: skip


# Strategies are created once, because creating them for each example takes most of the time.
_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
_TRICKY_CHARACTERS = st.sampled_from(
    "ab1 -:#\"'\\\n\t,[]{}&*!|>%@`?~.=\x85\u2028\u2029\ufeff\U000f0000"
)

TEXTS: st.SearchStrategy[str] = st.one_of(
    st.sampled_from([*NOT_STRINGS, *TRICKY]),
    st.text(_CHARACTERS, max_size=20),
    st.text(_TRICKY_CHARACTERS, max_size=20),
)
"""Any text that a document may contain: everything but NUL and lone surrogates."""

SHOWN_TEXTS: st.SearchStrategy[str] = TEXTS.map(lambda text: CONTROLS.sub("", text))
"""Texts that readers see, without control characters."""

LINES = SHOWN_TEXTS.filter(is_visible)
"""Titles and names, which contain at least one visible character."""

_LABELS = st.from_regex(r"[a-z0-9](?:[a-z0-9_-]{0,5}[a-z0-9])?", fullmatch=True)
_ODD_DOMAINS = st.sampled_from(["1.5", "no", "127.0.0.1", "0x1F", "2020-01-01", "null.example"])
DOMAINS = _ODD_DOMAINS | st.lists(_LABELS, min_size=1, max_size=3).map(".".join)
"""Domains, including some that look like a number or a YAML keyword."""

_UNFIT_FOR_URLS = re.compile(r"[\t\n\r;]| +\Z")
_PATHS = SHOWN_TEXTS.map(lambda text: "/" + _UNFIT_FOR_URLS.sub("", text))
URLS = st.builds(
    "{}://{}{}".format, st.sampled_from(["https", "http", "HTTPS"]), DOMAINS, st.just("") | _PATHS
)
"""URLs with http or https and any path."""

_SECONDS = st.integers(
    int(datetime(1900, 1, 1, tzinfo=UTC).timestamp()),
    int(datetime(2199, 12, 31, tzinfo=UTC).timestamp()),
)
MOMENTS = st.builds(
    lambda seconds, fraction: EPOCH + timedelta(seconds=seconds, microseconds=fraction),
    _SECONDS,
    st.just(0) | st.integers(0, 999_999),
)
"""Times in UTC with whole or fractional seconds, in any year that a document may contain."""

_KEYS = TEXTS.filter(lambda key: len(key) <= MAX_KEY)
_LEAVES: st.SearchStrategy[Extra] = TEXTS | st.sampled_from(NOT_STRINGS).map(Plain)
EXTRA_VALUES: st.SearchStrategy[Extra] = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=5,
)
"""Values of unknown keys: text, unquoted values and nested collections."""


def extras(keys: Keys) -> st.SearchStrategy[dict[str, Extra]]:
    """Unknown keys for a mapping whose known keys are ``keys``."""
    unknown = _KEYS.filter(lambda key: key not in keys)
    return st.just({}) | st.dictionaries(unknown, EXTRA_VALUES, max_size=2)


def maybe(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    """Return a strategy for the value of an optional key."""
    return st.none() | strategy


def tuples(strategy: st.SearchStrategy[T], most: int = 2) -> st.SearchStrategy[tuple[T, ...]]:
    """Return a strategy for a list in a document."""
    return st.lists(strategy, max_size=most).map(tuple)


_IMAGE_URLS = URLS.map(lambda url: url.replace(" ", ""))
_SIZES = maybe(st.integers(0, 100_000))
_OPTIONAL_TEXTS = maybe(SHOWN_TEXTS)
_OPTIONAL_URLS = maybe(URLS)
_KINDS = maybe(st.sampled_from(["article", "video"]))
_QUALITIES = maybe(st.integers(0, MAX_QUALITY))

IMAGES = st.builds(
    DocumentImage,
    url=_IMAGE_URLS,
    width=_SIZES,
    height=_SIZES,
    title=_OPTIONAL_TEXTS,
    attribution=_OPTIONAL_TEXTS,
    is_cached=maybe(st.booleans()),
    extra=extras(IMAGE_KEYS),
)
"""Images and logos."""

PROVIDERS = st.builds(
    DocumentProvider,
    name=LINES,
    domain=DOMAINS,
    images=tuples(IMAGES, 1),
    extra=extras(PROVIDER_KEYS),
)
"""Providers with and without a logo."""


def _addressed(entry: E, url: str) -> E:
    """Give ``entry`` the URL that the format requires."""
    return entry if entry.url else replace(entry, web_url=url)


ENTRIES = st.builds(
    _addressed,
    st.builds(
        RelatedEntry,
        title=LINES,
        published_at=MOMENTS,
        provider=PROVIDERS,
        excerpt=_OPTIONAL_TEXTS,
        original_url=_OPTIONAL_URLS,
        web_url=_OPTIONAL_URLS,
        amp_url=_OPTIONAL_URLS,
        cdn_amp_url=_OPTIONAL_URLS,
        type=_KINDS,
        quality=_QUALITIES,
        images=tuples(IMAGES),
        extra=extras(ENTRY_KEYS),
    ),
    URLS,
)
"""Related entries, full and bare."""


def _scored(document: ArticleDocument) -> ArticleDocument:
    """Leave out heat and published if quality is absent."""
    return (
        document if document.quality is not None else replace(document, heat=None, published=None)
    )


def _sensible(desk: Desk) -> Desk | None:
    """Leave out values that contradict each other; None if nothing remains."""
    if desk.decision in {None, "withdraw"}:
        desk = replace(desk, until=None, reason=desk.reason if desk.decision else None)
    if desk.begin and desk.end and desk.begin >= desk.end:
        desk = replace(desk, begin=None)
    return None if desk == Desk() else desk


DESKS = st.builds(
    Desk,
    decision=maybe(st.sampled_from(["publish", "hold", "withdraw"])),
    until=maybe(MOMENTS),
    reason=_OPTIONAL_TEXTS,
    begin=maybe(MOMENTS),
    end=maybe(MOMENTS),
    pinned=maybe(st.booleans()),
    accepted=tuples(URLS),
    refused=tuples(URLS),
    extra=extras(DESK_KEYS),
).map(_sensible)
"""What editors decided."""

DOCUMENTS = st.builds(
    _addressed,
    st.builds(
        ArticleDocument,
        title=LINES,
        published_at=MOMENTS,
        provider=PROVIDERS,
        category=maybe(LINES),
        excerpt=_OPTIONAL_TEXTS,
        updated_at=maybe(MOMENTS),
        original_url=_OPTIONAL_URLS,
        web_url=_OPTIONAL_URLS,
        amp_url=_OPTIONAL_URLS,
        cdn_amp_url=_OPTIONAL_URLS,
        type=_KINDS,
        language=maybe(st.sampled_from(["es", "pt-BR", "zh-Hant-TW", "no"])),
        quality=_QUALITIES,
        heat=maybe(st.integers(-1, 30_000)),
        published=maybe(st.booleans()),
        featured_content=_OPTIONAL_TEXTS,
        topics=tuples(LINES.filter(lambda text: any(map(str.isalnum, text)))),
        images=tuples(IMAGES),
        related=tuples(ENTRIES),
        desk=st.none() | DESKS,
        secured=maybe(TEXTS),
        extra=extras(ARTICLE_KEYS),
        body=st.just("\n") | SHOWN_TEXTS.map(lambda text: text.replace("\r", "")),
        line_end=st.sampled_from(["\n", "\r\n"]),
    ).map(_scored),
    URLS,
)
"""Whole documents, scored and not, with either kind of line ending."""
