"""The search finds other forms of a word: adds the stems to the words of existing articles.

The former version may serve meanwhile: it compares no stems, and rows that it writes have none until
`manage.py rebuild_search`. This can be run again if it was interrupted.
"""

from typing import Any

from django.db import migrations, transaction

from articles.migrations.frozen.stems import STEM, stems_of

_ROWS = 1_000
_COLUMNS = ("title", "excerpt")


def add_stems(_: object, schema_editor: Any) -> None:
    """Append the stems to the words of articles, in batches of their own transactions."""
    connection = schema_editor.connection
    last = 0
    while True:
        with transaction.atomic(connection.alias), connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, locale, title, excerpt, title_words, excerpt_words "
                "FROM articles_article WHERE id > %s ORDER BY id LIMIT %s",
                [last, _ROWS],
            )
            found = cursor.fetchall()
            if not found:
                return
            last = found[-1][0]
            for column, text, words in zip(_COLUMNS, (2, 3), (4, 5), strict=True):
                # If somebody has written the row in the meantime, it has other words.
                cursor.executemany(
                    f"UPDATE articles_article SET {column}_words = %s "
                    f"WHERE id = %s AND {column} = %s AND {column}_words = %s",
                    [
                        (f"{row[words]} {stems}", row[0], row[text], row[words])
                        for row in found
                        if row[words] is not None
                        and STEM not in row[words]
                        and (stems := stems_of(row[text], row[1]))
                    ],
                )


def remove_stems(_: object, schema_editor: Any) -> None:
    """Leave only the words."""
    connection = schema_editor.connection
    last = 0
    while True:
        with transaction.atomic(connection.alias), connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, title_words, excerpt_words FROM articles_article "
                "WHERE id > %s ORDER BY id LIMIT %s",
                [last, _ROWS],
            )
            found = cursor.fetchall()
            if not found:
                return
            last = found[-1][0]
            for place, column in enumerate(_COLUMNS, start=1):
                cursor.executemany(
                    f"UPDATE articles_article SET {column}_words = %s "
                    f"WHERE id = %s AND {column}_words = %s",
                    [
                        (row[place].partition(STEM)[0].rstrip(" "), row[0], row[place])
                        for row in found
                        if STEM in (row[place] or "")
                    ],
                )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("articles", "0041_decided_pairs")]

    operations = [migrations.RunPython(add_stems, remove_stems)]
