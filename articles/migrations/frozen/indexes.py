"""Add indexes while the site writes to the table.

Only in a migration of its own with ``atomic = False``::

    class Migration(migrations.Migration):
        atomic = False
        operations = [AddIndexConcurrently("article", models.Index(...))]

Django's operation of this name needs PostgreSQL.
"""

from typing import Any

from django.db import migrations


class AddIndexConcurrently(migrations.AddIndex):
    atomic = False

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        name = schema_editor.quote_name(self.index.name)
        model = to_state.apps.get_model(app_label, self.model_name)
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('lock_timeout'), current_setting('statement_timeout')"
            )
            limits = cursor.fetchone()
            # It takes long and waits for every transaction, but nobody waits for it.
            _set_limits(cursor, "0", "0")
            # An attempt that failed leaves an index that is never used.
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            schema_editor.add_index(model, self.index, concurrently=True)
            _set_limits(cursor, *limits)


def _set_limits(cursor: Any, lock: str, statement: str) -> None:
    cursor.execute("SELECT set_config('lock_timeout', %s, false)", [lock])
    cursor.execute("SELECT set_config('statement_timeout', %s, false)", [statement])
