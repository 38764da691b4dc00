"""The groups that a fresh installation has."""

from django.db import migrations

from articles.roles import write_roles


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0002_newsdesk"),
        ("providers", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        # Backwards nothing is taken away: groups may have members and permissions of their own.
        migrations.RunPython(
            lambda apps, schema_editor: write_roles(apps), migrations.RunPython.noop
        )
    ]
