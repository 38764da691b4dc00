"""The migration to words fills in those of an existing newsroom."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.db import connection

from articles.models import Article, Topic
from providers.models import Provider
from tests.articles.test_migrations import editor, functions, triggers
from tests.articles.tracking.test_sets import vocabulary
from tests.factories import make_article, make_topic

# Its name begins with a digit.
migration: Any = import_module("articles.migrations.0036_search_words")
stems: Any = import_module("articles.migrations.0042_stems")


def search_columns() -> list[Any]:
    columns = ("title_words", "excerpt_words", "filed_under", "provider__name_words")
    return list(Article.objects.order_by("pk").values_list(*columns))


@pytest.mark.django_db
def test_words_are_filled_in_and_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    topic = make_topic("Émile")
    for title in ("Café &amp; Bar", "ประเทศไทย"):
        make_article(title=title, excerpt="Straße", topics=(topic,))
    before = search_columns(), vocabulary(), triggers(), functions()

    migration.search_texts(None, editor())
    assert triggers().keys() == before[2].keys()
    assert "_words" not in str([triggers(), functions()])
    # The former triggers file articles under names as they are written.
    Topic.objects.update(name="Rivers")
    assert {
        str(one.filed_under).partition(" \u02act")[0][-6:] for one in Article.objects.all()
    } == {"Rivers"}
    Topic.objects.update(name="Émile")
    for table in ("article SET title_words = NULL, excerpt", "topic SET name"):
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE articles_{table}_words = NULL")
    Provider.objects.filter().update(name_words=None)

    monkeypatch.setattr(migration, "_ROWS", 1)
    migration.fill_in(None, editor())
    assert Article.objects.filter(title_words="cafe bar").exists()
    migration.search_words(None, editor())
    monkeypatch.setattr(stems, "_ROWS", 1)
    stems.add_stems(None, editor())
    assert (search_columns(), vocabulary(), triggers(), functions()) == before


@pytest.mark.django_db
def test_stems_are_added_and_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stems, "_ROWS", 2)
    for locale, title in (("en-us", "Drones &amp; cafés"), ("de", "Brücken"), ("x-y", "Boats")):
        make_article(title=title, excerpt="Straße 12", locale=locale)
    before = search_columns()
    stems.remove_stems(None, editor())
    assert {words for words, *_ in search_columns()} == {"drones cafes", "brucken", "boats"}
    assert not Article.objects.search("drone", is_typing=False)
    stems.add_stems(None, editor())
    assert search_columns() == before
    assert Article.objects.search("drone", is_typing=False).count() == 1
    stems.add_stems(None, editor())
    assert search_columns() == before
