"""Web hooks in the admin: who is told, what they were told, and sending it again."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from articles import roles
from articles.admin.decisions import confirmation
from articles.admin.decisions.confirmation import count_of, user_of
from articles.admin.links import admin_link
from articles.admin.lists import ChosenFilter, ReadOnlyAdmin
from articles.models import HookDelivery, WebHook
from articles.models.web_hook import OVERLAP, Event
from articles.tasks import send_events, wake
from articles.webhooks import events

SHOWN: Final = 20
"""Deliveries on a hook's page; their list has the rest."""


class WebHookForm(forms.ModelForm):  # type: ignore[type-arg]
    """Who is told of what."""

    events = forms.MultipleChoiceField(
        choices=[(event.value, event.label) for event in Event if event is not Event.TEST],
        widget=forms.CheckboxSelectMultiple,
        initial=[event.value for event in Event],
        label="Tell it that",
    )

    class Meta:
        model = WebHook
        fields = ["name", "url", "events", "is_active"]
        widgets = {"name": forms.TextInput({"size": 40}), "url": forms.URLInput({"size": 60})}


@admin.register(WebHook)
class WebHookAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Who is told; nothing is deleted, as it says what others were told."""

    actions = None
    form = WebHookForm
    change_form_template = "admin/articles/webhook/change_form.html"
    list_display = ["name", "url", "is_active", "waiting", "given_up", "state"]
    list_per_page = 50

    class Media:
        css = {"all": ["articles/admin.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebHook]:
        """Return the hooks with how much waits and how much was given up."""
        hooks: QuerySet[WebHook] = super().get_queryset(request)
        states = HookDelivery.State
        return hooks.annotate(
            waits=Count("deliveries", Q(deliveries__state=states.WAITING)),
            dead=Count("deliveries", Q(deliveries__state=states.DEAD)),
        )

    def get_urls(self) -> list[URLPattern]:
        """Add what the buttons of a hook's page do."""
        name, view = "articles_webhook", self.admin_site.admin_view
        return [
            path("<int:pk>/test/", view(send_test), name=f"{name}_test"),
            path("<int:pk>/rotate/", view(rotate), name=f"{name}_rotate"),
            path("<int:pk>/replay/", view(replay), name=f"{name}_replay"),
            *super().get_urls(),
        ]

    def has_delete_permission(self, request: HttpRequest, obj: WebHook | None = None) -> bool:
        """Nobody: an inactive hook is told nothing either."""
        return False

    def save_model(
        self, request: HttpRequest, obj: WebHook, form: forms.ModelForm[WebHook], change: bool
    ) -> None:
        """Begin with what readers see now; one that is active again begins anew, too."""
        if not change:
            obj.created_by = user_of(request)
        if obj.is_active and "is_active" in form.changed_data:
            obj.failures, obj.rests_until, obj.ended_because = 0, None, ""
        super().save_model(request, obj, form, change)
        if obj.is_active:
            events.begin()

    def response_add(
        self, request: HttpRequest, obj: WebHook, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the secret, once."""
        return _secret_page(request, obj, "Your new web hook")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add the last deliveries. One query."""
        if hook := context.get("original"):
            context["deliveries"] = hook.deliveries.defer("body")[:SHOWN]
            context["may_send"] = request.user.has_perm(roles.HOOKS)
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="waiting")
    def waiting(self, hook: WebHook) -> str:
        """Count what is to be sent."""
        return f"{getattr(hook, 'waits', 0):,}"

    @admin.display(description="given up")
    def given_up(self, hook: WebHook) -> str:
        """Count what was given up."""
        return f"{getattr(hook, 'dead', 0):,}"

    @admin.display(description="how it goes")
    def state(self, hook: WebHook) -> str:
        """Say whether it answers."""
        if hook.ended_because:
            return f"Ended: {hook.ended_because}"
        return f"Failed {hook.failures} times in a row" if hook.failures else "-"


class HookFilter(ChosenFilter):
    """What one hook was told."""

    title = parameter_name = path = "hook"


@admin.register(HookDelivery)
class HookDeliveryAdmin(ReadOnlyAdmin):
    """What hooks were told, newest first, and what came of it."""

    actions = ["replay"]
    list_display = ["created_at", "hook", "event", "state", "answer", "tries", "tried_at", "slug"]
    list_filter = ["state", "event", HookFilter, "created_at"]
    list_select_related = ["hook"]
    search_fields = ["slug", "answer"]
    search_help_text = "Part of the slug, or of what came of it"
    fields = [
        ("event", "slug"),
        "hook_link",
        "event_id",
        ("state", "tries", "answer"),
        ("created_at", "tried_at", "next_try_at"),
        "body",
    ]
    readonly_fields = ["hook_link"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[HookDelivery]:
        """Return the deliveries, without what was sent where a list shows nothing of it."""
        deliveries: QuerySet[HookDelivery] = super().get_queryset(request)
        is_list = request.resolver_match and str(request.resolver_match.url_name).endswith("list")
        return deliveries.select_related("hook").defer(*(["body"] if is_list else []))

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Whoever may change a hook."""
        return request.user.has_perm(roles.HOOKS)

    @admin.action(description="Send again", permissions=["replay"])
    def replay(self, request: HttpRequest, deliveries: QuerySet[HookDelivery]) -> None:
        """Send again what was chosen, and is over."""
        _replay(request, deliveries)

    @admin.display(description="hook")
    def hook_link(self, delivery: HookDelivery) -> SafeString | str:
        """Link to who was told."""
        return admin_link(delivery.hook)


@require_POST
def send_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send an event that means nothing, once."""
    hook = _hook(request, pk)
    if not hook.is_active:
        messages.error(request, "Nothing was sent: the hook is not active.")
        return redirect("admin:articles_webhook_change", pk)
    events.delivery(hook, Event.TEST, "", {"hook": hook.name}, timezone.now()).save()
    _ask_now(WebHook.objects.filter(pk=pk))
    messages.success(
        request, "A test is on its way. What comes of it is below, once the page is loaded again."
    )
    return redirect("admin:articles_webhook_change", pk)


@require_POST
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a new secret, and show it once."""
    hook = _hook(request, pk)
    hook.rotate(timezone.now())
    return _secret_page(request, hook, "A new secret")


@require_POST
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    """Send again all that was given up."""
    _replay(request, _hook(request, pk).deliveries.filter(state=HookDelivery.State.DEAD))
    return redirect("admin:articles_webhook_change", pk)


def _replay(request: HttpRequest, deliveries: Any) -> None:
    # Without the order and the columns of a list, which an update does not take.
    chosen = HookDelivery.objects.filter(pk__in=deliveries.order_by().values("pk"))
    hooks = WebHook.objects.filter(
        pk__in=list(chosen.values_list("hook", flat=True).order_by().distinct())
    )
    count = chosen.replay(timezone.now())
    _ask_now(hooks)
    messages.success(request, f"{count_of(count, 'event')} will be sent again.")


def _ask_now(hooks: QuerySet[WebHook]) -> None:
    """Let hooks rest no longer: somebody thinks that they will answer."""
    hooks.update(failures=0, rests_until=None)
    wake(send_events)


def _hook(request: HttpRequest, pk: int) -> WebHook:
    if not request.user.has_perm(roles.HOOKS):
        raise PermissionDenied
    return get_object_or_404(WebHook, pk=pk)


def _secret_page(request: HttpRequest, hook: WebHook, title: str) -> HttpResponse:
    context = {
        "title": title,
        "hook": hook,
        "overlap": hook.former_secret and int(OVERLAP.total_seconds() // 3600),
        "list": reverse("admin:articles_webhook_changelist"),
        "back": reverse("admin:articles_webhook_change", args=[hook.pk]),
    }
    answer = confirmation.answer(request, "hook_secret", context)
    answer["Cache-Control"] = "no-store, private"
    return answer
