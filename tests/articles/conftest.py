"""Who is at the keyboard in these tests, and newsrooms of their own for those that start processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.articles.importer.processes import Newsrooms


@pytest.fixture
def admin_client(client: Client, db: None) -> Client:
    """Log a superuser in; without a password, which would be most of each test's time."""
    client.force_login(User.objects.create(username="admin", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def newsrooms(db: None, tmp_path: Path) -> Iterator[Newsrooms]:
    made = Newsrooms(tmp_path)
    yield made
    made.close()
