"""PostgreSQL's index of the search: a generated column, and triggers that file articles.

``filed_under`` is the same as on SQLite.
"""

from typing import Any

from articles.migrations.frozen.search_columns import TEXTS, WORDS, Columns

_MARK = "\u02ac"
_ACCENTS = "\\u0300-\\u036f"
# Signs to which its parser gives a meaning, and others that separate words on SQLite. Spelled out, as
# classes of letters depend on the locale.
_SIGNS = (
    "\\u0001-\\u002f\\u003a-\\u0040\\u005b-\\u0060\\u007b-\\u00a9\\u00ab-\\u00b1\\u00b4"
    "\\u00b6-\\u00b8\\u00bb\\u00bf\\u00d7\\u00f7\\u2000-\\u206f\\u20a0-\\u20cf\\u2190-\\u2bff"
    "\\u3000-\\u3004\\u3008-\\u3020\\u3030\\uff01-\\uff0f\\uff1a-\\uff20"
)


def _words(column: str, signs: str) -> str:
    """Return SQL for a column's words without accents, with single spaces."""
    plain = f"regexp_replace(normalize({column}, NFD), '[{_ACCENTS}]', '', 'g')"
    return f"regexp_replace({plain}, '[{signs}]+', ' ', 'g')"


def _part(words: str, weight: str) -> str:
    return f"setweight(to_tsvector('simple', {words}), '{weight}')"


_HEADLINE = _words("title", f"{_SIGNS}\\u02ac")
_NAMES = _words("COALESCE(filed_under, '')", _SIGNS)
_MARKS = (
    f"'{_MARK}y' || type || CASE WHEN published THEN ' {_MARK}l' ELSE '' END "
    f"|| COALESCE(' {_MARK}g' || least(heat, 300) / 10, '')"
)
_VECTOR_OF_TEXTS = " || ".join(
    (
        _part(_HEADLINE, "A"),
        # Once more, marked: the index alone does not know where words stand.
        _part(f"'{_MARK}h' || replace({_HEADLINE}, ' ', ' {_MARK}h')", "D"),
        _part(_MARKS, "D"),
        # Names are there only marked; their own marks stay as they are.
        _part(
            f"replace('{_MARK}n' || replace({_NAMES}, ' ', ' {_MARK}n'), "
            f"'{_MARK}n{_MARK}', '{_MARK}')",
            "D",
        ),
        # A vector holds a megabyte at most.
        _part(_words("left(excerpt, 100000)", f"{_SIGNS}\\u02ac"), "B"),
    )
)

# Only the words, not where they are: this takes a sixth of the time, and imports spend most of
# theirs here.
_VECTOR_OF_WORDS = (
    "array_to_tsvector(array_remove(string_to_array("
    f"COALESCE(title_words, '') || ' ' || COALESCE(excerpt_words, '') "
    f"|| ' {_MARK}h' || replace(COALESCE(title_words, ''), ' ', ' {_MARK}h') || ' ' || {_MARKS} "
    f"|| ' ' || replace('{_MARK}n' || replace(COALESCE(filed_under, ''), ' ', ' {_MARK}n'), "
    f"'{_MARK}n{_MARK}', '{_MARK}'), ' '), ''))"
)
_VECTORS = {TEXTS: _VECTOR_OF_TEXTS, WORDS: _VECTOR_OF_WORDS}


def _filed_under(article: str, provider: str, columns: Columns) -> str:
    def named(alias: str, mark: str) -> str:
        name = f"replace({alias}.name, '{_MARK}', ' ')"
        if columns is WORDS:
            name = f"COALESCE({alias}.{columns.name}, '')"
        return f"{name} || ' {_MARK}{mark}' || {alias}.id"

    return (
        f"(SELECT {named('p', 'p')} FROM providers_provider p WHERE p.id = {provider}) || "
        "COALESCE((SELECT string_agg(one, '' ORDER BY position) "
        f"FROM (SELECT ' ' || {named('t', 't')} AS one, l.position "
        "FROM articles_articletopic l JOIN articles_topic t ON t.id = l.topic_id "
        f"WHERE l.article_id = {article} ORDER BY l.position, l.id) named), '')"
    )


_FUNCTION = "articles_filed_under"
_FILED = f"{_FUNCTION}(a.id, a.provider_id)"
_REFILE = f"UPDATE articles_article a SET filed_under = {_FILED} WHERE "
_STALE = f" AND a.filed_under IS DISTINCT FROM {_FILED}"
# An import files new articles under their topics before it links those.
_UNKNOWN = (
    "SELECT b.id FROM changed c JOIN articles_article b ON b.id = c.article_id "
    f"WHERE strpos(b.filed_under || ' ', ' {_MARK}t' || c.topic_id || ' ') = 0"
)
_FUNCTIONS = {
    # Before the insert, so that the row is written once.
    "articles_file_new()": f"NEW.filed_under := {_FUNCTION}(NEW.id, NEW.provider_id); RETURN NEW;",
    "articles_file_again()": f"{_REFILE} a.id = NEW.id{_STALE}; RETURN NULL;",
    "articles_file_topics_added()": f"{_REFILE} a.id IN ({_UNKNOWN}); RETURN NULL;",
    "articles_file_topics()": (
        f"{_REFILE} a.id IN (SELECT article_id FROM changed){_STALE}; RETURN NULL;"
    ),
    "articles_file_topic_name()": (
        f"{_REFILE} a.id IN (SELECT article_id FROM articles_articletopic WHERE topic_id = NEW.id); "
        "RETURN NULL;"
    ),
    "articles_file_provider_name()": f"{_REFILE} a.provider_id = NEW.id; RETURN NULL;",
}
# Articles that note_set() files again (postgresql.py), after everything else of a set was written.
_COLLECTED = {
    "articles_file_again()": "SELECT NEW.id",
    "articles_file_topics_added()": _UNKNOWN,
    "articles_file_topics()": "SELECT article_id FROM changed",
}
_ADDED = "REFERENCING NEW TABLE AS changed FOR EACH STATEMENT"
_LEFT = "REFERENCING OLD TABLE AS changed FOR EACH STATEMENT"
_RENAMED = "FOR EACH ROW WHEN (OLD.{0} IS DISTINCT FROM NEW.{0})"
_ARTICLE, _TOPICS = "articles_article", "articles_articletopic"
# Table, name, event, condition, function; {0} is the column of names.
_TRIGGERS = (
    (
        *(_ARTICLE, "article_file_new", "BEFORE INSERT"),
        *("FOR EACH ROW WHEN (NEW.filed_under IS NULL)", "articles_file_new()"),
    ),
    # After, not before: a trigger before updates makes PostgreSQL compute the vector each time.
    (
        *(_ARTICLE, "article_file_again", "AFTER UPDATE OF filed_under, provider_id"),
        (
            "FOR EACH ROW WHEN (OLD.filed_under IS DISTINCT FROM NEW.filed_under "
            "OR OLD.provider_id IS DISTINCT FROM NEW.provider_id)"
        ),
        "articles_file_again()",
    ),
    (_TOPICS, "article_file_topics_added", "AFTER INSERT", _ADDED, "articles_file_topics_added()"),
    (_TOPICS, "article_file_topics_left", "AFTER UPDATE", _LEFT, "articles_file_topics()"),
    (_TOPICS, "article_file_topics_changed", "AFTER UPDATE", _ADDED, "articles_file_topics()"),
    (_TOPICS, "article_file_topics_deleted", "AFTER DELETE", _LEFT, "articles_file_topics()"),
    (
        *("articles_topic", "article_file_topic_name", "AFTER UPDATE OF {0}"),
        *(_RENAMED, "articles_file_topic_name()"),
    ),
    (
        *("providers_provider", "article_file_provider_name", "AFTER UPDATE OF {0}"),
        *(_RENAMED, "articles_file_provider_name()"),
    ),
)


def refile_set(columns: Columns) -> str:
    """Return the statement that files the articles again that a set collected."""
    # Not by the function, which takes ten times as long.
    filed = _filed_under("a.id", "a.provider_id", columns)
    return (
        f"UPDATE articles_article a SET filed_under = {filed} "
        f"WHERE a.id IN (SELECT id FROM set_refiled) AND a.filed_under IS DISTINCT FROM {filed}; "
    )


def definitions(columns: Columns, in_set: str = "") -> dict[str, str]:
    """Return the statements that make functions and triggers, by kind and name.

    While the condition ``in_set`` holds, they collect in ``set_refiled`` what is to be filed again.
    """
    found = {}
    for name, body in _FUNCTIONS.items():
        aside = ""
        if in_set and name in _COLLECTED:
            collect = f"INSERT INTO set_refiled {_COLLECTED[name]} ON CONFLICT DO NOTHING; "
            aside = f"IF {in_set} THEN {collect}RETURN NULL; END IF; "
        found[f"FUNCTION {name}"] = (
            f"CREATE OR REPLACE FUNCTION {name} RETURNS trigger LANGUAGE plpgsql "
            f"AS $body$ BEGIN {aside}{body} END $body$"
        )
    for table, name, event, condition, function in _TRIGGERS:
        found[f"TRIGGER {name} ON {table}"] = (
            f"CREATE OR REPLACE TRIGGER {name} {event} ON {table} {condition} ".format(columns.name)
            + f"EXECUTE FUNCTION {function}"
        )
    return found


def add_index(execute: Any, columns: Columns) -> None:
    """Make the column and its index, file all articles, and make the triggers."""
    filed_under = _filed_under("$1", "$2", columns)
    execute(
        f"CREATE FUNCTION {_FUNCTION}(bigint, bigint) RETURNS text LANGUAGE sql STABLE "
        f"AS $body$ SELECT {filed_under} $body$",
        None,
    )
    _check_constraints(execute)
    # In one statement, so that each row is written once.
    execute(
        "ALTER TABLE articles_article ALTER COLUMN filed_under TYPE text "
        f"USING {_FUNCTION}(id, provider_id), "
        f"ADD COLUMN search tsvector GENERATED ALWAYS AS ({_VECTORS[columns]}) STORED",
        None,
    )
    execute("CREATE INDEX article_search ON articles_article USING gin (search)", None)
    for statement in definitions(columns).values():
        execute(statement, None)


def _check_constraints(execute: Any) -> None:
    """Run the deferred checks of rows written before, which keep the table from being altered."""
    execute("SET CONSTRAINTS ALL IMMEDIATE", None)
    execute("SET CONSTRAINTS ALL DEFERRED", None)


def remove_index(execute: Any) -> None:
    """Drop the index, its column, triggers and functions, if they are there."""
    _check_constraints(execute)
    for table, name, *_ in _TRIGGERS:
        execute(f"DROP TRIGGER IF EXISTS {name} ON {table}", None)
    for function in (f"{_FUNCTION}(bigint, bigint)", *_FUNCTIONS):
        execute(f"DROP FUNCTION IF EXISTS {function} CASCADE", None)
    execute("ALTER TABLE articles_article DROP COLUMN IF EXISTS search", None)
