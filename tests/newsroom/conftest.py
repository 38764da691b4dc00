"""Fixtures of the tests of outgoing requests."""

from tests.newsroom.connector import connector  # noqa: F401 - a fixture
