"""Exported documents equal the imported ones, except for later changes."""

from __future__ import annotations

from dataclasses import replace
from difflib import unified_diff
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings

from articles import heat
from articles.documents import ArticleDocument, parse, write
from articles.importing import export
from articles.models import Article, Related, Topic
from articles.sample_documents import generate, generate_catalog
from providers.models import Provider
from tests import digest
from tests.articles.importing.worlds import SeedFile, blank_newsroom, folder_of, worlds
from tests.articles.importing.worlds import put as put_files
from tests.articles.samples import PHOTO, document, edit, entry, load, only_article, put

pytestmark = pytest.mark.django_db


def exported(folder: Path) -> dict[str, bytes]:
    list(export.export(Article.objects.all(), folder))
    return {path.name: path.read_bytes() for path in folder.glob("*.md")}


def difference(before: bytes, after: bytes) -> list[str]:
    """Return the removed and added lines, in order."""
    lines = unified_diff(before.decode().split("\n"), after.decode().split("\n"), n=0, lineterm="")
    return [line for line in lines if line[:2] not in {"--", "++", "@@"}]


@pytest.fixture
def came_in(tmp_path: Path) -> bytes:
    """An imported document with two related entries, unknown keys and a comment."""
    one = document(
        heat=None,
        published=None,
        quality=45,
        related=(entry(), entry(title="Third", web_url="https://herald.example/3", quality=None)),
        extra={"series": "Bridges of the north"},
    )
    data = write(one).replace(b"category: news\n", b"category: news  # a comment\n")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "one.txt").write_bytes(data)
    load(tmp_path / "in")
    return data


def changes(tmp_path: Path, came_in: bytes) -> list[str]:
    (data,) = exported(tmp_path / "out").values()
    assert parse("", data).secured == parse("", came_in).secured
    assert parse("", data).extra == {"series": "Bridges of the north"}
    return difference(came_in, data)


class TestAnUntouchedDocument:
    def test_is_written_byte_for_byte_under_its_slug(self, tmp_path: Path, came_in: bytes) -> None:
        assert exported(tmp_path / "out") == {"2024-05-01-bridge-opens.md": came_in}

    def test_keeps_windows_line_endings(self, tmp_path: Path) -> None:
        path = put(tmp_path / "in", "one.txt", document(line_end="\r\n"))
        load(tmp_path / "in")
        assert list(exported(tmp_path / "out").values()) == [path.read_bytes()]

    def test_replaces_a_file_of_its_name_and_leaves_no_other(
        self, tmp_path: Path, came_in: bytes
    ) -> None:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "2024-05-01-bridge-opens.md").write_bytes(b"old")
        assert exported(tmp_path / "out") == {"2024-05-01-bridge-opens.md": came_in}

    def test_generated_documents_are_exported_unchanged(self, tmp_path: Path) -> None:
        files = dict(generate(200, 21))
        put_files(
            tmp_path / "in", [SeedFile(*file) for file in (*files.items(), *generate_catalog())]
        )
        load(tmp_path / "in")
        assert exported(tmp_path / "out") == files

    @pytest.mark.once
    @settings(max_examples=40)
    @given(world=worlds())
    def test_colliding_documents_are_exported_unchanged(self, world: list[SeedFile]) -> None:
        with folder_of(world) as folder, folder_of([]) as out, blank_newsroom():
            load(folder)
            assert sorted(exported(out).values()) == sorted(file.data for file in world)


class TestAnEditedArticle:
    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ({"title": 'The "new" one'}, ['-title: "Bridge opens"', '+title: "The \\"new\\" one"']),
            ({"excerpt": ""}, ['-excerpt: "It is long."']),
            ({"category": "local"}, ["-category: news  # a comment", "+category: local"]),
            (
                {"amp_url": "https://daily.example/amp"},
                ['+ampWebUrl: "https://daily.example/amp"'],
            ),
            ({"type": "video"}, ["-type: article", "+type: video"]),
            ({"body": "\nMore.\n"}, ["+More."]),
        ],
    )
    def test_differs_in_the_edited_key_only(
        self, tmp_path: Path, came_in: bytes, values: dict[str, Any], expected: list[str]
    ) -> None:
        edit(only_article(), **values)
        assert changes(tmp_path, came_in) == expected

    def test_new_score_writes_quality_heat_and_published(
        self, tmp_path: Path, came_in: bytes
    ) -> None:
        edit(only_article(), quality=55)
        heat.recompute([only_article().pk])
        assert changes(tmp_path, came_in) == [
            "-quality: 45",
            "+quality: 55",
            "+heat: 75",
            "+published: true",
        ]

    def test_held_article_is_not_published(self, tmp_path: Path) -> None:
        path = put(tmp_path / "in", "one.txt", document(quality=80, heat=80, published=True))
        load(tmp_path / "in")
        edit(only_article(), decision="hold", published=False)
        (data,) = exported(tmp_path / "out").values()
        assert difference(path.read_bytes(), data) == [
            "-published: true",
            "+published: false",
            "+desk:",
            "+  decision: hold",
            "+",
        ]

    def test_with_another_topic(self, tmp_path: Path, came_in: bytes) -> None:
        only_article().topic_links.create(topic=Topic.objects.create(name="Roads"), position=1)
        assert changes(tmp_path, came_in) == ["+  - Roads"]

    def test_without_topics(self, tmp_path: Path, came_in: bytes) -> None:
        only_article().topic_links.all().delete()
        assert [line for line in changes(tmp_path, came_in) if line != "-"] == [
            "-topics:",
            "-  - Bridges",
        ]

    def test_without_one_related_article(self, tmp_path: Path, came_in: bytes) -> None:
        only_article().related_links.get(position=1).delete()
        gone = changes(tmp_path, came_in)
        assert '-  - title: "Third"' in gone
        assert all(line[0] == "-" for line in gone)
        assert not any("A bridge at last" in line for line in gone)

    def test_with_another_related_article(self, tmp_path: Path, came_in: bytes) -> None:
        added = document(title="Added", web_url="https://daily.example/added")
        put(tmp_path / "more", "added.txt", added)
        load(tmp_path / "more")
        first, second = Article.objects.filter(coverage_only=False).order_by("pk")
        Related.objects.create(article=first, target=second, position=2)
        new = difference(came_in, exported(tmp_path / "out")["2024-05-01-bridge-opens.md"])
        assert new[0] == '+  - title: "Added"'
        assert '+    webUrl: "https://daily.example/added"' in new
        assert all(line[0] == "+" for line in new)

    def test_with_another_order_of_related(self, tmp_path: Path, came_in: bytes) -> None:
        for link in only_article().related_links.all():
            link.position = 5 - link.position
            link.save()
        (data,) = exported(tmp_path / "out").values()
        assert [one.title for one in parse("", data).related] == ["Third", "A bridge at last"]
        assert len(data) == len(came_in)

    def test_of_another_provider(self, tmp_path: Path, came_in: bytes) -> None:
        edit(only_article(), provider=Provider.objects.create(domain="own.example", name="Own"))
        assert changes(tmp_path, came_in) == [
            "-  name: The Daily",
            "-  domain: daily.example",
            "+  name: Own",
            "+  domain: own.example",
        ]

    def test_with_another_credit(self, tmp_path: Path, came_in: bytes) -> None:
        only_article().images.update(attribution="B. Credit")
        assert changes(tmp_path, came_in) == [
            '-    attribution: "A. Credit"',
            '+    attribution: "B. Credit"',
        ]

    def test_keeps_unknown_keys_of_an_image(self, tmp_path: Path) -> None:
        path = put(
            tmp_path / "in", "one.txt", document(images=(replace(PHOTO, extra={"crop": "left"}),))
        )
        load(tmp_path / "in")
        only_article().images.update(attribution="B. Credit")
        (data,) = exported(tmp_path / "out").values()
        assert difference(path.read_bytes(), data) == [
            '-    attribution: "A. Credit"',
            '+    attribution: "B. Credit"',
        ]

    def test_keeps_an_entry_of_its_own_url_besides_edited_ones(self, tmp_path: Path) -> None:
        own = entry(title="Itself", web_url=document().web_url)
        third = entry(title="Third", web_url="https://herald.example/3")
        put(tmp_path / "in", "one.txt", document(related=(entry(), own, third)))
        load(tmp_path / "in")
        only_article().related_links.get(position=1).delete()
        (data,) = exported(tmp_path / "out").values()
        assert [one.title for one in parse("", data).related] == ["A bridge at last", "Itself"]


class TestRoundTrip:
    @pytest.mark.once
    @settings(max_examples=40)
    @given(world=worlds())
    def test_import_export_import_gives_the_same_newsroom(self, world: list[SeedFile]) -> None:
        with folder_of(world) as folder, folder_of([]) as out:
            with blank_newsroom():
                load(folder)
                before = without_places(digest.rows())
                exported(out)
            with blank_newsroom():
                load(out)
                assert without_places(digest.rows()) == before

    @pytest.mark.once
    @settings(max_examples=20)
    @given(world=worlds())
    def test_an_import_of_what_was_exported_changes_nothing(self, world: list[SeedFile]) -> None:
        with folder_of(world) as folder, folder_of([]) as out, blank_newsroom():
            load(folder)
            before = without_places(digest.rows())
            exported(out)
            assert load(out).updated == 0
            assert without_places(digest.rows()) == before


def without_places(rows: digest.Rows) -> digest.Rows:
    """Leave out values that depend on file names: the names, and slugs with a number."""
    kept = digest.without(rows, "path", "stem")
    return {table: found for table, found in kept.items() if table != "Provider"}


class TestQueries:
    def test_do_not_depend_on_the_number_of_articles(self, tmp_path: Path) -> None:
        spent = []
        for count in (10, 120):
            put_files(tmp_path / str(count), [SeedFile(*file) for file in generate(count, 3)])
            with blank_newsroom():
                load(tmp_path / str(count))
                with CaptureQueriesContext(connection) as queries:
                    exported(tmp_path / f"out{count}")
            spent.append(len(queries))
        # Expect: policy in force; articles with document; verdicts; topics; images; related articles;
        # whether there are more.
        assert spent == [7, 7]


class TestPresent:
    def test_of_an_untouched_article_is_its_document(self, came_in: bytes) -> None:
        assert export.present(only_article()) == parse("", came_in)

    def test_of_a_self_naming_document_keeps_the_entry(self, tmp_path: Path) -> None:
        one: ArticleDocument = document()
        own = entry(web_url=one.web_url)
        one = replace(one, related=(own, entry(), own))
        put(tmp_path, "one.txt", one)
        load(tmp_path)
        assert export.present(only_article()) == one
