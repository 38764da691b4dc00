"""What an act would change, as a value: asked about with ``consequences``, done with ``perform``.

Each function here gives the change of one act on articles as the caller read them, or raises
``RefusedError`` where the act makes no sense for their state. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from articles import roles
from articles.documents import MAX_QUALITY
from articles.models import Act, Article, Related
from articles.scoring import Decision

Verb = Act.Verb
State = Article.State
Pair = tuple[int, int]
ImageValues = Sequence[Any]
"""One image's values, in the order of ``snapshot.IMAGE_FIELDS``."""

_NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})

_SCORABLE: Final = frozenset(State) - {State.COVERAGE_ONLY}
ALLOWED: Final[Mapping[Verb, frozenset[State]]] = {
    Verb.SCORE: _SCORABLE,
    Verb.PUBLISH: _SCORABLE,
    Verb.HOLD: frozenset(State) - {State.WITHDRAWN},
    Verb.WITHDRAW: _SCORABLE,
    Verb.RELEASE: frozenset(State),
    Verb.SCHEDULE: _SCORABLE - {State.WITHDRAWN},
    Verb.PIN: _SCORABLE - {State.NOT_SCORED, State.HELD, State.WITHDRAWN},
    Verb.UNPIN: frozenset(State),
    Verb.RELATE: frozenset(State),
    Verb.UNRELATE: frozenset(State),
    Verb.MERGE: frozenset(State),
    Verb.SPLIT: frozenset(State),
    # The words of coverage-only articles are those of whoever names them, and follow them.
    Verb.EDIT: _SCORABLE,
}
"""In which states of an article an act makes sense. Whether it changes anything is another matter."""

PERMISSIONS: Final[Mapping[Verb, str]] = {
    Verb.SCORE: roles.SCORE,
    Verb.PUBLISH: roles.PUBLISH,
    Verb.HOLD: roles.HOLD,
    Verb.WITHDRAW: roles.WITHDRAW,
    Verb.SCHEDULE: roles.SCHEDULE,
    Verb.PIN: roles.PIN,
    Verb.UNPIN: roles.PIN,
    Verb.RELATE: roles.RELATE,
    Verb.UNRELATE: roles.RELATE,
    Verb.MERGE: roles.RELATE,
    Verb.SPLIT: roles.RELATE,
    Verb.EDIT: roles.EDIT,
    Verb.RESOLVE: roles.RESOLVE,
}
"""What each act needs. A release needs what made the decision that it ends."""

DECIDED_BY: Final = {
    Decision.HOLD.value: roles.HOLD,
    Decision.PUBLISH.value: roles.PUBLISH,
    Decision.WITHDRAW.value: roles.WITHDRAW,
}
"""What making, or ending, each decision needs."""

EDITABLE: Final = ("title", "category", "excerpt", "body")
"""The texts that an editor may change."""

MOST_PAIRS: Final = 2_500
"""Links that one act makes or cuts, one way; stories of 50 and 50 are far beyond any real one."""
MOST_GATHERED: Final = 50
"""Articles that one act makes one story."""
TOO_MANY: Final = (
    f"These are more than {MOST_GATHERED} articles, with what is related to them: a story of that "
    "size is no story. Choose fewer."
)


class RefusedError(Exception):
    """An act that makes no sense here; ``str()`` tells the editor why."""


class StaleError(RefusedError):
    """Somebody, or an import, changed an article after it was read. ``slugs`` names which."""

    def __init__(self, slugs: Iterable[str]) -> None:
        self.slugs = sorted(slugs)
        super().__init__(
            f"{', '.join(self.slugs)}: changed by somebody else, or by an import, since you "
            "opened it. Look at it again and decide anew."
        )


@dataclass(frozen=True, slots=True)
class Change:
    """What one act does to rows.

    ``seen`` are the versions of the articles it rests upon, by id; ``columns`` the new values by
    article and column. ``link`` and ``unlink`` are (article, target) pairs; the place of a new link
    is ``positions`` or, by default, behind the others. ``resolves`` are import conflicts; ``topics``
    (ids, in order) and ``images`` stand in the place of all that an article has.
    """

    verb: Verb
    permissions: frozenset[str]
    seen: Mapping[int, int]
    columns: Mapping[int, Mapping[str, Any]] = field(default_factory=lambda: _NOTHING)
    link: frozenset[Pair] = frozenset()
    unlink: frozenset[Pair] = frozenset()
    positions: Mapping[Pair, int] = field(default_factory=lambda: _NOTHING)
    undoes: int | None = None
    resolves: frozenset[int] = frozenset()
    topics: Mapping[int, Sequence[int]] = field(default_factory=lambda: _NOTHING)
    images: Mapping[int, Sequence[ImageValues]] = field(default_factory=lambda: _NOTHING)

    @property
    def decided(self) -> set[int]:
        """The articles that it is about; others may feel it."""
        named_anew = {article for article, _ in self.link | self.unlink}
        return {*self.columns, *self.topics, *self.images, *named_anew}


def set_quality(article: Article, quality: int | None) -> Change:
    """Score an article; None takes the score away."""
    _check(Verb.SCORE, article)
    if quality is not None and not 0 <= quality <= MAX_QUALITY:
        raise RefusedError(f"Quality goes from 0 to {MAX_QUALITY:,}, not {quality}.")
    if article.quality == quality:
        raise RefusedError(f"{article.slug} has that quality already.")
    return _columns(Verb.SCORE, article, quality=quality)


def publish(article: Article, *, until: datetime | None = None) -> Change:
    """Publish an article whatever its heat, for good or until a moment."""
    return _decide(Verb.PUBLISH, article, Decision.PUBLISH, until)


def hold(article: Article, *, until: datetime | None = None) -> Change:
    """Keep an article from readers and out of its story, for now or until a moment."""
    return _decide(Verb.HOLD, article, Decision.HOLD, until)


def withdraw(article: Article) -> Change:
    """Take an article back for good: readers are told that it is gone."""
    return _decide(Verb.WITHDRAW, article, Decision.WITHDRAW, None)


def release(article: Article) -> Change:
    """End an editor's decision: the rule has its say again."""
    _check(Verb.RELEASE, article)
    if not article.decision:
        raise RefusedError(f"{article.slug} is left to the rule already.")
    change = _columns(Verb.RELEASE, article, decision=Decision.NONE.value, decision_until=None)
    return replace(change, permissions=frozenset({DECIDED_BY[article.decision]}))


def schedule(article: Article, *, begin: datetime | None, end: datetime | None) -> Change:
    """Say from when and until when readers may see an article; None is no bound."""
    _check(Verb.SCHEDULE, article)
    if begin and end and begin >= end:
        raise RefusedError("The time from which it runs must come before the time until which.")
    if (article.publish_from, article.publish_until) == (begin, end):
        raise RefusedError(f"{article.slug} has that schedule already.")
    return _columns(Verb.SCHEDULE, article, publish_from=begin, publish_until=end)


def pin(article: Article) -> Change:
    """Make an article outrank its story whatever the qualities; a pin in its story moves to it."""
    _check(Verb.PIN, article)
    if article.is_pinned:
        raise RefusedError(f"{article.slug} is pinned already.")
    change = _columns(Verb.PIN, article, is_pinned=True)
    versions = pinned_beside(article)
    unpinned = {pk: {"is_pinned": False} for pk in versions}
    return replace(change, seen={**change.seen, **versions}, columns={**change.columns, **unpinned})


def pinned_beside(article: Article) -> dict[int, int]:
    """Return the versions of the articles that are pinned in its story, by id. Two queries."""
    pinned = Article.objects.beside(article).filter(is_pinned=True)
    return dict(pinned.values_list("pk", "version"))


def unpin(article: Article) -> Change:
    """Let the qualities decide again who leads."""
    _check(Verb.UNPIN, article)
    if not article.is_pinned:
        raise RefusedError(f"{article.slug} is not pinned.")
    return _columns(Verb.UNPIN, article, is_pinned=False)


def edit(article: Article, **texts: str) -> Change:
    """Change texts of an article; ``EDITABLE`` names which there are."""
    _check(Verb.EDIT, article)
    if unknown := texts.keys() - set(EDITABLE):
        raise ValueError(f"no text that an editor may change: {', '.join(sorted(unknown))}")
    changed = {name: text for name, text in texts.items() if getattr(article, name) != text}
    if not changed:
        raise RefusedError(f"{article.slug} says that already.")
    if not changed.get("title", "x").strip():
        raise RefusedError("An article needs a title.")
    return _columns(Verb.EDIT, article, **changed)


def relate(article: Article, others: Iterable[Article]) -> Change:
    """Make articles coverage of one another, both ways."""
    return _link(Verb.RELATE, [article], others)


def unrelate(article: Article, others: Iterable[Article]) -> Change:
    """Cut the links between articles, both ways."""
    return _unlink(Verb.UNRELATE, [article], others)


def merge(story: Iterable[Article], other: Iterable[Article]) -> Change:
    """Make two stories one: every member of each becomes coverage of every member of the other."""
    return _link(Verb.MERGE, story, other)


def gather(articles: Iterable[Article]) -> Change:
    """Make articles one story: each becomes coverage of every other."""
    members = {article.pk: article for article in articles}
    if len(members) < 2:
        raise RefusedError("Choose at least two different articles.")
    if len(members) > MOST_GATHERED:
        raise RefusedError(TOO_MANY)
    return _linked(Verb.MERGE, members, {(a, b) for a in members for b in members if a != b})


def split(leaving: Iterable[Article], staying: Iterable[Article]) -> Change:
    """Cut every link between members that leave a story and those that stay."""
    return _unlink(Verb.SPLIT, leaving, staying)


def together(changes: Iterable[Change]) -> Change:
    """Make one act of several of one verb, about different articles: one history, one undo."""
    changes = list(changes)
    if not changes:
        raise RefusedError("There is nothing to do.")
    columns: dict[int, dict[str, Any]] = {}
    seen: dict[int, int] = {}
    positions: dict[Pair, int] = {}
    for change in changes:
        seen |= change.seen
        positions |= change.positions
        for pk, values in change.columns.items():
            columns[pk] = columns.get(pk, {}) | dict(values)
    return Change(
        changes[0].verb,
        frozenset().union(*(change.permissions for change in changes)),
        seen,
        columns,
        frozenset().union(*(change.link for change in changes)),
        frozenset().union(*(change.unlink for change in changes)),
        positions,
        resolves=frozenset().union(*(change.resolves for change in changes)),
        topics={pk: topics for change in changes for pk, topics in change.topics.items()},
        images={pk: images for change in changes for pk, images in change.images.items()},
    )


def refusal(verb: Verb, article: Article) -> str:
    """Say why an article's state does not allow an act; nothing where it does."""
    if article.state in ALLOWED[verb]:
        return ""
    return f"{article.slug} is {article.state.label}: it cannot be {verb.label}."


def _check(verb: Verb, article: Article) -> None:
    if words := refusal(verb, article):
        raise RefusedError(words)


def _columns(verb: Verb, article: Article, **values: Any) -> Change:
    permissions = frozenset({PERMISSIONS[verb]} if verb in PERMISSIONS else ())
    return Change(verb, permissions, {article.pk: article.version}, {article.pk: values})


def _decide(verb: Verb, article: Article, decision: Decision, until: datetime | None) -> Change:
    _check(verb, article)
    if (article.decision, article.decision_until) == (decision, until):
        raise RefusedError(f"{article.slug} is {verb.label} by an editor already.")
    change = _columns(verb, article, decision=decision.value, decision_until=until)
    if article.decision == Decision.WITHDRAW:
        # Who may not withdraw may not undo it on a detour.
        return replace(change, permissions=change.permissions | {roles.WITHDRAW})
    return change


def _link(verb: Verb, some: Iterable[Article], others: Iterable[Article]) -> Change:
    members, pairs = _between(some, others)
    return _linked(verb, members, pairs)


def _linked(verb: Verb, members: Mapping[int, Article], wanted: set[Pair]) -> Change:
    # What is known only as coverage names nothing: its document will say what it does.
    wanted = {(a, b) for a, b in wanted if not members[a].coverage_only}
    missing = frozenset(wanted - _existing(members))
    if not missing:
        raise RefusedError("These articles are related to one another already.")
    return Change(verb, frozenset({PERMISSIONS[verb]}), _seen(members, missing), link=missing)


def _unlink(verb: Verb, some: Iterable[Article], others: Iterable[Article]) -> Change:
    members, pairs = _between(some, others)
    cut = frozenset(pairs & _existing(members))
    if not cut:
        raise RefusedError("These articles are not related to one another.")
    return Change(verb, frozenset({PERMISSIONS[verb]}), _seen(members, cut), unlink=cut)


def _between(
    some: Iterable[Article], others: Iterable[Article]
) -> tuple[dict[int, Article], set[Pair]]:
    """Return the articles of both sides, and every pair across, both ways."""
    first = {article.pk: article for article in some}
    second = {article.pk: article for article in others if article.pk not in first}
    if not first or not second:
        raise RefusedError("Choose at least two different articles.")
    if len(first) * len(second) > MOST_PAIRS:
        raise RefusedError(
            f"{len(first)} by {len(second)} articles are more than one act can relate: a story "
            "of that size is no story. Choose fewer."
        )
    across = {(a, b) for a in first for b in second}
    return first | second, across | {(b, a) for a, b in across}


def _existing(members: Mapping[int, Article]) -> set[Pair]:
    ids = list(members)
    links = Related.objects.filter(article__any_of=ids, target__any_of=ids)
    return set(links.values_list("article_id", "target_id"))


def _seen(members: Mapping[int, Article], pairs: Iterable[Pair]) -> dict[int, int]:
    return {pk: members[pk].version for pair in pairs for pk in pair}
