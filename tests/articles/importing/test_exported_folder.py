"""Folders of exported documents are kept up to date; other files in them are not touched."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from articles import newsdesk
from articles.documents.marks import mark_of
from articles.importing import export
from articles.importing.exported import LIST, Folder, Outcome, origins
from articles.models import Article, Image, Related, SourceDocument, Topic
from articles.sample_documents import generate
from tests.articles.importing.worlds import SeedFile
from tests.articles.importing.worlds import put as put_files
from tests.articles.samples import document, edit, entry, load, put
from tests.factories import make_article, make_provider

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _newsroom(tmp_path: Path) -> None:
    """Import three articles: "one", "two" and "three"."""
    for name in ("one", "two", "three"):
        url = f"https://daily.example/{name}"
        given = {"quality": 90, "heat": 90, "published": True}
        put(tmp_path / "in", f"2024-05-01-{name}.md", document(title=name, web_url=url, **given))
    load(tmp_path / "in")


def send(folder: Path, articles: Any = None, **options: Any) -> Outcome:
    outcome = Outcome()
    articles = Article.objects.all() if articles is None else articles
    list(export.export(articles, folder, outcome=outcome, **options))
    return outcome


def names(folder: Path) -> set[str]:
    """Return the names of documents without date and ending."""
    return {path.stem.removeprefix("2024-05-01-") for path in folder.glob("*.md")}


def withdraw(title: str) -> None:
    newsdesk.perform(newsdesk.withdraw(Article.objects.get(title=title)), by=None)


class TestWhatNoLongerBelongs:
    def test_withdrawn_article_is_removed_from_the_published_ones(self, tmp_path: Path) -> None:
        send(tmp_path / "out", Article.objects.published())
        withdraw("two")
        outcome = send(tmp_path / "out", Article.objects.published())
        assert names(tmp_path / "out") == {"one", "three"}
        assert (outcome.removed, outcome.left) == (1, [])

    def test_changed_slug_and_deleted_article_are_removed(self, tmp_path: Path) -> None:
        send(tmp_path / "out")
        edit(Article.objects.get(title="one"), slug="2024-05-01-renamed")
        Article.objects.get(title="two").delete()
        assert send(tmp_path / "out").removed == 2
        assert names(tmp_path / "out") == {"renamed", "three"}
        assert send(tmp_path / "out").removed == 0

    def test_changed_file_is_listed_and_kept(self, tmp_path: Path) -> None:
        send(tmp_path / "out")
        file = tmp_path / "out" / "2024-05-01-two.md"
        file.write_bytes(file.read_bytes() + b"A note.\n")
        Article.objects.get(title="two").delete()
        for _ in range(2):
            outcome = send(tmp_path / "out")
            assert (outcome.removed, outcome.left) == (0, [file.name])
        file.unlink()
        assert send(tmp_path / "out").left == []

    def test_file_that_returns_and_is_removed_again(self, tmp_path: Path) -> None:
        send(tmp_path / "out")
        for _ in range(2):
            send(tmp_path / "out", Article.objects.exclude(title="two"))
            assert names(tmp_path / "out") == {"one", "three"}
            send(tmp_path / "out")
            assert names(tmp_path / "out") == {"one", "two", "three"}

    def test_of_some_articles_removes_nothing_and_forgets_nothing(self, tmp_path: Path) -> None:
        send(tmp_path / "out")
        send(tmp_path / "out", Article.objects.filter(title="one"), is_partial=True)
        assert names(tmp_path / "out") == {"one", "two", "three"}
        assert send(tmp_path / "out", Article.objects.filter(title="one")).removed == 2


class TestWhatIsNotOurs:
    def test_files_that_were_never_exported_stay(self, tmp_path: Path) -> None:
        out = tmp_path / "out"
        out.mkdir()
        # Equal to a document, but nobody exported it here.
        (out / "2024-05-01-two.md").write_bytes((tmp_path / "in/2024-05-01-two.md").read_bytes())
        (out / "README.md").write_text("Read me.")
        for _ in range(2):
            assert send(out, Article.objects.filter(title="one")).removed == 0
        assert names(out) == {"one", "two", "README"}

    @pytest.mark.parametrize("name", ["../secret.md", "/etc/hosts.md", ".hidden.md", "a/b.md"])
    def test_a_list_cannot_name_files_elsewhere(self, tmp_path: Path, name: str) -> None:
        out = tmp_path / "out"
        send(out)
        digest = SourceDocument.objects.get(path="2024-05-01-two.md").digest
        text = (tmp_path / "in/2024-05-01-two.md").read_bytes()
        for place in (tmp_path / "secret.md", out / ".hidden.md"):
            place.write_bytes(text)
        with (out / LIST).open("a") as known:
            known.write(f"{digest} {digest} {name}\n")
        assert send(out).removed == 0
        assert (tmp_path / "secret.md").exists()
        assert (out / ".hidden.md").exists()

    def test_link_is_kept(self, tmp_path: Path) -> None:
        out = tmp_path / "out"
        send(out)
        file = out / "2024-05-01-two.md"
        file.rename(tmp_path / "moved.md")
        file.symlink_to(tmp_path / "moved.md")
        Article.objects.get(title="two").delete()
        assert send(out).left == [file.name]
        assert (tmp_path / "moved.md").exists()


class TestAnInterruptedExport:
    def test_keeps_everything_and_knows_what_it_wrote(self, tmp_path: Path) -> None:
        out = tmp_path / "out"
        writing = export.export(Article.objects.order_by("pk"), out)
        list(islice(writing, 2))
        writing.close()
        assert len(names(out)) == 2
        last = Article.objects.order_by("pk").last()
        assert last is not None
        assert send(out, Article.objects.filter(pk=last.pk)).removed == 2
        assert names(out) == {last.title}

    def test_after_a_whole_one_knows_both_versions(self, tmp_path: Path) -> None:
        out = tmp_path / "out"
        send(out)
        edit(Article.objects.get(title="one"), excerpt="New.")
        writing = export.export(Article.objects.order_by("pk"), out)
        next(writing)
        writing.close()
        # As if it was killed while it wrote a line.
        with (out / f"{LIST}.new").open("a") as new:
            new.write("0123")
        assert send(out, Article.objects.none()).removed == 3
        assert names(out) == set()

    def test_two_at_once_are_refused(self, tmp_path: Path) -> None:
        with Folder(tmp_path / "out"), pytest.raises(OSError, match="another export"):
            Folder(tmp_path / "out")


class TestWriting:
    @pytest.mark.parametrize("name", ["2024-05-01-two.md", f"{LIST}.part"])
    def test_names_a_folder_that_is_in_the_way(self, tmp_path: Path, name: str) -> None:
        blocked = tmp_path / "out" / name
        blocked.mkdir(parents=True)
        with pytest.raises(OSError, match="directory") as raised:
            send(tmp_path / "out")
        assert raised.value.filename == str(blocked)

    def test_leaves_equal_files_alone(self, tmp_path: Path) -> None:
        send(tmp_path / "out")
        before = {path.name: path.stat().st_ino for path in (tmp_path / "out").glob("*.md")}
        edit(Article.objects.get(title="one"), excerpt="New.")
        send(tmp_path / "out")
        after = {path.name: path.stat().st_ino for path in (tmp_path / "out").glob("*.md")}
        assert [name for name in before if before[name] != after[name]] == ["2024-05-01-one.md"]

    def test_leaves_only_documents_and_the_list(self, tmp_path: Path) -> None:
        send(tmp_path / "out")
        hidden = [path.name for path in (tmp_path / "out").iterdir() if path.name[0] == "."]
        assert hidden == [LIST]
        # An import does not see it.
        assert load(tmp_path / "out").unchanged == 3

    def test_the_list_names_the_version_that_a_file_is_based_on(self, tmp_path: Path) -> None:
        edit(Article.objects.get(title="one"), excerpt="New.")
        send(tmp_path / "out")
        source = SourceDocument.objects.get(path="2024-05-01-one.md")
        file = tmp_path / "out" / "2024-05-01-one.md"
        assert origins(file) == {source.digest, source.exported_digest}
        assert source.exported_text == file.read_text()
        assert origins(tmp_path / "in" / "2024-05-01-one.md") == frozenset()


def change_topic_name() -> None:
    Topic.objects.filter(name="Bridges").update(name="Roads", key="roads")


CHANGES: list[Callable[[Article], object]] = [
    lambda one: Article.objects.filter(pk=one.pk).update(title="Other"),
    lambda one: Article.objects.filter(pk=one.pk).update(featured_content="<b>"),
    lambda one: Article.objects.filter(pk=one.pk).update(locale="es"),
    lambda one: Article.objects.filter(pk=one.pk).update(heat=91, heat_is_given=False),
    lambda one: Article.objects.filter(pk=one.pk).update(published=False, heat_is_given=False),
    lambda one: Article.objects.filter(pk=one.pk).update(quality=91),
    lambda one: Article.objects.filter(pk=one.pk).update(is_pinned=True),
    lambda one: Article.objects.filter(pk=one.pk).update(decision="publish"),
    lambda one: Article.objects.filter(pk=one.pk).update(publish_from=one.published_at),
    lambda one: Article.objects.filter(pk=one.pk).update(publish_until=one.published_at),
    lambda one: Article.objects.filter(pk=one.pk).update(provider=make_provider()),
    lambda one: Image.objects.filter(article=one).update(attribution="Other"),
    lambda one: Image.objects.filter(article=one).delete(),
    lambda one: one.topic_links.all().delete(),
    lambda one: change_topic_name(),
    lambda one: Related.objects.create(article=one, target=make_article(), position=9),
]


class TestUntouched:
    @pytest.mark.parametrize("change", CHANGES)
    def test_every_change_of_a_row_is_seen(self, change: Callable[[Article], object]) -> None:
        change(Article.objects.get(title="one"))
        found = {
            name: is_revised for name, _, is_revised in export.documents_of(Article.objects.all())
        }
        assert found["2024-05-01-one.md"]

    def test_untouched_documents_are_not_parsed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put_files(tmp_path / "more", [SeedFile(*file) for file in generate(50, 3)])
        put(tmp_path / "more", "es.md", document(language="es", web_url="https://es.example/1"))
        own = {"quality": 60, "heat": None, "published": None, "related": (entry(),)}
        put(tmp_path / "more", "own.md", document(web_url="https://es.example/2", **own))
        load(tmp_path / "more")
        monkeypatch.delattr(export, "present")
        assert not any(is_revised for *_, is_revised in export.documents_of(Article.objects.all()))

    def test_a_missing_mark_is_filled_in(self, tmp_path: Path) -> None:
        SourceDocument.objects.update(mark=None)
        edit(Article.objects.get(title="one"), excerpt="New.")
        send(tmp_path / "out")
        marks = [(one.mark, mark_of(one.parse())) for one in SourceDocument.objects.all()]
        assert all(stored == computed for stored, computed in marks[1:])

    def test_each_chunk_is_read_from_the_last_article_on(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(export, "CHUNK", 1)
        with CaptureQueriesContext(connection) as queries:
            assert len(list(export.documents_of(Article.objects.all()))) == 3
        last = Article.objects.order_by("pk").values_list("pk", flat=True)[1]
        # PostgreSQL would read all documents up to there again if only the articles were limited.
        wanted = {
            f'"{name}" > {last}'
            for name in ('articles_article"."id', 'articles_sourcedocument"."article_id')
        }
        assert any(all(one in query["sql"] for one in wanted) for query in queries)
