"""Migrations are frozen: they contain their SQL, and create the triggers of the newest version."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection, migrations, models
from django.db.migrations.executor import MigrationExecutor

from articles.migrations.frozen import postgresql, sqlite
from articles.migrations.frozen.triggers import (
    SHOWN,
    VERSIONS,
    Shown,
    keep_triggers,
    restore_triggers,
)
from articles.roles import ROLES
from tests.factories import make_article

ROOT: Final = Path(__file__).parents[2]
MIGRATIONS: Final = sorted(
    path for app in ("articles", "providers") for path in (ROOT / app / "migrations").rglob("*.py")
)
FROZEN: Final = "articles.migrations.frozen"

UNSEEN: Final = {
    "articles_article": {
        *(
            "id",
            "url",
            "address_key",
            "first_slug",
            "stem",
            "standing",
            "filed_under",
            "title_words",
            "excerpt_words",
            "version",
            "created_at",
            "changed_at",
        ),
        *("heat_is_given", "top_rank", "scored_at"),
        *("decision_reason", "decision_until", "decided_at", "decided_by_id"),
    },
    "articles_articletopic": {"id", "published_at"},
    "articles_image": {"id"},
    "articles_related": {"id"},
    "articles_storedimage": {"id", "format", "byte_size", "width", "height", "stored_at"},
    "articles_topic": {
        *("id", "key", "name_words", "short_name", "parent_id", "keywords", "hashtags", "source"),
    },
    "providers_provider": {
        *("id", "name_words", "description", "logos", "notes", "reuses_titles", "source"),
    },
}
"""Columns that API clients do not see in an article, or only through other columns."""


def imported(path: Path) -> set[str]:
    """Return the modules that a file imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return found


def triggers() -> dict[str, str]:
    """Return the triggers of the database and their definitions."""
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    if connection.vendor == "postgresql":
        query = "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
    with connection.cursor() as cursor:
        cursor.execute(query)
        return dict(cursor.fetchall())


def functions() -> dict[str, str]:
    """Return PostgreSQL's functions of the application and their definitions."""
    if connection.vendor != "postgresql":
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        )
        return dict(cursor.fetchall())


def last_number() -> int:
    """Return the last number of the change feed."""
    query = "SELECT MAX(sequence) FROM articles_change"
    if connection.vendor == "postgresql":
        query = "SELECT last_value FROM articles_change_sequence"
    with connection.cursor() as cursor:
        cursor.execute(query)
        number: int = cursor.fetchone()[0]
        return number


def editor() -> Any:
    """Return a minimal schema editor for ``restore_triggers``, within the test's transaction."""
    return SimpleNamespace(
        connection=connection, execute=lambda sql, _: connection.cursor().execute(sql)
    )


class TestFrozen:
    @pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.stem)
    def test_imports_no_live_code(self, path: Path) -> None:
        live = {
            name
            for name in imported(path)
            if name.startswith(("articles", "newsroom", "providers", "."))
            and name != FROZEN
            and not name.startswith(f"{FROZEN}.")
        }
        assert live == set()

    def test_there_are_migrations(self) -> None:
        assert len(MIGRATIONS) > 20


@pytest.mark.django_db
class TestRoles:
    def test_have_the_permissions_of_the_table(self) -> None:
        found = {
            group.name: {
                f"{one.content_type.app_label}.{one.codename}"
                for one in group.permissions.select_related("content_type")
            }
            for group in Group.objects.filter(name__in=ROLES)
        }
        assert found == ROLES


@pytest.mark.django_db
class TestTriggers:
    def test_are_those_of_the_newest_version(self) -> None:
        if connection.vendor == "postgresql":
            names = {
                name.split()[1] for name in postgresql.definitions(SHOWN) if name[:7] == "TRIGGER"
            }
            assert triggers().keys() == names
        else:
            assert triggers() == sqlite.definitions(SHOWN)

    def test_are_the_same_after_they_were_dropped_and_made_again(self) -> None:
        before = triggers(), functions()
        restore_triggers(editor(), Shown())
        assert triggers() == {}
        restore_triggers(editor(), SHOWN)
        assert (triggers(), functions()) == before

    def test_of_an_older_version_replace_those_of_the_newest(self) -> None:
        restore_triggers(editor(), VERSIONS["0009"])
        names = set(triggers())
        assert not [name for name in names if name.endswith("_notes") or "logo" in name]
        assert [name for name in names if "storedimage" in name]

    def test_triggers_watch_every_column_that_readers_see(self) -> None:
        """A new column of a shown table must be named here or by a new version."""
        tables = {model._meta.db_table: model for model in apps.get_models()}
        for table, columns in SHOWN.notes.items():
            has = {str(field.column) for field in tables[table]._meta.local_concrete_fields}
            assert has == {*columns, *UNSEEN[table]}, table
            assert not UNSEEN[table] & set(columns), table

    def test_begin_an_edition_for_every_table_with_notes(self) -> None:
        assert SHOWN.notes.keys() | {"articles_logo"} == set(SHOWN.editions)


class TestKeepTriggers:
    """The triggers that a migration creates, and those after it is undone."""

    @pytest.mark.parametrize(
        ("number", "before", "after"),
        [
            ("0007", Shown(), VERSIONS["0007"]),
            ("0010", VERSIONS["0009"], VERSIONS["0010"]),
            ("0012", VERSIONS["0010"], VERSIONS["0010"]),
            ("0013", VERSIONS["0010"], VERSIONS["0013"]),
            ("9999", SHOWN, SHOWN),
        ],
    )
    def test_makes_those_of_its_number(
        self, monkeypatch: pytest.MonkeyPatch, number: str, before: Shown, after: Shown
    ) -> None:
        made: list[Shown] = []
        monkeypatch.setattr(
            "articles.migrations.frozen.triggers.restore_triggers",
            lambda _, version: made.append(version),
        )
        operations = ["an operation"]
        first, *between, last = keep_triggers(number, operations)

        assert between == operations
        for one in (first.code, last.code, last.reverse_code, first.reverse_code):
            one(None, editor())
        if connection.vendor == "postgresql":
            assert made == [after, before]
        else:
            assert made == [Shown(), after, Shown(), before]

    @pytest.mark.django_db(transaction=True)
    def test_a_column_can_be_added_and_removed(self) -> None:
        make_article()
        before = triggers(), functions(), last_number()
        state = MigrationExecutor(connection).loader.project_state()
        byline = migrations.AddField(
            "article", "byline", models.CharField(default="", max_length=9)
        )
        migration = migrations.Migration("9999_byline", "articles")
        migration.operations = keep_triggers("9999", [byline])  # type: ignore[misc]

        with connection.schema_editor() as schema_editor:
            migration.apply(state.clone(), schema_editor)
        assert (triggers(), functions(), last_number()) == before
        with connection.schema_editor() as schema_editor:
            migration.unapply(state.clone(), schema_editor)
        assert (triggers(), functions(), last_number()) == before
