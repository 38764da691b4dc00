"""Undo an import in the admin."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from articles import roles
from articles.admin.decisions.confirmation import answer, user_of
from articles.admin.pages import allow
from articles.importing.undo import undo
from articles.models import ImportRun

MOST: Final = 2_000
"""The most articles that a page undoes, because a request must not take minutes."""
SHOWN: Final = 50
"""How many of the unchanged articles the page lists."""


@allow(roles.IMPORT, "GET", "HEAD", "POST")
def undo_import(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what would be undone, or undo it if the form was sent."""
    run = get_object_or_404(ImportRun, pk=pk)
    try:
        undone = undo(run, dry_run=True)
    except ValueError as error:
        messages.error(request, str(error))
        return redirect("admin:articles_importrun_change", pk)
    count = undone.removed + undone.restored
    if request.method == "POST" and 0 < count <= MOST:
        messages.success(request, undo(run, user=user_of(request)).as_text().splitlines()[0] + ".")
        return redirect("admin:articles_importrun_change", pk)
    context = {
        "title": f"Undo import {pk}",
        "trail": [(reverse("admin:articles_importrun_changelist"), "Imports")],
        "run": run,
        "undone": undone,
        "is_too_large": count > MOST,
        "most": MOST,
        "shown": undone.left[:SHOWN],
        "more": max(len(undone.left) - SHOWN, 0),
    }
    return answer(request, "undo_import", context)
