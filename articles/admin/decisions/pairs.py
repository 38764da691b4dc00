"""Suggested pairs: link two articles, or say that they report different events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.text import Truncator

from articles import newsdesk, roles, suggestions
from articles.admin.decisions import confirmation
from articles.admin.decisions.confirmation import user_of
from articles.admin.links import next_page
from articles.admin.pages import allow
from articles.models import Article
from articles.newsdesk import Change, RefusedError, Verb

KEYS: Final = ("a", "b", "c")
"""The keys that link the suggested articles in triage; with Shift they refuse them."""
VERBS: Final = {Verb.RELATE: "relate", Verb.REFUSE: "refuse"}
"""The names of the buttons, by what they do."""
_LOADED: Final = 12
"""How many suggestions are loaded, because some are for articles of the same story."""


def suggested(article: Article, story: Iterable[Article] = ()) -> dict[str, Any]:
    """Return the context of ``_same_event.html``: the best suggestions with their keys, and the
    signed articles. Two queries.

    Left out are articles that are already in the same ``story``.
    """
    in_story = {one.pk for one in story}
    found = [
        one
        for one in suggestions.for_article(article, limit=_LOADED)
        if one.other.pk not in in_story
    ][: len(KEYS)]
    return {
        "same_event": list(zip(found, KEYS, strict=False)),
        "pair_seen": sign([article, *(one.other for one in found)]),
    }


def sign(articles: Sequence[Article]) -> str:
    """Return an article, those suggested for it, and the versions that the editor sees."""
    return confirmation.sign("pairs", [[one.pk, one.version] for one in articles])


@allow(roles.RELATE, "POST")
def judge(request: HttpRequest) -> HttpResponse:
    """Link the first of some signed articles with ``relate``, or mark ``refuse`` as another event."""
    back = next_page(request, reverse("admin:articles_article_changelist"))
    verb = next((verb for verb, name in VERBS.items() if name in request.POST), None)
    try:
        if verb is None:
            raise RefusedError("Choose what to do.")
        seen = confirmation.read("pairs", request.POST.get("pair_seen", ""))
        shown = Article.objects.filter(pk__any_of=[pk for pk, _ in seen])
        found = {str(one.pk): one for one in shown.select_related("provider")}
        article = found.get(str(seen[0][0]))
        other = found.get(request.POST[VERBS[verb]])
        if article is None or other is None:
            raise Http404
        change = confirmation.as_seen(_change(verb, article, other), dict(seen))
        act = newsdesk.perform(change, by=user_of(request))
    except RefusedError as error:
        messages.error(request, f"Nothing was done. {error}")
        return redirect(back)
    # Triage shows the last decision itself.
    if "is_triage" not in request.POST:
        confirmation.tell_done(request, act, words(verb, article, other), back)
    return redirect(back)


def words(verb: Verb, article: Article, other: Article) -> str:
    """Return what was done about two articles, in a sentence."""
    one, two = (Truncator(each.headline).chars(80) for each in (other, article))
    if verb is Verb.RELATE:
        return f"Linked “{one}” with “{two}”."
    return f"“{one}” and “{two}” are not the same event. They will not be suggested again."


def _change(verb: Verb, article: Article, other: Article) -> Change:
    """Return the change. Links are made with every report of the article's story, as in the workbench."""
    if verb is Verb.REFUSE:
        return newsdesk.refuse(article, [other])
    return newsdesk.relate(other, newsdesk.story_of(article).members)
