"""Triage: one article of a queue at a time, and the next one after each decision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from articles import heat, newsdesk, roles
from articles.admin.articles.article_context import acts_since, facts, suggested_for
from articles.admin.decisions import pairs
from articles.admin.decisions.confirmation import answer, user_of
from articles.admin.decisions.decision_forms import (
    PAGES,
    NoteForm,
    form_field,
    offered,
    what_was_done,
)
from articles.admin.decisions.duplicates import sign
from articles.admin.pages import ARTICLES, VIEW, allow, article_or_404
from articles.models import Act, Article, ArticleQuerySet
from articles.newsdesk import VERBS, RefusedError, StaleError, Verb
from articles.newsdesk.queues import BY_KEY, DUPLICATES, QUEUES, Queue
from articles.newsdesk.stories import MOST_MEMBERS
from articles.newsdesk.verbs import NOTE, Declaration, Field, Kind
from articles.scoring import Policy
from newsroom import database_clock
from newsroom.capped_count import count_capped, count_in_words
from newsroom.paging import CursorError

KEYED: Final = [one for one in VERBS.values() if one.key]
"""The decisions with a keyboard shortcut; the others have separate pages."""
UNDONE_WITHIN: Final = timedelta(hours=12)
"""How long triage offers to undo the user's last decision: one working day."""
MOST_UNDONE: Final = 3
"""The most articles of a decision that one key can undo; larger decisions are previewed first."""
UNDONE: Final = dict.fromkeys(PAGES, MOST_UNDONE) | {
    # One key links an article with all reports of a story.
    verb.value: MOST_MEMBERS + 1
    for verb in pairs.VERBS
}
"""The decisions that one key can undo, and the most articles of each."""


def _fields(declaration: Declaration) -> list[Field]:
    """Return the fields that triage asks for before a decision."""
    return [field for field in declaration.fields if field.in_triage]


class TriageForm(NoteForm):
    """A decision on the current article; ``place`` is its position in the queue."""

    article = forms.IntegerField(min_value=1, max_value=2**62, widget=forms.HiddenInput)
    seen_version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    place = forms.CharField(required=False, widget=forms.HiddenInput)
    verb = forms.ChoiceField(choices=[(one.verb.value, one.label) for one in KEYED])

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="%s", label_suffix="")
        for field in (*(field for one in KEYED for field in _fields(one)), NOTE):
            made = self.fields[field.name] = form_field(field)
            if field.kind is Kind.TEXT:
                made.widget = forms.TextInput({"maxlength": field.max_length})
            # The bar has no space for help texts.
            made.widget.attrs |= {"title": field.help, "autocomplete": "off"}
            made.help_text = ""

    def clean(self) -> dict[str, Any]:
        """Refuse an empty required field, and input that belongs to another decision."""
        cleaned = super().clean()
        if "verb" not in cleaned:
            return cleaned
        chosen = VERBS[Verb(cleaned["verb"])]
        for field in _fields(chosen):
            if field.required and cleaned.get(field.name) is None and field.name not in self.errors:
                self.add_error(None, f"Type a {field.label.lower()} first.")
        for field in (field for one in KEYED for field in _fields(one)):
            typed = cleaned.get(field.name)
            if field not in chosen.fields and typed not in {None, ""}:
                self.add_error(
                    None,
                    f"Nothing was done: you typed {field.label.lower()} {typed}, but chose "
                    f"“{chosen.label}”. Save that first, or empty the box.",
                )
        return cleaned


@dataclass(frozen=True, slots=True)
class Desk:
    """The context of one request for a triage page."""

    request: HttpRequest
    queue: Queue
    at: datetime
    policy: Policy
    waiting: ArticleQuerySet
    """All articles of the queue, in order."""

    def address(self, **query: int | str) -> str:
        """Return the URL of a place in the queue; by default, of its beginning."""
        place = {name: value for name, value in query.items() if value}
        return reverse("admin:articles_article_triage", args=[self.queue.key], query=place)

    def cursor(self, article: Article) -> str:
        """Return the position of an article as a cursor, or "" if it has none."""
        order = self.queue.order
        return order.cursor(article) if getattr(article, order.column) else ""

    def place(self, cursor: str) -> tuple[Any, Any] | None:
        """Return the position of a cursor, or None for an invalid one."""
        try:
            return self.queue.order.place_of(cursor)
        except CursorError:
            return None


@allow(VIEW, "GET", "HEAD", "POST")
def triage(request: HttpRequest, key: str) -> HttpResponse:
    """Show an article of a queue, or decide on it and go to the next one."""
    queue = BY_KEY.get(key)
    if queue is None:
        raise Http404(f"no queue: {key}")
    at, policy = database_clock.now(), heat.current_policy()
    desk = Desk(request, queue, at, policy, queue.articles(at, policy))
    return _decide(desk) if request.method == "POST" else _look(desk)


def _look(desk: Desk) -> HttpResponse:
    """Show the article that the URL names, or the next one after a position."""
    query = desk.request.GET
    pk = query.get("article", "")
    if pk.isdecimal() and len(pk) <= 18:
        return _page(desk, article_or_404(int(pk)))
    waiting = desk.waiting.select_related("provider", "decided_by")
    if before := desk.place(query.get("before", "")):
        article = waiting.filter(desk.queue.order.before(*before)).reverse().first()
        return redirect(desk.address()) if article is None else _page(desk, article)
    if after := desk.place(query.get("after", "")):
        waiting = waiting.filter(desk.queue.order.after(*after))
    return _page(desk, waiting.first())


def _decide(desk: Desk) -> HttpResponse:
    """Decide and go to the next article, or show the problem on the same page."""
    form = TriageForm(desk.request.POST)
    form.is_valid()
    article = article_or_404(form.cleaned_data.get("article") or 0)
    seen = form.cleaned_data.get("seen_version")
    is_stale = seen != article.version
    if form.is_valid() and not is_stale:
        given = form.cleaned_data
        if not newsdesk.may_begin(desk.request.user, Verb(given["verb"]), article):
            raise PermissionDenied
        try:
            change = VERBS[Verb(given["verb"])].change(article, given)
            is_taken = "take" in desk.request.POST
            change = replace(change, is_suggested=is_taken and change.verb is Verb.SCORE)
            newsdesk.perform(change, by=user_of(desk.request), reason=given["reason"])
            place = given["place"] if desk.place(given["place"]) else desk.cursor(article)
            return redirect(desk.address(after=place))
        except StaleError:
            article, is_stale = article_or_404(article.pk), True
        except RefusedError as error:
            form.add_error(None, str(error))
    return _page(desk, article, form, seen=seen if is_stale else None)


def _page(
    desk: Desk, article: Article | None, form: TriageForm | None = None, *, seen: int | None = None
) -> HttpResponse:
    """Show an article, or the end of the queue; ``seen`` is the version of a stale decision."""
    user = desk.request.user
    total = count_capped(desk.waiting)
    context = {
        "title": f"{desk.queue.title}: triage",
        "trail": [ARTICLES, (reverse("admin:queue", args=[desk.queue.key]), desk.queue.title)],
        "queue": desk.queue,
        "queues": QUEUES,
        "address": desk.address(),
        "total": count_in_words(total),
        "is_empty": total == 0,
        "last_act": _last_act(desk, article),
        "keyed": KEYED,
    }
    if article is not None:
        form = form or TriageForm()
        if article.quality is not None:
            form.fields["quality"].widget.attrs["placeholder"] = article.quality
        cursor = desk.cursor(article)
        decisions = offered(user, article)
        about = facts(article, desk.policy, desk.at)
        context |= about | {
            "keep": _keep(desk, article),
            "reason_why": desk.queue.reasons([article], desk.at, desk.policy).get(article.pk, ""),
            "position": _position(desk, article),
            "here": desk.address(article=article.pk),
            "following": desk.address(after=cursor),
            "previous": desk.address(before=cursor),
            "place": cursor,
            "form": form,
            "buttons": [
                (one, [form[field.name] for field in _fields(one)]) for one in decisions if one.key
            ],
            "pages": [one for one in decisions if not one.key],
            "take": Verb.SCORE.value,
            "suggested": suggested_for(article, decisions),
            "is_stale": seen is not None,
            "meanwhile": acts_since(article, seen) if seen is not None else [],
        }
        if user.has_perm(roles.RELATE):
            context |= pairs.suggested(article, about["whole_story"])
    return answer(desk.request, "triage", context)


def _keep(desk: Desk, article: Article) -> str:
    """Return the signed group of duplicates that the user may resolve, or ""."""
    if desk.queue.key != DUPLICATES or not desk.request.user.has_perm(roles.HOLD):
        return ""
    group = newsdesk.groups_of([article])[article.pk]
    return sign([article, *(one for one in group if one != article)]) if group[1:] else ""


def _position(desk: Desk, article: Article) -> str:
    """Return the position of an article, counted from 1, or "" if it is not in the queue."""
    if not (desk.cursor(article) and desk.waiting.filter(pk=article.pk).exists()):
        return ""
    before = desk.queue.order.before(*desk.queue.order.place(article))
    return count_in_words(count_capped(desk.waiting.filter(before)) + 1)


def _last_act(desk: Desk, article: Article | None) -> dict[str, Any] | None:
    """Find the last decision of the user that is not undone. Three queries at most.

    To undo it leads to ``article`` if that was decided on, otherwise to the first that was.
    """
    act = (
        Act.objects.filter(by=desk.request.user.pk, undoes=None, undone_by=None)
        .order_by("-pk")
        .first()
    )
    if act is None or act.verb not in UNDONE or act.at < desk.at - UNDONE_WITHIN:
        return None
    most = UNDONE[act.verb]
    first = act.changes.select_related("article")[: most + 1]
    # If a pin moved, the newly pinned article comes first.
    changes = sorted(first, key=lambda one: one.after.get("is_pinned") is False)
    decided = [one.article for one in changes if one.is_decided]
    if not decided or len(decided) > most:
        return None
    back = article if article in decided else decided[0]
    return {
        "words": what_was_done(act, back),
        "address": reverse("admin:articles_act_undo", args=[act.pk]),
        "next": desk.address(article=back.pk),
    }
