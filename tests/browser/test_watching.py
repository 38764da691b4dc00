"""The browser tests' own checks find planted faults."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.axe import assert_accessible
from tests.browser.chromium import find_chromium, watching
from tests.browser.conftest import OpenPage

LOGIN = "/admin/login/"


class TestFaults:
    """Each fault is planted on a sound page and would make the fixture fail."""

    @pytest.fixture
    def page(self, open_page: OpenPage) -> Page:
        page = open_page()
        page.goto(LOGIN)
        return page

    def take(self, faults: list[str], expected: str) -> None:
        assert [fault for fault in faults if expected in fault], faults
        faults.clear()

    def test_a_sound_page_has_none(self, page: Page, faults: list[str]) -> None:
        assert faults == []

    def test_inline_script(self, page: Page, faults: list[str]) -> None:
        with page.expect_console_message():
            page.evaluate(
                "document.body.append(Object.assign(document.createElement('script'),"
                " {textContent: 'document.title = 1'}))"
            )
        assert page.title() != "1"
        self.take(faults, "Content Security Policy")

    def test_inline_style(self, page: Page, faults: list[str]) -> None:
        with page.expect_console_message():
            page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"top:0\">')")
        self.take(faults, "Content Security Policy")

    def test_error_of_a_script(self, page: Page, faults: list[str]) -> None:
        with page.expect_event("pageerror"):
            page.evaluate("setTimeout(() => { throw new Error('planted') })")
        self.take(faults, "planted")

    def test_request_to_another_host(self, page: Page, faults: list[str]) -> None:
        with page.expect_console_message():
            page.evaluate("new Image().src = 'https://elsewhere.example/x.png'")
        self.take(faults, "asks https://elsewhere.example/x.png")

    def test_answer_that_is_an_error(self, page: Page, faults: list[str]) -> None:
        with page.expect_console_message():
            page.goto("/nothing-here/")
        self.take(faults, "404")

    def test_fail_if_not_taken(self) -> None:
        with pytest.raises(AssertionError, match="planted"), watching() as faults:
            faults.append("planted")


class TestAxe:
    def test_violation_is_named(self, open_page: OpenPage) -> None:
        page = open_page()
        page.goto(LOGIN)
        assert_accessible(page)
        page.evaluate("document.body.append(document.createElement('input'))")
        with pytest.raises(AssertionError, match=r"label \(critical\) at body > input"):
            assert_accessible(page)


class TestChromium:
    def test_skipped_without_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
        with pytest.raises(pytest.skip.Exception, match="/nowhere/chromium was not found"):
            find_chromium()
