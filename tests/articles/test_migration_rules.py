"""New migrations leave the former version of the site running, and `migrate` waits politely."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from io import StringIO
from typing import Any, Final

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.core.management.commands.migrate import Command as DjangosMigrate
from django.db import connection, migrations, models, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState, ProjectState

from articles.management.commands import migrate
from articles.migrations.frozen.indexes import AddIndexConcurrently
from articles.migrations.frozen.triggers import keep_triggers
from tests.migration_rules import allowed, broken_rules

EXEMPT: Final = {"articles": "0032", "providers": "0004"}
"""The last migrations before these rules."""


def do_something(apps: Any, schema_editor: Any) -> None:
    """Change rows."""


def made(*operations: Any, atomic: bool = True) -> dict[str, str]:
    """Return the rules that a migration of these operations breaks."""
    state = ProjectState()
    fields: list[tuple[str, Any]] = [
        ("id", models.BigAutoField(primary_key=True)),
        ("title", models.CharField(max_length=100, null=True)),
        ("heat", models.IntegerField()),
    ]
    state.add_model(ModelState("articles", "Article", fields))
    return broken_rules(named("made_up", operations, atomic=atomic), state)


def named(name: str, operations: Any, *, atomic: bool) -> migrations.Migration:
    kind = type("Migration", (migrations.Migration,), {"operations": operations, "atomic": atomic})
    migration: migrations.Migration = kind(f"9999_{name}", "articles")
    return migration


INDEX: Final = models.Index(fields=["heat"], name="by_heat")
CHECK: Final = models.CheckConstraint(condition=models.Q(heat__gt=0), name="is_warm")
UNDOABLE: Final = migrations.RunPython(do_something, migrations.RunPython.noop)


def test_new_migrations_break_no_rule() -> None:
    """If this fails, read "Migrations" in CONTRIBUTING.md."""
    loader = MigrationLoader(None)
    for (app, name), migration in sorted(loader.disk_migrations.items()):
        if app in EXEMPT and name[:4] > EXEMPT[app]:
            before = loader.project_state((app, name), at_end=False)
            broken = broken_rules(migration, before)
            permitted = allowed(type(migration))
            assert {what: why for what, why in broken.items() if what not in permitted} == {}, name
            assert permitted <= broken.keys(), f"{name} allows what it does not do"


@pytest.mark.parametrize(
    ("what", "operations"),
    [
        ("remove article.heat", [migrations.RemoveField("article", "heat")]),
        ("rename article.heat", [migrations.RenameField("article", "heat", "warmth")]),
        ("delete article", [migrations.DeleteModel("Article")]),
        ("rename article", [migrations.RenameModel("Article", "Report")]),
        ("rename the table of article", [migrations.AlterModelTable("Article", "reports")]),
        ("add article.byline", [migrations.AddField("article", "byline", models.TextField(default=""))]),
        ("add article.byline", keep_triggers("9999", [migrations.AddField("article", "byline", models.TextField())])),
        ("index article.key", [migrations.AddField("article", "key", models.TextField(null=True, unique=True))]),
        ("require article.title", [migrations.AlterField("article", "title", models.CharField(max_length=100))]),
        ("change the type of article.title", [migrations.AlterField("article", "title", models.CharField(max_length=50, null=True))]),
        ("change the type of article.heat", [migrations.AlterField("article", "heat", models.TextField())]),
        ("index article.heat", [migrations.AlterField("article", "heat", models.IntegerField(db_index=True))]),
        ("index by_heat", [migrations.AddIndex("article", INDEX)]),
        ("index by_heat", [AddIndexConcurrently("article", INDEX)]),
        ("constrain article is_warm", [migrations.AddConstraint("article", CHECK)]),
        ("run do_something", [migrations.RunPython(do_something)]),
        ("run do_something", [UNDOABLE, migrations.RemoveIndex("article", "by_heat")]),
        ("run SQL", [migrations.RunSQL("DELETE FROM articles_article")]),
        ("remove article.heat", [migrations.SeparateDatabaseAndState([migrations.RemoveField("article", "heat")])]),
    ],
)  # fmt: skip
def test_what_breaks_the_former_version_is_found(what: str, operations: list[Any]) -> None:
    assert list(made(*operations)) == [what]


def test_what_the_former_version_does_not_notice_is_fine() -> None:
    new = migrations.CreateModel("Note", [("id", models.BigAutoField(primary_key=True))])
    assert not made(
        new,
        migrations.AddField("note", "text", models.TextField()),
        migrations.AddIndex("note", models.Index(fields=["text"], name="by_text")),
        migrations.AddField("article", "byline", models.TextField(null=True)),
        migrations.AddField("article", "length", models.IntegerField(db_default=0)),
        migrations.AlterField("article", "title", models.CharField(max_length=200, null=True)),
        migrations.RemoveIndex("article", "by_heat"),
        migrations.RemoveConstraint("article", "is_warm"),
    )
    assert not made(UNDOABLE)
    assert not made(AddIndexConcurrently("article", INDEX), atomic=False)


def test_a_comment_allows_one_thing(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made_up_9999.py").write_text(
        "from django.db import migrations\n"
        "class Migration(migrations.Migration):\n"
        "    # Allow: remove article.heat: version 2.1 was the last one to use it.\n"
        "    operations = []\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert allowed(import_module("made_up_9999").Migration) == {"remove article.heat"}


@pytest.fixture
def other() -> Iterator[psycopg.Connection[Any]]:
    """Another connection to the test's database, in a transaction."""
    settings = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    with psycopg.connect(**{key: settings[key] for key in names if settings.get(key)}) as other:
        yield other


@pytest.mark.django_db(transaction=True)
def test_an_index_is_made_concurrently_and_over_what_a_failure_left() -> None:
    state = MigrationLoader(connection).project_state()
    index = models.Index(fields=["category"], name="by_category")
    migration = named("index", [AddIndexConcurrently("article", index)], atomic=False)

    def made() -> bool:
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, "articles_article")
        return "by_category" in found

    for _ in range(2 if connection.vendor == "postgresql" else 1):
        with connection.schema_editor(atomic=False) as schema_editor:
            migration.apply(state.clone(), schema_editor)
    assert made()
    with connection.schema_editor(atomic=False) as schema_editor:
        migration.unapply(state.clone(), schema_editor)
    assert not made()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestMigrate:
    """`manage.py migrate` on PostgreSQL."""

    @pytest.fixture(autouse=True)
    def change_a_table(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def change(*_: Any, **options: Any) -> None:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("LOCK TABLE articles_clock IN ACCESS EXCLUSIVE MODE")
                cursor.execute("SELECT pg_sleep(%s)", [options["verbosity"]])

        monkeypatch.setattr(DjangosMigrate, "handle", change)

    @staticmethod
    def limits() -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('lock_timeout'), current_setting('statement_timeout')"
            )
            return list(cursor.fetchone())

    def test_waits_for_a_table_and_tries_again(
        self, monkeypatch: pytest.MonkeyPatch, other: psycopg.Connection[Any]
    ) -> None:
        before = self.limits()
        other.execute("LOCK TABLE articles_clock IN ACCESS SHARE MODE")
        monkeypatch.setattr(migrate, "sleep", lambda _: other.rollback())
        errors = StringIO()
        call_command("migrate", lock_seconds=1, verbosity=0, stderr=errors)
        assert "A transaction uses a table for more than 1 s. Trying again." in errors.getvalue()
        assert self.limits() == before

    def test_gives_up(
        self, monkeypatch: pytest.MonkeyPatch, other: psycopg.Connection[Any]
    ) -> None:
        other.execute("SELECT pg_advisory_lock(%s)", [migrate._LOCK])
        pauses: list[float] = []
        monkeypatch.setattr(migrate, "sleep", pauses.append)
        errors = StringIO()
        with pytest.raises(CommandError, match="Gave up after 30 attempts"):
            call_command("migrate", verbosity=0, stderr=errors)
        assert errors.getvalue().count("Another process is migrating this database.") == 30
        assert len(pauses) == 30
        # Looking needs no turn.
        call_command("migrate", check_unapplied=True, verbosity=0)

    def test_long_statements_end(self, other: psycopg.Connection[Any]) -> None:
        with pytest.raises(CommandError, match="more than 1 seconds"):
            call_command("migrate", statement_seconds=1, verbosity=2)
