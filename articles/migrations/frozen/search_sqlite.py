"""SQLite's index of the search, and the triggers that keep it.

``filed_under`` has the names of an article's provider and topics, each with its mark behind it: the
letter \u02ac, ``p`` or ``t``, and the id. The row id of the index is the second of publication,
shifted, and the article's id: newest first is a walk from the end.
"""

from typing import Any

from articles.migrations.frozen.search_columns import TEXTS, WORDS, Columns

_MARK = "\u02ac"
INDEX = "articles_article_search"
_TOKENIZERS = {
    TEXTS: "unicode61 remove_diacritics 2",
    # Words of other letters than ASCII stay as they are.
    WORDS: "ascii",
}
_HEAT = "(min({}.heat, 300) / 10)"
# An article without filed_under is not in the index.
IS_INDEXED = "{}.filed_under IS NOT NULL"
REFILED = "(old.filed_under IS NOT new.filed_under OR old.provider_id IS NOT new.provider_id)"
# An import files new articles under their topics before it links those.
UNKNOWN = (
    "instr((SELECT filed_under FROM articles_article WHERE id = new.article_id) || ' ', "
    f"' {_MARK}t' || new.topic_id || ' ') = 0"
)


def filed_under(article: str, provider: str, columns: Columns = WORDS) -> str:
    """Return SQL for the column, from SQL for the ids of an article and its provider."""

    def named(alias: str, mark: str) -> str:
        name = f"replace({alias}.name, '{_MARK}', ' ')"
        if columns is WORDS:
            name = f"COALESCE({alias}.{columns.name}, '')"
        return f"{name} || ' {_MARK}{mark}' || {alias}.id"

    return (
        f"(SELECT {named('p', 'p')} FROM providers_provider p WHERE p.id = {provider}) || "
        f"COALESCE((SELECT group_concat(one, '') FROM (SELECT ' ' || {named('t', 't')} AS one, "
        "l.position FROM articles_articletopic l JOIN articles_topic t ON t.id = l.topic_id "
        f"WHERE l.article_id = {article} ORDER BY l.position, l.id) named), '')"
    )


def entry(row: str, columns: Columns = WORDS) -> str:
    """Return SQL for a row's entry in the index: row id, headline, excerpt, names and marks."""
    # Without fractions of a second, which SQLite would round up.
    second = f"CAST(strftime('%s', substr({row}.published_at, 1, 19)) AS INTEGER)"
    return (
        f"(max(-8589934592, min(8589934591, {second})) << 30) + {row}.id, "
        f"{row}.{columns.title}, {row}.{columns.excerpt}, "
        f"{row}.filed_under || ' {_MARK}y' || {row}.type || "
        f"iif({row}.published, ' {_MARK}l', '') "
        f"|| COALESCE(' {_MARK}g' || {_HEAT.format(row)}, '')"
    )


def watched(columns: Columns = WORDS) -> tuple[str, ...]:
    """Return the columns that an entry is made of, except the heat."""
    rest = ("filed_under", "provider_id", "type", "published", "published_at")
    return (columns.title, columns.excerpt, *rest)


def changed(columns: Columns = WORDS) -> str:
    """Return the condition that an update changes the entry. An import writes texts that are the same."""
    differing = [f"old.{name} IS NOT new.{name}" for name in watched(columns)]
    return " OR ".join([*differing, f"{_HEAT.format('old')} IS NOT {_HEAT.format('new')}"])


def learn(rows: str, columns: Columns = WORDS) -> str:
    """Return the statement that adds the entries of the articles ``a`` in ``rows``."""
    return (
        f"INSERT INTO {INDEX}(rowid, title, excerpt, names) SELECT {entry('a', columns)} "
        f"FROM articles_article a WHERE {rows}{IS_INDEXED.format('a')}"
    )


REBUILD = (f"INSERT INTO {INDEX}({INDEX}) VALUES ('delete-all')", f"{learn('')} ORDER BY 1")
"""Statements that make all entries again."""


def triggers(columns: Columns = WORDS) -> dict[str, str]:
    """Return each trigger's statement by its name."""
    forget = (
        f"INSERT INTO {INDEX}({INDEX}, rowid, title, excerpt, names) "
        f"SELECT 'delete', {entry('old', columns)} WHERE {IS_INDEXED.format('old')};"
    )
    one = f"{learn('a.id = new.id AND ', columns)};"
    filed_new = filed_under("new.id", "new.provider_id", columns)
    # In the trigger on updates this does not set it off again: SQLite's recursive_triggers is off.
    file = (
        f"UPDATE articles_article SET filed_under = {filed_new} "
        f"WHERE id = new.id AND filed_under IS NOT {filed_new}"
    )
    refile = _refile(columns)
    name = columns.name
    bodies = {
        "insert": f"AFTER INSERT ON articles_article WHEN new.filed_under IS NOT NULL BEGIN {one}",
        # Its update sets off the next trigger, which indexes the article.
        "file": f"AFTER INSERT ON articles_article WHEN new.filed_under IS NULL BEGIN {file};",
        "update": (
            f"AFTER UPDATE OF heat, {', '.join(watched(columns))} ON articles_article "
            f"WHEN {changed(columns)} BEGIN {forget} {file} AND {REFILED}; {one}"
        ),
        "delete": f"AFTER DELETE ON articles_article BEGIN {forget}",
        "topic_insert": (
            f"AFTER INSERT ON articles_articletopic WHEN {UNKNOWN} "
            f"BEGIN {refile} WHERE id = new.article_id;"
        ),
        "topic_update": (
            "AFTER UPDATE OF article_id, topic_id, position ON articles_articletopic "
            "WHEN old.article_id IS NOT new.article_id OR old.topic_id IS NOT new.topic_id "
            "OR old.position IS NOT new.position "
            f"BEGIN {refile} WHERE id IN (old.article_id, new.article_id);"
        ),
        "topic_delete": (
            f"AFTER DELETE ON articles_articletopic BEGIN {refile} WHERE id = old.article_id;"
        ),
        "topic_name": (
            f"AFTER UPDATE OF {name} ON articles_topic WHEN old.{name} IS NOT new.{name} BEGIN "
            f"{refile} WHERE id IN "
            "(SELECT article_id FROM articles_articletopic WHERE topic_id = new.id);"
        ),
        "provider_name": (
            f"AFTER UPDATE OF {name} ON providers_provider WHEN old.{name} IS NOT new.{name} "
            f"BEGIN {refile} WHERE provider_id = new.id;"
        ),
    }
    return {
        f"{INDEX}_{event}": f"CREATE TRIGGER {INDEX}_{event} {body} END"
        for event, body in bodies.items()
    }


def _refile(columns: Columns) -> str:
    return (
        "UPDATE articles_article SET filed_under = "
        f"{filed_under('articles_article.id', 'articles_article.provider_id', columns)}"
    )


def add_index(execute: Any, columns: Columns) -> None:
    """Make the index and its entries. No trigger of the index may be there."""
    execute(
        f"CREATE VIRTUAL TABLE {INDEX} USING fts5(title, excerpt, names, content='', "
        f"columnsize=0, tokenize='{_TOKENIZERS[columns]}')",
        None,
    )
    execute(_refile(columns), None)
    execute(f"{learn('', columns)} ORDER BY 1", None)
    for statement in triggers(columns).values():
        execute(statement, None)


def remove_index(execute: Any) -> None:
    """Drop the index and its triggers, if they are there."""
    for name in triggers():
        execute(f"DROP TRIGGER IF EXISTS {name}", None)
    execute(f"DROP TABLE IF EXISTS {INDEX}", None)
