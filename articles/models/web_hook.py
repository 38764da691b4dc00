"""Other programs that are told of readers' news, and what they were told."""

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
"""How long deliveries are signed with the former secret, too."""


class Event(models.TextChoices):
    """What a hook is told of."""

    PUBLISHED = "published", "an article was published"
    UPDATED = "updated", "a published article changed"
    UNPUBLISHED = "unpublished", "readers see an article no longer"
    LEAD_CHANGED = "leadChanged", "another article leads a story"
    TEST = "test", "a test"


def all_events() -> list[str]:
    """Return what a hook can choose."""
    return [event.value for event in Event if event is not Event.TEST]


def new_secret() -> str:
    """Make a secret as Standard Webhooks have it: ``whsec_``, and 32 bytes in base64."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


class WebHook(models.Model):
    """An address that is told of readers' news, see ``articles/webhooks``."""

    name = models.CharField(max_length=100, help_text="Whose it is, or what for.")
    url = models.CharField(
        "address",
        max_length=2000,
        help_text="Where events are sent: https://, on the public Internet, port 80 or 443.",
    )
    events = models.JSONField(default=all_events)
    is_active = models.BooleanField(
        "active",
        default=True,
        help_text="Inactive: nothing is sent, and what happens meanwhile it is never told.",
    )
    secret = models.CharField(max_length=100, default=new_secret, editable=False)
    former_secret = models.CharField(max_length=100, blank=True, editable=False)
    former_until = models.DateTimeField(null=True, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False, help_text="In a row.")
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

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse an address that will never be asked; where a name leads shows when it is."""
        try:
            outbound.require_askable(self.url)
        except outbound.RefusedError as error:
            raise ValidationError({"url": str(error)}) from error

    def rotate(self, at: datetime) -> None:
        """Take another secret; the former one is valid for ``OVERLAP`` from ``at``."""
        self.former_secret, self.former_until = self.secret, at + OVERLAP
        self.secret = new_secret()
        self.save(update_fields=["secret", "former_secret", "former_until"])

    def secrets_at(self, at: datetime) -> list[str]:
        """Return the secrets to sign with, the newest first."""
        has_former = self.former_until is not None and self.former_until > at
        return [self.secret, *([self.former_secret] if has_former else [])]


class HookDeliveryQuerySet(models.QuerySet["HookDelivery"]):
    """Deliveries by what is to be done with them."""

    def waiting(self) -> Self:
        """Keep what is neither delivered nor given up."""
        return self.filter(state=HookDelivery.State.WAITING)

    def due(self, at: datetime) -> Self:
        """Keep what is to be sent at ``at``, in order.

        That is, of each hook that is active and need not rest and of each article, the earliest that
        waits, once its time has come.
        """
        earlier = HookDelivery.objects.waiting().filter(
            hook=OuterRef("hook"), slug=OuterRef("slug"), pk__lt=OuterRef("pk")
        )
        may_ask = Q(hook__rests_until=None) | Q(hook__rests_until__lte=at)
        due = self.waiting().filter(may_ask, hook__is_active=True, next_try_at__lte=at)
        return due.filter(~Exists(earlier)).order_by("pk")

    def replay(self, at: datetime) -> int:
        """Send again, with as many tries as at first, what is over; gives how many."""
        over = self.exclude(state=HookDelivery.State.WAITING)
        return over.update(state=HookDelivery.State.WAITING, tries=0, next_try_at=at)


class HookDelivery(models.Model):
    """An event, as one hook is told of it."""

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        DELIVERED = "delivered", "delivered"
        DEAD = "dead", "given up"

    hook = models.ForeignKey(WebHook, on_delete=models.CASCADE, related_name="deliveries")
    event_id = models.UUIDField(
        "id", default=uuid.uuid4, unique=True, help_text="Sent with every try, always the same."
    )
    event = models.CharField(max_length=12, choices=Event)
    slug = models.CharField(max_length=255, blank=True, help_text="Whose events stay in order.")
    body = models.TextField(help_text="What is sent, to the byte.")
    created_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    tries = models.PositiveIntegerField(default=0)
    tried_at = models.DateTimeField("last try", null=True, blank=True)
    next_try_at = models.DateTimeField("next try", default=timezone.now)
    answer = models.CharField(
        max_length=300, blank=True, help_text="What came of the last try, in words."
    )

    objects = HookDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "hook deliveries"
        ordering = ["-pk"]
        indexes = [
            # For the sender: whether anything is due, and whether an earlier one waits.
            models.Index(
                fields=["next_try_at"], condition=Q(state="waiting"), name="hook_delivery_due"
            ),
            models.Index(
                fields=["hook", "slug"], condition=Q(state="waiting"), name="hook_delivery_order"
            ),
            # For the lists of the admin, and for what is old enough to be deleted.
            models.Index(fields=["state", "created_at"], name="hook_delivery_state"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.slug}".strip()


class HookPlace(models.Model):
    """How far the hooks were told of the changes, see ``articles/tracking/change_feed.py``: one row, or none."""

    sequence = models.BigIntegerField()
    moment = models.DateTimeField()
    slug = models.CharField(max_length=255, blank=True)

    def __str__(self) -> str:
        return str(self.sequence)


class HookTold(models.Model):
    """A published article that the hooks know, or knew of when the first of them began."""

    slug = models.CharField(max_length=255, primary_key=True)
    digest = models.CharField(
        max_length=64, blank=True, help_text="Of what they were told; blank for what they were not."
    )

    def __str__(self) -> str:
        return self.slug
