"""Table statistics for PostgreSQL's planner."""

from __future__ import annotations

import pytest
from django.db import connection, connections, transaction
from django.test import TestCase

from articles.models import Article
from newsroom import bulk
from newsroom.bulk import renew_statistics
from tests.factories import make_article

pytestmark = pytest.mark.django_db


def test_statistics_are_updated_from_a_small_sample() -> None:
    make_article()
    renew_statistics(Article)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'articles_article'")
            assert cursor.fetchone() == (1,)


class TestTurn:
    """A long job on SQLite, by a clock that only moves when the job works or pauses."""

    @pytest.fixture
    def pauses(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        self.now, pauses = 1_000.0, []

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            self.now += seconds

        monkeypatch.setattr(bulk.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(bulk.time, "sleep", pause)
        return pauses

    def work(self, turn: bulk._Turn, seconds: float, gap: float) -> None:
        """Hold the lock for so many seconds, and then not for a while."""
        turn.begin()
        self.now += seconds
        turn.end()
        self.now += gap

    def test_a_long_job_pauses_after_each_turn(self, pauses: list[float]) -> None:
        turn = bulk._Turn()
        for _ in range(90):
            self.work(turn, 0.3, 0.01)
        # 27.9 seconds: each turn is seven transactions long.
        assert pauses == [bulk.PAUSE] * 12

    def test_short_jobs_and_gaps_need_no_pause(self, pauses: list[float]) -> None:
        turn = bulk._Turn()
        for _ in range(6):
            self.work(turn, 0.3, 0.01)
        for _ in range(90):
            self.now += 2 * bulk.PAUSE
            self.work(turn, 0.3, 0)
        assert pauses == []

    @pytest.mark.once
    def test_the_lock_of_writers_counts(
        self, pauses: list[float], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connections["default"], "is_in_memory_db", lambda: False)
        monkeypatch.setattr(bulk, "_turn", bulk._Turn())
        for _ in range(8):
            with TestCase.captureOnCommitCallbacks(execute=True), transaction.atomic():
                bulk.hold_write_lock()
                self.now += 0.3
        assert pauses == [bulk.PAUSE]
