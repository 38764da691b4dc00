"""The full-text index: headline, excerpt, names of provider and topics, and what readers filter by."""

from django.db import migrations, models

from articles.search import index


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0007_editions"),
        ("providers", "0001_initial"),
    ]

    operations = [
        # Of 0005, where it was applied before this one was written.
        migrations.RunPython(index.remove_index, migrations.RunPython.noop),
        # Empty and without a default SQLite adds it in place: the table, and its triggers, stay.
        migrations.AddField(
            model_name="article",
            name="filed_under",
            field=models.TextField(
                editable=False,
                help_text="Names of its provider and topics, for the search; kept by the database.",
                null=True,
            ),
        ),
        migrations.RunPython(index.add_index, index.remove_index),
    ]
