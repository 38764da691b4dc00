"""Followers of the API are told when an image is kept, or its copy changes."""

from django.db import migrations

from articles import changes


class Migration(migrations.Migration):
    dependencies = [("articles", "0012_web_hooks")]

    operations = [
        migrations.RunPython(changes.add_triggers, migrations.RunPython.noop),
    ]
