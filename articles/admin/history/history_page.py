"""The history of an article: its decisions, a comparison of two states, and restoring one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.text import Truncator

from articles import newsdesk
from articles.admin.decisions.confirmation import answer, user_of
from articles.admin.history.descriptions import Names, label
from articles.admin.history.text_diff import Piece, text_diff
from articles.admin.pages import VIEW, allow, article_or_404, trail_to, version_seen
from articles.documents.marks import TEXTS
from articles.models import Act, ActChange, Article, ImportConflict, Pair
from articles.models.act import SUGGESTED
from articles.newsdesk.history import SIGNATURES, State
from articles.newsdesk.performing import decoded

PER_PAGE: Final = 25
"""Decisions per page; a link leads to older ones."""

SHORT: Final = 160
"""How many characters of a text the list shows; the comparison shows all of it."""

NOW: Final = "now"


Said = tuple[str, str, str]
"""A label, the value before ("" for lists, which show only what changed), and the value after."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision on the page.

    ``can_undo`` means that this user may undo it and nothing depends on it yet.
    """

    change: ActChange
    said: Sequence[Said]
    can_undo: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that differs: as pieces of a text, members of a list, or two values."""

    label: str
    pieces: Sequence[Piece] = ()
    added: Sequence[str] = ()
    removed: Sequence[str] = ()
    before: str = ""
    after: str = ""


@allow(VIEW)
def history(request: HttpRequest, article_id: int) -> HttpResponse:
    """Show the decisions on an article, newest first, and compare two states."""
    article = article_or_404(article_id)
    rows = _rows(article, request.GET.get("before", ""))
    page, has_older = rows[:PER_PAGE], len(rows) > PER_PAGE
    context = {
        **_context(article, "History"),
        "entries": _entries(request, article, page),
        "older": page[-1].act_id if has_older else "",
        "is_first_page": not request.GET.get("before"),
        "start": newsdesk.START,
    }
    if "from" in request.GET and "to" in request.GET:
        context |= _comparison(article, request.GET["from"], request.GET["to"])
    return answer(request, "history", context)


@allow(VIEW, "GET", "HEAD", "POST")
def restore(request: HttpRequest, article_id: int, act_id: int) -> HttpResponse:
    """Show what restoring a state would change, or restore it."""
    article = article_or_404(article_id)
    if request.method == "POST":
        article.version = version_seen(request)
    try:
        change = newsdesk.restore(article, act_id)
        if not newsdesk.may(request.user, change):
            raise PermissionDenied
        if request.method == "POST":
            reason = request.POST.get("reason", "").strip()
            newsdesk.perform(change, by=user_of(request), reason=reason)
            messages.success(request, "The earlier state was restored. You can undo this below.")
            return redirect("admin:articles_article_history", article_id)
        consequences = newsdesk.consequences(change)
    except newsdesk.RefusedError as error:
        messages.error(request, f"Nothing was restored. {error}")
        return redirect("admin:articles_article_history", article_id)
    states = newsdesk.timeline(article, since=act_id)
    act = Act.objects.select_related("by").filter(pk=act_id).first()
    context = {
        **_context(article, "Restore an earlier state"),
        "act": act,
        "differences": differences(states.now, states.at(act_id)),
        "consequences": consequences,
    }
    context["trail"] += [(reverse("admin:articles_article_history", args=[article_id]), "History")]
    return answer(request, "restore", context)


def differences(before: State, after: State) -> list[Difference]:
    """Return the fields in which two states differ. Up to three queries."""
    linked = {*before.names, *after.names, *before.named_by, *after.named_by}
    names = Names.load(linked, [before.values, after.values])
    found = []
    for name in before.values:
        one, other = before.values[name], after.values.get(name)
        if name in SIGNATURES or one == other:
            continue
        if name in TEXTS or name == "decision_reason":
            found.append(Difference(label(name), pieces=text_diff(one, other or "")))
        elif isinstance(one, list):
            found.append(_listed(name, one, other or [], names))
        else:
            words = (names.shown(name, value) for value in (one, other))
            found.append(Difference(label(name), before=next(words), after=next(words)))
    for name in ("names", "named_by"):
        links, links_after = getattr(before, name), getattr(after, name)
        order, order_after = (sorted(one, key=one.__getitem__) for one in (links, links_after))
        if order != order_after:
            found.append(_listed(name, order, order_after, names))
    return found


def _listed(name: str, before: list[Any], after: list[Any], names: Names) -> Difference:
    added = [one for one in after if one not in before]
    removed = [one for one in before if one not in after]
    if added or removed:
        return Difference(
            label(name), added=names.listed(name, added), removed=names.listed(name, removed)
        )
    return Difference(
        f"{label(name)}, in order",
        before=names.shown(name, before),
        after=names.shown(name, after),
    )


def _context(article: Article, title: str) -> dict[str, Any]:
    trail = trail_to(article)
    return {"title": title, "subtitle": article.headline, "article": article, "trail": trail}


def _rows(article: Article, before: str) -> list[ActChange]:
    rows = ActChange.objects.filter(article=article).order_by("-act_id")
    if before.isdecimal() and len(before) < 19:
        rows = rows.filter(act_id__lt=int(before))
    loaded = rows.select_related("act__by", "act__undoes", "act__undone_by__by")
    return list(loaded[: PER_PAGE + 1])


def _entries(request: HttpRequest, article: Article, rows: Sequence[ActChange]) -> list[Entry]:
    names = Names.load(
        {pk for row in rows for pk, _ in (*row.linked, *row.unlinked)}
        | {one["article"] for row in rows for one in row.verdicts or ()},
        [values for row in rows for values in (row.before, row.after)],
    )
    resolved: dict[int, list[ImportConflict]] = {}
    for conflict in ImportConflict.objects.filter(
        article=article, act__in=[row.act_id for row in rows]
    ).order_by("pk"):
        resolved.setdefault(conflict.act_id or 0, []).append(conflict)
    targets = set(article.related_links.values_list("target", flat=True))
    return [
        Entry(
            row,
            _said(row, resolved.get(row.act_id, ()), names),
            _can_undo(request, article, row, targets),
        )
        for row in rows
    ]


def _can_undo(request: HttpRequest, article: Article, row: ActChange, targets: set[int]) -> bool:
    """Return whether this user may undo the decision. Only this article is checked.

    If another article of the decision has changed since, ``undo`` refuses and says why.
    """
    if not row.is_decided or hasattr(row.act, "undone_by"):
        return False
    linked, unlinked = ({pk for pk, _ in pairs} for pairs in (row.linked, row.unlinked))
    is_as_it_left_it = (
        linked <= targets
        and not (unlinked - linked) & targets
        and all(getattr(article, name) == value for name, value in decoded(row.after).items())
    )
    return is_as_it_left_it and request.user.has_perms(row.act.permissions)


def _said(row: ActChange, conflicts: Sequence[ImportConflict], names: Names) -> list[Said]:
    before, after = ({**one, **decoded(one)} for one in (row.before, row.after))
    said = [
        (
            label(name),
            Truncator(names.shown(name, before.get(name))).chars(SHORT),
            Truncator(names.shown(name, value)).chars(SHORT),
        )
        for name, value in after.items()
        if name not in {*SIGNATURES, SUGGESTED} and before.get(name) != value
    ]
    if SUGGESTED in after:
        said.append(("score", "", "as suggested"))
    linked, unlinked = ({pk: None for pk, _ in pairs} for pairs in (row.linked, row.unlinked))
    for words, pks in (
        ("links added", [pk for pk in linked if pk not in unlinked]),
        ("links removed", [pk for pk in unlinked if pk not in linked]),
    ):
        if pks:
            said.append((words, "", "; ".join(names.listed("names", pks[:10]))))
    said += _verdicts(row, names)
    columns = {"provider": "provider_id"}
    for conflict in conflicts:
        is_taken = columns.get(conflict.field, conflict.field) in row.after or (
            conflict.field == "related" and bool(linked or unlinked)
        )
        choice = "took the source’s" if is_taken else "kept the edited"  # noqa: RUF001 - an apostrophe
        said.append(("source changed what was edited", "", f"{choice} {label(conflict.field)}"))
    return said


def _verdicts(row: ActChange, names: Names) -> Iterator[Said]:
    """Yield which articles report other events. Accepted suggestions are links, which are shown."""
    refused, none = Pair.Verdict.REFUSED, Pair.Verdict.NONE
    for words, verdicts in (
        ("not the same event as", (none, refused)),
        ("perhaps the same event as", (refused, none)),
    ):
        given = row.verdicts or ()
        pks = [one["article"] for one in given if (one["before"][0], one["after"]) == verdicts]
        if pks:
            yield words, "", "; ".join(names.listed("names", pks[:10]))


def _comparison(article: Article, one: str, other: str) -> dict[str, Any]:
    """Compare the states after two decisions. The older one comes first."""
    try:
        keys = sorted((_key(one), _key(other)), key=lambda key: (key is None, key))
        since = min((key for key in keys if key is not None), default=None)
        if since is None or keys[0] == keys[1]:
            raise newsdesk.RefusedError("Choose two different states.")
        states = newsdesk.timeline(article, since=since)
        before, after = (states.at(key) for key in keys)
    except newsdesk.RefusedError as error:
        return {"comparison_refused": str(error)}
    acts = Act.objects.select_related("by").in_bulk([key for key in keys if key])
    return {
        "compared": [(key, acts.get(key or 0)) for key in keys],
        "differences": differences(before, after),
        "chosen_from": keys[0],
        "chosen_to": keys[1],
    }


def _key(text: str) -> int | None:
    if text == NOW:
        return None
    if text.isdecimal() and len(text) < 19:
        return int(text)
    raise newsdesk.RefusedError("Choose two states from the list below.")
