"""Changes in catalog files (``_data``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from articles.importing import run
from providers.models import Provider
from tests.articles.samples import document, load, put

pytestmark = pytest.mark.django_db


def write_catalog(folder: Path, name: str, logo: str) -> None:
    """Write the Daily's provider file."""
    path = folder / "_data" / "organizations" / "daily.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    images = f"images:\n  - url: {logo}\n" if logo else ""
    path.write_text(f"---\nname: {name}\ndomain: daily.example\n{images}---\n")


def provider() -> tuple[str, list[str]]:
    """Return the Daily's name and the URLs of its logos."""
    daily = Provider.objects.get(domain="daily.example")
    return daily.name, [logo["url"] for logo in daily.logos]


class TestProviderFile:
    def test_a_newer_one_renames_the_provider_and_changes_its_logo(self, tmp_path: Path) -> None:
        put(tmp_path, "a.txt", document())
        write_catalog(tmp_path, "First name", "https://logos.example/one.png")
        load(tmp_path)
        assert provider() == ("First name", ["https://logos.example/one.png"])
        write_catalog(tmp_path, "Second name", "https://logos.example/two.png")
        load(tmp_path)
        assert provider() == ("Second name", ["https://logos.example/two.png"])

    def test_a_newer_one_may_have_a_local_logo(self, tmp_path: Path) -> None:
        write_catalog(tmp_path, "Daily", "https://logos.example/one.png")
        run([tmp_path])
        write_catalog(tmp_path, "Daily", "/logos/two.png")
        run([tmp_path])
        assert provider() == ("Daily", ["/logos/two.png"])

    def test_an_editors_name_stays(self, tmp_path: Path) -> None:
        write_catalog(tmp_path, "First name", "")
        run([tmp_path])
        Provider.objects.update(name="Editor's name")
        write_catalog(tmp_path, "Second name", "")
        run([tmp_path])
        assert provider()[0] == "Editor's name"
