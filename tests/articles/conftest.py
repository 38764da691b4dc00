"""Who is at the keyboard in these tests."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client


@pytest.fixture
def admin_client(client: Client, db: None) -> Client:
    """Log a superuser in; without a password, which would be most of each test's time."""
    client.force_login(User.objects.create(username="admin", is_staff=True, is_superuser=True))
    return client
