"""Webhooks and their deliveries."""

from __future__ import annotations

import base64
import secrets
import uuid
from datetime import datetime, timedelta
from typing import Final, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from newsroom import outbound

OVERLAP: Final = timedelta(hours=24)
"""How long deliveries are also signed with the former secret."""


class Event(models.TextChoices):
    PUBLISHED = "published", "an article was published"
    UPDATED = "updated", "a published article changed"
    UNPUBLISHED = "unpublished", "an article is no longer public"
    LEAD_CHANGED = "leadChanged", "a story has a new lead"
    TEST = "test", "a test"


def new_secret() -> str:
    """Return a new secret in the form of Standard Webhooks: ``whsec_`` and 32 bytes in base64."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


class WebHook(models.Model):
    """A URL to which events are sent: see ``articles/webhooks``."""

    name = models.CharField(max_length=100, help_text="Who uses it, or what for.")
    url = models.CharField(
        "URL",
        max_length=2000,
        help_text="Events are sent here. It must be https:// and public, on port 80 or 443.",
    )
    events = models.JSONField(default=list)
    is_active = models.BooleanField(
        "active",
        default=True,
        help_text="While it is inactive, nothing is sent, and events of that time are lost.",
    )
    secret = models.CharField(max_length=100, editable=False)
    former_secret = models.CharField(max_length=100, blank=True, editable=False)
    former_until = models.DateTimeField(null=True, editable=False)
    failures = models.PositiveIntegerField(
        default=0, editable=False, help_text="Failed deliveries in a row."
    )
    rests_until = models.DateTimeField(null=True, editable=False)
    ended_because = models.CharField(max_length=200, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = "webhook"

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        """Save it; a new webhook gets a secret and, if it has no events, all of them."""
        if self._state.adding:
            self.secret = self.secret or new_secret()
            every = [event.value for event in Event if event is not Event.TEST]
            self.events = self.events or every
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def clean(self) -> None:
        """Reject URLs that must never be requested. Host names are resolved only when sending."""
        try:
            outbound.require_askable(self.url)
        except outbound.RefusedError as error:
            raise ValidationError({"url": str(error)}) from error

    def rotate(self, at: datetime) -> None:
        """Set a new secret. The former one remains valid for ``OVERLAP`` after ``at``."""
        self.former_secret, self.former_until = self.secret, at + OVERLAP
        self.secret = new_secret()
        self.save(update_fields=["secret", "former_secret", "former_until"])

    def secrets_at(self, at: datetime) -> list[str]:
        """Return the secrets to sign with, newest first."""
        has_former = self.former_until is not None and self.former_until > at
        return [self.secret, *([self.former_secret] if has_former else [])]


class HookDeliveryQuerySet(models.QuerySet["HookDelivery"]):
    def waiting(self) -> Self:
        """Keep deliveries that have neither succeeded nor been given up."""
        return self.filter(state=HookDelivery.State.WAITING)

    def due(self, at: datetime) -> Self:
        """Keep the deliveries to send at ``at``, in order.

        These are the earliest waiting deliveries of each article to each active webhook that is not
        resting, if their next try is due.
        """
        earlier = HookDelivery.objects.waiting().filter(
            hook=OuterRef("hook"), slug=OuterRef("slug"), pk__lt=OuterRef("pk")
        )
        may_ask = Q(hook__rests_until=None) | Q(hook__rests_until__lte=at)
        due = self.waiting().filter(may_ask, hook__is_active=True, next_try_at__lte=at)
        return due.filter(~Exists(earlier)).order_by("pk")

    def replay(self, at: datetime) -> int:
        """Queue finished deliveries again, with no tries used, and return their number."""
        over = self.exclude(state=HookDelivery.State.WAITING)
        return over.update(state=HookDelivery.State.WAITING, tries=0, next_try_at=at)


class HookDelivery(models.Model):
    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        DELIVERED = "delivered", "delivered"
        DEAD = "dead", "given up"

    hook = models.ForeignKey(WebHook, on_delete=models.CASCADE, related_name="deliveries")
    event_id = models.UUIDField(
        "id", default=uuid.uuid4, unique=True, help_text="The same for every try."
    )
    event = models.CharField(max_length=12, choices=Event)
    slug = models.CharField(
        max_length=255, blank=True, help_text="Events of one article stay in order."
    )
    body = models.TextField(help_text="The body of the request, byte for byte.")
    created_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    tries = models.PositiveIntegerField(default=0)
    tried_at = models.DateTimeField("last try", null=True, blank=True)
    next_try_at = models.DateTimeField("next try", default=timezone.now)
    answer = models.CharField(max_length=300, blank=True, help_text="The result of the last try.")

    objects = HookDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = "delivery"
        verbose_name_plural = "deliveries"
        ordering = ["-pk"]
        indexes = [
            # For the sender: which deliveries are due, and whether an earlier one is waiting.
            models.Index(
                fields=["next_try_at"], condition=Q(state="waiting"), name="hook_delivery_due"
            ),
            models.Index(
                fields=["hook", "slug"], condition=Q(state="waiting"), name="hook_delivery_order"
            ),
            # For the lists in the admin, and for deleting old deliveries.
            models.Index(fields=["state", "created_at"], name="hook_delivery_state"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.slug}".strip()


class HookPlace(models.Model):
    """The webhooks' place in the change feed (``articles/tracking/change_feed.py``): one row or none."""

    sequence = models.BigIntegerField()
    moment = models.DateTimeField()
    slug = models.CharField(max_length=255, blank=True)

    def __str__(self) -> str:
        return str(self.sequence)


class HookTold(models.Model):
    """An article that webhooks have received, or that was public when the first one started."""

    slug = models.CharField(max_length=255, primary_key=True)
    digest = models.CharField(
        max_length=64,
        blank=True,
        help_text="The digest of the last event. Blank: no event was sent.",
    )

    def __str__(self) -> str:
        return self.slug
