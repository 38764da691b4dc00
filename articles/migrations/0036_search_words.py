"""The search finds words that are the same on every database.

The former version may serve while this fills in the words, in batches of their own transactions; it
can be run again if it was interrupted. Only the exchange of the index, at the end, makes others
wait.
"""

from collections.abc import Iterator
from typing import Any

from django.db import migrations, transaction

from articles.migrations.frozen import search_postgresql, search_sqlite
from articles.migrations.frozen.search_columns import TEXTS, WORDS, Columns
from articles.migrations.frozen.triggers import VERSIONS, Shown, restore_triggers
from articles.migrations.frozen.words import words_of

_ROWS = 2_000
_TABLES = (
    ("providers_provider", ("name",)),
    ("articles_topic", ("name",)),
    ("articles_article", ("title", "excerpt")),
)


def fill_in(_: object, schema_editor: Any) -> None:
    """Fill in the words of the rows that have none yet."""
    for table, texts in _TABLES:
        for sql, rows in _pieces(schema_editor.connection, table, texts):
            with (
                transaction.atomic(schema_editor.connection.alias),
                schema_editor.connection.cursor() as cursor,
            ):
                cursor.executemany(sql, rows)


def _pieces(connection: Any, table: str, texts: tuple[str, ...]) -> Iterator[tuple[str, list[Any]]]:
    """Yield the statement that updates a row, and the values of some rows."""
    last = 0
    words = ", ".join(f"{text}_words = %s" for text in texts)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT id, {', '.join(texts)} FROM {table} "
                f"WHERE id > %s AND {texts[0]}_words IS NULL ORDER BY id LIMIT %s",
                [last, _ROWS],
            )
            found = cursor.fetchall()
        if not found:
            return
        last = found[-1][0]
        # If somebody has written the row in the meantime, it has other texts.
        same = " AND ".join(f"{text} = %s" for text in texts)
        yield (
            f"UPDATE {table} SET {words} WHERE id = %s AND {same}",
            [(*map(words_of, values), pk, *values) for pk, *values in found],
        )


def _exchange(schema_editor: Any, columns: Columns, version: str) -> None:
    """Make the index of these columns, and the triggers of a version, in one transaction."""
    connection = schema_editor.connection
    is_postgresql = connection.vendor == "postgresql"
    search = search_postgresql if is_postgresql else search_sqlite
    with transaction.atomic(connection.alias):
        if is_postgresql:
            schema_editor.execute("LOCK TABLE articles_article IN SHARE ROW EXCLUSIVE MODE", None)
        else:
            restore_triggers(schema_editor, Shown())
        if columns is WORDS:
            # What others wrote in the meantime.
            fill_in(None, schema_editor)
        search.remove_index(schema_editor.execute)
        search.add_index(schema_editor.execute, columns)
        restore_triggers(schema_editor, VERSIONS[version])


def search_words(_: object, schema_editor: Any) -> None:
    _exchange(schema_editor, WORDS, "0036")


def search_texts(_: object, schema_editor: Any) -> None:
    _exchange(schema_editor, TEXTS, "0028")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("articles", "0035_words"), ("providers", "0005_words")]

    operations = [
        migrations.RunPython(fill_in, migrations.RunPython.noop),
        migrations.RunPython(search_words, search_texts),
    ]
