"""The confirmation step of a decision: show its consequences, and carry it in a signed form.

Forms carry what the editor saw (ids and versions). It is signed, so that nobody can alter it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core import signing
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from articles.documents.marks import TEXTS
from articles.models import Act, Article
from articles.newsdesk import Change, Consequence, RefusedError

NO_TEXTS: Final = (*TEXTS, "url", "decision_reason")
"""Columns to leave out when loading thousands of articles for a decision."""


def user_of(request: HttpRequest) -> User:
    return cast("User", request.user)


def sign(what: str, value: Any) -> str:
    """Return a JSON value as text that only ``read`` with the same ``what`` accepts."""
    return signing.dumps(value, salt=f"newsdesk.{what}", compress=True)


def read(what: str, text: str) -> Any:
    """Return the value that was passed to ``sign``. Raise ``RefusedError`` for anything else."""
    try:
        # Check the signature before decoding anything.
        return signing.loads(text, salt=f"newsdesk.{what}")
    except signing.BadSignature:
        raise RefusedError(
            "This form is not from this site, or too old, so nothing was done. Open the page again."
        ) from None


def as_seen(change: Change, versions: Mapping[int, int]) -> Change:
    """Return the change with the versions that the editor saw, where they are known."""
    seen = {pk: versions.get(pk, version) for pk, version in change.seen.items()}
    return replace(change, seen=seen)


def as_shown(change: Change, versions: Mapping[int, int]) -> Change:
    """Return the change with the versions of all articles whose consequences were shown.

    If it now affects any other article as well, it is stale.
    """
    return replace(change, seen=dict.fromkeys(change.seen, 0) | dict(versions))


def effects(consequences: Sequence[Consequence]) -> dict[str, Any]:
    """Return the context of ``confirm.html``: the consequences, and their number by kind."""
    counted = Counter(kind for one in consequences for kind in _kinds(one))
    kinds = [(words, counted[words]) for words in _KINDS if counted[words]]
    return {"consequences": consequences, "kinds": kinds}


_PUBLISHED, _UNPUBLISHED = "will be published", "will no longer be published"
_SUPERSEDED, _FREED = "will be listed behind a lead", "will no longer be behind a lead"
_MOVED, _HEAT = "will get another lead", "will change heat only"
_OTHER = "will change state without any change for readers"
_KINDS: Final = (_PUBLISHED, _UNPUBLISHED, _SUPERSEDED, _FREED, _MOVED, _OTHER, _HEAT)


def _kinds(one: Consequence) -> list[str]:
    before, after = one.before, one.after
    public, superseded = Article.State.PUBLISHED, Article.State.SUPERSEDED
    kinds = []
    if before.state != after.state:
        if public in {before.state, after.state}:
            kinds.append(_PUBLISHED if after.state == public else _UNPUBLISHED)
        if superseded in {before.state, after.state}:
            kinds.append(_SUPERSEDED if after.state == superseded else _FREED)
        # An editor removed it from its story.
        out = {Article.State.HELD, Article.State.WITHDRAWN}
        return [kind for kind in kinds if kind != _FREED or after.state not in out] or [_OTHER]
    return [_MOVED if before.lead != after.lead else _HEAT]


def tell_done(request: HttpRequest, act: Act, words: str, back: str) -> None:
    """Say what was done, with an Undo button that leads to ``back``."""
    messages.success(
        request,
        format_html(
            '{} <form class="undo desk-actions" method="post" action="{}">'
            '<input type="hidden" name="csrfmiddlewaretoken" value="{}">'
            '<input type="hidden" name="next" value="{}">'
            '<button type="submit" class="button button-quiet">Undo</button></form>',
            words,
            reverse("admin:articles_act_undo", args=[act.pk]),
            get_token(request),
            back,
        ),
    )


def answer(request: HttpRequest, name: str, context: dict[str, Any]) -> TemplateResponse:
    """Return a desk page with the admin's header and navigation."""
    everywhere = admin.site.each_context(request)
    return TemplateResponse(request, f"admin/articles/desk/{name}.html", everywhere | context)


def count_of(number: int, noun: str = "article") -> str:
    """Return a number with its noun: ``1 article``, ``2,000 articles``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
