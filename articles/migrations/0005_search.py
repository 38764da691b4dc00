"""Made an index of headlines and excerpts, which 0008 replaces, dropping it where it was made."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("articles", "0004_list_indexes")]

    operations = []
