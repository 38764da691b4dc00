"""SQLite's triggers of editions and change feed: one for each table and event, for each row."""

from typing import Any

from articles.migrations.frozen.change_feed import (
    INTO,
    NAMED,
    NAMING,
    NOTED,
    PARTS,
    UPSERT,
    last_note,
    public,
    showing,
)
from articles.migrations.frozen.search_0008_sqlite import TRIGGERS as SEARCH

_NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')"
_BEGIN_EDITION = (
    "INSERT INTO articles_edition(id, token, begun_at) "
    f"VALUES (1, lower(hex(randomblob(16))), {_NOW}) "
    "ON CONFLICT(id) DO UPDATE SET token = excluded.token, begun_at = excluded.begun_at;"
)
# A statement reads what was there before it, so the numbers of its rows come from row_number().
_NUMBER = "(SELECT COALESCE(MAX(sequence), 0) FROM articles_change) + row_number() OVER ()"
_BLANK = "''"
_NOTE_OLD = (
    f"{INTO} SELECT OLD.slug, {_NUMBER}, {public('OLD', _NOW, last_note('OLD', _BLANK))}, "
    f"{_NOW} WHERE OLD.published {UPSERT};"
)


def _note(which: str) -> str:
    return (
        f"{INTO} SELECT a.slug, {_NUMBER}, {public('a', _NOW)}, {_NOW} "
        f"FROM articles_article AS a WHERE {which} AND {NOTED} {UPSERT};"
    )


NOTE_PUBLISHED = _note("a.published")


def definitions(version: Any) -> dict[str, str]:
    """Return each trigger's statement by its name."""
    found = {}

    def add(name: str, table: str, event: str, when: str, then: str) -> None:
        when = f"WHEN {when} " if when else ""
        found[name] = (
            f"CREATE TRIGGER {name} AFTER {event.upper()} ON {table} {when}BEGIN {then} END"
        )

    for table in version.editions:
        for event in ("insert", "update", "delete"):
            add(f"{table}_{event}_begins_edition", table, event, "", _BEGIN_EDITION)
    for table, columns in version.notes.items():
        differs = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in columns)
        for event, (when, then) in _notes(table, differs).items():
            add(f"{table}_{event}_notes", table, event, when, then)
    return found | (SEARCH if version.has_search else {})


def _notes(table: str, differs: str) -> dict[str, tuple[str, str]]:
    """Return when each event is noted, and the statements that note it."""
    if table in PARTS:
        return {
            "insert": ("", _note("a.id = NEW.article_id")),
            "update": (differs, _note("a.id IN (OLD.article_id, NEW.article_id)")),
            "delete": ("", _note("a.id = OLD.article_id")),
        }
    if table in NAMED:
        return {"update": (differs, _note(showing(table, "= NEW.id")))}
    itself, naming = _note("a.id = NEW.id"), _note(f"a.id IN ({NAMING} = NEW.id)")
    return {
        "insert": ("NEW.published", itself),
        "update": (differs, _NOTE_OLD + itself + naming),
        "delete": ("OLD.published", _NOTE_OLD),
    }


def drop(name: str) -> str:
    """Return the statement that drops a trigger."""
    return f"DROP TRIGGER IF EXISTS {name}"
