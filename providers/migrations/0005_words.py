"""The words of names, for the search; ``articles`` fills them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("providers", "0004_plain_domains")]

    operations = [
        # Null and without a default: SQLite then adds the column in place.
        migrations.AddField(
            model_name="provider",
            name="name_words",
            field=models.TextField(
                editable=False, help_text="The words of its name, for search.", null=True
            ),
        ),
    ]
