"""Logos of providers; followers of the API are told when an image is kept, or its copy changes."""

import django.db.models.deletion
from django.db import migrations, models

from articles.migrations.frozen.triggers import keep_triggers, note_published


class Migration(migrations.Migration):
    dependencies = [("articles", "0012_web_hooks"), ("providers", "0001_initial")]

    operations = keep_triggers(
        "0013",
        [
            migrations.CreateModel(
                name="Logo",
                fields=[
                    (
                        "provider",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.CASCADE,
                            primary_key=True,
                            related_name="kept_logo",
                            serialize=False,
                            to="providers.provider",
                        ),
                    ),
                    (
                        "url",
                        models.CharField(
                            help_text="Of the logo that it is a copy of.", max_length=2000
                        ),
                    ),
                    (
                        "stored",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="logos",
                            to="articles.storedimage",
                        ),
                    ),
                ],
            ),
        ],
    )

    # Followers read all again: images have copies now.
    operations += [migrations.RunPython(note_published, migrations.RunPython.noop)]
