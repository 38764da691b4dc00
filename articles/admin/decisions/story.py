"""The story workbench: the lead and coverage of one event by rank, with reasons and decisions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Self

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404

from articles import newsdesk, suggestions
from articles.admin.articles.receipts import absence_in_words
from articles.admin.decisions import confirmation
from articles.admin.decisions.confirmation import count_of, user_of
from articles.admin.decisions.decision_forms import NoteForm
from articles.admin.pages import VIEW, allow, article_or_404, trail_to
from articles.models import Article, Image
from articles.newsdesk import VERBS, Change, RefusedError, Story, Verb
from articles.newsdesk.changes import Pair
from articles.newsdesk.links import links_between
from articles.newsdesk.verbs import NOTE
from newsroom import database_clock

MOST_FOUND: Final = 20
"""How many search results the page offers."""
MOST_SUGGESTED: Final = 5

Articles = Sequence[Article]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of decision about a story.

    ``make`` takes the selected articles and the members of the story. ``asks`` and ``does`` are
    texts with a placeholder for the selected articles. ``button`` is the button's label.
    """

    verb: Verb
    make: Callable[[Articles, Articles], Change]
    button: str
    asks: str
    does: str


def _remove(chosen: Articles, members: Articles) -> Change:
    return newsdesk.together(newsdesk.unrelate(one, members) for one in chosen)


def _split(chosen: Articles, members: Articles) -> Change:
    leaving = {one.pk for one in chosen}
    staying = [one for one in members if one.pk not in leaving]
    if not staying:
        raise RefusedError("Leave at least one article in the story.")
    return newsdesk.split(chosen, staying)


KINDS: Final = {
    "add": Kind(
        Verb.RELATE,
        lambda chosen, members: newsdesk.relate(chosen[0], members),
        "Add to the story",
        "Add {} to the story",
        "Added {} to the story.",
    ),
    "merge": Kind(
        Verb.MERGE,
        lambda chosen, members: newsdesk.merge(members, chosen),
        "Merge the stories",
        "Merge this story with that of {}",
        "Merged the story with that of {}.",
    ),
    "remove": Kind(
        Verb.UNRELATE, _remove, "Remove from the story", "Remove {} from the story", "Removed {}."
    ),
    "split": Kind(
        Verb.SPLIT,
        _split,
        "Split off",
        "Split {} off into a story of their own",
        "Split {} off into a story of their own.",
    ),
    "gather": Kind(
        Verb.MERGE,
        lambda chosen, members: newsdesk.gather(members),
        "Link all, both ways",
        "Link {} to one another, both ways",
        "Linked {} to one another, both ways.",
    ),
    "pin": Kind(
        Verb.PIN,
        lambda chosen, members: newsdesk.pin(chosen[0]),
        "Pin as lead",
        "Pin {} as the lead",
        "Pinned {} as the lead.",
    ),
    "unpin": Kind(
        Verb.UNPIN,
        lambda chosen, members: newsdesk.unpin(chosen[0]),
        "Unpin",
        "Unpin {}: the qualities decide which report leads",
        "Unpinned {}.",
    ),
    "refuse": Kind(
        Verb.REFUSE,
        lambda chosen, members: newsdesk.refuse(chosen[0], members),
        "Not the same event",
        "Never suggest {} for this story again",
        "{} is not the same event. It will not be suggested again.",
    ),
}


@dataclass(frozen=True, slots=True)
class Step:
    """An editor's request: the selected articles, the story's members, and the versions seen."""

    kind: str
    chosen: Sequence[int]
    members: Sequence[int]
    seen: dict[int, int]

    @classmethod
    def asked(cls, sent: QueryDict) -> Self:
        seen = dict(confirmation.read("story", sent.get("seen", "")))
        kind = next((name for name in KINDS if name in sent), "")
        if not kind:
            raise RefusedError("Choose what to do.")
        # A button for a single article carries its id; the other buttons use the ticked boxes.
        chosen = sent.getlist(kind) if sent[kind] else sent.getlist("member")
        if not all(pk.isdecimal() and len(pk) < 19 for pk in chosen):
            raise Http404
        ids = list(dict.fromkeys(map(int, chosen)))
        if kind == "gather":
            ids = list(seen)
        if not ids:
            raise RefusedError("Select at least one article, then press the button again.")
        return cls(kind, ids, list(seen), seen)

    @classmethod
    def shown(cls, text: str) -> Self:
        """Read the signed step from the confirmation page."""
        kind, chosen, members, seen = confirmation.read("step", text)
        return cls(kind, chosen, members, dict(seen))

    def signed(self) -> str:
        value = [self.kind, self.chosen, self.members, list(self.seen.items())]
        return confirmation.sign("step", value)

    def words(self, template: str, articles: dict[int, Article]) -> str:
        if len(self.chosen) == 1 or self.kind == "merge":
            return template.format(f"“{articles[self.chosen[0]].headline}”")
        return template.format(count_of(len(self.chosen)))


@allow(VIEW, "GET", "HEAD", "POST")
def workbench(request: HttpRequest, article_id: int) -> HttpResponse:
    """Show the story of an article, and preview and make decisions on it."""
    article = article_or_404(article_id)
    if request.method != "POST":
        return _page(request, article)
    reason = request.POST.get("reason", "").strip()
    try:
        if "step" in request.POST:
            return _do(request, article, Step.shown(request.POST["step"]))
        step = Step.asked(request.POST)
        if step.kind == "refuse":
            # Nothing changes for readers, so there is nothing to preview.
            return _perform(request, *_change(request, step), step, "")
        return _ask(request, article, step)
    except RefusedError as error:
        words = f"Nothing was done. {error}"
        messages.error(request, f"{words} Your note was: {reason}" if reason else words)
        return HttpResponseRedirect(request.path)


def _page(request: HttpRequest, article: Article) -> HttpResponse:
    """Show the workbench.

    Twelve queries, however many members there are, and a few more for a search.
    """
    at = database_clock.now()
    story = newsdesk.story_of(article, at)
    links = links_between([one.pk for one in story.members])
    text = request.GET.get("find", "").strip()
    in_story = {one.pk for one in story.members}
    may_relate = request.user.has_perm(VERBS[Verb.RELATE].permission)
    found: list[tuple[Article, list[str]]] = []
    if text:
        found = [(one, []) for one in find(text) if one.pk not in in_story]
    elif may_relate:
        found = _suggested(story)
    pictures = Prefetch("images", Image.objects.select_related("stored"))
    prefetch_related_objects([*story.members, *(one for one, _ in found)], pictures)
    context = {
        "title": "Story",
        "subtitle": story.lead.headline,
        "article": article,
        "story": story,
        "rows": _rows(story, links, at),
        "explained": newsdesk.explain(story.lead, at),
        "seen": confirmation.sign("story", [[one.pk, one.version] for one in story.members]),
        "gaps": _gaps(story, links),
        "text": text,
        "found": found,
        "may_relate": may_relate,
        "may_pin": request.user.has_perm(VERBS[Verb.PIN].permission),
        "pinnable": VERBS[Verb.PIN].states,
        "trail": trail_to(article),
    }
    return confirmation.answer(request, "story", context)


def _ask(request: HttpRequest, article: Article, step: Step) -> HttpResponse:
    if step.kind == "merge":
        other = newsdesk.story_of(get_object_or_404(Article, pk=step.chosen[0])).members
        named = [step.chosen[0], *(one.pk for one in other if one.pk != step.chosen[0])]
        step = replace(step, chosen=named)
    change, articles = _change(request, step)
    change = confirmation.as_seen(change, step.seen)
    kind = KINDS[step.kind]
    context = {
        "title": step.words(kind.asks, articles),
        "button": kind.button,
        "step": replace(step, seen=dict(change.seen)).signed(),
        "chosen": [articles[pk] for pk in step.chosen],
        **confirmation.effects(newsdesk.consequences(change)),
        "form": NoteForm(),
        "address": request.path,
        "back": request.path,
        "trail": [*trail_to(article), (request.path, "Story")],
    }
    return confirmation.answer(request, "confirm", context)


def _do(request: HttpRequest, article: Article, step: Step) -> HttpResponse:
    form = NoteForm(request.POST)
    if not form.is_valid():
        raise RefusedError(f"The note is longer than {NOTE.max_length:,} characters.")
    change, articles = _change(request, step)
    change = confirmation.as_shown(change, step.seen)
    return _perform(request, change, articles, step, form.cleaned_data["reason"])


def _perform(
    request: HttpRequest, change: Change, articles: dict[int, Article], step: Step, reason: str
) -> HttpResponse:
    act = newsdesk.perform(change, by=user_of(request), reason=reason)
    words = step.words(KINDS[step.kind].does, articles)
    confirmation.tell_done(request, act, words, request.path)
    return HttpResponseRedirect(request.path)


def _change(request: HttpRequest, step: Step) -> tuple[Change, dict[int, Article]]:
    """Return the change that a step asks for, and the articles that it names, by id."""
    kind = KINDS[step.kind]
    if not request.user.has_perm(VERBS[kind.verb].permission):
        raise PermissionDenied
    ids = [*step.chosen, *step.members]
    articles = Article.objects.filter(pk__any_of=ids).select_related("provider")
    found = {one.pk: one for one in articles.defer("body", "featured_content")}
    if missing := set(ids) - found.keys():
        raise Http404(f"no article {min(missing)}")
    chosen, members = ([found[pk] for pk in pks] for pks in (step.chosen, step.members))
    return kind.make(chosen, members), found


def find(text: str) -> list[Article]:
    """Find a few articles by URL, slug or words, newest first. One query."""
    articles = Article.objects.search(text).select_related("provider")
    return list(articles.defer("body", "featured_content").newest_first()[:MOST_FOUND])


def _suggested(story: Story) -> list[tuple[Article, list[str]]]:
    """Return articles that may report the same event as a member, best first, and why. Two queries."""
    in_story = {one.pk for one in story.members}
    every = suggestions.for_articles(story.members).values()
    best: dict[int, suggestions.Suggestion] = {}
    for one in sorted((one for some in every for one in some), key=lambda one: -one.pair.score):
        if one.other.pk not in in_story:
            best.setdefault(one.other.pk, one)
    return [(one.other, one.why) for one in [*best.values()][:MOST_SUGGESTED]]


def _gaps(story: Story, links: set[Pair]) -> int:
    """Count the missing links between members."""
    naming = [one for one in story.members if not one.coverage_only]
    wanted = {(one.pk, other.pk) for one in naming for other in story.members if one != other}
    return len(wanted - links)


def _rows(story: Story, links: set[Pair], at: datetime) -> list[tuple[Article, str, str]]:
    """Return the members, each with the reason for its rank and its missing link, if any."""
    members = story.members
    contenders = [one.contender(at, name=one.provider.name) for one in members]
    scored = [one for one in contenders if one.quality is not None and one.absence is None]
    rows = []
    for place, (article, contender) in enumerate(zip(members, contenders, strict=True)):
        if contender.absence:
            why = f"{absence_in_words(contender.absence)}: left out of the ranking"
        elif contender.quality is None:
            why = "not scored: ranks behind all that are"
        elif place + 1 < len(scored):
            following = scored[place + 1]
            why = f"ahead of {following}: {contender.advantage(following)}"
        elif place:
            why = "the last of those scored"
        else:
            why = "the only one scored" if len(members) > 1 else "alone"
        if article.coverage_only:
            why += "; link only"
        rows.append((article, why, _one_way(article, story.lead, links)))
    return rows


def _one_way(article: Article, lead: Article, links: set[Pair]) -> str:
    """Describe a missing link between a member and its lead."""
    if article.pk == lead.pk or article.coverage_only:
        return ""
    names, is_named = (article.pk, lead.pk) in links, (lead.pk, article.pk) in links
    if names and (is_named or lead.coverage_only):
        return ""
    return "one way: links to the lead, but not back" if names else "one way: linked from the lead"
