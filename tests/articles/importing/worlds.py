"""Strategies for folders of documents that collide.

They draw from few URLs, headlines, times, providers and topics, so that documents share slugs and
URLs, link to each other, and list the same coverage with different texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import transaction
from hypothesis import strategies as st

from articles.documents import (
    ArticleDocument,
    DocumentImage,
    DocumentProvider,
    RelatedEntry,
    parse,
    slug_for,
    stem_of,
    write,
)

ENDINGS = (".md", ".markdown", ".txt", ".yml", ".yaml")
# "Beta 2" asks for the slug that a second "Beta" would get; "日本" has no letter for a slug.
TITLES = ("Alpha", "alpha!", "Beta", "Beta 2", "Beta 3", "日本")
URLS = tuple(f"https://news.example/{number}" for number in range(1, 6))
MOMENTS = (
    datetime(2024, 5, 1, 8, 0, tzinfo=UTC),
    datetime(2024, 5, 1, 9, 30, tzinfo=UTC),
    datetime(2024, 5, 2, 9, 30, tzinfo=UTC),
)
TOPICS = ("AI", "ai", "Robots", "C++", "C", "Ai")
LOGOS = (
    DocumentImage("https://logos.example/one.png", 16, 16),
    DocumentImage("https://logos.example/two.png", 32, 32),
)
IMAGES = (
    DocumentImage("https://images.example/1.jpg", 640, 480, is_cached=True),
    DocumentImage("https://images.example/2.jpg", attribution="A. Photographer"),
    DocumentImage("https://images.example/3.jpg", 1, 1, title="Three", is_cached=False),
)


@dataclass(frozen=True, slots=True)
class SeedFile:
    """A file of a world: its path within the folder and its text."""

    name: str
    data: bytes


@st.composite
def providers(draw: st.DrawFn) -> DocumentProvider:
    return DocumentProvider(
        draw(st.sampled_from(["One", "one", "Two"])),
        draw(st.sampled_from(["one.example", "two.example", "One.example"])),
        draw(st.sampled_from([(), (), LOGOS[:1], LOGOS[1:]])),
    )


@st.composite
def entries(draw: st.DrawFn) -> RelatedEntry:
    url = draw(st.sampled_from(URLS))
    is_video = draw(st.booleans())
    return RelatedEntry(
        title=draw(st.sampled_from(TITLES)),
        published_at=draw(st.sampled_from(MOMENTS)),
        provider=draw(providers()),
        excerpt=draw(st.sampled_from([None, "Said before."])),
        original_url=url if is_video else None,
        web_url=None if is_video else url,
        type=draw(st.sampled_from([None, "article", "video"])),
        quality=draw(st.sampled_from([None, 0, 40, 57, 60])),
        images=draw(st.sampled_from([(), IMAGES[:1], IMAGES[1:]])),
    )


@st.composite
def articles(draw: st.DrawFn) -> ArticleDocument:
    url = draw(st.sampled_from(URLS))
    is_video = draw(st.booleans())
    quality = draw(st.sampled_from([None, 40, 57, 57, 60]))
    heat, published = None, None
    if quality is not None and draw(st.booleans()):
        heat = draw(st.sampled_from([-1, quality, quality + 10, 77]))
        published = draw(st.sampled_from([None, heat >= 70, True]))
    return ArticleDocument(
        title=draw(st.sampled_from(TITLES)),
        published_at=draw(st.sampled_from(MOMENTS)),
        provider=draw(providers()),
        category="news",
        excerpt=draw(st.sampled_from([None, "First.", "Second."])),
        original_url=url if is_video else None,
        web_url=None if is_video else url,
        type="video" if is_video else "article",
        quality=quality,
        heat=heat,
        published=published,
        topics=tuple(draw(st.lists(st.sampled_from(TOPICS), max_size=3))),
        images=draw(st.sampled_from([(), IMAGES[:1], IMAGES[1:], IMAGES])),
        related=tuple(draw(st.lists(entries(), max_size=3))),
        secured=draw(st.sampled_from([None, "c2VhbA==;c2VhbA=="])),
        line_end=draw(st.sampled_from(["\n", "\r\n"])),
    )


@st.composite
def worlds(draw: st.DrawFn, *, max_size: int = 6, dated: bool = False) -> list[SeedFile]:
    """Draw files with different names, and without two of the same slug and URL.

    ``dated`` files have names with a date, so that their titles may change. (Two files with the
    same slug and URL are the same article; the second one is rejected.)
    """
    found: list[SeedFile] = []
    stems: set[tuple[str, str]] = set()
    names: set[str] = set()
    for number in range(draw(st.integers(1, max_size))):
        document = draw(articles())
        name = f"{number}.txt"
        if dated or draw(st.booleans()):
            slug = slug_for(document.title, document.published_at, document.url)
            free = [slug + ending for ending in ENDINGS if slug + ending not in names]
            if dated and not free:
                continue
            name = free[0] if free else name
        stem = stem_of(name, document)
        if (stem, document.url) in stems:
            continue
        stems.add((stem, document.url))
        names.add(name)
        found.append(SeedFile(name, write(document)))
    return found


@st.composite
def older_versions(draw: st.DrawFn, world: list[SeedFile]) -> list[SeedFile]:
    """Draw other contents for some of the files in a dated world, with the same addresses.

    A file with another address may be another article.
    """
    found, stems = [], set()
    for file in world:
        now = parse(file.name, file.data)
        document = replace(
            draw(articles()), web_url=now.web_url, original_url=now.original_url, type=now.type
        )
        known = (stem_of(file.name, document), document.url)
        if known not in stems:
            stems.add(known)
            found.append(SeedFile(file.name, write(document)))
    return found


CATALOG = (
    SeedFile("_data/topics/ai.yaml", b"name: AI\nshortname: A\n_id: artificial\n"),
    SeedFile("_data/topics/robots.yaml", b"name: Robots\nparent: AI\n_id: machines\n"),
    SeedFile("_data/organizations/one.md", b"---\nname: The One\ndomain: one.example\n---\n"),
    SeedFile("_data/organizations/two.md", b"---\nname: The Two\ndomain: Two.example\n---\n"),
)


@contextmanager
def folder_of(files: Sequence[SeedFile]) -> Iterator[Path]:
    """Write the files to a temporary folder."""
    with TemporaryDirectory() as name:
        put(Path(name), files)
        yield Path(name)


def put(folder: Path, files: Sequence[SeedFile]) -> None:
    """Write the files to ``folder``."""
    for file in files:
        path = folder / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)


@contextmanager
def blank_newsroom() -> Iterator[None]:
    """Roll back everything in the block, so that each import starts from an empty database."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
