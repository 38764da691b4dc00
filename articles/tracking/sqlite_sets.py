"""SQLite's part of ``in_sets()``: other triggers during the block.

In SQLite, changes of triggers are part of the transaction: other connections still see the usual
ones, and a rollback or a killed process restores them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from articles.migrations.frozen import search_sqlite as search
from articles.migrations.frozen import sqlite
from articles.migrations.frozen.change_feed import NAMED, NAMING, PARTS, showing
from articles.migrations.frozen.triggers import SHOWN

Execute = Callable[[str], Any]

_ARTICLE: Final = "articles_article"
_RELATED: Final = "articles_related"
# They write articles_article.filed_under, and the triggers below notice that.
_KEPT: Final = {
    f"{search.INDEX}_{name}"
    for name in ("topic_update", "topic_delete", "topic_name", "provider_name")
}
_BEFORE: Final = "id", "slug", "published", "published_at", "publish_from", "publish_until"
_TABLES: Final = {
    # The earlier values of articles that existed before.
    "set_before": f"id INTEGER PRIMARY KEY, {', '.join(_BEFORE[1:])}",
    # Articles whose topics, images or coverage changed, and those of them that changed for readers.
    "set_noted": "id INTEGER PRIMARY KEY",
    "set_marked": "id INTEGER PRIMARY KEY",
    # Articles that changed for readers themselves, reports of which stories show something else, and
    # articles that readers had not seen before.
    "set_own": "id INTEGER PRIMARY KEY",
    "set_covered": "id INTEGER PRIMARY KEY",
    "set_appearing": "id INTEGER PRIMARY KEY",
    # Rows that many articles show, and those of them that changed for readers.
    "set_named": "kind, id, PRIMARY KEY (kind, id)",
    "set_named_marked": "kind, id, PRIMARY KEY (kind, id)",
    # The earlier index entries of articles that existed before; without names if there was none.
    "set_indexed": "id INTEGER PRIMARY KEY, place, title, excerpt, names",
    # Articles whose names must be updated.
    "set_refiled": "id INTEGER PRIMARY KEY",
}


class Begun(NamedTuple):
    """What ``end`` needs: the usual triggers, and the last ids before the block."""

    triggers: dict[str, str]
    last: dict[str, int]


def is_open(execute: Execute) -> bool:
    found = execute("SELECT 1 FROM sqlite_temp_master WHERE name = 'set_before'")
    return found.fetchone() is not None


def begin(execute: Execute) -> Begun:
    """Replace the triggers with those that record what has changed."""
    found = execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    usual = {name: sql for name, sql in found.fetchall() if name not in _KEPT}
    tables = (_ARTICLE, *PARTS)
    highest = ", ".join(f"(SELECT COALESCE(MAX(id), 0) FROM {table})" for table in tables)
    last = dict(zip(tables, execute(f"SELECT {highest}").fetchone(), strict=True))
    for name in usual:
        execute(sqlite.drop(name))
    for table, columns in _TABLES.items():
        execute(f"CREATE TEMP TABLE {table} ({columns})")
    for name, definition in _triggers(last[_ARTICLE]).items():
        execute(sqlite.dated(SHOWN, f"CREATE TEMP TRIGGER {name} {definition} END"))
    return Begun(usual, last)


def _triggers(last: int) -> dict[str, str]:
    """Return the triggers within the block; ``last`` is the id of the last article before it."""
    was = ", ".join(f"OLD.{name}" for name in _BEFORE)
    remember = f"INSERT OR IGNORE INTO set_before VALUES ({was});"
    remember_entry = (
        f"INSERT OR IGNORE INTO set_indexed SELECT OLD.id, {search.entry('OLD')} "
        "WHERE OLD.filed_under IS NOT NULL;"
        "INSERT OR IGNORE INTO set_indexed(id) VALUES (OLD.id);"
    )
    known = f"OLD.id <= {last}"
    found = {
        "set_update": (
            f"AFTER UPDATE ON {_ARTICLE} WHEN {known} AND ({sqlite.differs_in(SHOWN.notes[_ARTICLE])}) BEGIN {remember}"
        ),
        "set_reindex": (
            f"AFTER UPDATE OF heat, {', '.join(search.watched())} ON {_ARTICLE} "
            f"WHEN {known} AND ({search.changed()}) BEGIN {remember_entry}"
        ),
        "set_refile": (
            f"AFTER UPDATE OF filed_under, provider_id ON {_ARTICLE} WHEN {search.REFILED} "
            "BEGIN INSERT OR IGNORE INTO set_refiled VALUES (NEW.id);"
        ),
        "set_delete": (
            f"AFTER DELETE ON {_ARTICLE} WHEN {known} BEGIN {remember} {remember_entry}"
        ),
    }
    for name, when in {
        "own": sqlite.differs_in(SHOWN.marks[_ARTICLE]),
        "covered": sqlite.covered(SHOWN),
    }.items():
        found[f"set_{name}_update"] = (
            f"AFTER UPDATE ON {_ARTICLE} WHEN {known} AND ({when}) "
            f"BEGIN INSERT OR IGNORE INTO set_{name} VALUES (OLD.id);"
        )
    listed = f"WHEN {sqlite.is_listed('OLD')}"
    for target, columns_of in {"noted": SHOWN.notes, "marked": SHOWN.marks}.items():
        collect = f"INSERT OR IGNORE INTO set_{target} VALUES ({{}}.article_id);"
        for table in PARTS:
            only = listed if target == "marked" and table == _RELATED else ""
            found[f"set_{table}_update_{target}"] = (
                f"AFTER UPDATE ON {table} WHEN {sqlite.differs_in(columns_of[table])} "
                f"BEGIN {collect.format('OLD')} {collect.format('NEW')}"
            )
            found[f"set_{table}_delete_{target}"] = (
                f"AFTER DELETE ON {table} {only} BEGIN {collect.format('OLD')}"
            )
        named = "set_named" if target == "noted" else "set_named_marked"
        for table in NAMED:
            found[f"set_{table}_{target}"] = (
                f"AFTER UPDATE ON {table} WHEN {sqlite.differs_in(columns_of[table])} "
                f"BEGIN INSERT OR IGNORE INTO {named} VALUES ('{table}', NEW.id);"
            )
    return found


def end(execute: Execute, begun: Begun) -> None:
    """Do the work of the usual triggers for all articles concerned, and restore them."""
    _index(execute, begun.last)
    _note(execute, begun.last)
    execute(sqlite.BEGIN_EDITION)
    for name in _triggers(0):
        execute(f"DROP TRIGGER temp.{name}")
    for table in _TABLES:
        execute(f"DROP TABLE temp.{table}")
    for statement in begun.triggers.values():
        execute(statement)


def _index(execute: Execute, last: dict[str, int]) -> None:
    """Update names and the index, in the order of the index, which is several times faster."""
    filed = search.filed_under(f"{_ARTICLE}.id", f"{_ARTICLE}.provider_id")
    new = f"id > {last[_ARTICLE]}"
    # An import files new articles under their topics before it links those.
    unknown = (
        f"SELECT new.article_id FROM articles_articletopic AS new "
        f"WHERE new.id > {last['articles_articletopic']} AND {search.UNKNOWN}"
    )
    execute(
        f"UPDATE {_ARTICLE} SET filed_under = {filed} WHERE filed_under IS NOT {filed} AND id IN ("
        f"SELECT id FROM set_refiled UNION SELECT id FROM {_ARTICLE} "
        f"WHERE {new} AND filed_under IS NULL UNION {unknown})"
    )
    execute(
        f"INSERT INTO {search.INDEX}({search.INDEX}, rowid, title, excerpt, names) "
        "SELECT 'delete', place, title, excerpt, names FROM set_indexed "
        "WHERE names IS NOT NULL ORDER BY place"
    )
    execute(search.learn(f"(a.{new} OR a.id IN (SELECT id FROM set_indexed)) AND ") + " ORDER BY 1")


def _note(execute: Execute, last: dict[str, int]) -> None:
    """Write the change feed, in the order of the triggers: an article's own changes come first."""

    def write(sql: str) -> None:
        execute(sqlite.dated(SHOWN, sql))

    write(sqlite.note_old("FROM set_before AS OLD "))
    write(sqlite.mark_set("SELECT slug FROM set_before JOIN set_own USING (id)"))
    write(
        "INSERT INTO set_appearing SELECT id FROM set_before AS b WHERE NOT EXISTS "
        "(SELECT 1 FROM articles_change AS c WHERE c.slug = b.slug AND c.shown)"
    )
    concerned = [
        "SELECT id FROM set_before",
        "SELECT id FROM set_noted",
        f"{NAMING} IN (SELECT id FROM set_before)",
        f"SELECT id FROM {_ARTICLE} WHERE id > {last[_ARTICLE]} AND published",
        *(f"SELECT article_id FROM {table} WHERE id > {last[table]}" for table in PARTS),
        *_showing_named(execute, "set_named"),
    ]
    write(sqlite.note(f"a.id IN ({' UNION '.join(concerned)})"))
    write(sqlite.carry("set_before AS OLD JOIN articles_article AS NEW ON NEW.id = OLD.id JOIN "))
    marked = [
        "SELECT id FROM set_marked",
        f"{NAMING} IN (SELECT id FROM set_covered)",
        *(
            f"SELECT article_id FROM {table} AS link WHERE id > {last[table]}"
            + (f" AND {sqlite.is_listed('link')}" if table == _RELATED else "")
            for table in PARTS
        ),
        *_showing_named(execute, "set_named_marked"),
    ]
    write(
        sqlite.mark_set(
            f"SELECT slug FROM {_ARTICLE} WHERE id <= {last[_ARTICLE]} "
            f"AND id NOT IN (SELECT id FROM set_appearing) AND id IN ({' UNION '.join(marked)})"
        )
    )


def _showing_named(execute: Execute, table: str) -> Iterator[str]:
    """Yield SQL for the ids of the articles that show the rows in ``table``."""
    for (kind,) in execute(f"SELECT DISTINCT kind FROM {table}").fetchall():
        ids = f"IN (SELECT id FROM {table} WHERE kind = '{kind}')"
        yield f"SELECT a.id FROM {_ARTICLE} AS a WHERE {showing(kind, ids)}"
