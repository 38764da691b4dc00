"""Imported articles have the language of the site; until now they all claimed American English."""

from typing import Any

from django.conf import settings
from django.db import migrations


def follow_site(apps: Any, schema_editor: Any) -> None:
    if settings.LANGUAGE_CODE != "en-us":
        articles = apps.get_model("articles", "Article").objects.using(
            schema_editor.connection.alias
        )
        articles.filter(locale="en-us").update(locale=settings.LANGUAGE_CODE)


class Migration(migrations.Migration):
    dependencies = [("articles", "0016_warnings")]

    operations = [migrations.RunPython(follow_site, migrations.RunPython.noop)]
