"""PostgreSQL's triggers of editions and change feed: for each statement, with its rows as tables."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from articles.migrations.frozen import search_postgresql as search
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

_NOW = "clock_timestamp()"
_SOON = "clock_timestamp() + INTERVAL '15 minutes'"
_NEW_EDITION = (
    "INSERT INTO articles_edition(id, token, begun_at) "
    "VALUES (1, replace(gen_random_uuid()::text, '-', ''), clock_timestamp()) "
    "ON CONFLICT (id) DO UPDATE SET token = excluded.token, begun_at = excluded.begun_at; "
)
# A large write turns this setting on, and calls note_set() at its end (articles/tracking/sets.py).
_IN_SET = "current_setting('newsroom.in_sets', true) = 'on'"
_BEFORE = "slug, published, published_at, publish_from, publish_until"
_IDS = "id bigint PRIMARY KEY"
SET_TABLES = {
    # Articles as they were, and new ones.
    "set_before": (
        f"{_IDS}, is_new boolean NOT NULL, slug text, published boolean, "
        "published_at timestamptz, publish_from timestamptz, publish_until timestamptz"
    ),
    # Articles that changed, or their parts or coverage; those for whose readers it is a change.
    "set_noted": _IDS,
    "set_marked": _IDS,
    # Articles that changed for readers themselves, and those that readers had not seen before.
    "set_own": _IDS,
    "set_appearing": _IDS,
    # Articles whose topics or provider changed, for the search.
    "set_refiled": _IDS,
}


def _set_aside(has_sets: bool, collect: str, then: str) -> str:
    """Return the statements that only collect what is concerned while the setting is on."""
    return f"IF {_IN_SET} THEN {collect}{then} END IF; " if has_sets else ""


def _collect(table: str, ids: str) -> str:
    return f"INSERT INTO {table} SELECT DISTINCT {ids} ON CONFLICT DO NOTHING; "


def _begin_edition(has_sets: bool) -> str:
    return (
        "CREATE OR REPLACE FUNCTION begin_edition() "
        "RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"{_set_aside(has_sets, '', 'RETURN NULL;')}{_NEW_EDITION}RETURN NULL; END $$"
    )


_SEQUENCE = "articles_change_sequence"
# By index, whatever the planner knew of the tables when it first saw the function.
_LANGUAGE = "LANGUAGE plpgsql SET enable_seqscan = off AS $$"
# Before a number is taken: writers then commit in the order of their numbers.
_LOCK = "PERFORM 1 FROM articles_edition WHERE id = 1 FOR UPDATE;"


def _note_articles(has_sets: bool) -> str:
    aside = _set_aside(has_sets, _collect("set_noted", "unnest(ids)"), "RETURN;")
    return (
        f"CREATE OR REPLACE FUNCTION note_articles(ids bigint[]) RETURNS void {_LANGUAGE} "
        f"BEGIN {aside}{_LOCK} {INTO} "
        f"SELECT a.slug, nextval('{_SEQUENCE}'), {public('a', _NOW)}, {_NOW} "
        f"FROM articles_article AS a WHERE a.id = ANY(ids) AND {NOTED} {UPSERT}; "
        "END $$"
    )


def _mark_articles(has_sets: bool) -> str:
    aside = _set_aside(has_sets, _collect("set_marked", "unnest(ids)"), "RETURN;")
    return (
        f"CREATE OR REPLACE FUNCTION mark_articles(ids bigint[]) RETURNS void {_LANGUAGE} BEGIN {aside}"
        f"{mark('SELECT a.slug FROM articles_article AS a WHERE a.id = ANY(ids)', _NOW)}END $$"
    )


# A link to what the story does not show changes nothing.
_LISTED = f" JOIN articles_article AS t ON t.id = link.target_id WHERE {in_story('t', _NOW)}"


def _carry(moved: str) -> str:
    return (
        f"{CARRIED[0]} SELECT a.slug, nextval('{_SEQUENCE}'), false, {_NOW}, former.changed_at "
        f"FROM ({moved}) AS o "
        "JOIN articles_change AS former ON former.slug = o.slug AND former.changed_at IS NOT NULL "
        f"JOIN articles_article AS a ON a.id = o.id {CARRIED[1]}"
    )


_MOVED = "SELECT id, slug FROM old_rows EXCEPT SELECT id, slug FROM new_rows"
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
        found["FUNCTION begin_edition()"] = _begin_edition(version.has_sets)
    for table in version.editions:
        found[f"TRIGGER {table}_begins_edition ON {table}"] = (
            f"CREATE OR REPLACE TRIGGER {table}_begins_edition "
            f"AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION begin_edition()"
        )
    if version.notes:
        found[f"SEQUENCE {_SEQUENCE}"] = f"CREATE SEQUENCE IF NOT EXISTS {_SEQUENCE}"
        found["FUNCTION note_articles(bigint[])"] = _note_articles(version.has_sets)
    if version.marks:
        found["FUNCTION mark_articles(bigint[])"] = _mark_articles(version.has_sets)
    if version.has_sets:
        found["FUNCTION note_set()"] = _note_set(version)
    for table, columns in version.notes.items():
        for event, then in _notes(version, table, columns).items():
            name = f"{table}_{event}_notes"
            found[f"FUNCTION {name}()"] = (
                f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger {_LANGUAGE} "
                f"DECLARE changed bigint[]; BEGIN {then} RETURN NULL; END $$"
            )
            found[f"TRIGGER {name} ON {table}"] = (
                f"CREATE OR REPLACE TRIGGER {name} AFTER {event.upper()} ON {table} "
                f"REFERENCING {_ROWS[event]} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
            )
    if version.has_search:
        found |= search.definitions(version.searched, _IN_SET if version.has_sets else "")
    soon = _SOON if version.has_dates else ""
    return {name: with_dates(statement, soon) for name, statement in found.items()}


def _notes(version: Any, table: str, columns: tuple[str, ...]) -> dict[str, str]:
    """Return the statements that note and mark each event."""
    marks = _marks(version, table)
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
    noted = _note_old(before, version.has_sets) + marks["itself"] + itself_and_naming
    new = "INSERT INTO set_before(id, is_new) SELECT id, true FROM new_rows; "
    return {
        "insert": (
            _set_aside(version.has_sets, new, "RETURN NULL;")
            + _note("SELECT id FROM new_rows WHERE published")
        ),
        "update": _if_changed(f"SELECT id FROM ({after}) AS n", noted + marks["update"]),
        "delete": _note_old("SELECT * FROM old_rows", version.has_sets),
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
        own = _less("old", "new", columns)
        itself, carry = mark(f"SELECT slug FROM ({own}) AS o", _NOW), _carry(_MOVED)
        if version.has_sets:
            collect = _collect("set_own", f"id FROM ({own}) AS o")
            itself = f"IF {_IN_SET} THEN {collect}ELSE {itself}END IF; "
            carry = f"IF ({_IN_SET}) IS NOT TRUE THEN {carry}END IF; "
        covered = _either("id", version.covered, in_stories=True)
        marks["itself"] = itself
        marks["update"] = carry + _if_changed(covered, _mark(f"{NAMING} = ANY(changed)"))
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


def _note_old(rows: str, has_sets: bool) -> str:
    shown = public("o", _NOW, last_note("o", "'-infinity'"))
    note = (
        f"{_LOCK} {INTO} SELECT o.slug, nextval('{_SEQUENCE}'), {shown}, {_NOW} "
        f"FROM ({rows}) AS o WHERE o.published {UPSERT}; "
    )
    if not has_sets:
        return note
    # The first values that an article had are those that others saw.
    return (
        f"IF {_IN_SET} THEN INSERT INTO set_before(id, is_new, {_BEFORE}) "
        f"SELECT id, false, {_BEFORE} FROM ({rows}) AS o ON CONFLICT DO NOTHING; "
        f"ELSE {note}END IF; "
    )


def _note_set(version: Any) -> str:
    """Return the function that notes what a set collected, in the order of the triggers.

    An article's own changes come first: see ``mark``. At the end it forgets everything.
    """
    joined = "JOIN articles_article AS a USING (id)"
    new = f"SELECT a.id FROM set_before AS b {joined} WHERE is_new AND a.published"
    seen = "SELECT 1 FROM articles_change AS c WHERE c.slug = b.slug AND c.shown"
    moved = f"SELECT id, b.slug FROM set_before AS b {joined} WHERE NOT is_new AND b.slug <> a.slug"
    marked = (
        f"SELECT a.slug FROM set_marked {joined} "
        "WHERE NOT EXISTS (SELECT 1 FROM set_appearing AS x WHERE x.id = a.id)"
    )
    return (
        f"CREATE OR REPLACE FUNCTION note_set() RETURNS void {_LANGUAGE} BEGIN "
        f"{search.refile_set(version.searched)}PERFORM set_config('newsroom.in_sets', 'off', true); {_NEW_EDITION}"
        f"{_note_old('SELECT * FROM set_before WHERE NOT is_new', has_sets=False)}"
        f"{mark('SELECT b.slug FROM set_before AS b JOIN set_own USING (id)', _NOW)}"
        "INSERT INTO set_appearing "
        f"SELECT id FROM set_before AS b WHERE is_new OR NOT EXISTS ({seen}); "
        f"PERFORM note_articles(ARRAY(SELECT id FROM set_noted UNION {new})); "
        f"{_carry(moved)}{mark(marked, _NOW)}"
        f"{' '.join(f'DELETE FROM {table};' for table in SET_TABLES)} END $$"
    )


def _if_changed(ids: str, then: str) -> str:
    return f"changed := ARRAY({ids}); IF changed <> '{{}}' THEN {then}END IF; "


def drop(name: str) -> str:
    """Return the statement that drops an object; a function takes its triggers along."""
    kind = name.partition(" ")[0]
    return (
        f"DROP {kind} IF EXISTS {name[len(kind) + 1 :]}{' CASCADE' if kind == 'FUNCTION' else ''}"
    )
