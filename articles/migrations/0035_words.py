"""The words of headlines, excerpts and topics, for the search; 0036 fills them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("articles", "0034_import_parts")]

    # Null and without a default: SQLite then adds the columns in place.
    operations = [
        migrations.AddField(
            model_name="article",
            name="title_words",
            field=models.TextField(
                editable=False, help_text="The words of its title, for search.", null=True
            ),
        ),
        migrations.AddField(
            model_name="article",
            name="excerpt_words",
            field=models.TextField(
                editable=False, help_text="The words of its excerpt, for search.", null=True
            ),
        ),
        migrations.AddField(
            model_name="topic",
            name="name_words",
            field=models.TextField(
                editable=False, help_text="The words of its name, for search.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="article",
            name="filed_under",
            field=models.TextField(
                editable=False,
                help_text="Words of the names of its provider and topics, for search. The database "
                "updates it.",
                null=True,
            ),
        ),
    ]
