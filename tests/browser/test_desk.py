"""The components of the desk's pages (desk.css) are readable and accessible everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page

from tests.browser.chromium import DESKTOP, PHONE
from tests.browser.conftest import OpenPage
from tests.browser.sound import assert_sound

SAMPLE = (Path(__file__).parent / "desk.html").read_text()


def show_sample(page: Page) -> None:
    page.goto("/admin/password_change/")
    page.evaluate("html => document.querySelector('#content').innerHTML = html", SAMPLE)


def test_every_part_is_sound(admin_page: Page) -> None:
    show_sample(admin_page)
    assert_sound(admin_page)


@pytest.mark.parametrize("is_touched", [False, True])
def test_keys_are_shown_if_there_is_a_keyboard(
    open_page: OpenPage, superuser: User, is_touched: bool
) -> None:
    look = PHONE if is_touched else DESKTOP
    page = open_page(superuser, look, is_mobile=is_touched, has_touch=is_touched)
    show_sample(page)
    assert page.locator(".kbd").first.is_visible() is not is_touched
