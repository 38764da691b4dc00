"""Full-text search over headlines and excerpts: what people may type, and both databases' indexes.

Knows the article's table by name but no models: ``ArticleQuerySet.search()`` is the way in. Words
are what letters and digits make between anything else; case and accents make no difference; there
are no stems and no stop words, so that names are found in every language.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import BooleanField, F, Func, Q
from django.db.models.sql.compiler import SQLCompiler

LONGEST: Final = 1_000
"""Characters of a search that are read: the longest headline, pasted."""
MOST_TERMS: Final = 24
SHORTEST_PREFIX: Final = 3
"""Letters from which the last word is taken for a beginning: shorter ones begin too many."""

MOST_OF_ADDRESS: Final = 2_000

_SLUG: Final = re.compile(r"\d{4}-\d\d-\d\d-[^\s/]{1,244}")
_URL: Final = re.compile(r"https?://\S+", re.IGNORECASE)
# What senders of links add to an address that is not part of it.
_TRACKING: Final = ("utm_", "fbclid=", "gclid=")
_PART: Final = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')


@dataclass(frozen=True, slots=True)
class Search:
    """What a person asked for. A term is one word, or the words of a phrase in order."""

    wanted: tuple[tuple[str, ...], ...] = ()
    unwanted: tuple[tuple[str, ...], ...] = ()
    begins: bool = False
    """Whether the last wanted term is one word of which only the beginning is typed yet."""


def parse(text: str) -> Search:
    """Read words, "phrases" and -unwanted ones; whatever else is typed separates words.

    Never raises. What has neither letter nor digit asks for nothing, and so finds nothing.
    """
    wanted: list[tuple[str, ...]] = []
    unwanted: list[tuple[str, ...]] = []
    begins = False
    for minus, phrase, word in _PART.findall(text[:LONGEST]):
        words = _words(phrase or word)[:MOST_TERMS]
        # Words that signs join, as in "on-demand", stand side by side in what is looked for too.
        terms = [tuple(words)] if phrase or minus else [(one,) for one in words]
        (unwanted if minus else wanted).extend(term for term in terms if term)
        begins = bool(word and words) and not minus
    wanted, unwanted = wanted[:MOST_TERMS], unwanted[:MOST_TERMS]
    begins = begins and len(wanted[-1][0]) >= SHORTEST_PREFIX
    return Search(tuple(wanted), tuple(unwanted), begins)


def _words(text: str) -> list[str]:
    # Marks belong to the letter before them: accents, and the vowels of many scripts.
    kept = (
        letter if unicodedata.category(letter)[0] in "LNM" else " "
        for letter in unicodedata.normalize("NFC", text)
    )
    return [word for word in "".join(kept).split() if any(map(str.isalnum, word))]


def condition(text: str, connection: BaseDatabaseWrapper) -> Q:
    """Give what to filter articles by to find what ``text`` asks for.

    An article's address, slug or page here finds that article alone. Blank text asks for nothing
    in particular: everything matches.
    """
    text = text.strip()
    if not text:
        return Q()
    if address := _address(text):
        return address
    asked = parse(text)
    if asked.wanted:
        return Q(_Matches(asked, is_common=_is_common(asked, connection)))
    if asked.unwanted:
        return ~Q(_Matches(asked, is_common=True))
    return Q(pk__in=[])


def _address(text: str) -> Q | None:
    if "\0" in text or len(text) > MOST_OF_ADDRESS:
        return None
    if _SLUG.fullmatch(text):
        return Q(slug=text)
    if not _URL.fullmatch(text):
        return None
    whole = text.partition("#")[0]
    path, _, query = whole.partition("?")
    own = [part for part in query.split("&") if part and not part.startswith(_TRACKING)]
    plain = f"{path}?{'&'.join(own)}" if own else path
    slashes = [plain] if own else [path.rstrip("/"), f"{path.rstrip('/')}/"]
    found = Q(url__in=list(dict.fromkeys([text, whole, plain, *slashes])))
    # The article's page here, or under another host that shows this newsroom.
    last = unquote(path.rstrip("/").rpartition("/")[2])
    if _SLUG.fullmatch(last) and "\0" not in last:
        found |= Q(slug=last)
    return found


class _Matches(Func):
    """Whether an article has the wanted terms and no unwanted one; without wanted: an unwanted."""

    output_field = BooleanField()

    def __init__(self, asked: Search, *, is_common: bool) -> None:
        super().__init__(F("pk"))
        self.asked = asked
        self.is_common = is_common

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        """Compare with the column of the index."""
        table = connection.ops.quote_name(self._key.alias)
        return f"{table}.search @@ to_tsquery('simple', %s)", (_tsquery(self.asked),)

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        """Look it up in the table of the index."""
        key, _parameters = compiler.compile(self._key)
        found = f"SELECT rowid FROM {FTS_TABLE} WHERE {FTS_TABLE} MATCH %s"  # noqa: S608 - a constant
        # A few are looked up by key. Where there are many, other conditions and the order find the
        # articles, and these keys only say which to keep: that is what the plus does.
        sign = "+" if self.is_common else ""
        return f"{sign}{key} IN ({found})", (_fts5(self.asked),)

    @property
    def _key(self) -> Any:
        return self.get_source_expressions()[0]


# SQLite

FTS_TABLE: Final = "articles_article_search"


_FEW: Final = 20_000
"""Keys that are quicker looked up and sorted than met by walking through a million in order."""


def _is_common(asked: Search, connection: BaseDatabaseWrapper) -> bool:
    if connection.vendor == "postgresql":
        return False
    found = f"SELECT 1 FROM {FTS_TABLE} WHERE {FTS_TABLE} MATCH %s LIMIT 1 OFFSET %s"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(found, [_fts5(asked), _FEW])
        return cursor.fetchone() is not None


def _fts5(asked: Search) -> str:
    wanted = [f'"{" ".join(term)}"' for term in asked.wanted]
    if asked.begins:
        wanted[-1] += "*"
    unwanted = [f'"{" ".join(term)}"' for term in asked.unwanted]
    if not wanted:
        return " OR ".join(unwanted)
    query = f"({' AND '.join(wanted)})"
    return f"{query} NOT ({' OR '.join(unwanted)})" if unwanted else query


# PostgreSQL

# Signs that its parser would give a meaning to, as in file names, hosts and compound words, and
# whatever else FTS5 separates words at. Spelled out, as classes of letters depend on the locale.
_SIGNS: Final = (
    "\\u0001-\\u002f\\u003a-\\u0040\\u005b-\\u0060\\u007b-\\u00a9\\u00ab-\\u00b1\\u00b4"
    "\\u00b6-\\u00b8\\u00bb\\u00bf\\u00d7\\u00f7\\u2000-\\u206f\\u20a0-\\u20cf\\u2190-\\u2bff"
    "\\u3000-\\u3004\\u3008-\\u3020\\u3030\\uff01-\\uff0f\\uff1a-\\uff20"
)
_ACCENTS: Final = "\\u0300-\\u036f"
_ACCENT: Final = re.compile(f"[{_ACCENTS}]")
_LONGEST_INDEXED: Final = 100_000
"""Characters of an excerpt: a vector holds no more than a megabyte."""


def _tsquery(asked: Search) -> str:
    # Weights keep a phrase within the headline (A) or within the excerpt (B).
    wanted = [_tsquery_term(term) for term in asked.wanted]
    if asked.begins:
        wanted[-1] = f"{_lexeme(asked.wanted[-1][0])}:*"
    unwanted = [_tsquery_term(term) for term in asked.unwanted]
    if not wanted:
        return " | ".join(unwanted)
    return " & ".join([*wanted, *(f"!{term}" for term in unwanted)])


def _tsquery_term(term: tuple[str, ...]) -> str:
    if len(term) == 1:
        return _lexeme(term[0])
    phrases = (" <-> ".join(f"{_lexeme(word)}:{weight}" for word in term) for weight in "AB")
    return f"({' | '.join(f'({phrase})' for phrase in phrases)})"


def _lexeme(word: str) -> str:
    bare = _ACCENT.sub("", unicodedata.normalize("NFD", word))
    return f"'{bare}'"


def _vector(column: str, weight: str) -> str:
    plain = f"regexp_replace(normalize({column}, NFD), '[{_ACCENTS}]', '', 'g')"
    words = f"regexp_replace({plain}, '[{_SIGNS}]+', ' ', 'g')"
    return f"setweight(to_tsvector('simple', {words}), '{weight}')"


# Both


def add_index(_: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make the index and let the database keep it from now on. For ``RunPython``."""
    if schema_editor.connection.vendor == "postgresql":
        excerpt = f"left(excerpt, {_LONGEST_INDEXED})"
        schema_editor.execute(
            "ALTER TABLE articles_article ADD COLUMN search tsvector GENERATED ALWAYS AS "
            f"({_vector('title', 'A')} || {_vector(excerpt, 'B')}) STORED"
        )
        schema_editor.execute("CREATE INDEX article_search ON articles_article USING gin (search)")
        return
    schema_editor.execute(
        f"CREATE VIRTUAL TABLE {FTS_TABLE} USING fts5(title, excerpt, content='articles_article', "
        "content_rowid='id', tokenize='unicode61 remove_diacritics 2')"
    )
    schema_editor.execute(f"INSERT INTO {FTS_TABLE}({FTS_TABLE}) VALUES ('rebuild')")  # noqa: S608
    add_triggers(_, schema_editor)


def add_triggers(_: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make SQLite's triggers, which keep its index, if they are not there. For ``RunPython``.

    A migration that changes the article's table needs this as its last operation: SQLite changes a
    table by making another one in its place, and triggers go with the old one.
    """
    if schema_editor.connection.vendor == "postgresql":
        return
    # The table is named by a constant.
    forget = (
        f"INSERT INTO {FTS_TABLE}({FTS_TABLE}, rowid, title, excerpt) "  # noqa: S608
        "VALUES ('delete', old.id, old.title, old.excerpt);"
    )
    learn = (
        f"INSERT INTO {FTS_TABLE}(rowid, title, excerpt) "  # noqa: S608
        "VALUES (new.id, new.title, new.excerpt);"
    )
    # Imports write the texts of whatever they touch, the same ones too.
    changed = "old.title IS NOT new.title OR old.excerpt IS NOT new.excerpt"
    for name, event, body in (
        ("insert", "AFTER INSERT ON articles_article", learn),
        ("delete", "AFTER DELETE ON articles_article", forget),
        (
            "update",
            f"AFTER UPDATE OF title, excerpt ON articles_article WHEN {changed}",
            forget + learn,
        ),
    ):
        schema_editor.execute(
            f"CREATE TRIGGER IF NOT EXISTS {FTS_TABLE}_{name} {event} BEGIN {body} END"
        )


def remove_index(_: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop the index and what keeps it. For ``RunPython``."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE articles_article DROP COLUMN search")
        return
    for name in ("insert", "delete", "update"):
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {FTS_TABLE}_{name}")
    schema_editor.execute(f"DROP TABLE {FTS_TABLE}")
