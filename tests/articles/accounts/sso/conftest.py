"""The site with a second factor and a provider turned on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests.articles.accounts.sso.provider import Provider, serving
from tests.articles.accounts.sso.turned_on import turned_on


@pytest.fixture(scope="package")
def running_provider(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Provider]:
    with serving() as provider, django_db_blocker.unblock(), turned_on(provider):
        yield provider


@pytest.fixture(autouse=True)
def provider(running_provider: Provider) -> Provider:
    running_provider.reset()
    return running_provider
