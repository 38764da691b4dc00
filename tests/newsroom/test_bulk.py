"""Table statistics for PostgreSQL's planner."""

from __future__ import annotations

import pytest
from django.db import connection

from articles.models import Article
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
