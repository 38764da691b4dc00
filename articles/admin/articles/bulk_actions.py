"""Decisions on many articles: those selected in the list, or all that match its filters.

A page shows what would change and which articles are left out. One decision then changes the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from articles import newsdesk
from articles.admin.decisions import confirmation
from articles.admin.decisions.confirmation import count_of, user_of
from articles.admin.decisions.decision_forms import NoteForm, form_of
from articles.models import Article, Related
from articles.newsdesk import VERBS, Change, RefusedError, StaleError, Verb
from articles.newsdesk.verbs import NOTE, Declaration
from newsroom import database_clock

MOST_ARTICLES: Final = 10_000
"""The most articles that one decision may change: it takes seconds, and their ids fit into a
form."""

NAMED: Final = 5
"""The most slugs listed for each group of omitted articles."""

BULK: Final = {
    one.verb.value: one
    for one in sorted(VERBS.values(), key=lambda one: one.is_grave)
    if one.is_bulk
}
"""The decisions on many articles, by verb, in the order of the list's menu."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would change, and which articles are left out."""

    change: Change | None
    number: int
    skipped: Sequence[tuple[str, list[str]]]

    @property
    def left(self) -> int:
        return sum(len(slugs) for _, slugs in self.skipped)


def offered(user: User) -> dict[str, tuple[Any, str, str]]:
    """Return the actions that a user may run, in the format of ``ModelAdmin.get_actions``."""
    return {
        name: (partial(_start, bulk), name, bulk.label + ("…" if _asks_first(bulk) else ""))
        for name, bulk in BULK.items()
        if bulk.may_ever(user)
    }


def _asks_first(bulk: Declaration) -> bool:
    """Return whether the form must be filled in before the preview."""
    return any(field.essential for field in bulk.fields)


def _start(
    bulk: Declaration, model_admin: Any, request: HttpRequest, articles: QuerySet[Article]
) -> HttpResponse:
    ids = list(articles.order_by().values_list("pk", flat=True)[: MOST_ARTICLES + 1])
    back = request.get_full_path()
    if len(ids) > MOST_ARTICLES:
        messages.error(
            request,
            f"Nothing was done: you chose more than {MOST_ARTICLES:,} articles, the most for one "
            "decision. Filter or search for fewer.",
        )
        return HttpResponseRedirect(back)
    if not ids:
        messages.warning(request, "Nothing was done. Select at least one article.")
        return HttpResponseRedirect(back)
    return _ask(request, bulk, ids, back, form_of(bulk, is_bulk=True)())


@require_POST
def decide(request: HttpRequest, verb: str) -> HttpResponse:
    bulk = BULK.get(verb)
    if bulk is None:
        raise Http404(f"no action: {verb}")
    _require(request, bulk)
    try:
        ids, back, shown, seen = confirmation.read(f"bulk.{verb}", request.POST.get("step", ""))
    except RefusedError as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(reverse("admin:articles_article_changelist"))
    form = form_of(bulk, is_bulk=True)(request.POST)
    if not form.is_valid() or "do" not in request.POST:
        return _ask(request, bulk, ids, back, form)
    if shown != _as_text(form):
        problem = "You changed the form. Check the new preview, then confirm."
        return _ask(request, bulk, ids, back, form, problem)
    try:
        plan = _plan(request, bulk, ids, form.cleaned_data)
        if plan.change is None:
            raise RefusedError("No article is left to change.")
        change = confirmation.as_shown(plan.change, dict(seen))
        act = newsdesk.perform(change, by=user_of(request), reason=form.cleaned_data["reason"])
    except StaleError as error:
        words = _few(error.slugs)
        problem = (
            f"Nothing was done: {words} changed since this was shown, by somebody else or by an "
            "import. See below what would change now."
        )
        return _ask(request, bulk, ids, back, form, problem)
    except RefusedError as error:
        return _ask(request, bulk, ids, back, form, str(error))
    words = f"{bulk.verb.label.capitalize()}: {count_of(plan.number)}."
    if plan.left:
        words += f" Left out: {plan.left:,}."
    confirmation.tell_done(request, act, words, back)
    return HttpResponseRedirect(back)


def _ask(
    request: HttpRequest,
    bulk: Declaration,
    ids: Sequence[int],
    back: str,
    form: NoteForm,
    problem: str = "",
) -> HttpResponse:
    """Show what would change for these articles and for readers."""
    _require(request, bulk)
    is_ready = form.is_valid() if form.is_bound else not _asks_first(bulk)
    plan = Plan(None, 0, [])
    try:
        if is_ready:
            plan = _plan(request, bulk, ids, form.cleaned_data if form.is_bound else {})
    except RefusedError as error:
        problem = problem or str(error)
    seen = [] if plan.change is None else list(plan.change.seen.items())
    step = [ids, back, _as_text(form) if is_ready else None, seen]
    context = {
        "title": f"{bulk.label}: {count_of(len(ids))}",
        "problem": problem,
        "intro": _intro(bulk, plan, len(ids)) if is_ready and not problem else "",
        "step": confirmation.sign(f"bulk.{bulk.verb.value}", step),
        "form": form,
        "skipped": [(why, len(slugs), _few(slugs)) for why, slugs in plan.skipped],
        "button": f"{bulk.label}: {count_of(plan.number)}" if plan.change else "",
        "is_grave": bulk.is_grave,
        "address": reverse("admin:articles_article_together", args=[bulk.verb.value]),
        "back": back,
        "trail": [(back, "Articles")],
    }
    if plan.change is not None:
        context |= confirmation.effects(newsdesk.consequences(plan.change))
    return confirmation.answer(request, "confirm", context)


def _intro(bulk: Declaration, plan: Plan, chosen: int) -> str:
    if plan.change is None:
        return "None of them would change."
    if bulk.verb is Verb.MERGE and plan.number > chosen:
        return f"The reports linked to them are included: {count_of(plan.number)} in one story."
    if plan.left:
        return f"{plan.number:,} of {count_of(chosen)} will be changed."
    return ""


def _as_text(form: NoteForm) -> list[str]:
    """Return the form's values, without the note, to compare them with a later submission."""
    values = form.cleaned_data if form.is_bound else {}
    return [f"{name}={values.get(name)}" for name in form.fields if name != NOTE.name]


def _require(request: HttpRequest, bulk: Declaration) -> None:
    user = user_of(request)
    if not (user.has_perm("articles.view_article") and bulk.may_ever(user)):
        raise PermissionDenied


def _plan(
    request: HttpRequest, bulk: Declaration, ids: Sequence[int], values: Mapping[str, Any]
) -> Plan:
    """Find what would change, and which articles are left out and why.

    A few queries, however many articles there are.
    """
    if bulk.verb is Verb.MERGE:
        return _merged(ids)
    rows = Article.objects.filter(pk__any_of=ids).defer(*confirmation.NO_TEXTS)
    user = user_of(request)
    changes, skipped = [], dict[str, list[str]]()
    for article in rows.order_by("pk"):
        try:
            change = bulk.change(article, values)
            if not newsdesk.may(user, change):
                raise RefusedError(
                    f"{article.slug} has a decision that your role does not allow you to end."
                )
            changes.append(change)
        except RefusedError as error:
            why = str(error).removeprefix(article.slug).strip()
            skipped.setdefault(why, []).append(article.slug)
    together = newsdesk.together(changes) if changes else None
    groups = sorted(skipped.items(), key=lambda group: -len(group[1]))
    return Plan(together, len(changes), groups)


def _merged(ids: Sequence[int]) -> Plan:
    """Merge the stories of the articles, with their leads and coverage."""
    if len(ids) > newsdesk.MOST_GATHERED:
        # There are too many already, so do not look for their coverage.
        raise RefusedError(newsdesk.TOO_MANY)
    members = Article.objects.filter(pk__any_of=_stories_of(ids)).defer(*confirmation.NO_TEXTS)
    change = newsdesk.gather(members[: newsdesk.MOST_GATHERED + 1])
    return Plan(change, len(change.seen), [])


def _stories_of(ids: Iterable[int]) -> list[int]:
    """Find the members of the articles' stories, like ``newsdesk.story_of``. Three queries."""
    around = _around(ids)
    nearby = {pk for pks in around.values() for pk in pks} | set(ids)
    found = Article.objects.filter(pk__any_of=sorted(nearby)).defer(*confirmation.NO_TEXTS)
    contenders = {one.pk: one.contender(database_clock.now()) for one in found}
    best = {
        chosen: min(around[chosen], key=lambda pk: contenders[pk].rank)
        for chosen in ids
        if around[chosen]
    }
    leads = {pk for chosen, pk in best.items() if contenders[pk].outranks(contenders[chosen])}
    return sorted(nearby.union(leads, *_around(leads).values()))


def _around(ids: Iterable[int]) -> dict[int, set[int]]:
    """Find the articles that each article links to or is linked from. One query."""
    around: dict[int, set[int]] = {pk: set() for pk in ids}
    chosen = list(around)
    links = Related.objects.filter(Q(article__any_of=chosen) | Q(target__any_of=chosen))
    for pair in links.values_list("article_id", "target_id"):
        for one, other in (pair, pair[::-1]):
            if one in around:
                around[one].add(other)
    return around


def _few(slugs: Sequence[str]) -> str:
    named = ", ".join(slugs[:NAMED])
    return named if len(slugs) <= NAMED else f"{named} and {len(slugs) - NAMED:,} more"
