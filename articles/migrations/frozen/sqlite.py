"""SQLite's triggers of editions and change feed: one for each table and event, for each row."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from articles.migrations.frozen import search_sqlite
from articles.migrations.frozen.change_feed import (
    CARRIED,
    INTO,
    NAMED,
    NAMING,
    NOTED,
    PARTS,
    UPSERT,
    in_story,
    last_note,
    mark,
    public,
    showing,
    with_dates,
)

_NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')"
_SOON = "strftime('%Y-%m-%d %H:%M:%f', 'now', '+15 minutes')"
BEGIN_EDITION = (
    "INSERT INTO articles_edition(id, token, begun_at) "
    f"VALUES (1, lower(hex(randomblob(16))), {_NOW}) "
    "ON CONFLICT(id) DO UPDATE SET token = excluded.token, begun_at = excluded.begun_at;"
)
# A statement reads what was there before it, so the numbers of its rows come from row_number().
_NUMBER = "(SELECT COALESCE(MAX(sequence), 0) FROM articles_change) + row_number() OVER ()"
_BLANK = "''"


def note_old(rows: str = "") -> str:
    """Return the statement that notes articles as they were: ``OLD``, by default a trigger's."""
    return (
        f"{INTO} SELECT OLD.slug, {_NUMBER}, {public('OLD', _NOW, last_note('OLD', _BLANK))}, "
        f"{_NOW} {rows}WHERE OLD.published {UPSERT};"
    )


def note(which: str) -> str:
    """Return the statement that notes the articles ``a`` for which a condition holds."""
    return (
        f"{INTO} SELECT a.slug, {_NUMBER}, {public('a', _NOW)}, {_NOW} "
        f"FROM articles_article AS a WHERE {which} AND {NOTED} {UPSERT};"
    )


def _mark(which: str, when: str = "") -> str:
    return mark(f"SELECT a.slug FROM articles_article AS a WHERE {which}", _NOW, when)


def carry(rows: str = "") -> str:
    """Return the statement that gives ``NEW`` slugs the time of the ``OLD`` ones' last change."""
    return (
        f"{CARRIED[0]} SELECT NEW.slug, {_NUMBER}, 0, {_NOW}, former.changed_at "
        f"FROM {rows}articles_change AS former WHERE former.slug = OLD.slug "
        f"AND OLD.slug <> NEW.slug AND former.changed_at IS NOT NULL {CARRIED[1]}"
    )


NOTE_PUBLISHED = with_dates(note("a.published"), "")


def dated(version: Any, sql: str) -> str:
    """Return SQL with the conditions on articles' dates that a version has."""
    return with_dates(sql, _SOON if version.has_dates else "")


def definitions(version: Any) -> dict[str, str]:
    """Return each trigger's statement by its name."""
    found = {}

    def add(name: str, table: str, event: str, when: str, then: str) -> None:
        when = f"WHEN {when} " if when else ""
        statement = f"CREATE TRIGGER {name} AFTER {event.upper()} ON {table} {when}BEGIN {then} END"
        found[name] = dated(version, statement)

    for table in version.editions:
        for event in ("insert", "update", "delete"):
            add(f"{table}_{event}_begins_edition", table, event, "", BEGIN_EDITION)
    for table, columns in version.notes.items():
        marks = _marks(version, table)
        for event, (when, then) in _notes(table, differs_in(columns), marks).items():
            add(f"{table}_{event}_notes", table, event, when, then)
    return found | (search_sqlite.triggers(version.searched) if version.has_search else {})


def differs_in(columns: Iterable[str]) -> str:
    return " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in columns)


def _notes(table: str, differs: str, marks: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return when each event is noted, and the statements that note and mark it."""
    if table in PARTS:
        updated = note("a.id IN (OLD.article_id, NEW.article_id)") + marks["update"]
        return {
            "insert": ("", note("a.id = NEW.article_id") + marks["insert"]),
            "update": (differs, updated),
            "delete": ("", note("a.id = OLD.article_id") + marks["delete"]),
        }
    if table in NAMED:
        return {"update": (differs, note(showing(table, "= NEW.id")) + marks["update"])}
    itself, naming = note("a.id = NEW.id"), note(f"a.id IN ({NAMING} = NEW.id)")
    return {
        "insert": ("NEW.published", itself),
        "update": (differs, note_old() + marks["itself"] + itself + naming + marks["update"]),
        "delete": ("OLD.published", note_old()),
    }


def _marks(version: Any, table: str) -> Mapping[str, str]:
    """Return the statements that mark the articles of each event, and an article itself."""
    marks: dict[str, str] = defaultdict(str)
    if table not in version.marks:
        return marks
    differs = differs_in(version.marks[table])
    if table in NAMED:
        marks["update"] = _mark(showing(table, "= NEW.id"), differs)
    elif table in PARTS:
        is_link = table == "articles_related"
        marks["insert"] = _mark("a.id = NEW.article_id", is_listed("NEW") if is_link else "")
        marks["update"] = _mark("a.id IN (OLD.article_id, NEW.article_id)", differs)
        marks["delete"] = _mark("a.id = OLD.article_id", is_listed("OLD") if is_link else "")
    else:
        marks["itself"] = mark("OLD.slug", _NOW, differs)
        marks["update"] = carry() + _mark(f"a.id IN ({NAMING} = NEW.id)", covered(version))
    return marks


def covered(version: Any) -> str:
    """Return the condition that an update changes what stories show of a report."""
    before, after = in_story("OLD", _NOW), in_story("NEW", _NOW)
    return f"({before} OR {after}) AND ({before} <> {after} OR {differs_in(version.covered)})"


def mark_set(slugs: str) -> str:
    """Return the statement that marks articles as changed for readers."""
    return mark(slugs, _NOW)


def is_listed(link: str) -> str:
    """Return the condition that the target of a link is shown in the story."""
    shown = in_story("t", _NOW)
    return f"EXISTS (SELECT 1 FROM articles_article AS t WHERE t.id = {link}.target_id AND {shown})"


def drop(name: str) -> str:
    """Return the statement that drops a trigger."""
    return f"DROP TRIGGER IF EXISTS {name}"
