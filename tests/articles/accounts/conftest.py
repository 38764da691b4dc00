"""A mail server, to which the site sends."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pytest_django import Settings

from articles.accounts import mails
from newsroom.environment import mail
from tests.articles.accounts.mail_server import MailServer, mail_server


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[MailServer]:
    with mail_server() as server:
        for name, value in mail(server.url).items():
            setattr(settings, name, value)
        yield server


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """Return what would run in the background. The tests' transaction has no other thread."""
    waiting: list[Callable[[], None]] = []
    monkeypatch.setattr(mails, "run_later", waiting.append)
    return waiting
