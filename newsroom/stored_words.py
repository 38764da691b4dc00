"""Columns with the words of other columns, for search. Every way of writing a row fills them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, Final, TypeVar

from django.db import models, transaction

from newsroom import stems, words
from newsroom.plain_text import decoded

_Model = TypeVar("_Model", bound=models.Model)
_AT_ONCE: Final = 500


def words_of(text: str, locale: str = "") -> str:
    """Return what is stored for a text, whose entities are decoded as on pages.

    Behind the words are their stems in the text's language, if that is known.
    """
    text = decoded(text)
    found = words.stored(text)
    stemmed = stems.stored(text, locale) if locale else ""
    return f"{found} {stemmed}" if stemmed else found


def without_stems(stored: str) -> str:
    """Return the words alone."""
    return stored.partition(stems.STEM)[0].rstrip(" ")


class WordsField(models.TextField):  # type: ignore[type-arg]
    """The words of the column ``of``. Null if an older version wrote the row.

    If ``locale`` names the column with the text's language, their stems follow.
    """

    def __init__(self, *args: Any, of: str = "", locale: str = "", **kwargs: Any) -> None:
        self.of = of
        self.locale = locale
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        # Migrations are frozen, so to them it is plain text.
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns that it comes from."""
        return (self.of, self.locale) if self.locale else (self.of,)

    def words_of(self, values: Mapping[str, Any]) -> str:
        """Return the words to store beside these values of columns."""
        return words_of(*(values[name] for name in self.sources))

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        found = words_of(*(getattr(model_instance, name) for name in self.sources))
        setattr(model_instance, self.attname, found)
        return found


@lru_cache
def fields(model: type[models.Model]) -> tuple[WordsField, ...]:
    """Return the columns of words of a model."""
    found = model._meta.local_concrete_fields
    return tuple(field for field in found if isinstance(field, WordsField))


def fields_beside(model: type[models.Model], written: Collection[str]) -> list[WordsField]:
    """Return the columns of words to write with others."""
    return [
        field
        for field in fields(model)
        if field.attname not in written and any(name in written for name in field.sources)
    ]


def _missing(beside: Iterable[WordsField], written: Collection[str]) -> list[str]:
    """Return the columns that the words come from and that are not written."""
    needed = dict.fromkeys(name for field in beside for name in field.sources)
    return [name for name in needed if name not in written]


def beside(
    model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
    """Return columns and rows with the columns of words first.

    If a text is written without its language, or the reverse, the other is read by primary key,
    which is then the last value of each row.
    """
    added = fields_beside(model, names)
    if not added:
        return names, rows
    missing = _missing(added, names)
    return (
        (*(field.attname for field in added), *names),
        _with_words(model, added, names, missing, rows),
    )


def _with_words(
    model: type[models.Model],
    added: Sequence[WordsField],
    names: Sequence[str],
    missing: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> Iterator[Sequence[Any]]:
    rows = iter(rows)
    places = {name: names.index(name) for field in added for name in field.sources if name in names}
    while piece := list(islice(rows, _AT_ONCE)):
        stored: dict[Any, Any] = {}
        if missing:
            found = model._base_manager.filter(pk__in=[row[-1] for row in piece])
            stored = {row.pop("pk"): row for row in found.values("pk", *missing)}
        for row in piece:
            values = {name: row[place] for name, place in places.items()}
            if missing:
                # A row that is gone is not updated.
                values |= stored.get(row[-1], dict.fromkeys(missing, ""))
            yield (*(field.words_of(values) for field in added), *row)


class WordsQuerySet(models.QuerySet[_Model]):
    """Rows with columns of words."""

    def update(self, **values: Any) -> int:
        """Update columns, and the columns with their words."""
        added = fields_beside(self.model, values.keys())
        if not _missing(added, values.keys()):
            return super().update(**values, **{one.attname: one.words_of(values) for one in added})
        with transaction.atomic(using=self.db):
            # The condition may not be true any more afterward.
            keys = list(self.order_by().values_list("pk", flat=True))
            count = super().update(**values)
            needed = [name for field in added for name in field.sources]
            rows = self.model._base_manager.using(self.db)
            for start in range(0, len(keys), _AT_ONCE):
                written = list(rows.filter(pk__in=keys[start : start + _AT_ONCE]).only(*needed))
                for row in written:
                    for field in added:
                        field.pre_save(row, add=False)
                rows.bulk_update(written, [field.attname for field in added])
        return count


class WithWords(models.Model):
    """A row with columns of words."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save it; with only some columns, also the columns with their words."""
        listed = kwargs.get("update_fields")
        if listed is not None:
            also = (field.attname for field in fields_beside(type(self), listed))
            kwargs["update_fields"] = {*listed, *also}
        for field in fields(type(self)):
            if any(name in self.__dict__ for name in field.sources):
                # Otherwise Django would not write a column that it has not read.
                self.__dict__.setdefault(field.attname, None)
        super().save(*args, **kwargs)
