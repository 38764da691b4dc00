"""The full-text index. Behind what changes the article's table: see ``search.add_triggers``."""

from django.db import migrations

from articles import search


class Migration(migrations.Migration):
    dependencies = [("articles", "0004_list_indexes")]

    operations = [migrations.RunPython(search.add_index, search.remove_index)]
