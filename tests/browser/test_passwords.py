"""Passwords of users who cannot sign in, with a real mail server and background thread."""

from __future__ import annotations

import re

from django.contrib.auth.models import User
from playwright.sync_api import Page
from pytest_django import Settings

from articles.accounts import mails
from articles.roles import Role
from newsroom.environment import mail
from tests.articles.accounts.mail_server import mail_server
from tests.browser.conftest import OpenPage
from tests.browser.sound import assert_sound
from tests.factories import make_user

NEW = "staple battery horse"


def choose_password(page: Page, link: str) -> None:
    page.goto(link)
    assert_sound(page)
    for field in ("new_password1", "new_password2"):
        page.fill(f"[name={field}]", NEW)
    page.click("[type=submit]")
    page.wait_for_url("**/admin/password/done/")
    assert_sound(page)


def sign_in(page: Page, name: str) -> None:
    page.goto("/admin/login/")
    page.fill("[name=username]", name)
    page.fill("[name=password]", NEW)
    page.click("[type=submit]")
    page.wait_for_url("**/admin/")


def test_forgotten(open_page: OpenPage, superuser: User, settings: Settings) -> None:
    User.objects.update(email="admin@news.example")
    page = open_page()
    with mail_server() as server:
        for name, value in mail(server.url).items():
            setattr(settings, name, value)
        page.goto("/admin/login/")
        page.click(".password-reset-link a")
        page.wait_for_selector("h1")
        assert_sound(page)
        page.fill("[name=email]", "admin@news.example")
        page.click("[type=submit]")
        page.wait_for_url("**/admin/password/sent/")
        assert_sound(page)
        found = re.search(r"http\S+", server.next().get_content())
        # Nothing of the thread is left when the database is emptied.
        mails._later.submit(lambda: None).result(10)
    assert found
    choose_password(page, found[0])
    sign_in(page, "admin")
    page.goto(found[0])
    assert "does not work any more" in page.inner_text("#content")
    assert_sound(page)


def test_invited(
    open_page: OpenPage, admin_page: Page, settings: Settings, faults: list[str]
) -> None:
    # Other tests empty all tables, including that of roles; this writes them again.
    make_user(Role.EDITOR)
    with mail_server() as server:
        for name, value in mail(server.url).items():
            setattr(settings, name, value)
        admin_page.goto("/admin/auth/user/")
        admin_page.click("text=Invite a user")
        admin_page.fill("[name=username]", "newcomer")
        admin_page.fill("[name=email]", "new@news.example")
        admin_page.click(".submit-row [type=submit]")
        admin_page.wait_for_selector(".errornote")
        assert_sound(admin_page)
        admin_page.get_by_label("Editor: Like Viewer").check()
        admin_page.click(".submit-row [type=submit]")
        admin_page.wait_for_selector(".messagelist .success")
        found = re.search(r"http\S+", server.next().get_content())
    assert found
    admin_page.click("#result_list a >> text=newcomer")
    admin_page.wait_for_selector("text=Send the invitation again")
    assert_sound(admin_page)
    page = open_page()
    choose_password(page, found[0])
    sign_in(page, "newcomer")
    assert "Desk" in page.inner_text("#header")


def test_locked(open_page: OpenPage, superuser: User, faults: list[str]) -> None:
    page = open_page()
    for _ in range(5):
        page.goto("/admin/login/")
        page.fill("[name=username]", "admin")
        page.fill("[name=password]", "wrong")
        page.click("[type=submit]")
        page.wait_for_load_state()
    page.wait_for_selector("text=Too many attempts")
    assert_sound(page)
    # The browser reports the status.
    assert [fault for fault in faults if "429" not in fault] == []
    faults.clear()
