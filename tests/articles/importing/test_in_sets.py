"""An import that is noted in sets leaves the same rows as one with triggers."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from articles.models import Article, Change
from articles.sample_documents import generate
from articles.search.index import filed_under
from articles.tracking import editions, sets
from newsroom.words import stored
from tests import digest
from tests.articles.importing.worlds import (
    SeedFile,
    blank_newsroom,
    folder_of,
    older_versions,
    put,
    worlds,
)
from tests.articles.samples import load
from tests.articles.tracking.test_sets import vocabulary

pytestmark = pytest.mark.django_db

NEVER = 1_000_000


def noted() -> dict[str, bool]:
    """Return the change feed without its numbers; check what articles are filed under."""
    for article in Article.objects.select_related("provider").prefetch_related(
        "topic_links__topic"
    ):
        topics = [(link.topic.pk, stored(link.topic.name)) for link in article.topic_links.all()]
        provider = (article.provider.pk, stored(article.provider.name))
        assert article.filed_under == filed_under(provider, topics), article.slug
    return dict(Change.objects.values_list("slug", "shown"))


def published() -> set[str]:
    return set(Article.objects.filter(published=True).values_list("slug", flat=True))


@settings(max_examples=30)
@given(data=st.data())
def test_of_any_documents(data: st.DataObject) -> None:
    world = data.draw(worlds(dated=True))
    older = data.draw(older_versions(world))
    left: list[Any] = []
    for fewest in (NEVER, 0):
        seen: set[str] = set()
        with blank_newsroom(), patch.object(sets, "FEWEST", fewest):
            for files in (older, world):
                with folder_of(files) as folder:
                    load(folder)
                seen |= published()
            left.append((digest.rows(), seen, noted()))
    (rows, seen, by_triggers), (rows_of_sets, seen_of_sets, by_sets) = left
    assert (rows_of_sets, seen_of_sets) == (rows, seen)
    assert {one: by_sets[one] for one in seen} == {one: by_triggers[one] for one in seen}
    # Triggers also note what an article is while the import is not finished.
    assert all(by_triggers[slug] >= shown for slug, shown in by_sets.items())


def test_of_a_whole_folder(tmp_path: Path) -> None:
    """The real threshold, and the words of the index."""
    files = [SeedFile(*file) for file in generate(sets.FEWEST + 10, 3)]
    put(tmp_path, files)
    left = []
    for fewest in (NEVER, sets.FEWEST):
        with blank_newsroom(), patch.object(sets, "FEWEST", fewest):
            load(tmp_path)
            words = [row for row in vocabulary() if "\u02ac" not in str(row)]
            left.append((digest.rows(), noted(), len(words), editions.current() is not None))
    assert left[0] == left[1]
