"""Fixtures: a logged-in user, a blocked network, and newsrooms for other processes."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.articles.importing.processes import Newsrooms
from tests.newsroom.connector import connector  # noqa: F401 - a fixture


@pytest.fixture
def admin_client(client: Client, db: None) -> Client:
    """Log in a superuser without a password: hashing it would take most of each test's time."""
    client.force_login(User.objects.create(username="admin", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def newsrooms(db: None, tmp_path: Path, blank_newsroom: Path) -> Newsrooms:
    return Newsrooms(tmp_path, blank_newsroom)
