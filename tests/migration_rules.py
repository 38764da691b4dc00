"""What a new migration must not do, because the former version of the site runs during it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from django.db import migrations, models
from django.db.migrations.state import ProjectState

from articles.migrations.frozen.indexes import AddIndexConcurrently

_ALLOWED = re.compile(r"# Allow: (.+?): .+")
_TRIGGERS = "articles.migrations.frozen.triggers"
"""Its functions change no rows."""
_SHAPE = ("max_digits", "decimal_places", "db_column", "db_collation")


def broken_rules(migration: migrations.Migration, before: ProjectState) -> dict[str, str]:
    """Return what breaks a rule, each with its reason; ``before`` is the state of the models."""
    operations = list(_flat(migration.operations))
    new = {one.name_lower for one in operations if isinstance(one, migrations.CreateModel)}
    found: dict[str, str] = {}
    for operation in operations:
        if getattr(operation, "model_name_lower", None) not in new:
            found |= _of_schema(operation, migration, before)
        if isinstance(operation, migrations.RunPython | migrations.RunSQL):
            found |= _of_data(operation, migration, operations)
    return found


def allowed(migration: type[migrations.Migration]) -> set[str]:
    """Return what the comments of the migration's file allow."""
    module = inspect.getmodule(migration)
    return set(_ALLOWED.findall(inspect.getsource(module))) if module else set()


def _flat(operations: Any) -> Iterator[Any]:
    for one in operations:
        if isinstance(one, migrations.SeparateDatabaseAndState):
            yield from _flat(one.database_operations)
        else:
            yield one


def _of_schema(one: Any, migration: migrations.Migration, before: ProjectState) -> dict[str, str]:
    gone = "the former version still uses it; do this one release after the last use"
    scan = "the table is locked while all its rows are read"
    match one:
        case migrations.RemoveField():
            return {f"remove {one.model_name_lower}.{one.name}": gone}
        case migrations.RenameField():
            return {f"rename {one.model_name_lower}.{one.old_name}": gone}
        case migrations.DeleteModel():
            return {f"delete {one.name_lower}": gone}
        case migrations.RenameModel():
            return {f"rename {one.old_name_lower}": gone}
        case migrations.AlterModelTable():
            return {f"rename the table of {one.name_lower}": gone}
        case migrations.AddField():
            return _of_new_field(f"{one.model_name_lower}.{one.name}", one.field)
        case migrations.AlterField():
            model = before.models[migration.app_label, one.model_name_lower]
            former = model.fields[one.name]
            return _of_other_field(f"{one.model_name_lower}.{one.name}", former, one.field)
        case AddIndexConcurrently():
            if migration.atomic or len(migration.operations) > 1:
                return {
                    f"index {one.index.name}": "it needs a migration of its own, atomic = False"
                }
        case migrations.AddIndex():
            return {f"index {one.index.name}": "nobody can write meanwhile; AddIndexConcurrently"}
        case migrations.AddConstraint():
            return {f"constrain {one.model_name_lower} {one.constraint.name}": scan}
    return {}


def _of_new_field(name: str, field: Any) -> dict[str, str]:
    if field.many_to_many:
        return {}
    found = {}
    if not field.null and not field.has_db_default():
        found[f"add {name}"] = "the former version gives it no value; use null or db_default"
    if isinstance(field, models.GeneratedField):
        found[f"compute {name}"] = "the table is locked while all its rows are written"
    return found | _of_index(name, field)


def _of_index(name: str, field: Any) -> dict[str, str]:
    if field.db_index or field.unique:
        return {f"index {name}": "nobody can write meanwhile; db_index=False, AddIndexConcurrently"}
    return {}


def _of_other_field(name: str, former: Any, field: Any) -> dict[str, str]:
    found = {}
    if former.null and not field.null:
        found[f"require {name}"] = "the former version may write null, and all rows are read"
    if _shape(former) != _shape(field) or _is_shorter(former, field):
        found[f"change the type of {name}"] = "all rows are written, and the former version fails"
    if not (former.db_index or former.unique):
        found |= _of_index(name, field)
    return found


def _shape(field: Any) -> tuple[Any, ...]:
    return (field.get_internal_type(), *(getattr(field, name, None) for name in _SHAPE))


def _is_shorter(former: Any, field: Any) -> bool:
    return bool(field.max_length) and (
        not former.max_length or field.max_length < former.max_length
    )


def _of_data(one: Any, migration: migrations.Migration, operations: list[Any]) -> dict[str, str]:
    is_python = isinstance(one, migrations.RunPython)
    if is_python and one.code.__module__ == _TRIGGERS:
        return {}
    name = f"run {one.code.__name__}" if is_python else "run SQL"
    if not one.reversible:
        return {name: "it cannot be undone"}
    if migration.atomic and any(not isinstance(other, type(one)) for other in operations):
        return {name: "tables stay locked while rows change; use a migration of its own"}
    return {}
