"""Score articles in the list, without overwriting what others changed in the meantime.

The inputs belong to a separate form below the list. Enter saves them, and the list's actions do not
submit them. Each row carries a signed copy of what the editor saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from django.contrib import messages
from django.core import signing
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from articles import newsdesk, suggestions
from articles.admin.decisions import confirmation
from articles.admin.decisions.confirmation import count_of, user_of
from articles.documents import MAX_QUALITY
from articles.models import Act, ActChange, Article
from articles.newsdesk import VERBS, Change, RefusedError, StaleError, Verb
from articles.suggestions import SuggestedQuality

FORM: Final = "scores"
"""The id of the form that the inputs belong to."""

_signer: Final = signing.Signer(salt="newsdesk.list")


@dataclass(slots=True)
class Row:
    """A submitted row: what the editor saw and typed."""

    article_id: int
    seen_version: int
    seen_quality: int | None
    typed: str
    problem: str = ""
    article: Article | None = None
    by: ActChange | None = None

    @classmethod
    def sent(cls, text: str, request: HttpRequest) -> Self:
        try:
            pk, version, quality = _signer.unsign(text).split(",")
        except signing.BadSignature:
            raise BadRequest("a row that no list showed") from None
        typed = request.POST.get(f"quality-{pk}", "").strip()
        return cls(int(pk), int(version), int(quality) if quality else None, typed)

    @property
    def is_changed(self) -> bool:
        """Return whether the typed quality differs from the one that the editor saw."""
        return self.typed != ("" if self.seen_quality is None else str(self.seen_quality))

    @property
    def quality(self) -> int | None:
        """Return the input as a quality. Raise ``RefusedError`` if it is invalid."""
        if not self.typed:
            return None
        if not (self.typed.isdecimal() and len(self.typed) <= 9):
            raise RefusedError(f"A quality is a whole number from 0 to {MAX_QUALITY:,}.")
        return int(self.typed)


def columns(names: Sequence[Any], request: HttpRequest) -> list[Any]:
    """Return the list's columns, with an input for quality if the user may score."""
    may = request.user.has_perm(VERBS[Verb.SCORE].permission)
    return ["quality_input" if may and name == "quality_shown" else name for name in names]


def quality_input(article: Article) -> SafeString | str:
    """Return the input for an article's quality. No query."""
    if newsdesk.refusal(Verb.SCORE, article):
        return "-"
    return _input(article, "" if article.quality is None else str(article.quality))


def add_suggestions(articles: Iterable[Article]) -> None:
    """Add the suggested qualities to the articles that wait for a score. Three queries at most."""
    waiting = [
        one for one in articles if one.quality is None and not newsdesk.refusal(Verb.SCORE, one)
    ]
    found = suggestions.suggested_quality(waiting)
    for article in waiting:
        article.suggested_quality = found.get(article.pk)  # type: ignore[attr-defined]


def _input(article: Article, typed: str) -> SafeString:
    suggested: SuggestedQuality | None = getattr(article, "suggested_quality", None)
    hint = SafeString("")
    if suggested:
        hint = format_html(
            ' placeholder="{}" title="Suggested: {}"', suggested.value, ", ".join(suggested.why)
        )
    seen = f"{article.pk},{article.version},{'' if article.quality is None else article.quality}"
    return format_html(
        '<input type="hidden" name="row" value="{}" form="{}">'
        '<input type="number" class="quality" name="quality-{}" value="{}" form="{}" min="0"'
        ' max="{}" inputmode="numeric" aria-label="Quality of {}"{}>',
        _signer.sign(seen),
        FORM,
        article.pk,
        typed,
        FORM,
        MAX_QUALITY,
        article.headline,
        hint,
    )


@require_POST
def save_scores(request: HttpRequest) -> HttpResponse:
    """Save the changed qualities as one decision, and show the rows that cannot be saved.

    Rows that changed after the list was opened are not saved.
    """
    if not request.user.has_perm(VERBS[Verb.SCORE].permission):
        raise PermissionDenied
    rows = [Row.sent(text, request) for text in request.POST.getlist("row")]
    known = {f"quality-{row.article_id}" for row in rows}
    if any(name.startswith("quality-") and name not in known for name in request.POST):
        raise BadRequest("a quality of a row that no list showed")
    changed = {row.article_id: row for row in rows if row.is_changed}
    _load(changed)
    act, number = _save(request, changed)
    back = _back(request)
    if act is not None:
        confirmation.tell_done(request, act, f"Scored: {count_of(number)}.", back)
    elif not any(row.problem for row in changed.values()):
        messages.info(request, "Nothing to save: no quality changed.")
    refused = [row for row in changed.values() if row.problem]
    if not refused:
        return HttpResponseRedirect(back)
    _name_who(refused)
    context = {
        "title": "Not saved: " + count_of(len(refused)),
        "rows": [(row, _input(row.article, row.typed)) for row in refused if row.article],
        "saved": act is not None,
        "back": back,
        "list": request.POST.get("list", ""),
        "form_id": FORM,
        "trail": [(back, "Articles")],
    }
    return confirmation.answer(request, "unsaved_scores", context)


def _load(rows: dict[int, Row]) -> None:
    articles = Article.objects.filter(pk__any_of=list(rows)).select_related("provider")
    for article in articles.defer("body", "featured_content"):
        rows[article.pk].article = article


def _save(request: HttpRequest, rows: dict[int, Row]) -> tuple[Act | None, int]:
    """Save the rows that can be saved, and set ``problem`` on the others."""
    changes: dict[int, Change] = {}
    for pk, row in rows.items():
        if row.article is None:
            continue
        try:
            if row.article.quality == row.quality:
                continue
            change = newsdesk.set_quality(row.article, row.quality)
            changes[pk] = confirmation.as_seen(change, {pk: row.seen_version})
        except RefusedError as error:
            row.problem = str(error)
    # Each round drops the rows that have changed, so the loop ends.
    while changes:
        try:
            act = newsdesk.perform(newsdesk.together(changes.values()), by=user_of(request))
        except StaleError as error:
            stale = [pk for pk in changes if rows[pk].article.slug in error.slugs]  # type: ignore[union-attr]
            for pk in stale:
                del changes[pk]
                rows[pk].problem = "Changed by somebody else, or by an import, after you opened it."
            _load({pk: rows[pk] for pk in stale})
        else:
            return act, len(changes)
    return None, 0


def _name_who(rows: Sequence[Row]) -> None:
    """Name the latest decision on each article since then; imports make none. One query."""
    seen = {row.article_id: row for row in rows}
    changes = ActChange.objects.filter(article__any_of=list(seen)).select_related("act__by")
    for change in changes.order_by("pk"):
        if change.version > seen[change.article_id].seen_version:
            seen[change.article_id].by = change


def _back(request: HttpRequest) -> str:
    """Return the URL of the list with its filters and page."""
    query = request.POST.get("list", "")
    return reverse("admin:articles_article_changelist") + (f"?{query}" if query else "")
