"""The command ``export_seeds``: files and exit status."""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from articles.importing import export
from articles.models import Article, FormerSlug
from tests.articles.samples import SEEDS, edit, load

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _newsroom(db: None) -> None:
    load(SEEDS)


def run(folder: Path, *arguments: str) -> tuple[str, list[str]]:
    """Return stdout and the names of the written files."""
    out = StringIO()
    call_command("export_seeds", str(folder), *arguments, stdout=out, stderr=StringIO())
    return out.getvalue().strip(), sorted(path.name for path in folder.glob("*.md"))


def published() -> Article:
    return Article.objects.get(published=True)


class TestExport:
    def test_writes_each_article_that_has_a_document(self, tmp_path: Path) -> None:
        out, names = run(tmp_path / "new" / "folder")
        assert len(names) == 2
        assert out.startswith("2 documents written to ")
        assert out.endswith(", 0 of them changed")

    def test_counts_what_changed(self, tmp_path: Path) -> None:
        edit(published(), title="Another")
        assert run(tmp_path)[0].endswith(", 1 of them changed")

    def test_published_leaves_out_the_others(self, tmp_path: Path) -> None:
        assert run(tmp_path, "--published")[1] == [f"{published().slug}.md"]

    def test_of_slugs_writes_those(self, tmp_path: Path) -> None:
        superseded = Article.objects.get(heat=-1)
        assert run(tmp_path, "--slug", superseded.slug)[1] == [f"{superseded.slug}.md"]

    def test_of_a_former_slug_writes_its_article(self, tmp_path: Path) -> None:
        article = published()
        FormerSlug.objects.remember({"before": (article.pk, article.address_key)})
        assert run(tmp_path, "--slug", "before")[1] == [f"{article.slug}.md"]


class TestExitStatus:
    def test_is_2_for_a_slug_without_document(self, tmp_path: Path) -> None:
        stub = Article.objects.get(coverage_only=True)
        for slug in ("unknown", stub.slug):
            with pytest.raises(CommandError, match=slug) as raised:
                run(tmp_path / "out", "--slug", published().slug, slug)
            assert raised.value.returncode == 2
        assert not (tmp_path / "out").exists()

    def test_is_2_if_the_folder_is_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(CommandError, match="not a folder") as raised:
            run(tmp_path / "file")
        assert raised.value.returncode == 2


class TestInterrupted:
    @pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_ends_after_the_current_document(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, status: int
    ) -> None:
        whole = export.export

        def interrupted(*arguments: Any, **options: Any) -> Generator[tuple[str, bool], None, None]:
            with closing(whole(*arguments, **options)) as exporting:
                for one in exporting:
                    signal.raise_signal(number)
                    yield one

        monkeypatch.setattr(export, "export", interrupted)
        out = StringIO()
        with pytest.raises(SystemExit) as ended:
            call_command("export_seeds", str(tmp_path), stdout=out, stderr=StringIO())
        assert ended.value.code == status
        assert out.getvalue().startswith("1 documents written")
        monkeypatch.undo()
        assert len(run(tmp_path)[1]) == 2
