"""Pages to decide on one article and to undo a decision: the form, its consequences, the result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from articles import newsdesk
from articles.admin.articles.article_context import acts_since, image_of, suggested_for
from articles.admin.articles.receipts import receipt_of
from articles.admin.decisions.confirmation import answer, tell_done, user_of
from articles.admin.decisions.decision_forms import PAGES, NoteForm, form_of, what_was_done
from articles.admin.links import next_page
from articles.admin.pages import ARTICLES, VIEW, allow, article_or_404, trail_to
from articles.models import Act, Article
from articles.newsdesk import Change, Consequence, RefusedError, StaleError, Verb
from articles.newsdesk.verbs import NOTE, Declaration

SHOWN: Final = 100
"""How many of a decision's articles its undo page lists; there may be thousands."""


@allow(VIEW, "GET", "HEAD", "POST")
def decide(request: HttpRequest, article_id: int, verb: str) -> HttpResponse:
    decision = PAGES.get(verb)
    if decision is None:
        raise Http404(f"no decision: {verb}")
    article = article_or_404(article_id)
    if not newsdesk.may_begin(request.user, decision.verb, article):
        raise PermissionDenied
    back = next_page(request, reverse("admin:articles_article_change", args=[article.pk]))
    form = _form(request, decision, article)
    seen: int | None = None
    change: Change | None = None
    refused = "" if form.is_bound else newsdesk.refusal(decision.verb, article)
    try:
        if not form.is_bound:
            change = decision.change(article, form.initial)
        elif form.is_valid():
            seen = form.cleaned_data["seen_version"]
            change = decision.change(article, form.cleaned_data)
            is_final = request.method == "POST" and "preview" not in request.POST
            if is_final and seen == article.version:
                is_taken = "take" in request.POST and decision.verb is Verb.SCORE
                change = replace(change, is_suggested=is_taken)
                reason = form.cleaned_data["reason"]
                act = newsdesk.perform(change, by=user_of(request), reason=reason)
                tell_done(request, act, f"{what_was_done(act, article)}.", back)
                return redirect(back)
    except StaleError:
        # Somebody changed the article between our read and our write.
        article = article_or_404(article_id)
    except RefusedError as error:
        if seen == article.version:
            form.add_error(None, str(error))
        elif not form.is_bound and not decision.fields:
            refused = str(error)
        # A newly opened form shows stored values, which are not an error.
    return _decision_page(request, decision, article, form, seen, refused, back)


def _decision_page(
    request: HttpRequest,
    decision: Declaration,
    article: Article,
    form: NoteForm,
    seen: int | None,
    refused: str,
    back: str,
) -> HttpResponse:
    """Show the form with its consequences.

    If it is stale, show the stored values next to the input.
    """
    is_stale = seen is not None and seen != article.version
    typed = form.cleaned_data if is_stale else {}
    if is_stale:
        data = request.POST.copy()
        data["seen_version"] = str(article.version)
        form = form_of(decision)(data)
    consequences = _consequences_of(decision, article, form)
    context = {
        "title": decision.label,
        "article": article,
        "picture": image_of(article),
        "decision": decision,
        "form": form,
        "refused": refused,
        "next": back,
        "is_stale": is_stale,
        "beside": _beside(decision, typed, article) if is_stale else [],
        "meanwhile": acts_since(article, seen) if seen is not None and is_stale else [],
        "consequences": consequences,
        "suggested": suggested_for(article, [decision]),
        "receipt": receipt_of(article),
        "trail": trail_to(article),
    }
    return answer(request, "decide", context)


def _form(request: HttpRequest, decision: Declaration, article: Article) -> NoteForm:
    """Return the form with the values that were submitted, that a link gave, or that are stored."""
    form = form_of(decision)
    if request.method == "POST":
        return form(request.POST)
    if request.GET.keys() - {"next"}:
        data = request.GET.copy()
        data.setdefault("seen_version", str(article.version))
        return form(data)
    is_in_force = article.decision == decision.verb
    initial = {
        field.name: _stored(article, field.column)
        for field in (*decision.fields, NOTE)
        if is_in_force or not field.column.startswith("decision_")
    }
    return form(initial=initial | {"seen_version": article.version})


def _stored(article: Article, column: str) -> Any:
    return getattr(article, column) if column else None


def _consequences_of(
    decision: Declaration, article: Article, form: NoteForm
) -> list[Consequence] | None:
    """Return the consequences, or None if the form is incomplete."""
    if form.is_bound and not form.is_valid():
        return None
    try:
        values = form.cleaned_data if form.is_bound else form.initial
        return newsdesk.consequences(decision.change(article, values))
    except RefusedError:
        return None


def _beside(
    decision: Declaration, typed: Mapping[str, Any], article: Article
) -> list[tuple[str, Any, Any]]:
    """Return the input next to the stored value, by field."""
    return [
        (field.label, _shown(typed.get(field.name)), _shown(_stored(article, field.column)))
        for field in (*decision.fields, NOTE)
    ]


def _shown(value: Any) -> Any:
    return "–" if value in (None, "") else value  # noqa: RUF001 - a dash for nothing


@allow(VIEW, "GET", "HEAD", "POST")
def undo(request: HttpRequest, act_id: int) -> HttpResponse:
    act = get_object_or_404(Act.objects.select_related("by"), pk=act_id)
    if not request.user.has_perms(act.permissions):
        raise PermissionDenied
    back = next_page(request, reverse("admin:articles_article_changelist"))
    changes = act.changes.select_related("article").order_by("pk")
    refused, consequences = "", []
    try:
        change = newsdesk.undo(act)
        if request.method == "POST":
            newsdesk.perform(change, by=user_of(request))
            first = next(one.article for one in changes if one.is_decided)
            messages.success(request, f"Undone. {what_was_done(act, first)}.")
            return redirect(back)
        consequences = newsdesk.consequences(change)
    except RefusedError as error:
        refused = str(error)
    context = {
        "title": "Undo",
        "trail": [ARTICLES],
        "act": act,
        "changes": [one for one in changes[:SHOWN] if one.is_decided],
        "refused": refused,
        "consequences": consequences,
        "next": back,
    }
    return answer(request, "undo", context)
