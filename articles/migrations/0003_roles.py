"""The groups that a fresh installation has."""

from django.db import migrations

from articles.migrations.frozen.roles import ROLES_0003, write_roles


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0002_newsdesk"),
        ("providers", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        # Undone: nothing is taken away. Groups may have members and permissions of their own.
        migrations.RunPython(write_roles(ROLES_0003), migrations.RunPython.noop)
    ]
