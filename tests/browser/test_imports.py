"""Uploading documents and following their import, in a browser."""

from __future__ import annotations

from pathlib import Path

from django.contrib.auth.models import User
from playwright.sync_api import expect

from articles.importing import archives
from articles.models import Article
from tests.articles.importing.queueing import work_through
from tests.articles.samples import document, put
from tests.browser.conftest import OpenPage
from tests.browser.sound import assert_sound

UPLOAD = "/admin/articles/importrun/import/"


def test_the_page_follows_an_import_automatically(
    open_page: OpenPage, superuser: User, tmp_path: Path
) -> None:
    put(tmp_path, "one.md", document())
    page = open_page(superuser)
    page.goto(UPLOAD)
    page.get_by_label("Files").set_input_files(tmp_path / "one.md")
    page.get_by_label("Dry run").check()
    page.get_by_role("button", name="Upload").click()
    state = page.locator("#import-state")
    expect(state).to_contain_text("Waiting for a worker")
    assert_sound(page)

    work_through()
    expect(state).to_contain_text("Nothing was written")
    assert_sound(page)
    state.get_by_role("button", name="Import these").click()
    expect(state).to_contain_text("Waiting for a worker")
    work_through()
    expect(page.locator(".field-state").first).to_contain_text("finished")
    assert Article.objects.filter(coverage_only=False).count() == 1


def test_files_that_are_too_large_are_not_sent(
    open_page: OpenPage, superuser: User, tmp_path: Path
) -> None:
    put(tmp_path, "one.md", document())
    page = open_page(superuser)
    page.goto(UPLOAD)
    files = page.get_by_label("Files")
    assert files.get_attribute("data-most-bytes") == str(archives.MOST_BYTES)
    files.evaluate("input => input.dataset.mostBytes = 10")
    files.set_input_files(tmp_path / "one.md")
    page.get_by_role("button", name="Upload").click()
    assert "more than 1 GB" in files.evaluate("input => input.validationMessage")
    assert page.url.endswith(UPLOAD)
