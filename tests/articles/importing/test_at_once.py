"""Two imports, readers and editors can work at the same time."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from django.db import connection, transaction

from articles import importing
from articles.models import Article, ImportConflict
from articles.sample_documents import generate
from newsroom import bulk
from providers.models import Provider
from tests.articles.importing.processes import IMPORT, Newsrooms, check, run, start
from tests.articles.importing.worlds import CATALOG, SeedFile
from tests.articles.importing.worlds import put as put_files
from tests.articles.samples import DAILY, document, load, only_article, put

READ = ("-m", "tests.articles.importing.reading")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put_files(tmp_path / "seeds", [*(SeedFile(*file) for file in generate(300, 4)), *CATALOG])
    return tmp_path / "seeds"


@pytest.mark.slow
class TestTwoImportsAtOnce:
    def test_two_imports_of_a_folder_equal_one(self, folder: Path, newsrooms: Newsrooms) -> None:
        with newsrooms.make("alone") as environment:
            run(environment, *IMPORT, "0", str(folder))
            alone = check(environment)
        with newsrooms.make("both") as environment:
            both = [start(environment, *IMPORT, "0", str(folder)) for _ in range(2)]
            for process in both:
                _, err = process.communicate(timeout=300)
                assert process.returncode == 0, err
            together = check(environment)
        assert together["digest"] == alone["digest"]
        # Each document was created by one of the two imports.
        assert together["created"] == alone["created"] == 300


@pytest.mark.slow
class TestReadersAndEditorsDuringAnImport:
    def test_cause_no_lock_error(self, folder: Path, newsrooms: Newsrooms, tmp_path: Path) -> None:
        stop = tmp_path / "stop"
        with newsrooms.make("read") as environment:
            readers = [start(environment, *READ, str(stop)) for _ in range(2)]
            try:
                run(environment, *IMPORT, "0", str(folder))
            finally:
                stop.touch()
            for reader in readers:
                out, err = reader.communicate(timeout=300)
                assert reader.returncode == 0, err
                assert out.isdecimal()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestAnEditorWhoSavesDuringAnImport:
    def test_is_not_overwritten(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        put(tmp_path, "one.txt", document())
        load(tmp_path)
        put(tmp_path, "one.txt", document(title="Theirs", excerpt="New."))
        has_saved, imports = threading.Event(), threading.Event()
        lock = bulk.hold_write_lock

        def announced_lock() -> None:
            lock()
            imports.set()

        monkeypatch.setattr(bulk, "hold_write_lock", announced_lock)

        def edit() -> None:
            try:
                with transaction.atomic():
                    Article.objects.update(title="Ours")
                    Provider.objects.filter(domain=DAILY.domain).update(name="Our Daily")
                    has_saved.set()
                    # The import has begun to write and must wait until this edit ends.
                    assert imports.wait(30)
            finally:
                has_saved.set()
                connection.close()

        editor = threading.Thread(target=edit)
        editor.start()
        assert has_saved.wait(30)
        report = importing.run([tmp_path])
        editor.join(30)
        assert (report.updated, report.conflicts) == (1, 1)
        article = only_article()
        assert (article.title, article.excerpt) == ("Ours", "New.")
        assert ImportConflict.objects.get().editor == "Ours"
        assert article.provider.name == "Our Daily"
