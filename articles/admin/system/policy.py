"""The policy in the admin: every version, other numbers tried, put in force and carried through."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_POST

from articles import newsdesk, roles
from articles.admin.lists import ReadOnlyAdmin
from articles.models import PolicyVersion
from articles.newsdesk import Trial
from articles.scoring import DEFAULT_POLICY, Contender, Policy, Receipt, score
from newsroom.dates import in_words

NUMBERS: Final = ("threshold", "bonus", "minimum")
SECONDS: Final = 2.0
"""How long one request carries a policy through the archive."""
_COUNTED: Final = ("looked_at", "changed", "heat_only")
_BUSY: Final = "articles.policy.trying"
_BUSY_FOR: Final = 300
"""Seconds after which a trial that was killed blocks no other."""


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]
    """Numbers to try, as of the version in force that the publisher saw."""

    against = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    class Meta:
        model = PolicyVersion
        fields = ["threshold", "bonus", "minimum", "reason"]
        labels = {"reason": "Why"}
        help_texts = {
            "threshold": "An article whose heat reaches this is published. Higher: fewer, better "
            "covered stories. Lower: more of them.",
            "bonus": "Heat that each related article adds, because what many report matters more.",
            "minimum": "The quality from which related articles add heat. Below it coverage does "
            "not help: a poor report of a big story stays a poor report.",
            "reason": "For those who look at the history of the policy later.",
        }
        widgets = {"reason": forms.Textarea({"rows": 2, "cols": 60})}

    @property
    def policy(self) -> Policy:
        """The numbers of a valid form."""
        return Policy(*(self.cleaned_data[name] for name in NUMBERS))


class ApplyForm(PolicyForm):
    """What was tried, now with a reason and a confirmation."""

    confirmed = forms.BooleanField(label="Put these numbers in force")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = True
        for name in NUMBERS:
            self.fields[name].widget = forms.HiddenInput()


@admin.register(PolicyVersion)
class PolicyVersionAdmin(ReadOnlyAdmin):
    """Every version, newest first, below a form to try others."""

    change_list_template = "admin/articles/policyversion/change_list.html"
    list_display = ["numbers", "set_at", "by", "reason", "reached"]
    list_select_related = ["by"]
    sortable_by = ()
    fields = ["threshold", "bonus", "minimum", "at", "by", "reason", "reached"]
    readonly_fields = ["reached"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PolicyVersion]:
        """Return the versions, each knowing which is in force."""
        versions: QuerySet[PolicyVersion] = super().get_queryset(request)
        latest = PolicyVersion.objects.order_by("-pk").values("pk")[:1]
        return versions.annotate(in_force=Subquery(latest)).select_related("by")

    def get_list_display(self, request: HttpRequest) -> Any:
        """Offer to restore to those who may."""
        return [*self.list_display, *(["restore"] if _may_change(request) else [])]

    def get_urls(self) -> list[URLPattern]:
        """Add the pages that try, apply and continue."""
        return [*urls(self.admin_site), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the policy in force and a form above the versions."""
        context = {"title": "Policy", **_in_force(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    @admin.display(description="policy")
    def numbers(self, version: PolicyVersion) -> str:
        """Say the three numbers."""
        return str(version)

    @admin.display(description="since")
    def set_at(self, version: PolicyVersion) -> str:
        """Return when it was put in force."""
        return in_words(version.at)

    @admin.display(description="applied")
    def reached(self, version: PolicyVersion) -> SafeString | str:
        """Say how far it was carried through the archive."""
        if version.finished_at is not None:
            return "to all articles"
        if version.pk != getattr(version, "in_force", None):
            return "replaced before it reached all"
        address = reverse("admin:articles_policyversion_progress")
        return format_html('<a href="{}">in progress</a>', address)

    @admin.display(description="again")
    def restore(self, version: PolicyVersion) -> SafeString | str:
        """Link to a trial of an older version's numbers."""
        if version.pk == getattr(version, "in_force", None):
            return "in force"
        address = reverse("admin:articles_policyversion_try", query={"version": version.pk})
        return format_html('<a href="{}">Restore</a>', address)


def urls(site: admin.AdminSite) -> list[URLPattern]:
    """Return the addresses of the pages beside the list."""
    name = "articles_policyversion"
    return [
        path("try/", site.admin_view(try_numbers), name=f"{name}_try"),
        path("apply/", site.admin_view(apply_numbers), name=f"{name}_apply"),
        path("progress/", site.admin_view(progress), name=f"{name}_progress"),
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def try_numbers(request: HttpRequest) -> HttpResponse:
    """Show what numbers would change; GET, with ``version`` to restore, offers them to be tried."""
    _require_change(request)
    if request.method == "POST":
        form = PolicyForm(request.POST)
        return _trial_page(request, form, form.policy if form.is_valid() else None)
    context = _in_force(request)
    if key := request.GET.get("version"):
        known = int(key) if key.isdecimal() and len(key) < 18 else 0
        version = get_object_or_404(PolicyVersion, pk=known)
        when = in_words(version.at)
        reason = f"Restores what was in force from {when}."
        against = context["form"].initial["against"]
        context["form"] = _form_of(version.policy, reason, against=against)
    return _render(request, "policy_try", {"title": "Try a policy", **context})


@require_POST
def apply_numbers(request: HttpRequest) -> HttpResponse:
    """Put numbers in force; where others came between, show anew what they would change."""
    _require_change(request)
    form = ApplyForm(request.POST)
    tried = PolicyForm(request.POST)
    policy = tried.policy if tried.is_valid() else None
    if policy is None or not form.is_valid():
        messages.error(request, "Nothing was changed: say why, and confirm it.")
        return _trial_page(request, tried, policy)
    user, data = cast("User", request.user), form.cleaned_data
    try:
        version = newsdesk.apply_policy(
            policy, by=user, reason=data["reason"], against=data["against"]
        )
    except newsdesk.StalePolicyError:
        # The page says so, beside what the numbers would change now.
        return _trial_page(request, tried, policy)
    except newsdesk.RefusedError as error:
        messages.error(request, f"Nothing was changed. {error}")
        return redirect("admin:articles_policyversion_changelist")
    messages.success(request, f"In force from now on: {version}.")
    return redirect("admin:articles_policyversion_progress")


@require_http_methods(["GET", "HEAD", "POST"])
def progress(request: HttpRequest) -> HttpResponse:
    """Show how far the version in force was carried through; POST carries it on for a while."""
    if not request.user.has_perm("articles.view_policyversion"):
        raise PermissionDenied
    version = PolicyVersion.objects.select_related("by").first()
    if version is None:
        return redirect("admin:articles_policyversion_changelist")
    if request.method == "POST":
        _require_change(request)
        return _carry_on(request, version)
    context = {
        "title": "Policy in progress",
        "version": version,
        "percent": _percent(version),
        "may_change": _may_change(request),
    }
    return _render(request, "policy_progress", context)


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
    """Show what was typed and, for valid numbers, what they would change."""
    context = {"title": "Try a policy", **_in_force(request), "form": form}
    if policy is None:
        return _render(request, "policy_try", context)
    try:
        with _alone():
            trial = newsdesk.try_policy(policy)
    except BusyError as error:
        return _render(request, "policy_try", context | {"busy": error}, status=409)
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
    return _render(request, "policy_try", context)


class BusyError(Exception):
    """Somebody else tries a policy at the moment."""


@contextmanager
def _alone() -> Iterator[None]:
    """Let one person try at a time: each trial reads the whole archive."""
    if not cache.add(_BUSY, timezone.now(), _BUSY_FOR):
        raise BusyError(
            "Somebody is trying a policy at this moment, and each trial reads the whole archive. "
            "Try again in a minute."
        )
    try:
        yield
    finally:
        cache.delete(_BUSY)


def _groups(trial: Trial) -> list[dict[str, Any]]:
    words = {
        "published": ("Newly published", "became-published"),
        "unpublished": ("No longer published", "became-unpublished"),
        "lead_gained": ("Lead a story now", "became-lead"),
        "lead_lost": ("Lead a story no more", "became-superseded"),
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


def _in_force(request: HttpRequest) -> dict[str, Any]:
    """Return what the pages say of the policy in force, and a form with its numbers. One query."""
    version = PolicyVersion.objects.select_related("by").first()
    policy = version.policy if version else DEFAULT_POLICY
    return {
        "version": version,
        "policy": policy,
        "form": _form_of(policy, against=version.pk if version else 0),
        "examples": _examples(policy),
        "may_change": _may_change(request),
    }


def _examples(policy: Policy) -> list[tuple[str, Receipt]]:
    """Work the rule out for two articles, with the numbers in force."""
    at = timezone.now()
    related = [Contender(f"{n}", at, quality, name=name) for n, quality, name in _REPORTS]
    good = Contender("good", at, 57, name="This report")
    poor = Contender("poor", at, 48, name="This report")
    lesser = Contender("lesser", at, 51, name="This report")
    return [
        ("A good report of a story that two others cover", score(good, related[:2], policy)),
        ("A weaker report of a story that two others cover", score(poor, related[1:], policy)),
        ("A report that another one of its story beats", score(lesser, related[:1], policy)),
    ]


_REPORTS: Final = [(1, 53, "The Daily"), (2, 40, "Herald"), (3, None, "Evening Post")]


def _may_change(request: HttpRequest) -> bool:
    return request.user.has_perm(roles.POLICY)


def _require_change(request: HttpRequest) -> None:
    if not _may_change(request):
        raise PermissionDenied


def _render(
    request: HttpRequest, page: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    context = admin.site.each_context(request) | context
    return render(request, f"admin/articles/desk/{page}.html", context, status=status)
