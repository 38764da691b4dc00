"""Every page of the admin, light and dark, on desktop and phone, is sound and accessible."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.templatetags.static import static
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from articles.models import Article, Image
from tests.articles.admin.admin_pages import make_everything
from tests.articles.states import CASES
from tests.browser.admin_addresses import (
    ADDRESSES,
    DJANGOS_OWN,
    NOT_PAGES,
    VARIANTS,
    Rows,
    address_of,
    list_of,
    names,
    rows_by_model,
)
from tests.browser.conftest import OpenPage
from tests.browser.sound import assert_sound


@pytest.fixture
def rows(superuser: User, live_server: LiveServer) -> Rows:
    everything = rows_by_model(make_everything("Something happened"), superuser)
    # Use local pictures, so that the page contacts no other host.
    Image.objects.update(url=live_server.url + static("articles/icon.svg"))
    LogEntry.objects.create(
        user=superuser,
        content_type=ContentType.objects.get_for_model(Article),
        object_id=str(everything[Article].pk),
        object_repr="Something happened",
        action_flag=CHANGE,
        change_message="Changed the title.",
    )
    return everything


class TestEveryPage:
    @pytest.mark.parametrize("name", names())
    def test_sound(self, open_page: OpenPage, rows: Rows, superuser: User, name: str) -> None:
        address = address_of(name, rows)
        if address is None:
            return
        page = open_page(None if name == "login" else superuser)
        response = page.goto(address)
        assert response is not None
        assert (response.status, page.url) == (200, response.url)
        assert_sound(page, DJANGOS_OWN if name.startswith("auth_") else ())

    @pytest.mark.parametrize("name", VARIANTS)
    def test_variant_is_sound(self, admin_page: Page, rows: Rows, name: str) -> None:
        admin_page.goto(VARIANTS[name](rows))
        assert_sound(admin_page)

    def test_table_names_what_there_is(self) -> None:
        assert set(ADDRESSES) <= set(names())
        assert not NOT_PAGES.keys() & ADDRESSES.keys()


class TestMoreOfThem:
    def test_every_state_can_be_read(self, admin_page: Page, superuser: User) -> None:
        for case in CASES:
            case.make(title=f"An article that is {case}: a headline of some length, as they are")
        admin_page.goto(list_of(Article))
        assert admin_page.locator(".results .state").count() >= len(CASES)
        assert_sound(admin_page)

    def test_heading_of_a_long_list_stays(self, admin_page: Page) -> None:
        for case in CASES:
            case.make()
        admin_page.goto(list_of(Article))
        admin_page.evaluate("window.scrollTo(0, 500)")
        box = admin_page.locator("#result_list thead th").first.bounding_box()
        assert box is not None
        assert box["y"] == 0

    def test_refused_form(self, admin_page: Page, rows: Rows) -> None:
        admin_page.goto(str(address_of("articles_article_change", rows)))
        admin_page.fill("[name=title]", "")
        admin_page.evaluate("document.querySelector('#article_form').noValidate = true")
        admin_page.click("[name=_save]")
        admin_page.wait_for_selector(".errornote")
        assert_sound(admin_page)

    def test_saved(self, admin_page: Page, rows: Rows) -> None:
        admin_page.goto(str(address_of("articles_article_change", rows)))
        admin_page.fill("[name=title]", "Something else happened")
        admin_page.click("[name=_save]")
        admin_page.wait_for_selector(".messagelist .success")
        assert_sound(admin_page)

    def test_refused_login(self, open_page: OpenPage, superuser: User) -> None:
        page = open_page()
        page.goto("/admin/login/")
        page.fill("[name=username]", "admin")
        page.fill("[name=password]", "not the password")
        page.click("[type=submit]")
        page.wait_for_selector(".errornote")
        assert_sound(page)

    def test_login_and_logout(self, open_page: OpenPage, superuser: User) -> None:
        page = open_page()
        page.goto("/admin/")
        page.fill("[name=username]", "admin")
        page.fill("[name=password]", "password")
        page.click("[type=submit]")
        page.wait_for_url("**/admin/")
        page.click("#logout-form button")
        page.wait_for_url("**/admin/logout/")
        assert_sound(page)
