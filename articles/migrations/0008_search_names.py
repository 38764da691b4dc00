"""The full-text index: headline, excerpt, names of provider and topics, and what readers filter by."""

from typing import Any

from django.db import migrations, models

from articles.migrations.frozen import search_postgresql, search_sqlite
from articles.migrations.frozen.search_columns import TEXTS
from articles.migrations.frozen.triggers import keep_triggers


def add_index(_: object, schema_editor: Any) -> None:
    _search(schema_editor).add_index(schema_editor.execute, TEXTS)


def remove_index(_: object, schema_editor: Any) -> None:
    _search(schema_editor).remove_index(schema_editor.execute)


def _search(schema_editor: Any) -> Any:
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    return search_postgresql if is_postgresql else search_sqlite


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0007_editions"),
        ("providers", "0001_initial"),
    ]

    operations = keep_triggers(
        "0008",
        [
            # The index of an earlier 0005, where that was applied.
            migrations.RunPython(remove_index, migrations.RunPython.noop),
            # Null and without a default: SQLite then adds the column in place.
            migrations.AddField(
                model_name="article",
                name="filed_under",
                field=models.TextField(
                    editable=False,
                    help_text="Names of its provider and topics, for the search; kept by the database.",
                    null=True,
                ),
            ),
            migrations.RunPython(add_index, remove_index),
        ],
    )
