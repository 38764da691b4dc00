"""Suggestions of the articles that are there are due, those of the newest first."""

from typing import Any

from django.db import migrations, transaction

_ROWS = 5_000


def note_articles(_: object, schema_editor: Any) -> None:
    """Note the articles in pieces, each in its own transaction; it may be run again."""
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(max(id), 0) + 1 FROM articles_article")
        below = cursor.fetchone()[0]
    while below > 1:
        first = max(below - _ROWS, 1)
        with transaction.atomic(connection.alias), connection.cursor() as cursor:
            # By hand, so that no row is written twice.
            cursor.execute(
                "INSERT INTO articles_unsuggested (article_id, is_counted) "
                "SELECT id, %s FROM articles_article a WHERE id >= %s AND id < %s AND NOT EXISTS "
                "(SELECT 1 FROM articles_pair p WHERE p.first_id = a.id OR p.second_id = a.id) "
                "ORDER BY id DESC",
                [False, first, below],
            )
        below = first


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("articles", "0037_suggestions")]

    operations = [migrations.RunPython(note_articles, migrations.RunPython.noop)]
