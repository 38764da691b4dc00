"""Pages to decide on one article and to undo a decision: the form, its consequences, the result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods

from articles import newsdesk
from articles.admin.articles.article_context import acts_since, image_of
from articles.admin.articles.receipts import VIEW, receipt_of
from articles.admin.decisions.confirmation import tell_done, user_of
from articles.admin.decisions.decision_forms import (
    PAGES,
    NoteForm,
    form_of,
    offered,
    what_was_done,
)
from articles.admin.links import next_page
from articles.models import Act, Article
from articles.newsdesk import Change, Consequence, RefusedError, StaleError
from articles.newsdesk.verbs import NOTE, Declaration

SHOWN: Final = 100
"""Consequences that a page lists; a decision on many articles may have thousands."""


def urls(site: AdminSite) -> list[URLPattern]:
    """Return the pages of decisions on one article, and of undoing a decision."""

    @require_http_methods(["GET", "HEAD", "POST"])
    def decide(request: HttpRequest, article_id: int, verb: str) -> HttpResponse:
        return _decide(request, site, article_id, verb)

    @require_http_methods(["GET", "HEAD", "POST"])
    def undo(request: HttpRequest, act_id: int) -> HttpResponse:
        return _undo(request, site, act_id)

    return [
        path(
            "<int:article_id>/decide/<slug:verb>/",
            site.admin_view(decide),
            name="articles_article_decide",
        ),
        path("acts/<int:act_id>/undo/", site.admin_view(undo), name="articles_act_undo"),
    ]


def for_change_page(request: HttpRequest, article: Article) -> dict[str, Any]:
    """Return what ``desk/_decisions.html`` and ``desk/_receipt.html`` show on an article's page."""
    return {
        "article": article,
        "decisions": offered(request.user, article),
        "next": request.path,
        "receipt": receipt_of(article),
    }


def _decide(request: HttpRequest, site: AdminSite, article_id: int, verb: str) -> HttpResponse:
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    decision = PAGES.get(verb)
    if decision is None:
        raise Http404(f"no decision: {verb}")
    article = _article(article_id)
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
                reason = form.cleaned_data["reason"]
                act = newsdesk.perform(change, by=user_of(request), reason=reason)
                tell_done(request, act, f"{what_was_done(act, article)}.", back)
                return redirect(back)
    except StaleError:
        # Changed between our look and our writing.
        article = _article(article_id)
    except RefusedError as error:
        if seen == article.version:
            form.add_error(None, str(error))
        elif not form.is_bound and not decision.fields:
            refused = str(error)
        # Otherwise a form just opened shows what is stored, which is no error.
    return _decision_page(request, site, decision, article, form, seen, refused, back)


def _decision_page(
    request: HttpRequest,
    site: AdminSite,
    decision: Declaration,
    article: Article,
    form: NoteForm,
    seen: int | None,
    refused: str,
    back: str,
) -> HttpResponse:
    """Show the form with its consequences; if stale, with what is stored now beside it."""
    is_stale = seen is not None and seen != article.version
    typed = form.cleaned_data if is_stale else {}
    if is_stale:
        data = request.POST.copy()
        data["seen_version"] = str(article.version)
        form = form_of(decision)(data)
    consequences = _consequences_of(decision, article, form)
    context = {
        **site.each_context(request),
        "title": decision.label,
        "opts": Article._meta,
        "article": article,
        "picture": image_of(article),
        "decision": decision,
        "form": form,
        "refused": refused,
        "next": back,
        "is_stale": is_stale,
        "beside": _beside(decision, typed, article) if is_stale else [],
        "meanwhile": acts_since(article, seen) if seen is not None and is_stale else [],
        "consequences": consequences[:SHOWN] if consequences is not None else None,
        "more": max(len(consequences or ()) - SHOWN, 0),
        "receipt": receipt_of(article),
    }
    return render(request, "admin/articles/desk/decide.html", context)


def _article(article_id: int) -> Article:
    articles = Article.objects.select_related("provider", "decided_by")
    return get_object_or_404(articles, pk=article_id)


def _form(request: HttpRequest, decision: Declaration, article: Article) -> NoteForm:
    """Return the form as it was sent, as a link filled it, or as stored."""
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
    """Return what would happen, or None where the form is not ready to tell."""
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
    """Return what was typed beside what is stored now, by field."""
    return [
        (field.label, _shown(typed.get(field.name)), _shown(_stored(article, field.column)))
        for field in (*decision.fields, NOTE)
    ]


def _shown(value: Any) -> Any:
    return "–" if value in (None, "") else value  # noqa: RUF001 - a dash for nothing


def _undo(request: HttpRequest, site: AdminSite, act_id: int) -> HttpResponse:
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
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
        **site.each_context(request),
        "title": "Undo",
        "opts": Article._meta,
        "act": act,
        "changes": [one for one in changes[:SHOWN] if one.is_decided],
        "refused": refused,
        "consequences": consequences[:SHOWN],
        "more": max(len(consequences) - SHOWN, 0),
        "next": back,
    }
    return render(request, "admin/articles/desk/undo.html", context)
