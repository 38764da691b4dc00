"""The verbs of the newsdesk, each declared once in ``VERBS``, and the changes that they make.

Admin pages, bulk actions, triage, the API with its schema and the table in ``docs/newsdesk.md`` all
read these declarations. Each function takes articles as the caller read them and returns the change
that one decision makes, or raises ``RefusedError`` if the decision makes no sense. Nothing is
written here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from typing import Any, Final

from django.contrib.auth.models import AnonymousUser, User

from articles import roles
from articles.documents import MAX_QUALITY
from articles.models import Article
from articles.newsdesk.changes import Change, RefusedError, Verb
from articles.newsdesk.links import merge, relate, split, unrelate
from articles.newsdesk.verdicts import refuse
from articles.scoring import Decision
from newsroom import database_clock
from newsroom.plain_text import is_visible, without_controls

State = Article.State

EDITABLE: Final = ("title", "category", "excerpt", "body")
"""The texts that an editor may change."""
DECIDED_BY: Final = {
    Decision.HOLD.value: roles.HOLD,
    Decision.PUBLISH.value: roles.PUBLISH,
    Decision.WITHDRAW.value: roles.WITHDRAW,
}
"""The permission to make or end each decision."""


class Kind(Enum):
    """The kinds of input of a field."""

    QUALITY = auto()
    MOMENT = auto()
    TEXT = auto()
    ARTICLES = auto()


@dataclass(frozen=True, slots=True)
class Field:
    """An input of a verb. Forms, API bodies and the API schema are made from it.

    ``name`` is the parameter of the verb's function, ``json`` is its name in the API if different,
    and ``column`` is the article's column that it sets. API bodies must contain an ``essential``
    field (null if empty), and bulk actions need it before any preview. Only the page of a single
    article accepts an empty ``required`` field. Triage shows the fields that are ``in_triage``.
    """

    name: str
    kind: Kind
    label: str
    help: str = ""
    json: str = ""
    column: str = ""
    max_length: int | None = None
    essential: bool = False
    required: bool = False
    blank: bool = True
    in_triage: bool = False

    @property
    def key(self) -> str:
        return self.json or self.name


NOTE: Final = Field(
    "reason",
    Kind.TEXT,
    "Note",
    "Optional. The history shows it, and so does the receipt of a decision.",
    column="decision_reason",
    max_length=2_000,
)
"""The note, which every verb asks for."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """The declaration of a verb.

    ``make`` takes the article and the values of ``fields`` by name. ``problem`` takes only the
    values and returns what is wrong with them, or "". ``is_due`` takes only the article and returns
    whether the decision would change anything. ``key`` is the keyboard shortcut in triage.
    """

    verb: Verb
    label: str
    help: str
    make: Callable[..., Change]
    permission: str
    states: frozenset[State] = frozenset(State)
    fields: tuple[Field, ...] = ()
    problem: Callable[[Mapping[str, Any]], str] = lambda values: ""
    is_due: Callable[[Article], bool] = lambda article: True
    key: str = ""
    is_grave: bool = False
    has_page: bool = True
    is_bulk: bool = True
    in_api: bool = True

    def change(self, article: Article, values: Mapping[str, Any]) -> Change:
        """Return the change for the values of a form or API body.

        Raise ``RefusedError`` if it makes no sense.
        """
        return self.make(article, **{field.name: values.get(field.name) for field in self.fields})

    def may_ever(self, user: User | AnonymousUser) -> bool:
        """Return whether a user may do this to any article."""
        if self.verb is Verb.RELEASE:
            return any(map(user.has_perm, DECIDED_BY.values()))
        return user.has_perm(self.permission)


def set_quality(article: Article, quality: int | None) -> Change:
    """Score an article; None removes the score."""
    _check(Verb.SCORE, article)
    if quality is not None and not 0 <= quality <= MAX_QUALITY:
        raise RefusedError(f"Quality goes from 0 to {MAX_QUALITY:,}, not {quality}.")
    if article.quality == quality:
        raise RefusedError(f"{article.slug} has that quality already.")
    return _columns(Verb.SCORE, article, quality=quality)


def publish(article: Article, *, until: datetime | None = None) -> Change:
    """Publish an article whatever its heat, indefinitely unless ``until`` is given."""
    return _decide(Verb.PUBLISH, article, Decision.PUBLISH, until)


def hold(article: Article, *, until: datetime | None = None) -> Change:
    """Hide an article and keep it out of its story, indefinitely unless ``until`` is given."""
    return _decide(Verb.HOLD, article, Decision.HOLD, until)


def withdraw(article: Article) -> Change:
    """Take an article down permanently; readers see that it was withdrawn."""
    return _decide(Verb.WITHDRAW, article, Decision.WITHDRAW, None)


def release(article: Article) -> Change:
    """End an editor's decision, so that the rule decides again."""
    _check(Verb.RELEASE, article)
    if not article.decision:
        raise RefusedError(f"{article.slug} is left to the rule already.")
    return _columns(Verb.RELEASE, article, decision=Decision.NONE.value, decision_until=None)


def schedule(article: Article, *, begin: datetime | None, end: datetime | None) -> Change:
    """Set when readers may start and stop seeing an article; None means no limit."""
    _check(Verb.SCHEDULE, article)
    if words := _out_of_order({"begin": begin, "end": end}):
        raise RefusedError(words)
    if (article.publish_from, article.publish_until) == (begin, end):
        raise RefusedError(f"{article.slug} has that schedule already.")
    return _columns(Verb.SCHEDULE, article, publish_from=begin, publish_until=end)


def pin(article: Article) -> Change:
    """Make an article the lead of its story whatever its quality.

    An existing pin in the story moves to it.
    """
    _check(Verb.PIN, article)
    if article.is_pinned:
        raise RefusedError(f"{article.slug} is pinned already.")
    change = _columns(Verb.PIN, article, is_pinned=True)
    versions = pinned_beside(article)
    unpinned = {pk: {"is_pinned": False} for pk in versions}
    return replace(change, seen={**change.seen, **versions}, columns={**change.columns, **unpinned})


def pinned_beside(article: Article) -> dict[int, int]:
    """Return the versions of the articles pinned in the same story, by id. Two queries."""
    pinned = Article.objects.beside(article).filter(is_pinned=True)
    return dict(pinned.values_list("pk", "version"))


def unpin(article: Article) -> Change:
    """Remove a pin, so that quality again decides which article leads."""
    _check(Verb.UNPIN, article)
    if not article.is_pinned:
        raise RefusedError(f"{article.slug} is not pinned.")
    return _columns(Verb.UNPIN, article, is_pinned=False)


def edit(article: Article, **texts: str | None) -> Change:
    """Change an article's texts; None leaves a text unchanged. ``EDITABLE`` lists the texts."""
    _check(Verb.EDIT, article)
    if unknown := texts.keys() - set(EDITABLE):
        raise ValueError(f"no text that an editor may change: {', '.join(sorted(unknown))}")
    cleaned = {name: without_controls(text) for name, text in texts.items() if text is not None}
    changed = {name: text for name, text in cleaned.items() if text != getattr(article, name)}
    if not changed:
        raise RefusedError(f"{article.slug} already has this text.")
    if not is_visible(changed.get("title", "x")):
        raise RefusedError("An article needs a title.")
    return _columns(Verb.EDIT, article, **changed)


def _over(values: Mapping[str, Any]) -> str:
    until = values["until"]
    is_over = until is not None and until <= database_clock.now()
    return "That time is already over. Choose a later one, or none." if is_over else ""


def _out_of_order(values: Mapping[str, Any]) -> str:
    begin, end = values["begin"], values["end"]
    wrong = begin is not None and end is not None and begin >= end
    return (
        "The time from which readers see it must come before the time until which." if wrong else ""
    )


_SCORABLE: Final = frozenset(State) - {State.COVERAGE_ONLY}
_UNTIL: Final = Field(
    "until",
    Kind.MOMENT,
    "Until",
    "After that the rule applies again. Leave empty for no end.",
    column="decision_until",
)
_OTHERS: Final = Field("others", Kind.ARTICLES, "Articles", json="slugs", essential=True)

_ALL: Final = (
    Declaration(
        Verb.SCORE,
        "Score",
        "Heat is the quality plus a bonus for linked reports, once the quality reaches the minimum.",
        set_quality,
        roles.SCORE,
        _SCORABLE,
        (
            Field(
                "quality",
                Kind.QUALITY,
                "Quality",
                "In heat points; around 50 is ordinary. Without one the score is removed.",
                column="quality",
                essential=True,
                required=True,
                in_triage=True,
            ),
        ),
        key="Enter",
    ),
    Declaration(
        Verb.PUBLISH,
        "Publish",
        "Readers see it whatever its heat, even behind a lead.",
        publish,
        roles.PUBLISH,
        _SCORABLE,
        (_UNTIL,),
        _over,
        key="p",
    ),
    Declaration(
        Verb.HOLD,
        "Hold",
        "Kept from readers and out of its story: it neither leads nor counts for a bonus.",
        hold,
        roles.HOLD,
        frozenset(State) - {State.WITHDRAWN},
        (_UNTIL,),
        _over,
        key="h",
    ),
    Declaration(
        Verb.WITHDRAW,
        "Withdraw",
        "Taken down permanently. Readers see that it was withdrawn; its story continues without it.",
        withdraw,
        roles.WITHDRAW,
        _SCORABLE,
        is_due=lambda article: article.decision != Decision.WITHDRAW,
        is_grave=True,
    ),
    Declaration(
        Verb.RELEASE,
        "Back to automatic",
        "Ends the editor's decision: heat decides again.",
        release,
        roles.HOLD,
        is_due=lambda article: bool(article.decision),
        key="r",
    ),
    Declaration(
        Verb.SCHEDULE,
        "Schedule",
        "Readers see it only between these times, and only if it is published then.",
        schedule,
        roles.SCHEDULE,
        _SCORABLE - {State.WITHDRAWN},
        (
            Field(
                "begin",
                Kind.MOMENT,
                "From",
                "An embargo: readers do not see it before. Leave empty for none.",
                json="publishFrom",
                column="publish_from",
                essential=True,
            ),
            Field(
                "end",
                Kind.MOMENT,
                "Until",
                "It expires then. Leave empty for never.",
                json="publishUntil",
                column="publish_until",
                essential=True,
            ),
        ),
        _out_of_order,
    ),
    Declaration(
        Verb.PIN,
        "Pin as lead",
        "It leads its story, whatever quality the other reports have.",
        pin,
        roles.PIN,
        _SCORABLE - {State.NOT_SCORED, State.HELD, State.WITHDRAWN},
        is_due=lambda article: not article.is_pinned,
        key="l",
        is_bulk=False,
    ),
    Declaration(
        Verb.UNPIN,
        "Unpin",
        "Quality decides again which report leads its story.",
        unpin,
        roles.PIN,
        is_due=lambda article: article.is_pinned,
        key="l",
        is_bulk=False,
    ),
    Declaration(
        Verb.RELATE,
        "Link",
        "Articles become coverage of one another, both ways.",
        relate,
        roles.RELATE,
        fields=(_OTHERS,),
        has_page=False,
        is_bulk=False,
    ),
    Declaration(
        Verb.UNRELATE,
        "Unlink",
        "The links between articles are cut, both ways.",
        unrelate,
        roles.RELATE,
        fields=(_OTHERS,),
        has_page=False,
        is_bulk=False,
    ),
    Declaration(
        Verb.MERGE,
        "Merge into one story",
        "Every report of each story becomes coverage of every other.",
        merge,
        roles.RELATE,
        has_page=False,
        in_api=False,
    ),
    Declaration(
        Verb.SPLIT,
        "Split off",
        "Every link between those that leave a story and those that stay is cut.",
        split,
        roles.RELATE,
        has_page=False,
        is_bulk=False,
        in_api=False,
    ),
    Declaration(
        Verb.REFUSE,
        "Not the same event",
        "Articles report different events: none is suggested for another again.",
        refuse,
        roles.RELATE,
        fields=(_OTHERS,),
        has_page=False,
        is_bulk=False,
    ),
    Declaration(
        Verb.EDIT,
        "Edit",
        "The texts change; imports leave a text alone once an editor changed it.",
        edit,
        roles.EDIT,
        # Coverage-only articles get their texts from the articles that link to them.
        _SCORABLE,
        (
            Field("title", Kind.TEXT, "Title", max_length=1_000, blank=False),
            Field("category", Kind.TEXT, "Category", max_length=1_000),
            Field("excerpt", Kind.TEXT, "Excerpt"),
            Field("body", Kind.TEXT, "Body", json="content"),
        ),
        has_page=False,
        is_bulk=False,
    ),
)
VERBS: Final[Mapping[Verb, Declaration]] = {one.verb: one for one in _ALL}
"""Every verb that editors can use, in menu order."""


def refusal(verb: Verb, article: Article) -> str:
    """Return why an article's state does not allow a verb, or "" if it does."""
    if article.state in VERBS[verb].states:
        return ""
    return f"{article.slug} is {article.state.label}: it cannot be {verb.label}."


def permissions_of(verb: Verb, article: Article) -> frozenset[str]:
    """Return the permissions that a decision on an article needs.

    Ending a decision needs the permission that was needed to make it.
    """
    if verb is Verb.RELEASE and article.decision:
        return frozenset({DECIDED_BY[article.decision]})
    needed = {VERBS[verb].permission}
    if verb is Verb.PUBLISH and article.decision == Decision.WITHDRAW:
        # This ends the withdrawal. Only publish can: a withdrawn article cannot be held.
        needed.add(roles.WITHDRAW)
    return frozenset(needed)


def may_begin(user: User | AnonymousUser, verb: Verb, article: Article) -> bool:
    """Return whether a user has the permissions for a decision, in any state of the article."""
    return user.has_perms(permissions_of(verb, article))


def is_offered(user: User | AnonymousUser, verb: Verb, article: Article) -> bool:
    """Return whether a decision makes sense for an article and the user may make it."""
    is_due = VERBS[verb].is_due(article) and not refusal(verb, article)
    return is_due and may_begin(user, verb, article)


def _check(verb: Verb, article: Article) -> None:
    if words := refusal(verb, article):
        raise RefusedError(words)


def _columns(verb: Verb, article: Article, **columns: Any) -> Change:
    seen = {article.pk: article.version}
    return Change(verb, permissions_of(verb, article), seen, {article.pk: columns})


def _decide(verb: Verb, article: Article, decision: Decision, until: datetime | None) -> Change:
    _check(verb, article)
    if (article.decision, article.decision_until) == (decision, until):
        raise RefusedError(f"{article.slug} is {verb.label} by an editor already.")
    return _columns(verb, article, decision=decision.value, decision_until=until)
