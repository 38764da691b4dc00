"""Fill in the address keys and first slugs, and take link-only articles out of documents' slugs."""

from itertools import islice
from typing import Any

from django.db import migrations

from articles.migrations.frozen.address_keys import address_key, coverage_slug
from articles.migrations.frozen.triggers import keep_triggers

_ROWS = 2_000


def fill_in(apps: Any, schema_editor: Any) -> None:
    alias = schema_editor.connection.alias
    articles = apps.get_model("articles", "Article").objects.using(alias)
    taken: set[str] = set()
    columns = ("pk", "web_url", "original_url", "slug", "coverage_only")
    rows = iter(articles.order_by("pk").values_list(*columns).iterator(_ROWS))
    while piece := list(islice(rows, _ROWS)):
        values = []
        for pk, web_url, original_url, slug, coverage_only in piece:
            key = address_key(web_url or original_url)
            if coverage_only:
                # Several may have the same key: they had different spellings of it.
                slug = coverage_slug(key)
                if slug in taken:
                    slug = f"{slug}-{pk}"
                taken.add(slug)
            values.append((key, slug, slug, pk))
        with schema_editor.connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE articles_article SET address_key = %s, slug = %s, first_slug = %s "
                "WHERE id = %s",
                values,
            )


class Migration(migrations.Migration):
    dependencies = [("articles", "0026_addresses")]

    operations = keep_triggers("0027", [migrations.RunPython(fill_in, migrations.RunPython.noop)])
