"""Helpers that write and import documents in tests."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from articles import importing
from articles.documents import (
    ArticleDocument,
    DocumentImage,
    DocumentProvider,
    RelatedEntry,
    write,
)
from articles.importing import Report
from articles.importing.report import COUNTS
from articles.models import Article

ROOT: Final = Path(__file__).resolve().parents[2]
SEEDS: Final = ROOT / "seeds"
NOON: Final = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
DAILY: Final = DocumentProvider("The Daily", "daily.example")
HERALD: Final = DocumentProvider("Herald", "herald.example")
PHOTO: Final = DocumentImage("https://daily.example/photo.jpg", 640, 480, attribution="A. Credit")


def document(**overrides: Any) -> ArticleDocument:
    """Make a document: "Bridge opens", with quality 60, at the Daily's URL ``/bridge``."""
    values: dict[str, Any] = {
        "title": "Bridge opens",
        "published_at": NOON,
        "provider": DAILY,
        "category": "news",
        "excerpt": "It is long.",
        "web_url": "https://daily.example/bridge",
        "type": "article",
        "quality": 60,
        "heat": 60,
        "published": False,
        "topics": ("Bridges",),
        "images": (PHOTO,),
        "secured": "c2VhbA==;c2VhbA==",
    }
    return ArticleDocument(**values | overrides)


def entry(**overrides: Any) -> RelatedEntry:
    """Make a related entry: the Herald's "A bridge at last", with quality 50."""
    values: dict[str, Any] = {
        "title": "A bridge at last",
        "published_at": NOON,
        "provider": HERALD,
        "web_url": "https://herald.example/bridge",
        "type": "article",
        "quality": 50,
    }
    return RelatedEntry(**values | overrides)


def put(folder: Path, name: str, one: ArticleDocument) -> Path:
    """Write a document to a file of ``folder``."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(write(one))
    return path


def load(*paths: Path, **options: Any) -> Report:
    """Import, and check that no document is rejected."""
    report = importing.run(paths, **options)
    assert not report.rejected, [str(problem) for problem in report.problems]
    return report


def counts(report: Report) -> dict[str, int]:
    """Return an import's nonzero counts."""
    return {name: getattr(report, name) for name in COUNTS if getattr(report, name)}


def only_article() -> Article:
    """Return the only article that is not coverage-only."""
    return Article.objects.get(coverage_only=False)


def edit(article: Article, **values: Any) -> None:
    """Change an article as an editor's form does."""
    for name, value in values.items():
        setattr(article, name, value)
    article.version += 1
    article.save()
