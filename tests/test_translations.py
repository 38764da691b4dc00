"""The Spanish translation is complete and compiled from its catalog."""

from __future__ import annotations

import gettext
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from tests.factories import make_article, make_superseded, make_topic

ROOT = Path(__file__).resolve().parent.parent
CATALOG = ROOT / "newsroom" / "locale" / "es" / "LC_MESSAGES" / "django.po"
FOLDERS = ("newsroom", "articles", "providers", "templates")

needs_gettext = pytest.mark.skipif(not shutil.which("msgfmt"), reason="GNU gettext is missing")


def compiled(file: Path, folder: Path) -> dict[object, str]:
    """Return a catalog's translations by message; fail if the catalog is not well-formed."""
    target = folder / "compiled.mo"
    check = ["msgfmt", "--check", "--output-file", str(target), str(file)]
    subprocess.run(check, check=True)
    with target.open("rb") as opened:
        return dict(gettext.GNUTranslations(opened)._catalog)  # type: ignore[attr-defined]


@needs_gettext
class TestSpanish:
    def test_has_every_message(self, tmp_path: Path) -> None:
        copy = tmp_path / "copy"
        for folder in FOLDERS:
            shutil.copytree(ROOT / folder, copy / folder)
        shutil.copy(ROOT / "manage.py", copy)
        make = [sys.executable, "manage.py", "makemessages", "--locale", "es", "--no-obsolete"]
        subprocess.run(make, cwd=copy, check=True, capture_output=True)
        renewed = copy / CATALOG.relative_to(ROOT)
        text = renewed.read_text()

        # Apart from the header, every message is translated and none is marked as fuzzy.
        assert re.findall(r'^msgid "(.+)"\nmsgstr(?:\[\d\])? ""\n(?!")', text, re.MULTILINE) == []
        assert "#, fuzzy" not in text
        assert set(compiled(renewed, tmp_path)) == set(compiled(CATALOG, tmp_path))

    def test_is_compiled(self, tmp_path: Path) -> None:
        with CATALOG.with_suffix(".mo").open("rb") as opened:
            stored = dict(gettext.GNUTranslations(opened)._catalog)  # type: ignore[attr-defined]
        assert stored == compiled(CATALOG, tmp_path)


@pytest.mark.django_db
class TestPages:
    def test_speak_it(self, client: Client) -> None:
        article = make_article(topics=(make_topic("Zebras"),))
        make_superseded(article)
        with translation.override("es"):
            front = client.get("/").content.decode()
            story = client.get(article.get_absolute_url()).content.decode()

        assert '<html lang="es"' in front
        assert "Publishers" not in front
        assert f"Read at {article.provider.name}" not in story
        assert settings.SITE_NAME in front
