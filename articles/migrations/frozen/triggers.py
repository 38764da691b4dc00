"""The triggers of editions, change feed and search, and how a migration keeps them.

SQLite drops a table's triggers when Django makes the table again, and its triggers name columns. So
a migration that changes a table of ``SHOWN`` wraps its operations, in one line::

    operations = keep_triggers("0017", [migrations.AddField("article", "byline", ...)])

That drops the triggers before the operations and makes them again afterward; it makes the former ones
again when the migration is undone.

To let the triggers look at the new column as well, add a version to ``VERSIONS``, under the number of
the migration. Never change a version that is there. If followers of the API must read all articles
again, add ``note_published`` to the operations.

``sqlite.py`` and ``postgresql.py`` say what each trigger writes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

from django.db import migrations

from articles.migrations.frozen import postgresql, sqlite
from articles.migrations.frozen.search_columns import TEXTS, WORDS, Columns


@dataclass(frozen=True)
class Shown:
    """What the triggers of one version look at."""

    editions: tuple[str, ...] = ()
    """Tables that pages show: every write to them begins another edition."""
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Columns that readers see, by table: another value is noted as a change of the articles
    concerned."""
    marks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The noted columns that pages and feeds show, by table. Another value also sets when the articles
    concerned last changed for readers."""
    covered: tuple[str, ...] = ()
    """Columns of a report that the stories that list it show."""
    has_search: bool = False
    """Whether the triggers for the search index are there."""
    has_sets: bool = False
    """Whether PostgreSQL's triggers collect what a large write changes; SQLite's are replaced then."""
    has_dates: bool = False
    """Whether an article dated more than 15 minutes in the future is not public."""
    searched: Columns = TEXTS
    """The columns that the search index is made of."""


_ARTICLE = (
    *("slug", "category", "type", "title", "excerpt", "body", "featured_content", "locale"),
    *("original_url", "web_url", "amp_url", "cdn_amp_url", "published_at", "updated_at"),
    *("provider_id", "heat", "published", "publish_from", "publish_until"),
    # Its place as coverage of another article.
    *("quality", "is_pinned", "decision", "coverage_only"),
)
_IMAGE = ("article_id", "position", "url", "width", "height", "title", "attribution", "is_cached")
_NOTES = {
    "articles_article": _ARTICLE,
    "articles_articletopic": ("article_id", "topic_id", "position"),
    "articles_image": (*_IMAGE, "stored_id"),
    "articles_related": ("article_id", "target_id", "position"),
    "articles_storedimage": ("digest", "color", "placeholder", "renditions", "focal_x", "focal_y"),
    "articles_topic": ("name", "slug"),
    "providers_provider": ("name", "domain"),
}
_PAGES = (
    *("articles_article", "articles_articletopic", "articles_image", "articles_related"),
    *("articles_topic", "providers_provider"),
)
_0007 = Shown(editions=_PAGES)
_0008 = replace(_0007, has_search=True)
_0009 = replace(_0008, editions=(*_PAGES, "articles_storedimage"))
_0010 = replace(_0009, notes=_NOTES)
_0013 = replace(_0010, editions=(*_0010.editions, "articles_logo"))
_0020 = replace(
    _0013,
    marks={
        "articles_article": (
            *("slug", "type", "title", "excerpt", "body", "featured_content", "locale"),
            *("original_url", "web_url", "published_at", "updated_at", "provider_id"),
        ),
        "articles_articletopic": ("article_id", "topic_id", "position"),
        "articles_image": ("article_id", "position", "url", "title", "attribution", "stored_id"),
        "articles_related": ("article_id", "target_id"),
        "articles_storedimage": ("digest", "focal_x", "focal_y"),
        "articles_topic": ("name", "slug"),
        "providers_provider": ("name", "domain"),
    },
    covered=("title", "original_url", "web_url", "published_at", "provider_id"),
)
_0024 = replace(_0020, has_sets=True)
_0028 = replace(_0024, has_dates=True)
_0036 = replace(_0028, searched=WORDS)
VERSIONS = {
    "0007": _0007,
    "0008": _0008,
    "0009": _0009,
    "0010": _0010,
    "0013": _0013,
    "0020": _0020,
    "0024": _0024,
    "0028": _0028,
    "0036": _0036,
}
"""Each version by the number of the migration that it begins with."""
SHOWN = VERSIONS[max(VERSIONS)]


def keep_triggers(number: str, operations: Sequence[Any]) -> list[Any]:
    """Return the operations of the migration ``number``, between others that make the triggers."""
    before = _version(one for one in VERSIONS if one < number)
    after = _version(one for one in VERSIONS if one <= number)

    def restore(version: Shown) -> Any:
        return lambda apps, schema_editor: restore_triggers(schema_editor, version)

    return [
        migrations.RunPython(_let_tables_change, restore(before)),
        *operations,
        migrations.RunPython(restore(after), _let_tables_change),
    ]


def _let_tables_change(_: Any, schema_editor: Any) -> None:
    """Drop all triggers on SQLite, which renames no table that a trigger names.

    PostgreSQL does not mind, and would begin its sequence again, behind the numbers of the change feed.
    """
    if _database(schema_editor) is sqlite:
        restore_triggers(schema_editor, Shown())


def _version(numbers: Any) -> Shown:
    return VERSIONS.get(max(numbers, default=""), Shown())


def restore_triggers(schema_editor: Any, version: Shown) -> None:
    """Make the triggers of a version, and drop those that only other versions have."""
    database = _database(schema_editor)
    wanted = database.definitions(version)
    for other in VERSIONS.values():
        for name in database.definitions(other).keys() - wanted.keys():
            schema_editor.execute(database.drop(name), None)
    for name, statement in wanted.items():
        if database is sqlite:
            schema_editor.execute(database.drop(name), None)
        schema_editor.execute(statement, None)


def note_published(_: Any, schema_editor: Any) -> None:
    """Note all published articles as changed. For ``RunPython``."""
    schema_editor.execute(_database(schema_editor).NOTE_PUBLISHED, None)


def _database(schema_editor: Any) -> ModuleType:
    return postgresql if schema_editor.connection.vendor == "postgresql" else sqlite
