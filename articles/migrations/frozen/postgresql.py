"""PostgreSQL's triggers of editions and change feed: for each statement, with its rows as tables."""

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
    for table, columns in version.notes.items():
        for event, then in _notes(table, columns).items():
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


def _notes(table: str, columns: tuple[str, ...]) -> dict[str, str]:
    """Return the statements that note each event."""
    if table in NAMED:
        differs = " OR ".join(f"o.{name} <> n.{name}" for name in columns)
        # These first: an import updates providers by the hundred, and hardly ever their names.
        both = f"SELECT n.id FROM old_rows AS o JOIN new_rows AS n ON n.id = o.id WHERE {differs}"
        shown = f"SELECT a.id FROM articles_article AS a WHERE {showing(table, '= ANY(changed)')}"
        return {"update": _if_changed(both, f"{_note(shown)} ")}
    # No join: its plan would be kept from a call with one row for one with thousands.
    listed = ", ".join(("id", *columns))
    before = f"SELECT {listed} FROM old_rows EXCEPT SELECT {listed} FROM new_rows"
    after = f"SELECT {listed} FROM new_rows EXCEPT SELECT {listed} FROM old_rows"
    if table in PARTS:
        both = f"SELECT article_id FROM ({before}) AS o UNION SELECT article_id FROM ({after}) AS n"
        return {
            "insert": _note("SELECT article_id FROM new_rows"),
            "update": _note(both),
            "delete": _note("SELECT article_id FROM old_rows"),
        }
    itself_and_naming = _note(f"SELECT unnest(changed) UNION {NAMING} = ANY(changed)")
    return {
        "insert": _note("SELECT id FROM new_rows WHERE published"),
        "update": _if_changed(
            f"SELECT id FROM ({after}) AS n", _note_old(before) + itself_and_naming
        ),
        "delete": _note_old("SELECT * FROM old_rows"),
    }


def _note(ids: str) -> str:
    return f"PERFORM note_articles(ARRAY({ids})); "


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
