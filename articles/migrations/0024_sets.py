"""Large writes are noted in sets: PostgreSQL's triggers collect what they change."""

from django.db import migrations

from articles.migrations.frozen.triggers import keep_triggers


class Migration(migrations.Migration):
    dependencies = [("articles", "0023_exported_documents")]

    operations = keep_triggers("0024", [])
