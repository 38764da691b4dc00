"""SQLite's index of the search as 0008 made it, and the triggers that keep it.

``filed_under`` has the names of an article's provider and topics, each with its mark behind it: the
letter \u02ac, ``p`` or ``t``, and the id. The row id of the index is the second of publication,
shifted, and the article's id: newest first is a walk from the end.
"""

from typing import Any

_MARK = "\u02ac"
INDEX = "articles_article_search"


def filed_under(article: str, provider: str) -> str:
    """Return SQL for the column, from SQL for the ids of an article and its provider."""

    def named(alias: str, mark: str) -> str:
        return f"replace({alias}.name, '{_MARK}', ' ') || ' {_MARK}{mark}' || {alias}.id"

    return (
        f"(SELECT {named('p', 'p')} FROM providers_provider p WHERE p.id = {provider}) || "
        f"COALESCE((SELECT group_concat(one, '') FROM (SELECT ' ' || {named('t', 't')} AS one, "
        "l.position FROM articles_articletopic l JOIN articles_topic t ON t.id = l.topic_id "
        f"WHERE l.article_id = {article} ORDER BY l.position, l.id) named), '')"
    )


def entry(row: str) -> str:
    """Return SQL for a row's entry in the index: row id, headline, excerpt, names and marks."""
    # Without fractions of a second, which SQLite would round up.
    second = f"CAST(strftime('%s', substr({row}.published_at, 1, 19)) AS INTEGER)"
    return (
        f"(max(-8589934592, min(8589934591, {second})) << 30) + {row}.id, "
        f"{row}.title, {row}.excerpt, "
        f"{row}.filed_under || ' {_MARK}y' || {row}.type || "
        f"iif({row}.published, ' {_MARK}l', '') "
        f"|| COALESCE(' {_MARK}g' || {_HEAT.format(row)}, '')"
    )


_HEAT = "(min({}.heat, 300) / 10)"
COLUMNS = (
    *("title", "excerpt", "filed_under", "provider_id", "type", "published", "published_at"),
)
# An article without filed_under is not in the index.
_FORGET = (
    f"INSERT INTO {INDEX}({INDEX}, rowid, title, excerpt, names) "
    f"SELECT 'delete', {entry('old')} WHERE old.filed_under IS NOT NULL;"
)
_LEARN = (
    f"INSERT INTO {INDEX}(rowid, title, excerpt, names) SELECT {entry('a')} "
    "FROM articles_article a WHERE a.id = new.id AND a.filed_under IS NOT NULL;"
)
_FILED_NEW = filed_under("new.id", "new.provider_id")
# In the trigger on updates this does not set it off again: SQLite's recursive_triggers is off.
_FILE = (
    f"UPDATE articles_article SET filed_under = {_FILED_NEW} "
    f"WHERE id = new.id AND filed_under IS NOT {_FILED_NEW}"
)
REFILED = "(old.filed_under IS NOT new.filed_under OR old.provider_id IS NOT new.provider_id)"
# An import writes texts that are the same.
CHANGED = " OR ".join(
    [
        *(f"old.{name} IS NOT new.{name}" for name in COLUMNS),
        f"{_HEAT.format('old')} IS NOT {_HEAT.format('new')}",
    ]
)
# An import files new articles under their topics before it links those.
UNKNOWN = (
    "instr((SELECT filed_under FROM articles_article WHERE id = new.article_id) || ' ', "
    f"' {_MARK}t' || new.topic_id || ' ') = 0"
)
_REFILE = (
    "UPDATE articles_article SET filed_under = "
    f"{filed_under('articles_article.id', 'articles_article.provider_id')}"
)
_BODIES = {
    "insert": f"AFTER INSERT ON articles_article WHEN new.filed_under IS NOT NULL BEGIN {_LEARN}",
    # Its update sets off the next trigger, which indexes the article.
    "file": f"AFTER INSERT ON articles_article WHEN new.filed_under IS NULL BEGIN {_FILE};",
    "update": (
        f"AFTER UPDATE OF heat, {', '.join(COLUMNS)} ON articles_article WHEN {CHANGED} "
        f"BEGIN {_FORGET} {_FILE} AND {REFILED}; {_LEARN}"
    ),
    "delete": f"AFTER DELETE ON articles_article BEGIN {_FORGET}",
    "topic_insert": (
        f"AFTER INSERT ON articles_articletopic WHEN {UNKNOWN} "
        f"BEGIN {_REFILE} WHERE id = new.article_id;"
    ),
    "topic_update": (
        "AFTER UPDATE OF article_id, topic_id, position ON articles_articletopic "
        "WHEN old.article_id IS NOT new.article_id OR old.topic_id IS NOT new.topic_id "
        "OR old.position IS NOT new.position "
        f"BEGIN {_REFILE} WHERE id IN (old.article_id, new.article_id);"
    ),
    "topic_delete": (
        f"AFTER DELETE ON articles_articletopic BEGIN {_REFILE} WHERE id = old.article_id;"
    ),
    "topic_name": (
        "AFTER UPDATE OF name ON articles_topic WHEN old.name IS NOT new.name BEGIN "
        f"{_REFILE} WHERE id IN "
        "(SELECT article_id FROM articles_articletopic WHERE topic_id = new.id);"
    ),
    "provider_name": (
        "AFTER UPDATE OF name ON providers_provider WHEN old.name IS NOT new.name "
        f"BEGIN {_REFILE} WHERE provider_id = new.id;"
    ),
}
TRIGGERS = {
    f"{INDEX}_{name}": f"CREATE TRIGGER {INDEX}_{name} {body} END" for name, body in _BODIES.items()
}


def add_index(execute: Any) -> None:
    """Make the index, its triggers and its entries."""
    execute(
        f"CREATE VIRTUAL TABLE {INDEX} USING fts5(title, excerpt, names, content='', "
        "columnsize=0, tokenize='unicode61 remove_diacritics 2')",
        None,
    )
    for statement in TRIGGERS.values():
        execute(statement, None)
    # The triggers index each article that this files.
    execute(_REFILE, None)


def remove_index(execute: Any) -> None:
    """Drop the index and its triggers, if they are there."""
    for name in TRIGGERS:
        execute(f"DROP TRIGGER IF EXISTS {name}", None)
    execute(f"DROP TABLE IF EXISTS {INDEX}", None)
