"""Which acts on one article somebody is offered, before anything is filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from django.contrib.auth.models import AnonymousUser, User

from articles import roles
from articles.models import Article
from articles.newsdesk.changes import (
    PERMISSIONS,
    Change,
    RefusedError,
    Verb,
    hold,
    publish,
    refusal,
    release,
    unpin,
    withdraw,
)
from articles.newsdesk.performing import may

_ASK_NOTHING: Final[Mapping[Verb, Callable[[Article], Change]]] = {
    Verb.PUBLISH: publish,
    Verb.HOLD: hold,
    Verb.WITHDRAW: withdraw,
    Verb.RELEASE: release,
    Verb.UNPIN: unpin,
}


def may_begin(user: User | AnonymousUser, verb: Verb, article: Article) -> bool:
    """Whether a user has what an act on an article needs; no query but for permissions.

    Its state may refuse the act all the same.
    """
    if verb in _ASK_NOTHING:
        try:
            # Ending what somebody decided needs what deciding it needed.
            return may(user, _ASK_NOTHING[verb](article))
        except RefusedError:
            pass
    return user.has_perm(PERMISSIONS.get(verb, roles.HOLD))


def is_offered(user: User | AnonymousUser, verb: Verb, article: Article) -> bool:
    """Whether an act makes sense for an article, would change something, and the user may do it."""
    return (
        not refusal(verb, article) and _has_point(verb, article) and may_begin(user, verb, article)
    )


def _has_point(verb: Verb, article: Article) -> bool:
    match verb:
        case Verb.RELEASE:
            return bool(article.decision)
        case Verb.PIN:
            return not article.is_pinned
        case Verb.UNPIN:
            return article.is_pinned
        case Verb.WITHDRAW:
            return article.decision != Article.Decision.WITHDRAW
    return True
