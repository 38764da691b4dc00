"""PostgreSQL's triggers of editions and change feed: for each statement, with its rows as tables."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

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
)

_NOW = "clock_timestamp()"
_BEGIN_EDITION = (
    "CREATE OR REPLACE FUNCTION begin_edition() "
    "RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "INSERT INTO articles_edition(id, token, begun_at) "
    "VALUES (1, replace(gen_random_uuid()::text, '-', ''), clock_timestamp()) "
    "ON CONFLICT (id) DO UPDATE SET token = excluded.token, begun_at = excluded.begun_at; "
    "RETURN NULL; END $$"
)
_SEQUENCE = "articles_change_sequence"
# By index, whatever the planner knew of the tables when it first saw the function.
_LANGUAGE = "LANGUAGE plpgsql SET enable_seqscan = off AS $$"
# Before a number is taken: writers then commit in the order of their numbers.
_LOCK = "PERFORM 1 FROM articles_edition WHERE id = 1 FOR UPDATE;"
_NOTE_ARTICLES = (
    f"CREATE OR REPLACE FUNCTION note_articles(ids bigint[]) RETURNS void {_LANGUAGE} "
    f"BEGIN {_LOCK} {INTO} "
    f"SELECT a.slug, nextval('{_SEQUENCE}'), {public('a', _NOW)}, {_NOW} "
    f"FROM articles_article AS a WHERE a.id = ANY(ids) AND {NOTED} {UPSERT}; "
    "END $$"
)
_MARK_ARTICLES = (
    f"CREATE OR REPLACE FUNCTION mark_articles(ids bigint[]) RETURNS void {_LANGUAGE} BEGIN "
    f"{mark('SELECT a.slug FROM articles_article AS a WHERE a.id = ANY(ids)', _NOW)}END $$"
)
# A link to what the story does not show changes nothing.
_LISTED = f" JOIN articles_article AS t ON t.id = link.target_id WHERE {in_story('t', _NOW)}"
_CARRY = (
    f"{CARRIED[0]} SELECT a.slug, nextval('{_SEQUENCE}'), false, {_NOW}, former.changed_at "
    "FROM (SELECT id, slug FROM old_rows EXCEPT SELECT id, slug FROM new_rows) AS o "
    "JOIN articles_change AS former ON former.slug = o.slug AND former.changed_at IS NOT NULL "
    f"JOIN articles_article AS a ON a.id = o.id {CARRIED[1]}"
)
NOTE_PUBLISHED = "SELECT note_articles(ARRAY(SELECT id FROM articles_article WHERE published))"
_ROWS = {
    "insert": "NEW TABLE AS new_rows",
    "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "OLD TABLE AS old_rows",
}


def definitions(version: Any) -> dict[str, str]:
    """Return each object's statement by its kind and name, as ``drop`` takes them."""
    found = {}
    if version.editions:
        found["FUNCTION begin_edition()"] = _BEGIN_EDITION
    for table in version.editions:
        found[f"TRIGGER {table}_begins_edition ON {table}"] = (
            f"CREATE OR REPLACE TRIGGER {table}_begins_edition "
            f"AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION begin_edition()"
        )
    if version.notes:
        found[f"SEQUENCE {_SEQUENCE}"] = f"CREATE SEQUENCE IF NOT EXISTS {_SEQUENCE}"
        found["FUNCTION note_articles(bigint[])"] = _NOTE_ARTICLES
    if version.marks:
        found["FUNCTION mark_articles(bigint[])"] = _MARK_ARTICLES
    for table, columns in version.notes.items():
        for event, then in _notes(table, columns, _marks(version, table)).items():
            name = f"{table}_{event}_notes"
            found[f"FUNCTION {name}()"] = (
                f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger {_LANGUAGE} "
                f"DECLARE changed bigint[]; BEGIN {then} RETURN NULL; END $$"
            )
            found[f"TRIGGER {name} ON {table}"] = (
                f"CREATE OR REPLACE TRIGGER {name} AFTER {event.upper()} ON {table} "
                f"REFERENCING {_ROWS[event]} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
            )
    return found


def _notes(table: str, columns: tuple[str, ...], marks: Mapping[str, str]) -> dict[str, str]:
    """Return the statements that note and mark each event."""
    if table in NAMED:
        # These first: an import updates providers by the hundred, and hardly ever their names.
        noted = _note(_shown(table)) + marks["update"]
        return {"update": _if_changed(_renamed(columns), noted)}
    if table in PARTS:
        return {
            "insert": _note("SELECT article_id FROM new_rows") + marks["insert"],
            "update": _note(_either("article_id", columns)) + marks["update"],
            "delete": _note("SELECT article_id FROM old_rows") + marks["delete"],
        }
    before, after = _less("old", "new", columns), _less("new", "old", columns)
    itself_and_naming = _note(f"SELECT unnest(changed) UNION {NAMING} = ANY(changed)")
    noted = _note_old(before) + marks["itself"] + itself_and_naming + marks["update"]
    return {
        "insert": _note("SELECT id FROM new_rows WHERE published"),
        "update": _if_changed(f"SELECT id FROM ({after}) AS n", noted),
        "delete": _note_old("SELECT * FROM old_rows"),
    }


def _marks(version: Any, table: str) -> Mapping[str, str]:
    """Return the statements that mark the articles of each event, and an article itself."""
    marks: dict[str, str] = defaultdict(str)
    if table not in version.marks:
        return marks
    columns = version.marks[table]
    if table in NAMED:
        marks["update"] = _if_changed(_renamed(columns), _mark(_shown(table)))
    elif table in PARTS:
        listed = _LISTED if table == "articles_related" else ""
        marks["insert"] = _mark(f"SELECT article_id FROM new_rows AS link{listed}")
        marks["update"] = _mark(_either("article_id", columns))
        marks["delete"] = _mark(f"SELECT article_id FROM old_rows AS link{listed}")
    else:
        marks["itself"] = mark(f"SELECT slug FROM ({_less('old', 'new', columns)}) AS o", _NOW)
        covered = _either("id", version.covered, in_stories=True)
        marks["update"] = _CARRY + _if_changed(covered, _mark(f"{NAMING} = ANY(changed)"))
    return marks


def _renamed(columns: Iterable[str]) -> str:
    differs = " OR ".join(f"o.{name} <> n.{name}" for name in columns)
    return f"SELECT n.id FROM old_rows AS o JOIN new_rows AS n ON n.id = o.id WHERE {differs}"


def _shown(table: str) -> str:
    return f"SELECT a.id FROM articles_article AS a WHERE {showing(table, '= ANY(changed)')}"


def _less(rows: str, others: str, columns: Iterable[str], *, in_stories: bool = False) -> str:
    """Return the rows of one table that are not in the other, by these columns."""
    # No join: its plan would be kept from a call with one row for one with thousands.
    listed = ", ".join(("id", *columns))
    these, those = (
        f"SELECT {listed} FROM {name}_rows"
        + (f" WHERE {in_story(f'{name}_rows', _NOW)}" if in_stories else "")
        for name in (rows, others)
    )
    return f"{these} EXCEPT {those}"


def _either(ids: str, columns: Sequence[str], *, in_stories: bool = False) -> str:
    """Return the ids of the rows that differ in these columns, before and after."""
    before = _less("old", "new", columns, in_stories=in_stories)
    after = _less("new", "old", columns, in_stories=in_stories)
    return f"SELECT {ids} FROM ({before}) AS o UNION SELECT {ids} FROM ({after}) AS n"


def _note(ids: str) -> str:
    return f"PERFORM note_articles(ARRAY({ids})); "


def _mark(ids: str) -> str:
    return f"PERFORM mark_articles(ARRAY({ids})); "


def _note_old(rows: str) -> str:
    shown = public("o", _NOW, last_note("o", "'-infinity'"))
    return (
        f"{_LOCK} {INTO} SELECT o.slug, nextval('{_SEQUENCE}'), {shown}, {_NOW} "
        f"FROM ({rows}) AS o WHERE o.published {UPSERT}; "
    )


def _if_changed(ids: str, then: str) -> str:
    return f"changed := ARRAY({ids}); IF changed <> '{{}}' THEN {then}END IF; "


def drop(name: str) -> str:
    """Return the statement that drops an object; a function takes its triggers along."""
    kind = name.partition(" ")[0]
    return (
        f"DROP {kind} IF EXISTS {name[len(kind) + 1 :]}{' CASCADE' if kind == 'FUNCTION' else ''}"
    )
