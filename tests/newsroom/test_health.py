"""Health checks."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

pytestmark = pytest.mark.django_db


class TestAlive:
    def test_success_without_a_query(self, client: Client, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(0):
            response = client.get("/healthz")

        assert (response.status_code, response.content) == (200, b"ok\n")
        assert "no-store" in response["Cache-Control"]


class TestReady:
    def test_success(self, client: Client) -> None:
        response = client.get("/readyz")

        assert (response.status_code, response.content) == (200, b"ok\n")

    def test_fail_unapplied_migration(
        self, client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def forget_the_last(self: MigrationExecutor, targets: Any) -> list[Any]:
            return [(self.loader.graph.nodes["articles", "0001_initial"], False)]

        monkeypatch.setattr(MigrationExecutor, "migration_plan", forget_the_last)
        response = client.get("/readyz")

        assert (response.status_code, response.content) == (503, b"not ready\n")
        assert "articles.0001_initial" in caplog.text

    def test_fail_no_database(
        self, client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def refuse(*args: object) -> None:
            raise OperationalError("connection refused by 192.0.2.1")

        monkeypatch.setattr(MigrationExecutor, "__init__", refuse)
        response = client.get("/readyz")

        assert (response.status_code, response.content) == (503, b"not ready\n")
        assert "connection refused" in caplog.text
