"""Decisions on many articles: a selection of the list, or everything that its filter matches.

The list asks; a page shows what would change and who is left as he is; one act does it all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from articles import newsdesk, roles
from articles.admin.decisions import confirmation
from articles.admin.decisions.confirmation import ReasonForm, count_of, user_of
from articles.documents import MAX_QUALITY
from articles.models import Article, Related
from articles.newsdesk import Change, RefusedError, StaleError, Verb

MOST_ARTICLES: Final = 10_000
"""Articles that one act is about: seconds of work, and what one page can carry along."""

NAMED: Final = 5
"""Articles named in each group of those left as they are."""

Values = Mapping[str, Any]


class MomentField(forms.DateTimeField):
    """A moment, typed or picked in the site's time zone."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(required=False, widget=widget, **kwargs)


class QualityForm(forms.Form):
    """The quality that all shall have."""

    quality = forms.IntegerField(
        min_value=0,
        max_value=MAX_QUALITY,
        help_text="In heat points; around 50 is ordinary.",
    )


class UntilForm(forms.Form):
    """When a decision ends by itself."""

    until = MomentField(help_text="Then the rule has its say again. Empty is for good.")

    def clean_until(self) -> Any:
        """Refuse a decision that would be over at once."""
        until = self.cleaned_data["until"]
        if until is not None and until <= timezone.now():
            raise ValidationError("That is over already: choose a later time, or none.")
        return until


class ScheduleForm(forms.Form):
    """From when and until when readers may see the articles."""

    begin = MomentField(label="From", help_text="Not before. Empty is no embargo.")
    end = MomentField(label="Until", help_text="They expire then. Empty is never.")

    def clean(self) -> dict[str, Any] | None:
        """Refuse a schedule out of order."""
        begin, end = self.cleaned_data.get("begin"), self.cleaned_data.get("end")
        if begin and end and begin >= end:
            raise ValidationError(
                "The time from which they run must come before the time until which."
            )
        return self.cleaned_data


@dataclass(frozen=True, slots=True)
class Bulk:
    """What can be done to many articles at once.

    ``make`` gives the change of one article; a merge is one of all. ``asks_first`` tells that nothing
    can be shown before the form is filled in.
    """

    verb: Verb
    name: str
    make: Callable[[Article, Values], Change] | None = None
    form: type[forms.Form] = forms.Form
    asks_first: bool = False
    needs: Sequence[str] = ()

    def is_for(self, user: User) -> bool:
        """Whether a user may do it to any article."""
        return any(map(user.has_perm, self.needs or [newsdesk.PERMISSIONS[self.verb]]))


_ALL: Final = (
    Bulk(
        Verb.SCORE,
        "Score",
        lambda article, values: newsdesk.set_quality(article, values["quality"]),
        QualityForm,
        asks_first=True,
    ),
    Bulk(
        Verb.PUBLISH,
        "Publish",
        lambda article, values: newsdesk.publish(article, until=values.get("until")),
        UntilForm,
    ),
    Bulk(
        Verb.HOLD,
        "Hold",
        lambda article, values: newsdesk.hold(article, until=values.get("until")),
        UntilForm,
    ),
    Bulk(
        Verb.RELEASE,
        "Leave to the rule",
        lambda article, values: newsdesk.release(article),
        # Each needs what made the decision that ends.
        needs=(roles.HOLD, roles.PUBLISH, roles.WITHDRAW),
    ),
    Bulk(
        Verb.SCHEDULE,
        "Schedule",
        lambda article, values: newsdesk.schedule(
            article, begin=values.get("begin"), end=values.get("end")
        ),
        ScheduleForm,
        asks_first=True,
    ),
    Bulk(Verb.MERGE, "Merge into one story"),
    Bulk(Verb.WITHDRAW, "Withdraw", lambda article, values: newsdesk.withdraw(article)),
)
BULK: Final[Mapping[str, Bulk]] = {bulk.verb.value: bulk for bulk in _ALL}
"""By verb, in the order of the list's menu."""


@dataclass(slots=True)
class Skipped:
    """Articles that are left as they are for one reason; ``slugs`` names the first of them."""

    why: str
    slugs: list[str] = field(default_factory=list)
    number: int = 0

    @property
    def more(self) -> int:
        """How many are not named."""
        return self.number - len(self.slugs)


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done: to how many articles, and who is left out."""

    change: Change | None
    number: int
    skipped: Sequence[Skipped]

    @property
    def left(self) -> int:
        """How many are left as they are."""
        return sum(group.number for group in self.skipped)


def offered(user: User) -> dict[str, tuple[Any, str, str]]:
    """Return the actions of the list that a user may do, as ``ModelAdmin.get_actions`` does."""
    return {
        name: (partial(_start, bulk), name, bulk.name + ("…" if bulk.asks_first else ""))
        for name, bulk in BULK.items()
        if bulk.is_for(user)
    }


def _start(
    bulk: Bulk, model_admin: Any, request: HttpRequest, articles: QuerySet[Article]
) -> HttpResponse:
    """Begin with what the list selected."""
    ids = list(articles.order_by().values_list("pk", flat=True)[: MOST_ARTICLES + 1])
    back = request.get_full_path()
    if len(ids) > MOST_ARTICLES:
        messages.error(
            request,
            f"Nothing was done: these are more than {MOST_ARTICLES:,} articles, the most that one "
            "act takes. Filter or search for fewer, and do it in parts.",
        )
        return HttpResponseRedirect(back)
    if not ids:
        messages.warning(request, "Nothing was done: tick the articles that are meant.")
        return HttpResponseRedirect(back)
    return _ask(request, bulk, ids, back, bulk.form())


@require_POST
def decide_together(request: HttpRequest, verb: str) -> HttpResponse:
    """Show again, or do, what the list asked for."""
    bulk = BULK.get(verb)
    if bulk is None:
        raise Http404(f"no action: {verb}")
    _require(request, bulk)
    try:
        ids, back, shown, seen = confirmation.read(f"bulk.{verb}", request.POST.get("step", ""))
    except RefusedError as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(reverse("admin:articles_article_changelist"))
    form, reason = bulk.form(request.POST), ReasonForm(request.POST)
    is_sound = form.is_valid() and reason.is_valid()
    if not is_sound or "do" not in request.POST:
        return _ask(request, bulk, ids, back, form, reason)
    if shown != _as_text(form):
        problem = "You changed what is above: look at what that changes, then do it."
        return _ask(request, bulk, ids, back, form, reason, problem)
    try:
        plan = _plan(request, bulk, ids, form.cleaned_data)
        if plan.change is None:
            raise RefusedError("Nothing is left to do.")
        change = confirmation.as_shown(plan.change, dict(seen))
        act = newsdesk.perform(change, by=user_of(request), reason=reason.cleaned_data["reason"])
    except StaleError as error:
        words = _few(error.slugs)
        problem = (
            f"Nothing was done: {words} changed since this was shown, by somebody else or by an "
            "import. Below is what it would change now."
        )
        return _ask(request, bulk, ids, back, form, reason, problem)
    except RefusedError as error:
        return _ask(request, bulk, ids, back, form, reason, str(error))
    words = f"{bulk.verb.label.capitalize()}: {count_of(plan.number)}."
    if plan.left:
        words += f" Left as they were: {plan.left:,}."
    confirmation.tell_done(request, act, words, back)
    return HttpResponseRedirect(back)


def _ask(
    request: HttpRequest,
    bulk: Bulk,
    ids: Sequence[int],
    back: str,
    form: forms.Form,
    reason: ReasonForm | None = None,
    problem: str = "",
) -> HttpResponse:
    """Show what would be done to whom, and what readers would see otherwise."""
    _require(request, bulk)
    is_ready = form.is_valid() if form.is_bound else not bulk.asks_first
    plan, summary = Plan(None, 0, []), None
    try:
        if is_ready:
            plan = _plan(request, bulk, ids, form.cleaned_data if form.is_bound else {})
    except RefusedError as error:
        problem = problem or str(error)
    if plan.change is not None:
        summary = confirmation.summary(newsdesk.consequences(plan.change))
    seen = [] if plan.change is None else list(plan.change.seen.items())
    step = [ids, back, _as_text(form) if is_ready else None, seen]
    context = {
        "title": f"{bulk.name}: {count_of(len(ids))}",
        "problem": problem,
        "intro": _intro(bulk, plan, len(ids)) if is_ready and not problem else "",
        "step": confirmation.sign(f"bulk.{bulk.verb.value}", step),
        "fields": form,
        "summary": summary,
        "skipped": plan.skipped,
        "reason": reason or ReasonForm(),
        "button": f"{bulk.name}: {count_of(plan.number)}" if plan.change else "",
        "is_grave": bulk.verb == Verb.WITHDRAW,
        "address": reverse("admin:articles_article_together", args=[bulk.verb.value]),
        "back": back,
        "trail": [(back, "Articles")],
    }
    return confirmation.answer(request, "confirm", context)


def _intro(bulk: Bulk, plan: Plan, chosen: int) -> str:
    if plan.change is None:
        return "There is nothing to do for any of them."
    if bulk.make is None and plan.number > chosen:
        return f"What is related to them comes along: {count_of(plan.number)} in one story."
    if plan.left:
        return f"{plan.number:,} of {count_of(chosen)} will be changed."
    return ""


def _as_text(form: forms.Form) -> list[str]:
    """Return the values of a form as they can be compared with what comes back."""
    values = form.cleaned_data if form.is_bound else dict.fromkeys(form.fields)
    return [f"{name}={values.get(name)}" for name in form.fields]


def _require(request: HttpRequest, bulk: Bulk) -> None:
    user = user_of(request)
    if not (user.has_perm("articles.view_article") and bulk.is_for(user)):
        raise PermissionDenied


def _plan(request: HttpRequest, bulk: Bulk, ids: Sequence[int], values: Values) -> Plan:
    """Find what would be done, and who is left out and why. A few queries, however many there are."""
    if bulk.make is None:
        return _merged(ids)
    rows = Article.objects.filter(pk__any_of=ids).defer(*confirmation.NO_TEXTS)
    user = user_of(request)
    changes, skipped = [], dict[str, Skipped]()
    for article in rows.order_by("pk"):
        try:
            change = bulk.make(article, values)
            if not newsdesk.may(user, change):
                raise RefusedError(
                    f"{article.slug} is under a decision that your role may not end."
                )
            changes.append(change)
        except RefusedError as error:
            why = str(error).removeprefix(article.slug).strip()
            group = skipped.setdefault(why, Skipped(why))
            group.number += 1
            if group.number <= NAMED:
                group.slugs.append(article.slug)
    together = newsdesk.together(changes) if changes else None
    groups = sorted(skipped.values(), key=lambda group: -group.number)
    return Plan(together, len(changes), groups)


def _merged(ids: Sequence[int]) -> Plan:
    """Gather the stories of the articles into one: their leads and coverage come along."""
    if len(ids) > newsdesk.MOST_GATHERED:
        # No story could hold them; their coverage need not be looked for.
        raise RefusedError(newsdesk.TOO_MANY)
    members = Article.objects.filter(pk__any_of=_stories_of(ids)).defer(*confirmation.NO_TEXTS)
    change = newsdesk.gather(members[: newsdesk.MOST_GATHERED + 1])
    return Plan(change, len(change.seen), [])


def _stories_of(ids: Iterable[int]) -> list[int]:
    """Find articles with all that ``newsdesk.story_of`` each would give. Three queries."""
    around = _around(ids)
    nearby = {pk for pks in around.values() for pk in pks} | set(ids)
    found = Article.objects.filter(pk__any_of=sorted(nearby)).defer(*confirmation.NO_TEXTS)
    contenders = {one.pk: one.contender(timezone.now()) for one in found}
    best = {
        chosen: min(around[chosen], key=lambda pk: contenders[pk].rank)
        for chosen in ids
        if around[chosen]
    }
    leads = {pk for chosen, pk in best.items() if contenders[pk].outranks(contenders[chosen])}
    return sorted(nearby.union(leads, *_around(leads).values()))


def _around(ids: Iterable[int]) -> dict[int, set[int]]:
    """Find what each article names or is named by. One query."""
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


def urls(site: AdminSite) -> list[URLPattern]:
    """Return the address to which the page of consequences is sent."""
    view = site.admin_view(decide_together)
    return [path("together/<slug:verb>/", view, name="articles_article_together")]
