"""Columns with the words of other columns, for search. Every way of writing a row fills them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from django.db import models

from newsroom import words
from newsroom.plain_text import decoded

_Model = TypeVar("_Model", bound=models.Model)


def words_of(text: str) -> str:
    """Return what is stored for a text, whose entities are decoded as on pages."""
    return words.stored(decoded(text))


class WordsField(models.TextField):  # type: ignore[type-arg]
    """The words of the column ``of``. Empty if an older version wrote the row."""

    def __init__(self, *args: Any, of: str = "", **kwargs: Any) -> None:
        self.of = of
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        # Migrations are frozen, so to them it is plain text.
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        found = words_of(getattr(model_instance, self.of))
        setattr(model_instance, self.attname, found)
        return found


@lru_cache
def columns(model: type[models.Model]) -> Mapping[str, str]:
    """Return the columns of words of a model, by the columns that they come from."""
    fields = model._meta.local_concrete_fields
    return {field.of: field.attname for field in fields if isinstance(field, WordsField)}


def columns_beside(model: type[models.Model], written: Collection[str]) -> dict[str, str]:
    """Return the columns of words to write with others, by the columns that they come from."""
    return {
        of: column
        for of, column in columns(model).items()
        if of in written and column not in written
    }


def beside(
    model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
    """Return columns and rows with the columns of words first."""
    missing = columns_beside(model, names)
    if not missing:
        return names, rows
    places = [names.index(of) for of in missing]
    added = ((*(words_of(row[place]) for place in places), *row) for row in rows)
    return (*missing.values(), *names), added


class WordsQuerySet(models.QuerySet[_Model]):
    """Rows with columns of words."""

    def update(self, **values: Any) -> int:
        """Update columns, and the columns with their words."""
        for of, column in columns_beside(self.model, values.keys()).items():
            values[column] = words_of(values[of])
        return super().update(**values)


class WithWords(models.Model):
    """A row with columns of words."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save it; with only some columns, also the columns with their words."""
        listed = kwargs.get("update_fields")
        if listed is not None:
            kwargs["update_fields"] = {*listed, *columns_beside(type(self), listed).values()}
        for of, column in columns(type(self)).items():
            if of in self.__dict__:
                # Otherwise Django would not write a column that it has not read.
                self.__dict__.setdefault(column, None)
        super().save(*args, **kwargs)
