"""Two simultaneous decisions on articles that link to each other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

import pytest
from django.db import connections

from articles import heat, newsdesk
from articles.models import Act, Article
from newsroom import bulk
from tests.factories import make_article, relate

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

PATIENCE: Final = 30
"""Seconds before the test gives up."""
ALONE: Final = 0.3
"""After this many seconds, the other decision must be waiting for the lock."""


def test_both_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the write lock, each would wait for a row that the other has written.

    Rows with the same columns are written together: ``apart`` and ``second`` before ``first``.
    """
    apart, first, second = (make_article(quality=quality) for quality in (40, 60, 50))
    relate(first, second)
    relate(second, first)
    heat.recompute([apart.pk, first.pk, second.pk])
    meeting = threading.Barrier(2)
    update: Callable[..., Any] = bulk.update

    def update_then_meet(*arguments: Any) -> Any:
        found = update(*arguments)
        try:
            meeting.wait(ALONE)
        except threading.BrokenBarrierError:
            pass
        return found

    monkeypatch.setattr(bulk, "update", update_then_meet)
    errors: list[Exception] = []

    def decide(*articles: Article) -> None:
        try:
            change = newsdesk.together(newsdesk.set_quality(one, 65) for one in articles)
            newsdesk.perform(change, by=None)
        except Exception as error:  # noqa: BLE001 - shown below, by the test's own thread
            errors.append(error)
        finally:
            connections.close_all()

    stored = Article.objects.in_bulk([apart.pk, first.pk, second.pk])
    threads = [
        threading.Thread(target=decide, args=[stored[apart.pk], stored[second.pk]]),
        threading.Thread(target=decide, args=[stored[first.pk]]),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert errors == []
    assert Act.objects.count() == 2
    assert list(heat.differences(Article.objects.all())) == []
