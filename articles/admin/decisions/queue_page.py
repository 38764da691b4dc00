"""The page of one queue: which articles wait in it, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from articles import heat, newsdesk, roles
from articles.admin.decisions import pairs
from articles.admin.decisions.confirmation import answer
from articles.admin.decisions.duplicates import sign
from articles.admin.pages import ARTICLES
from articles.models import Article
from articles.newsdesk.duplicates import near_duplicates_of
from articles.newsdesk.queues import BY_KEY, DUPLICATES, QUEUES, UNGATHERED
from articles.newsdesk.ungathered import older_of
from newsroom import database_clock
from newsroom.capped_count import count_capped, count_in_words
from newsroom.paging import CursorError, page_of

PAGE_SIZE: Final = 50
"""Articles per page of a queue."""


@require_safe
def queue_page(request: HttpRequest, key: str) -> HttpResponse:
    """List the articles of a queue, a page at a time. The number of queries is constant."""
    if not admin.site.get_model_admin(Article).has_view_permission(request):
        raise PermissionDenied
    queue = BY_KEY.get(key)
    if queue is None:
        raise Http404("Unknown queue.")
    at = database_clock.now()
    policy = heat.current_policy()
    waiting = queue.articles(at, policy)
    shown = waiting.select_related("provider", "decided_by").with_story_size(at)
    after = request.GET.get("after", "")
    try:
        page = page_of(shown.defer("body", "featured_content"), queue.order, after, PAGE_SIZE)
    except CursorError as error:
        raise Http404 from error
    articles = page.rows
    is_grouped = queue.key == DUPLICATES
    groups = _groups(articles) if is_grouped and articles else []
    found = older_of(articles) if queue.key == UNGATHERED and articles else {}
    reasons = {} if is_grouped or found else queue.reasons(articles, at, policy)
    context = {
        "title": queue.title,
        "trail": [ARTICLES],
        "queue": queue,
        "queues": QUEUES,
        "count": count_in_words(count_capped(waiting)),
        "groups": groups,
        "ungathered": [
            (
                article,
                found[article.pk],
                pairs.sign([article, *(one.other for one in found[article.pk])]),
                f"pair-{article.pk}",
            )
            for article in articles
            if found
        ],
        "may_relate": request.user.has_perm(roles.RELATE),
        "may_hold": request.user.has_perm(roles.HOLD),
        "rows": [(article, article.state_at(at), reasons.get(article.pk)) for article in articles],
        "is_first_page": not after,
        "next": urlencode({"after": page.next}) if page.next else "",
    }
    return answer(request, "queue", context)


def _groups(articles: Sequence[Article]) -> list[dict[str, Any]]:
    """Return the groups of duplicates as context of ``_duplicates.html``. Three queries."""
    groups: list[dict[str, Any]] = []
    same, near = newsdesk.groups_of(articles), near_duplicates_of(articles)
    for article in articles:
        # The newest stands for its group; others are here because of near-duplicates.
        if same[article.pk][1:] and same[article.pk][0] == article:
            groups.append({"rows": [(one, []) for one in same[article.pk]], "is_near": False})
        if found := near[article.pk]:
            rows = [(article, []), *((one.other, one.why) for one in found)]
            groups.append({"rows": rows, "is_near": True})
    for group in groups:
        members = [one for one, _ in group["rows"]]
        form_id = f"pair-{members[0].pk}"
        group |= {"seen": sign(members), "pair_seen": pairs.sign(members), "form_id": form_id}
    return groups
