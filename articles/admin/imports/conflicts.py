"""Open conflicts of imports: source before, source now and editor's side by side, and a choice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import admin, messages
from django.contrib.admin.sites import AdminSite
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST, require_safe

from articles import newsdesk, roles
from articles.admin.decisions.confirmation import user_of
from articles.admin.history.descriptions import label
from articles.importing import snapshot
from articles.models import Act, Article, ImportConflict
from articles.newsdesk import Choice, Consequence

MOST: Final = 50
"""Conflicts on the page; when these are resolved the next ones come up."""


def urls(site: AdminSite) -> list[URLPattern]:
    """Return the addresses of these pages."""
    return [
        path("conflicts/", site.admin_view(conflicts), name="articles_article_conflicts"),
        path("<int:pk>/resolve/", site.admin_view(resolve), name="articles_article_resolve"),
    ]


@dataclass(frozen=True, slots=True)
class Side:
    """What one side says: a text, or the members of a list."""

    heading: str
    text: str
    members: Sequence[str]


@dataclass(frozen=True, slots=True)
class Field:
    """One conflict on the page; ``stamp`` tells whether an import renewed it since."""

    conflict: ImportConflict
    label: str
    sides: Sequence[Side]

    @property
    def stamp(self) -> str:
        """Return what changes when an import finds the conflict again."""
        return self.conflict.found_at.isoformat()


@dataclass(frozen=True, slots=True)
class Group:
    """The open conflicts of one article."""

    article: Article
    fields: Sequence[Field]


@require_safe
def conflicts(request: HttpRequest) -> HttpResponse:
    """List what editors and newer documents both changed, of all articles or of ``?article=``."""
    if not request.user.has_perm("articles.view_importconflict"):
        raise PermissionDenied
    found = ImportConflict.objects.filter(resolved_at=None)
    chosen = request.GET.get("article", "")
    if chosen:
        if not chosen.isdecimal() or len(chosen) > 18:
            raise Http404
        found = found.filter(article=int(chosen))
    loaded = list(found.order_by("-found_at", "article", "pk")[: MOST + 1])
    context = {
        **_context(request, "Conflicts of imports"),
        "groups": _groups(loaded[:MOST]),
        "has_more": len(loaded) > MOST,
        "is_filtered": bool(chosen),
        "may_resolve": request.user.has_perm(roles.RESOLVE),
    }
    return render(request, "admin/articles/desk/conflicts.html", context)


@require_POST
def resolve(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what the choices for one article would change; with ``confirmed``, do it."""
    if not request.user.has_perm(roles.RESOLVE):
        raise PermissionDenied
    article = get_object_or_404(Article.objects.select_related("provider"), pk=pk)
    seen = request.POST.get("seen_version", "")
    try:
        choices = _choices(request, article)
        article.version = int(seen) if seen.isdecimal() and len(seen) < 10 else 0
        if "confirmed" in request.POST:
            _perform(request, choices)
            messages.success(request, f"Resolved for {article.slug}. Its history can undo it.")
            return redirect("admin:articles_article_conflicts")
        consequences = _consequences(choices)
    except newsdesk.RefusedError as error:
        messages.error(request, f"Nothing was changed. {error}")
        return redirect("admin:articles_article_conflicts")
    context = {
        **_context(request, "Resolve conflicts"),
        "article": article,
        "choices": [
            (conflict, label(conflict.field), choice, _side("", conflict.field, value))
            for conflict, choice, value in _values(choices)
        ],
        "consequences": consequences,
    }
    return render(request, "admin/articles/desk/resolve.html", context)


def _choices(request: HttpRequest, article: Article) -> list[tuple[ImportConflict, Choice]]:
    """Read whose value was chosen for which open conflict of the article."""
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
                f"An import has found something newer for {conflict.field}. Look at it again."
            )
        conflict.article = article
        choices.append((conflict, Choice(chosen)))
    if not choices:
        raise newsdesk.RefusedError("Choose for at least one field whose value stands.")
    return choices


def _consequences(choices: Sequence[tuple[ImportConflict, Choice]]) -> list[Consequence]:
    """Ask what the choices would change, with the coverage that they would add; writes nothing."""
    with transaction.atomic():
        newsdesk.name_coverage(choices)
        found = newsdesk.consequences(newsdesk.resolve(choices))
        transaction.set_rollback(True)
    return found


def _perform(request: HttpRequest, choices: Sequence[tuple[ImportConflict, Choice]]) -> Act:
    reason = request.POST.get("reason", "").strip()
    with transaction.atomic():
        newsdesk.name_coverage(choices)
        change = newsdesk.resolve(choices)
        return newsdesk.perform(change, by=user_of(request), reason=reason)


def _values(
    choices: Iterable[tuple[ImportConflict, Choice]],
) -> Iterable[tuple[ImportConflict, Choice, Any]]:
    for conflict, choice in choices:
        is_source = choice is Choice.SOURCE
        yield conflict, choice, conflict.source if is_source else conflict.editor


def _groups(found: Sequence[ImportConflict]) -> list[Group]:
    """Group conflicts by article, with what each article says now. Up to five queries."""
    articles = (
        Article.objects.select_related("provider")
        .prefetch_related(*snapshot.STATE_LOADED)
        .in_bulk({conflict.article_id for conflict in found})
    )
    grouped: dict[int, list[Field]] = {}
    states = {pk: snapshot.of_article(article) for pk, article in articles.items()}
    for conflict in found:
        name = conflict.field
        present = states[conflict.article_id].get(name, conflict.editor)
        sides = [
            _side("Source before", name, conflict.before),
            _side("Source now", name, conflict.source),
            _side("Editor’s", name, present),  # noqa: RUF001 - an apostrophe for readers
        ]
        field = Field(conflict, label(name), sides)
        grouped.setdefault(conflict.article_id, []).append(field)
    return [Group(articles[pk], fields) for pk, fields in grouped.items()]


def _side(heading: str, field: str, value: Any) -> Side:
    if isinstance(value, list):
        members = [_member(field, member) for member in value]
        return Side(heading, "" if members else "(none)", members)
    return Side(heading, "(empty)" if value in (None, "") else str(value), ())


def _member(field: str, member: Any) -> str:
    if field != "images" or not isinstance(member, list):
        return str(member)
    return ", ".join(str(part) for part in member if part not in (None, "", True, False))


def _context(request: HttpRequest, title: str) -> dict[str, Any]:
    return {**admin.site.each_context(request), "title": title, "opts": Article._meta}
