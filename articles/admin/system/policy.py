"""The publishing rule in the admin: its versions, and how to preview and apply other numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from articles import newsdesk, roles
from articles.admin.decisions.confirmation import answer, user_of
from articles.admin.lists import ReadOnlyAdmin
from articles.admin.pages import allow
from articles.models import PolicyVersion
from articles.newsdesk import Trial
from articles.scoring import DEFAULT_POLICY, Contender, Policy, Receipt, score
from newsroom.dates import in_words

PREVIEW: Final = "Preview other numbers"
NUMBERS: Final = ("threshold", "bonus", "minimum")
SECONDS: Final = 2.0
"""How many seconds one request spends on applying a policy to the archive."""
_COUNTED: Final = ("looked_at", "changed", "heat_only")
_BUSY: Final = "articles.policy.trying"
_BUSY_FOR: Final = 300
"""Seconds after which a killed preview no longer blocks others."""


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]
    """Numbers to preview, and the version in force that the publisher saw (``against``)."""

    against = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    class Meta:
        model = PolicyVersion
        fields = ["threshold", "bonus", "minimum", "reason"]
        labels = {"reason": "Note"}
        help_texts = {
            "threshold": "An article is published when its heat reaches this. Higher: fewer, better "
            "covered stories. Lower: more stories.",
            "bonus": "Heat added for each linked report, because a story that many report matters more.",
            "minimum": "Linked reports add heat only from this quality. Below it coverage does not "
            "help: a poor report of a big story stays a poor report.",
            "reason": "Why you change the rule, for its history.",
        }
        widgets = {"reason": forms.Textarea({"rows": 2, "cols": 60})}

    @property
    def policy(self) -> Policy:
        return Policy(*(self.cleaned_data[name] for name in NUMBERS))


class ApplyForm(PolicyForm):
    confirmed = forms.BooleanField(label="Apply these numbers")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = True
        for name in NUMBERS:
            self.fields[name].widget = forms.HiddenInput()


@admin.register(PolicyVersion)
class PolicyVersionAdmin(ReadOnlyAdmin):
    change_list_template = "admin/articles/policyversion/change_list.html"
    list_display = ["numbers", "set_at", "by", "reason", "reached"]
    list_select_related = ["by"]
    sortable_by = ()
    fields = ["threshold", "bonus", "minimum", "at", "by", "reason", "reached"]
    readonly_fields = ["reached"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PolicyVersion]:
        """Annotate the versions with the key of the version in force."""
        latest = PolicyVersion.objects.order_by("-pk").values("pk")[:1]
        versions: QuerySet[PolicyVersion] = super().get_queryset(request)
        return versions.annotate(in_force=Subquery(latest))

    def get_list_display(self, request: HttpRequest) -> Any:
        return [*self.list_display, *(["restore"] if request.user.has_perm(roles.POLICY) else [])]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"title": "Publishing rule", **_in_force(), **(extra_context or {})}
        return super().changelist_view(request, context)

    @admin.display(description="rule")
    def numbers(self, version: PolicyVersion) -> str:
        return str(version)

    @admin.display(description="since")
    def set_at(self, version: PolicyVersion) -> str:
        return in_words(version.at)

    @admin.display(description="applied")
    def reached(self, version: PolicyVersion) -> SafeString | str:
        if version.finished_at is not None:
            return "to all articles"
        if version.pk != getattr(version, "in_force", None):
            return "replaced before it reached all articles"
        address = reverse("admin:articles_policyversion_progress")
        return format_html('<a href="{}">in progress</a>', address)

    @admin.display(description="again")
    def restore(self, version: PolicyVersion) -> SafeString | str:
        if version.pk == getattr(version, "in_force", None):
            return "in force"
        address = reverse("admin:articles_policyversion_try", query={"version": version.pk})
        return format_html('<a href="{}">Restore</a>', address)


@allow(roles.POLICY, "GET", "HEAD", "POST")
def try_numbers(request: HttpRequest) -> HttpResponse:
    """Show what the posted numbers would change.

    GET offers a form with the numbers of ``version``, or with those of the query string.
    """
    if request.method == "POST":
        form = PolicyForm(request.POST)
        return _trial_page(request, form, form.policy if form.is_valid() else None)
    context = _in_force()
    if key := request.GET.get("version"):
        known = int(key) if key.isdecimal() and len(key) < 18 else 0
        version = get_object_or_404(PolicyVersion, pk=known)
        when = in_words(version.at)
        reason = f"Restores the rule of {when}."
        against = context["form"].initial["against"]
        context["form"] = _form_of(version.policy, reason, against=against)
    elif set(NUMBERS) <= request.GET.keys():
        against = context["form"].initial["against"]
        context["form"] = PolicyForm({**request.GET.dict(), "against": against})
    return _page(request, "policy_try", PREVIEW, context)


@allow(roles.POLICY, "POST")
def apply_numbers(request: HttpRequest) -> HttpResponse:
    """Apply the numbers. If the rule has changed since the preview, show a new preview instead."""
    form = ApplyForm(request.POST)
    tried = PolicyForm(request.POST)
    policy = tried.policy if tried.is_valid() else None
    if policy is None or not form.is_valid():
        messages.error(request, "Nothing was changed: write a note, and confirm.")
        return _trial_page(request, tried, policy)
    data = form.cleaned_data
    try:
        version = newsdesk.apply_policy(
            policy, by=user_of(request), reason=data["reason"], against=data["against"]
        )
    except newsdesk.StalePolicyError:
        # Show what the numbers would change now.
        return _trial_page(request, tried, policy)
    except newsdesk.RefusedError as error:
        messages.error(request, f"Nothing was changed. {error}")
        return redirect("admin:articles_policyversion_changelist")
    messages.success(request, f"Now in force: {version}.")
    return redirect("admin:articles_policyversion_progress")


@allow("articles.view_policyversion", "GET", "HEAD", "POST")
def progress(request: HttpRequest) -> HttpResponse:
    """Show how much of the archive the version in force has reached.

    POST continues for ``SECONDS``.
    """
    version = PolicyVersion.objects.select_related("by").first()
    if version is None:
        return redirect("admin:articles_policyversion_changelist")
    if request.method == "POST":
        if not request.user.has_perm(roles.POLICY):
            raise PermissionDenied
        return _carry_on(request, version)
    context = {"version": version, "percent": _percent(version)}
    return _page(request, "policy_progress", "Applying the rule", context)


def _carry_on(request: HttpRequest, version: PolicyVersion) -> HttpResponse:
    try:
        version = newsdesk.continue_policy(version, seconds=SECONDS)
    except newsdesk.RefusedError as error:
        messages.warning(request, str(error))
        version = PolicyVersion.objects.latest("pk")
    if request.headers.get("Accept") == "application/json":
        finished = version.finished_at is not None
        return JsonResponse({"percent": _percent(version), "finished": finished})
    return HttpResponseRedirect(reverse("admin:articles_policyversion_progress"), status=303)


def _percent(version: PolicyVersion) -> int:
    return int(100 * newsdesk.policy_progress(version))


def _trial_page(request: HttpRequest, form: PolicyForm, policy: Policy | None) -> HttpResponse:
    """Show the form and, if the numbers are valid, what they would change."""
    context = {**_in_force(), "form": form}
    if policy is None:
        return _page(request, "policy_try", PREVIEW, context)
    try:
        with _alone():
            trial = newsdesk.try_policy(policy)
    except newsdesk.RefusedError as error:
        return _page(request, "policy_try", PREVIEW, context | {"busy": error}, status=409)
    reason = form.cleaned_data["reason"]
    context |= {
        "trial": trial,
        "groups": _groups(trial),
        "counts": {name: f"{getattr(trial, name):,}" for name in _COUNTED},
        "is_stale": form.cleaned_data["against"] != trial.against,
        "is_in_force": policy == context["policy"],
        "form": _form_of(policy, reason, against=trial.against),
        "apply_form": _form_of(policy, reason, against=trial.against, kind=ApplyForm),
    }
    return _page(request, "policy_try", PREVIEW, context)


@contextmanager
def _alone() -> Iterator[None]:
    """Allow one preview at a time, because each reads the whole archive."""
    if not cache.add(_BUSY, timezone.now(), _BUSY_FOR):
        raise newsdesk.RefusedError(
            "Somebody else is running a preview, which reads the whole archive. Try again in a minute."
        )
    try:
        yield
    finally:
        cache.delete(_BUSY)


def _groups(trial: Trial) -> list[dict[str, Any]]:
    words = {
        "published": ("Newly published", "became-published"),
        "unpublished": ("No longer published", "became-unpublished"),
        "lead_gained": ("New leads", "became-lead"),
        "lead_lost": ("No longer leads", "became-superseded"),
    }
    return [
        {
            "name": name,
            "label": words[name][0],
            "tone": words[name][1],
            "count": f"{group.count:,}",
            "examples": group.examples,
            "is_cut": group.count > len(group.examples),
        }
        for name, group in trial.groups.items()
    ]


def _form_of(
    policy: Policy, reason: str = "", *, against: int, kind: type[PolicyForm] = PolicyForm
) -> PolicyForm:
    numbers = {name: getattr(policy, name) for name in NUMBERS}
    return kind(initial={**numbers, "reason": reason, "against": against})


def _in_force() -> dict[str, Any]:
    """Return the context of the rule in force, and a form with its numbers. One query."""
    version = PolicyVersion.objects.select_related("by").first()
    policy = version.policy if version else DEFAULT_POLICY
    return {
        "version": version,
        "policy": policy,
        "form": _form_of(policy, against=version.pk if version else 0),
        "examples": _examples(policy),
    }


def _examples(policy: Policy) -> list[tuple[str, Receipt]]:
    """Apply the rule in force to three example articles."""
    at = timezone.now()
    reports = [(1, 53, "The Daily"), (2, 40, "Herald"), (3, None, "Evening Post")]
    related = [Contender(f"{n}", at, quality, name=name) for n, quality, name in reports]
    good = Contender("good", at, 57, name="This report")
    poor = Contender("poor", at, 48, name="This report")
    lesser = Contender("lesser", at, 51, name="This report")
    return [
        ("A good report of a story that two others cover", score(good, related[:2], policy)),
        ("A weaker report of a story that two others cover", score(poor, related[1:], policy)),
        ("A report of a story that has a better one", score(lesser, related[:1], policy)),
    ]


def _page(
    request: HttpRequest, name: str, title: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    trail = [(reverse("admin:articles_policyversion_changelist"), "Publishing rule")]
    page = answer(request, name, {"title": title, "trail": trail, **context})
    page.status_code = status
    return page
