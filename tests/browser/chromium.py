"""Start Chromium for the browser tests, and collect the faults of pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request, ViewportSize

ARGUMENTS: Final = [
    "--headless",
    # Chromium's sandbox does not work for root, and we trust our own pages.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # No request leaves this machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]


@dataclass(frozen=True)
class Look:
    """A color scheme, and a window in CSS pixels."""

    scheme: str
    width: int
    height: int

    @property
    def viewport(self) -> ViewportSize:
        """Return the window in Playwright's format."""
        return {"width": self.width, "height": self.height}

    def put_on(self, page: Page) -> None:
        """Apply this look to an open page without reloading it."""
        page.set_viewport_size(self.viewport)
        page.emulate_media(color_scheme="dark" if self.scheme == "dark" else "light")

    def __str__(self) -> str:
        return f"{self.scheme}-{self.width}"


DESKTOP: Final = Look("light", 1280, 900)
PHONE: Final = Look("light", 375, 812)
LOOKS: Final = [DESKTOP, Look("dark", 1280, 900), PHONE, Look("dark", 375, 812)]
READER_LOOKS: Final = [
    Look(scheme, width, height)
    for scheme in ("light", "dark")
    for width, height in ((1280, 900), (768, 1024), (320, 568))
]
"""Looks from a wide window down to the narrowest supported one."""


def find_chromium() -> str:
    """Return the path of the browser (CHROMIUM, or Debian's), or skip if there is none."""
    name = os.environ.get("CHROMIUM") or "chromium"
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"no browser: {name} was not found; install chromium or set CHROMIUM")
    return path


def launch(playwright: Playwright, path: str) -> Browser:
    """Start the browser at ``path``."""
    return playwright.chromium.launch(executable_path=path, args=ARGUMENTS)


@contextmanager
def watching() -> Iterator[list[str]]:
    """Collect the faults of pages given to ``watch()``; fail at the end if any is left.

    A test that expects faults removes them from the list.
    """
    faults: list[str] = []
    yield faults
    assert not faults, "the browser complained:\n" + "\n".join(faults)


def watch(page: Page, home: str, faults: list[str]) -> None:
    """Record errors on a page, and each request to an origin other than ``home``.

    Chromium reports violations of the content security policy and failed responses as errors on its
    console.
    """

    def note_message(message: ConsoleMessage) -> None:
        if message.type == "error":
            faults.append(f"{page.url}: {message.text} ({message.location['url']})")

    def note_request(request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in {"data", "blob"} and address.netloc != urlsplit(home).netloc:
            faults.append(f"{page.url}: asks {request.url}")

    page.on("console", note_message)
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
    page.on("request", note_request)
