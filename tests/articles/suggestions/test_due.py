"""Writes note the articles whose suggestions are due."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import connection

from articles import newsdesk, suggestions, tasks
from articles.models import Act, Article, Image, ImportRun, Unsuggested
from articles.newsdesk import Change
from tests.articles.working_off import work_off
from tests.factories import NOW, make_article

DOCUMENT = """---
category: news
title: "{title}"
excerpt: "{excerpt}"
publishedDateTime: 2026-03-01T12:00:00Z
webUrl: "https://paper.example/{name}"
type: article

provider:
  name: Paper
  domain: paper.example
---

"""
RELATED = """
related:
- title: "Storm Ylva floods Aarhus"
  publishedDateTime: 2026-03-01T11:00:00Z
  webUrl: "https://paper.example/{name}"
  type: article
  provider:
    name: Paper
    domain: paper.example
---
"""


def due() -> dict[str, bool]:
    """Return the slugs of the articles that are due, and whether their words are counted."""
    rows = dict(Unsuggested.objects.values_list("article", "is_counted"))
    slugs = Article.objects.filter(pk__in=rows).values_list("pk", "slug")
    return {slug: rows[pk] for pk, slug in slugs}


Import = Callable[..., None]


@pytest.fixture
def folder(tmp_path: Path) -> Import:
    """Return a function that writes a document and imports the folder."""

    def write(name: str, title: str = "Storm Ylva", excerpt: str = "It came at night.") -> None:
        path = tmp_path / f"2026-03-01-{name}.md"
        path.write_text(DOCUMENT.format(name=name, title=title, excerpt=excerpt))
        call_command("import_seeds", str(tmp_path), verbosity=0)

    return write


@pytest.mark.django_db
class TestImport:
    def test_new_articles(self, folder: Import, capsys: pytest.CaptureFixture[str]) -> None:
        folder("one")
        assert due() == {"2026-03-01-one": False}

    def test_changed_articles_only(
        self, folder: Import, capsys: pytest.CaptureFixture[str]
    ) -> None:
        folder("one")
        folder("two")
        suggestions.catch_up()
        folder("two", excerpt="It came in the morning.")
        assert due() == {"2026-03-01-two": True}

    def test_a_link_only_article_that_gets_its_document(
        self, folder: Import, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        one = DOCUMENT.format(name="one", title="Storm Ylva", excerpt="It came at night.")
        named = one.replace("---\n\n", RELATED.format(name="two").lstrip())
        (tmp_path / "2026-03-01-one.md").write_text(named)
        call_command("import_seeds", str(tmp_path), verbosity=0)
        assert len(due()) == 2
        suggestions.catch_up()
        folder("two")
        assert due() == {"2026-03-01-two": True}

    def test_undone(self, folder: Import, capsys: pytest.CaptureFixture[str]) -> None:
        folder("one")
        folder("one", title="Storm Ylva is over")
        suggestions.catch_up()
        call_command("undo_import", str(ImportRun.objects.latest("pk").pk))
        assert due() == {"2026-03-01-one": True}


@pytest.mark.django_db
class TestDecision:
    def edit(self, article: Article, **columns: object) -> Act:
        change = Change(
            Act.Verb.EDIT, frozenset(), {article.pk: article.version}, {article.pk: columns}
        )
        return newsdesk.perform(change, by=None, at=NOW)

    def test_edit(self) -> None:
        article = make_article(slug="one")
        act = self.edit(article, excerpt="Other")
        assert due() == {"one": True}
        suggestions.catch_up()
        newsdesk.perform(newsdesk.undo(act), by=None, at=NOW)
        assert due() == {"one": True}

    def test_image(self) -> None:
        article = make_article(slug="one")
        Image.objects.create(article=article, position=0, url="https://a.example/1.jpg")
        change = newsdesk.describe_image(article, 0, title="The harbor")
        newsdesk.perform(change, by=None, at=NOW)
        assert due() == {"one": True}

    def test_score(self) -> None:
        self.edit(make_article(), quality=90)
        assert due() == {}


@pytest.mark.django_db(transaction=True)
def test_the_unit_works_off_what_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "SUGGESTED_AT_ONCE", 1)
    articles = [make_article(title="Storm Ylva floods Aarhus") for _ in range(2)]
    Unsuggested.objects.add([one.pk for one in articles], are_new=True)
    assert (tasks.suggest, {}) in list(tasks.due(NOW))
    tasks.suggest.enqueue()
    work_off()
    assert not suggestions.is_due()
    assert (tasks.suggest, {}) not in list(tasks.due(NOW))


@pytest.mark.django_db
def test_the_migration_notes_articles_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    migration = import_module("articles.migrations.0038_due_suggestions")
    monkeypatch.setattr(migration, "_ROWS", 2)
    articles = [make_article() for _ in range(5)]
    migration.note_articles(None, SimpleNamespace(connection=connection))
    rows = Unsuggested.objects.order_by("pk").values_list("article", "is_counted")
    assert list(rows) == [(article.pk, False) for article in articles[::-1]]
