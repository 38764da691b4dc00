"""The index in both databases, and the triggers by which they keep it themselves.

``articles_article.filed_under`` has the names of an article's provider and topics, each with its
mark (see ``queries``) behind it, so that no phrase goes across two names. Whoever writes an article
need not know: what is not given is filled in, and what is no longer right is put right, whether the
provider, the topics, their names or the column itself changed. An import gives it with new articles,
since a row written twice costs it dearly.
"""

from __future__ import annotations

from typing import Final

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from articles.search.match_syntax import (
    HEADLINE,
    HEAT,
    MOST_HEAT,
    NAME,
    PROVIDER,
    PUBLISHED,
    TOPIC,
    TYPE,
    plain_words,
)
from articles.search.terms import MARK

FTS_TABLE: Final = "articles_article_search"

_ID_BITS: Final = 30
# What a row id of 64 bits leaves for seconds: the years 1697 to 2242. Others count as these.
_LAST_SECOND: Final = (1 << (63 - _ID_BITS)) - 1
_FIRST_SECOND: Final = -(1 << (63 - _ID_BITS))
ID_OF_PLACE: Final = f"rowid & {(1 << _ID_BITS) - 1}"
"""SQL for the article's id, from the row id of the index."""

_LONGEST_INDEXED: Final = 100_000
"""Characters of an excerpt: PostgreSQL's vector holds no more than a megabyte."""


def place_of(second: int, number: int = 0) -> int:
    """Give SQLite's row id for the article of that number and second since 1970.

    Its table comes in the order of row ids, so newest first is a walk from its end, which stops as
    soon as a page is full. Numbers stay below 2**30.
    """
    return (min(max(second, _FIRST_SECOND), _LAST_SECOND) << _ID_BITS) + number


def filed_under(provider: tuple[int, str], topics: list[tuple[int, str]]) -> str:
    """Return what the column says, from primary keys and names; the triggers write the same."""
    names = [(PROVIDER, *provider), *((TOPIC, *topic) for topic in topics)]
    return " ".join(f"{name.replace(MARK, ' ')} {mark}{pk}" for mark, pk, name in names)


def _filed_under(article: str, provider: str, separator: str) -> str:
    """Give SQL for the column, from SQL for the article's id and its provider's."""

    def named(alias: str, mark: str) -> str:
        return f"replace({alias}.name, '{MARK}', ' ') || ' {mark}' || {alias}.id"

    return (
        f"(SELECT {named('p', PROVIDER)} FROM providers_provider p WHERE p.id = {provider}) || "
        f"COALESCE((SELECT {separator} FROM (SELECT ' ' || {named('t', TOPIC)} AS one, l.position "
        "FROM articles_articletopic l JOIN articles_topic t ON t.id = l.topic_id "
        f"WHERE l.article_id = {article} ORDER BY l.position, l.id) named), '')"
    )


def add_index(_: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make the index and let the database keep it from now on. For ``RunPython``."""
    if schema_editor.connection.vendor == "postgresql":
        _add_to_postgresql(schema_editor)
        return
    schema_editor.execute(
        f"CREATE VIRTUAL TABLE {FTS_TABLE} USING fts5(title, excerpt, names, content='', "
        "columnsize=0, tokenize='unicode61 remove_diacritics 2')"
    )
    add_triggers(_, schema_editor)
    # With the triggers there, this is what files every article under its names and indexes it.
    schema_editor.execute(
        "UPDATE articles_article SET filed_under = "
        + _filed_under("articles_article.id", "articles_article.provider_id", _SQLITE_JOINED)
    )


def remove_index(_: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop the index and what keeps it, of an earlier version too. For ``RunPython``."""
    if schema_editor.connection.vendor == "postgresql":
        for table, name, *_rest in _POSTGRESQL_TRIGGERS:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
        for function in _POSTGRESQL_FUNCTIONS:
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {function} CASCADE")
        schema_editor.execute("ALTER TABLE articles_article DROP COLUMN IF EXISTS search")
        return
    for name in _sqlite_triggers():
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}")
    schema_editor.execute(f"DROP TABLE IF EXISTS {FTS_TABLE}")


def trigger_names(connection: BaseDatabaseWrapper) -> set[str]:
    """Return the names of all triggers that keep the index."""
    if connection.vendor == "postgresql":
        return {name for _table, name, *_rest in _POSTGRESQL_TRIGGERS}
    return set(_sqlite_triggers())


# SQLite

_SQLITE_JOINED: Final = "group_concat(one, '')"
_FILED_NEW: Final = _filed_under("new.id", "new.provider_id", _SQLITE_JOINED)


def add_triggers(_: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make SQLite's triggers, which keep its index, if they are not there. For ``RunPython``.

    A migration that changes the table of articles, their topics, topics or providers needs this as
    its last operation: SQLite changes a table by making another one in its place, and triggers go
    with the old one.
    """
    if schema_editor.connection.vendor == "postgresql":
        return
    for name, body in _sqlite_triggers().items():
        schema_editor.execute(f"CREATE TRIGGER IF NOT EXISTS {name} {body} END")


def _sqlite_triggers() -> dict[str, str]:
    heat = f"(min({{}}.heat, {MOST_HEAT}) / 10)"

    def values(row: str) -> str:
        # Without what is behind the second, which SQLite would round up. Django takes one of the two
        # signs away.
        second = f"CAST(strftime('%%s', substr({row}.published_at, 1, 19)) AS INTEGER)"
        second = f"max({_FIRST_SECOND}, min({_LAST_SECOND}, {second}))"
        return (
            f"({second} << {_ID_BITS}) + {row}.id, {row}.title, {row}.excerpt, "
            f"{row}.filed_under || ' {TYPE}' || {row}.type || iif({row}.published, ' {PUBLISHED}', '') "
            f"|| COALESCE(' {HEAT}' || {heat.format(row)}, '')"
        )

    article, index = "articles_article", FTS_TABLE
    # The column is empty until an article is filed, and then it is not in the index either.
    forget = (
        f"INSERT INTO {index}({index}, rowid, title, excerpt, names) "
        f"SELECT 'delete', {values('old')} WHERE old.filed_under IS NOT NULL;"
    )
    learn = (
        f"INSERT INTO {index}(rowid, title, excerpt, names) "
        f"SELECT {values('a')} FROM {article} a WHERE a.id = new.id AND a.filed_under IS NOT NULL;"
    )
    refiled = "(old.filed_under IS NOT new.filed_under OR old.provider_id IS NOT new.provider_id)"
    # Within the trigger on updates this does not set it off again: SQLite's recursive_triggers is off.
    file = (
        f"UPDATE {article} SET filed_under = {_FILED_NEW} "
        f"WHERE id = new.id AND filed_under IS NOT {_FILED_NEW}"
    )
    columns = (
        "title",
        "excerpt",
        "filed_under",
        "provider_id",
        "type",
        "published",
        "published_at",
    )
    # Imports write the texts of whatever they touch, the same ones too.
    changed = " OR ".join(
        [
            *(f"old.{name} IS NOT new.{name}" for name in columns),
            f"{heat.format('old')} IS NOT {heat.format('new')}",
        ]
    )

    def refile(which: str) -> str:
        filed = _filed_under(f"{article}.id", f"{article}.provider_id", _SQLITE_JOINED)
        return f"UPDATE {article} SET filed_under = {filed} WHERE {which};"

    of_topic = "id IN (SELECT article_id FROM articles_articletopic WHERE topic_id = new.id)"
    # A topic that an import has named already is not worth a second look.
    unknown = (
        f"instr((SELECT filed_under FROM {article} WHERE id = new.article_id) || ' ', "
        f"' {TOPIC}' || new.topic_id || ' ') = 0"
    )
    return {
        f"{index}_insert": f"AFTER INSERT ON {article} WHEN new.filed_under IS NOT NULL "
        f"BEGIN {learn}",
        # Sets off the next one, which indexes it.
        f"{index}_file": f"AFTER INSERT ON {article} WHEN new.filed_under IS NULL BEGIN {file};",
        f"{index}_update": f"AFTER UPDATE OF heat, {', '.join(columns)} ON {article} WHEN {changed} "
        f"BEGIN {forget} {file} AND {refiled}; {learn}",
        f"{index}_delete": f"AFTER DELETE ON {article} BEGIN {forget}",
        f"{index}_topic_insert": "AFTER INSERT ON articles_articletopic "
        f"WHEN {unknown} BEGIN {refile('id = new.article_id')}",
        f"{index}_topic_update": "AFTER UPDATE OF article_id, topic_id, position "
        "ON articles_articletopic WHEN old.article_id IS NOT new.article_id "
        "OR old.topic_id IS NOT new.topic_id OR old.position IS NOT new.position "
        f"BEGIN {refile('id IN (old.article_id, new.article_id)')}",
        f"{index}_topic_delete": "AFTER DELETE ON articles_articletopic "
        f"BEGIN {refile('id = old.article_id')}",
        f"{index}_topic_name": "AFTER UPDATE OF name ON articles_topic "
        f"WHEN old.name IS NOT new.name BEGIN {refile(of_topic)}",
        f"{index}_provider_name": "AFTER UPDATE OF name ON providers_provider "
        f"WHEN old.name IS NOT new.name BEGIN {refile('provider_id = new.id')}",
    }


# PostgreSQL

_FUNCTION: Final = "articles_filed_under"
_FILED: Final = f"{_FUNCTION}(a.id, a.provider_id)"
_REFILE: Final = f"UPDATE articles_article a SET filed_under = {_FILED} WHERE "
_STALE: Final = f" AND a.filed_under IS DISTINCT FROM {_FILED}"
_FUNCTIONS: Final = {
    # Before the insert, so that the row is written once.
    "articles_file_new()": (
        f"NEW.filed_under := {_FUNCTION}(NEW.id, NEW.provider_id); RETURN NEW;"
    ),
    "articles_file_again()": f"{_REFILE} a.id = NEW.id{_STALE}; RETURN NULL;",
    # A topic that an import has named already is not worth a second look.
    "articles_file_topics_added()": (
        f"{_REFILE} a.id IN (SELECT b.id FROM changed c JOIN articles_article b "
        "ON b.id = c.article_id WHERE "
        f"strpos(b.filed_under || ' ', ' {TOPIC}' || c.topic_id || ' ') = 0); RETURN NULL;"
    ),
    "articles_file_topics()": (
        f"{_REFILE} a.id IN (SELECT article_id FROM changed){_STALE}; RETURN NULL;"
    ),
    "articles_file_topic_name()": (
        f"{_REFILE} a.id IN (SELECT article_id FROM articles_articletopic WHERE topic_id = NEW.id); "
        "RETURN NULL;"
    ),
    "articles_file_provider_name()": f"{_REFILE} a.provider_id = NEW.id; RETURN NULL;",
}
_POSTGRESQL_FUNCTIONS: Final = (f"{_FUNCTION}(bigint, bigint)", *_FUNCTIONS)
_POSTGRESQL_TRIGGERS: Final = (
    (
        "articles_article",
        "article_file_new",
        "BEFORE INSERT",
        "FOR EACH ROW WHEN (NEW.filed_under IS NULL)",
        "articles_file_new()",
    ),
    # After, not before: any trigger before updates makes PostgreSQL compute the vector each time.
    (
        "articles_article",
        "article_file_again",
        "AFTER UPDATE OF filed_under, provider_id",
        (
            "FOR EACH ROW WHEN (OLD.filed_under IS DISTINCT FROM NEW.filed_under "
            "OR OLD.provider_id IS DISTINCT FROM NEW.provider_id)"
        ),
        "articles_file_again()",
    ),
    (
        "articles_articletopic",
        "article_file_topics_added",
        "AFTER INSERT",
        "REFERENCING NEW TABLE AS changed FOR EACH STATEMENT",
        "articles_file_topics_added()",
    ),
    (
        "articles_articletopic",
        "article_file_topics_left",
        "AFTER UPDATE",
        "REFERENCING OLD TABLE AS changed FOR EACH STATEMENT",
        "articles_file_topics()",
    ),
    (
        "articles_articletopic",
        "article_file_topics_changed",
        "AFTER UPDATE",
        "REFERENCING NEW TABLE AS changed FOR EACH STATEMENT",
        "articles_file_topics()",
    ),
    (
        "articles_articletopic",
        "article_file_topics_deleted",
        "AFTER DELETE",
        "REFERENCING OLD TABLE AS changed FOR EACH STATEMENT",
        "articles_file_topics()",
    ),
    (
        "articles_topic",
        "article_file_topic_name",
        "AFTER UPDATE OF name",
        "FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name)",
        "articles_file_topic_name()",
    ),
    (
        "providers_provider",
        "article_file_provider_name",
        "AFTER UPDATE OF name",
        "FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name)",
        "articles_file_provider_name()",
    ),
)


def _add_to_postgresql(schema_editor: BaseDatabaseSchemaEditor) -> None:
    filed = _filed_under("$1", "$2", "string_agg(one, '' ORDER BY position)")
    schema_editor.execute(
        f"CREATE FUNCTION {_FUNCTION}(bigint, bigint) RETURNS text LANGUAGE sql STABLE "
        f"AS $body$ SELECT {filed} $body$"
    )
    schema_editor.execute(f"UPDATE articles_article SET filed_under = {_FUNCTION}(id, provider_id)")
    # Deferred checks of the rows just written would keep the table from being altered.
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    schema_editor.execute("SET CONSTRAINTS ALL DEFERRED")
    headline = plain_words("title")
    names = plain_words("COALESCE(filed_under, '')", has_marks=True)
    names = f"'{NAME}' || replace({names}, ' ', ' {NAME}')"
    parts = (
        _part(headline, "A"),
        # Once more, marked: an index that knows no places can then tell who has them there.
        _part(f"'{HEADLINE}' || replace({headline}, ' ', ' {HEADLINE}')", "D"),
        _part(
            f"'{TYPE}' || type || CASE WHEN published THEN ' {PUBLISHED}' ELSE '' END "
            f"|| COALESCE(' {HEAT}' || least(heat, {MOST_HEAT}) / 10, '')",
            "D",
        ),
        # Names are there marked alone; their own marks stay as they are.
        _part(f"replace({names}, '{NAME}{MARK}', '{MARK}')", "D"),
        _part(plain_words(f"left(excerpt, {_LONGEST_INDEXED})"), "B"),
    )
    schema_editor.execute(
        "ALTER TABLE articles_article ADD COLUMN search tsvector "
        f"GENERATED ALWAYS AS ({' || '.join(parts)}) STORED"
    )
    schema_editor.execute("CREATE INDEX article_search ON articles_article USING gin (search)")
    for name, body in _FUNCTIONS.items():
        schema_editor.execute(
            f"CREATE FUNCTION {name} RETURNS trigger LANGUAGE plpgsql "
            f"AS $body$ BEGIN {body} END $body$"
        )
    for table, name, event, condition, function in _POSTGRESQL_TRIGGERS:
        schema_editor.execute(
            f"CREATE TRIGGER {name} {event} ON {table} {condition} EXECUTE FUNCTION {function}"
        )


def _part(words: str, weight: str) -> str:
    return f"setweight(to_tsvector('simple', {words}), '{weight}')"
