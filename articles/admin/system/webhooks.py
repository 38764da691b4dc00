"""Webhooks in the admin: receivers, deliveries, and resending."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from articles import roles
from articles.admin.decisions import confirmation
from articles.admin.decisions.confirmation import count_of, user_of
from articles.admin.links import admin_link
from articles.admin.lists import ChosenFilter, ReadOnlyAdmin
from articles.admin.pages import allow
from articles.models import HookDelivery, WebHook
from articles.models.web_hook import OVERLAP, Event
from articles.tasks import deliver
from articles.units import enqueue
from articles.webhooks import events

SHOWN: Final = 20
"""How many deliveries a webhook's page shows; the list of deliveries has the rest."""


class WebHookForm(forms.ModelForm):  # type: ignore[type-arg]
    events = forms.MultipleChoiceField(
        choices=[(event.value, event.label) for event in Event if event is not Event.TEST],
        widget=forms.CheckboxSelectMultiple,
        initial=[event.value for event in Event],
        label="Events",
    )

    class Meta:
        model = WebHook
        fields = ["name", "url", "events", "is_active"]
        widgets = {"name": forms.TextInput({"size": 40}), "url": forms.URLInput({"size": 60})}


@admin.register(WebHook)
class WebHookAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Webhooks. They are never deleted, because they show what receivers were sent."""

    actions = None
    form = WebHookForm
    change_form_template = "admin/articles/webhook/change_form.html"
    list_display = ["name", "url", "is_active", "waiting", "given_up", "state"]
    list_per_page = 50

    class Media:
        css = {"all": ["articles/admin.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebHook]:
        """Annotate the webhooks with the numbers of waiting and failed deliveries."""
        hooks: QuerySet[WebHook] = super().get_queryset(request)
        states = HookDelivery.State
        return hooks.annotate(
            waits=Count("deliveries", Q(deliveries__state=states.WAITING)),
            dead=Count("deliveries", Q(deliveries__state=states.DEAD)),
        )

    def has_delete_permission(self, request: HttpRequest, obj: WebHook | None = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: WebHook, form: forms.ModelForm[WebHook], change: bool
    ) -> None:
        """Start with what readers see now, and forget the failures of a webhook that becomes active
        again.
        """
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
        """Show the new secret, for the only time."""
        return _secret_page(request, obj, "Your new webhook")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if hook := context.get("original"):
            context["deliveries"] = hook.deliveries.defer("body")[:SHOWN]
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="waiting")
    def waiting(self, hook: WebHook) -> str:
        return f"{getattr(hook, 'waits', 0):,}"

    @admin.display(description="given up")
    def given_up(self, hook: WebHook) -> str:
        return f"{getattr(hook, 'dead', 0):,}"

    @admin.display(description="state")
    def state(self, hook: WebHook) -> str:
        if hook.ended_because:
            return f"Ended: {hook.ended_because}"
        return f"Failures in a row: {hook.failures}" if hook.failures else "-"


class HookFilter(ChosenFilter):
    title = "webhook"
    parameter_name = path = "hook"


@admin.register(HookDelivery)
class HookDeliveryAdmin(ReadOnlyAdmin):
    """Deliveries, newest first, with their results."""

    actions = ["replay"]
    list_display = ["created_at", "hook", "event", "state", "answer", "tries", "tried_at", "slug"]
    list_filter = ["state", "event", HookFilter, "created_at"]
    list_select_related = ["hook"]
    search_fields = ["slug", "answer"]
    search_help_text = "Part of the slug or of the answer"
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
        """Leave out the bodies in the list, which does not show them."""
        deliveries: QuerySet[HookDelivery] = super().get_queryset(request)
        is_list = request.resolver_match and str(request.resolver_match.url_name).endswith("list")
        return deliveries.defer(*(["body"] if is_list else []))

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(roles.HOOKS)

    @admin.action(description="Send again", permissions=["replay"])
    def replay(self, request: HttpRequest, deliveries: QuerySet[HookDelivery]) -> None:
        _replay(request, deliveries)

    @admin.display(description="webhook")
    def hook_link(self, delivery: HookDelivery) -> SafeString | str:
        return admin_link(delivery.hook)


@allow(roles.HOOKS, "POST")
def send_test(request: HttpRequest, pk: int) -> HttpResponse:
    hook = get_object_or_404(WebHook, pk=pk)
    if not hook.is_active:
        messages.error(request, "Nothing was sent: the webhook is not active.")
        return redirect("admin:articles_webhook_change", pk)
    events.delivery(hook, Event.TEST, "", {"hook": hook.name}, timezone.now()).save()
    _ask_now(WebHook.objects.filter(pk=pk))
    messages.success(request, "Sending a test event. Reload the page to see the result below.")
    return redirect("admin:articles_webhook_change", pk)


@allow(roles.HOOKS, "POST")
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """Create a new secret and show it for the only time."""
    hook = get_object_or_404(WebHook, pk=pk)
    hook.rotate(timezone.now())
    return _secret_page(request, hook, "A new secret")


@allow(roles.HOOKS, "POST")
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    """Send all abandoned deliveries again."""
    _replay(
        request, get_object_or_404(WebHook, pk=pk).deliveries.filter(state=HookDelivery.State.DEAD)
    )
    return redirect("admin:articles_webhook_change", pk)


def _replay(request: HttpRequest, deliveries: Any) -> None:
    # An update does not accept the ordering and columns of the list's query.
    chosen = HookDelivery.objects.filter(pk__in=deliveries.order_by().values("pk"))
    hooks = WebHook.objects.filter(
        pk__in=list(chosen.values_list("hook", flat=True).order_by().distinct())
    )
    count = chosen.replay(timezone.now())
    _ask_now(hooks)
    messages.success(request, f"{count_of(count, 'event')} will be sent again.")


def _ask_now(hooks: QuerySet[WebHook]) -> None:
    """End the pause of webhooks and send at once, because somebody expects them to answer."""
    hooks.update(failures=0, rests_until=None)
    for hook in hooks.values_list("pk", flat=True):
        enqueue(deliver, hook=hook)


def _secret_page(request: HttpRequest, hook: WebHook, title: str) -> HttpResponse:
    context = {
        "title": title,
        "hook": hook,
        "overlap": hook.former_secret and int(OVERLAP.total_seconds() // 3600),
        "trail": [(reverse("admin:articles_webhook_changelist"), "Webhooks")],
        "back": reverse("admin:articles_webhook_change", args=[hook.pk]),
    }
    answer = confirmation.answer(request, "hook_secret", context)
    answer["Cache-Control"] = "no-store, private"
    return answer
