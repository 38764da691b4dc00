"""Open import conflicts: the old source, the new source, the editor's value, and the choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from articles import newsdesk, roles
from articles.admin.decisions.confirmation import answer, user_of
from articles.admin.history.descriptions import label
from articles.admin.pages import allow, article_or_404, version_seen
from articles.importing import decisions, snapshot
from articles.models import Article, ImportConflict
from articles.newsdesk import Choice, Consequence

MOST: Final = 50
"""Conflicts per page; the next ones appear when these are resolved."""
TITLE: Final = "Source changed what you edited"


@allow("articles.view_importconflict")
def conflicts(request: HttpRequest) -> HttpResponse:
    """List the open conflicts of all articles, or of ``?article=``."""
    found = ImportConflict.objects.filter(resolved_at=None)
    chosen = request.GET.get("article", "")
    if chosen:
        if not chosen.isdecimal() or len(chosen) > 18:
            raise Http404
        found = found.filter(article=int(chosen))
    loaded = list(found.order_by("-found_at", "article", "pk")[: MOST + 1])
    context = {
        "title": TITLE,
        "groups": _groups(loaded[:MOST]),
        "has_more": len(loaded) > MOST,
        "is_filtered": bool(chosen),
    }
    return answer(request, "conflicts", context)


@allow(roles.RESOLVE, "POST")
def resolve(request: HttpRequest, article_id: int) -> HttpResponse:
    """Show what the choices for one article would change, or apply them if ``confirmed``."""
    article = article_or_404(article_id)
    try:
        choices = _choices(request, article)
        article.version = version_seen(request)
        consequences = _resolve(request, choices)
        if "confirmed" in request.POST:
            messages.success(
                request, f"Resolved for {article.slug}. You can undo it in the history."
            )
            return redirect("admin:articles_article_conflicts")
    except newsdesk.RefusedError as error:
        messages.error(request, f"Nothing was changed. {error}")
        return redirect("admin:articles_article_conflicts")
    context = {
        "title": "Resolve conflicts",
        "trail": [(reverse("admin:articles_article_conflicts"), TITLE)],
        "article": article,
        "choices": [
            (one, label(one.field), choice, _side(one.field, getattr(one, choice)))
            for one, choice in choices
        ],
        "consequences": consequences,
    }
    return answer(request, "resolve", context)


def _choices(request: HttpRequest, article: Article) -> list[tuple[ImportConflict, Choice]]:
    """Return the open conflicts of the article with the choices made."""
    chosen_for_all = request.POST.get("all", "")
    found = ImportConflict.objects.filter(article=article, resolved_at=None).order_by("pk")
    choices = []
    for conflict in found:
        stamp = request.POST.get(f"seen_{conflict.pk}")
        chosen = chosen_for_all or request.POST.get(f"choice_{conflict.pk}", "")
        if stamp is None or chosen not in set(Choice):
            continue
        if stamp != conflict.found_at.isoformat():
            raise newsdesk.RefusedError(
                f"A newer import changed {conflict.field}. Check it and choose again."
            )
        conflict.article = article
        choices.append((conflict, Choice(chosen)))
    if not choices:
        raise newsdesk.RefusedError("Choose a value for at least one field.")
    return choices


@transaction.atomic
def _resolve(
    request: HttpRequest, choices: Sequence[tuple[ImportConflict, Choice]]
) -> list[Consequence]:
    """Apply the choices if they are ``confirmed``; otherwise return what they would change."""
    newsdesk.name_coverage(choices)
    change = newsdesk.resolve(choices)
    if "confirmed" in request.POST:
        reason = request.POST.get("reason", "").strip()
        newsdesk.perform(change, by=user_of(request), reason=reason)
        return []
    found = newsdesk.consequences(change)
    transaction.set_rollback(True)
    return found


def _groups(found: Sequence[ImportConflict]) -> list[tuple[Article, list[Any]]]:
    """Return articles with their conflicts; each conflict has a label and three sides.

    Up to five queries.
    """
    articles = (
        Article.objects.select_related("provider")
        .prefetch_related(*snapshot.STATE_LOADED)
        .in_bulk({conflict.article_id for conflict in found})
    )
    grouped: dict[int, list[Any]] = {}
    states = {pk: snapshot.of_article(article) for pk, article in articles.items()}
    for conflict in found:
        name = conflict.field
        values = {
            "Source then": conflict.before,
            "Source now": conflict.source,
            "Edited here": states[conflict.article_id].get(name, conflict.editor),
        }
        sides = [(heading, _side(name, value)) for heading, value in values.items()]
        grouped.setdefault(conflict.article_id, []).append((conflict, label(name), sides))
    return [(articles[pk], fields) for pk, fields in grouped.items()]


def _side(field: str, value: Any) -> dict[str, Any]:
    """Return a field's value as ``_side.html`` shows it: a text, or the members of a list."""
    if field in decisions.COLUMNS and isinstance(value, list):
        value = "; ".join(filter(None, value))
    if isinstance(value, list) and value:
        return {"members": [_member(field, member) for member in value]}
    empty = "(none)" if isinstance(value, list) else "(empty)"
    return {"text": empty if value in (None, "", []) else str(value)}


def _member(field: str, member: Any) -> str:
    if field != "images" or not isinstance(member, list):
        return str(member)
    return ", ".join(str(part) for part in member if part not in (None, "", True, False))
