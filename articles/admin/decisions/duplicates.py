"""Resolve a group of duplicates: keep one article and hold the others, in one decision."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.text import Truncator

from articles import newsdesk, roles
from articles.admin.decisions import confirmation
from articles.admin.decisions.confirmation import count_of, user_of
from articles.admin.links import next_page
from articles.admin.pages import allow
from articles.models import Article
from articles.newsdesk import RefusedError
from articles.newsdesk.queues import DUPLICATES


def sign(group: Sequence[Article]) -> str:
    """Return the articles of a group and the versions that the editor sees, for ``keep_one``."""
    return confirmation.sign("duplicates", [[one.pk, one.version] for one in group])


@allow(roles.HOLD, "POST")
def keep_one(request: HttpRequest) -> HttpResponse:
    """Keep the article ``keep`` of a signed group, and hold the others as its duplicates."""
    back = next_page(request, reverse("admin:queue", args=[DUPLICATES]))
    try:
        seen = dict(confirmation.read("duplicates", request.POST.get("seen", "")))
        group = {str(one.pk): one for one in Article.objects.filter(pk__any_of=sorted(seen))}
        kept = group.pop(request.POST.get("keep", ""), None)
        if kept is None:
            raise Http404
        change = confirmation.as_seen(newsdesk.keep(kept, list(group.values())), seen)
        reason = f"Duplicate of {kept.slug}"
        act = newsdesk.perform(change, by=user_of(request), reason=reason)
    except RefusedError as error:
        messages.error(request, f"Nothing was done. {error}")
        return redirect(back)
    words = (
        f"Kept “{Truncator(kept.headline).chars(80)}”, held {count_of(len(group), 'duplicate')}."
    )
    confirmation.tell_done(request, act, words, back)
    return redirect(back)
