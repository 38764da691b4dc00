"""The step between asking for an act and doing it: what it will change, carried along, told after.

What an editor was shown travels through the page signed, so that what comes back is what was sent:
ids, the versions seen, and nothing of a size that nobody chose.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core import signing
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from articles.models import Act, Article
from articles.newsdesk import Change, Consequence, RefusedError

MOST_SHOWN: Final = 100
"""Consequences that a page lists; the others are counted."""

NO_TEXTS: Final = (
    "title",
    "category",
    "excerpt",
    "body",
    "featured_content",
    "original_url",
    "web_url",
    "amp_url",
    "cdn_amp_url",
    "url",
    "decision_reason",
)
"""Columns to leave out where thousands of articles are loaded to be decided on."""

Versions = Mapping[int, int]


class ReasonForm(forms.Form):
    """Why an act is done: kept in the history."""

    reason = forms.CharField(
        required=False,
        max_length=2000,
        widget=forms.Textarea({"rows": 2, "cols": 60}),
        help_text="Optional. The history of each article shows it.",
    )


@dataclass(frozen=True, slots=True)
class Summary:
    """What a page shows of consequences: the first of them, and how many of each kind."""

    consequences: Sequence[Consequence]
    kinds: Sequence[tuple[str, int]]
    total: int


def user_of(request: HttpRequest) -> User:
    """Return who is logged in; views of the admin site have nobody else."""
    return cast("User", request.user)


def sign(what: str, value: Any) -> str:
    """Give ``value`` (as JSON holds it) as text that only ``read`` of the same ``what`` takes."""
    return signing.dumps(value, salt=f"newsdesk.{what}", compress=True)


def read(what: str, text: str) -> Any:
    """Return what ``sign`` was given; raises ``RefusedError`` for anything else."""
    try:
        # The signature is checked before anything is unpacked.
        return signing.loads(text, salt=f"newsdesk.{what}")
    except signing.BadSignature:
        raise RefusedError(
            "This form does not come from this site as it is now, so nothing was done. Open the "
            "page again and begin anew."
        ) from None


def as_seen(change: Change, versions: Versions) -> Change:
    """Let a change rest upon the versions that the editor saw, where they are known."""
    seen = {pk: versions.get(pk, version) for pk, version in change.seen.items()}
    return replace(change, seen=seen)


def as_shown(change: Change, versions: Versions) -> Change:
    """Let a change rest upon ``versions``, all that it rested upon when its consequences were shown.

    What it touches beyond them came in between, and makes it stale.
    """
    return replace(change, seen=dict.fromkeys(change.seen, 0) | dict(versions))


def summary(consequences: Sequence[Consequence]) -> Summary:
    """Count consequences by kind, and give the first of them."""
    counted = Counter(kind for one in consequences for kind in _kinds(one))
    kinds = [(words, counted[words]) for words in _KINDS if counted[words]]
    return Summary(consequences[:MOST_SHOWN], kinds, len(consequences))


_PUBLISHED, _UNPUBLISHED = "will be published", "will no longer be published"
_SUPERSEDED, _FREED = "will be superseded by better coverage", "will no longer be superseded"
_MOVED, _HEAT = "will get another lead", "will change heat only"
_OTHER = "will be in another state, seen by no reader before or after"
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
        # What an editor takes out is freed of nothing.
        out = {Article.State.HELD, Article.State.WITHDRAWN}
        return [kind for kind in kinds if kind != _FREED or after.state not in out] or [_OTHER]
    return [_MOVED if before.lead != after.lead else _HEAT]


def tell_done(request: HttpRequest, act: Act, words: str, back: str) -> None:
    """Say what was done, with the one button that takes it back and leads to ``back``."""
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
    """Answer with a page of the desk; the header and the navigation are the admin's."""
    everywhere = admin.site.each_context(request)
    return TemplateResponse(request, f"admin/articles/desk/{name}.html", everywhere | context)


def count_of(number: int, noun: str = "article") -> str:
    """Return a number with its noun: ``1 article``, ``2,000 articles``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
