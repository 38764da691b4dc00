"""Pages in a real browser, served by a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.browser.chromium import DESKTOP, LOOKS, Look, find_chromium, launch, watch, watching

OpenPage = Callable[..., Page]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark every test here, so that ``-m "not browser"`` leaves them out."""
    item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def live_server(django_db_setup: None, live_server: LiveServer) -> LiveServer:
    """Return the server; it starts after the database, because it checks whether that is in
    memory."""
    return live_server


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Return one browser for all tests; each test has its own profile.

    The scope is this package, because Playwright keeps an event loop running in the tests' thread,
    where Django would then refuse to use the database.
    """
    path = find_chromium()
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = launch(playwright, path)
        yield browser
        browser.close()


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """Return the faults of the test's pages; any remaining fault fails the test."""
    with watching() as found:
        yield found


@pytest.fixture(params=LOOKS, ids=str)
def look(request: pytest.FixtureRequest) -> Look:
    """Return each combination of light and dark, desktop and phone."""
    chosen: Look = request.param
    return chosen


@pytest.fixture
def open_page(live_server: LiveServer, chromium: Browser, faults: list[str]) -> Iterator[OpenPage]:
    """Yield ``open_page(user=None, look=DESKTOP, **options)``, which opens a page with the user
    logged in.

    URLs are relative to the server: ``page.goto("/admin/")``. The options are those of Playwright's
    ``new_context``.
    """
    contexts = []

    def open_page(user: User | None = None, look: Look = DESKTOP, **options: object) -> Page:
        context = chromium.new_context(
            base_url=live_server.url,
            viewport=look.viewport,
            # Stop transitions, because axe would measure intermediate colors.
            reduced_motion="reduce",
            **options,  # type: ignore[arg-type]
        )
        contexts.append(context)
        context.set_default_timeout(
            30_000
        )  # milliseconds: a busy machine may need ten seconds for a page
        if user is not None:
            client = Client()
            client.force_login(user)
            name = settings.SESSION_COOKIE_NAME
            value = client.cookies[name].value
            context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
        page = context.new_page()
        look.put_on(page)
        watch(page, live_server.url, faults)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def superuser(transactional_db: None) -> User:
    """Store a superuser with the password ``password``."""
    return User.objects.create_superuser("admin", password="password")


@pytest.fixture
def admin_page(open_page: OpenPage, superuser: User) -> Page:
    """Return a page with a superuser logged in."""
    return open_page(superuser)
