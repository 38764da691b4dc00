"""The change that a decision makes, as a value: preview it with ``consequences``, make it with
``perform``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from articles.models import Act, Verdict

Verb = Act.Verb
Pair = tuple[int, int]
ImageValues = Sequence[Any]
"""One image's values, in the order of ``documents.marks.IMAGE_FIELDS``."""


class RefusedError(Exception):
    """A decision that is not possible here; ``str()`` tells the editor why."""


class StaleError(RefusedError):
    """Some articles changed after they were read; ``slugs`` names them."""

    def __init__(self, slugs: Iterable[str]) -> None:
        self.slugs = sorted(slugs)
        super().__init__(
            f"{', '.join(self.slugs)}: somebody else, or an import, changed this after you opened "
            "it. Look at it again, then decide."
        )


@dataclass(frozen=True, slots=True)
class Change:
    """What one decision does to the rows of the database.

    ``seen`` has the versions of the articles that it is based on, by id. ``columns`` has the new
    values by article and column. ``link`` and ``unlink`` are (article, target) pairs. ``positions``
    says where a new link goes; by default it goes last. ``resolves`` has the ids of import
    conflicts. ``topics`` (ids, in order) and ``images`` replace all topics and images of an
    article. ``verdicts`` are on pairs of articles in ascending order, besides those that follow
    from links. With ``is_suggested``, the quality is the suggested one.
    """

    verb: Verb
    permissions: frozenset[str]
    seen: Mapping[int, int]
    columns: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    link: frozenset[Pair] = frozenset()
    unlink: frozenset[Pair] = frozenset()
    positions: Mapping[Pair, int] = field(default_factory=dict)
    undoes: int | None = None
    resolves: frozenset[int] = frozenset()
    topics: Mapping[int, Sequence[int]] = field(default_factory=dict)
    images: Mapping[int, Sequence[ImageValues]] = field(default_factory=dict)
    verdicts: Mapping[Pair, Verdict] = field(default_factory=dict)
    is_suggested: bool = False

    @property
    def decided(self) -> set[int]:
        """The articles that the decision is about; it may change the heat of others."""
        relinked = {article for article, _ in self.link | self.unlink}
        return {*self.columns, *self.topics, *self.images, *relinked}


def together(changes: Iterable[Change]) -> Change:
    """Join changes that one verb makes to different articles, so that they have one history entry
    and one undo.
    """
    changes = list(changes)
    if not changes:
        raise RefusedError("There is nothing to do.")
    columns: dict[int, dict[str, Any]] = defaultdict(dict)
    for change in changes:
        for pk, values in change.columns.items():
            columns[pk] |= values
    joined: dict[str, Any] = {
        name: {key: value for change in changes for key, value in getattr(change, name).items()}
        for name in ("seen", "positions", "topics", "images", "verdicts")
    }
    for name in ("permissions", "link", "unlink", "resolves"):
        joined[name] = frozenset().union(*(getattr(change, name) for change in changes))
    return Change(changes[0].verb, columns=columns, **joined)
