"""Send due deliveries to a webhook in turn.

Each outcome is stored immediately. If the worker is killed before that, the same event is sent again
with the same id.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event as Flag
from time import monotonic
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from articles.models import HookDelivery, WebHook
from articles.models.web_hook import Event
from articles.webhooks.signatures import signed
from newsroom import database_clock, outbound
from newsroom.outbound import Bounds, OutboundError

SECONDS: Final = 10.0
"""How long a unit of background work sends to one hook, so that others have their turn."""
RESTS_AFTER: Final = 3
"""How many failures in a row make a hook pause, even if more deliveries are waiting."""
KEPT: Final = timedelta(days=30)
"""How long finished deliveries are kept, so that they can be looked up or sent again."""
_GONE: Final = 410


@dataclass(frozen=True, slots=True)
class Outcome:
    words: str
    is_delivered: bool = False
    is_gone: bool = False
    retry_at: datetime | None = None


def due_hooks(at: datetime) -> list[int]:
    """Return the keys of the hooks with a delivery to send. One query."""
    due = HookDelivery.objects.due(at).order_by()
    return list(due.values_list("hook", flat=True).distinct())


def deliver(hook: int, stopping: Flag) -> None:
    """Send the deliveries of a hook until none is due, for ``SECONDS`` or until ``stopping`` is set.

    Only one process at a time may do this for a hook.
    """
    until = monotonic() + SECONDS
    while not stopping.is_set() and monotonic() < until:
        due = HookDelivery.objects.due(database_clock.now()).filter(hook=hook)
        delivery = due.select_related("hook").first()
        if delivery is None:
            return
        _settle(delivery, _try(delivery))


def remove_old(at: datetime) -> None:
    """Delete the deliveries that ended more than ``KEPT`` ago."""
    over = [HookDelivery.State.DELIVERED, HookDelivery.State.DEAD]
    HookDelivery.objects.filter(state__in=over, created_at__lt=at - KEPT).delete()


def _try(delivery: HookDelivery) -> Outcome:
    """Send a delivery once."""
    at = database_clock.now()
    body = delivery.body.encode()
    headers = {"Content-Type": "application/json"}
    headers |= signed(str(delivery.event_id), body, delivery.hook.secrets_at(at), at)
    bounds = Bounds(user_agent=settings.HOOK_USER_AGENT, exempt=settings.OUTBOUND_EXEMPT)
    try:
        answer = outbound.post(delivery.hook.url, body, bounds, headers)
    except OutboundError as error:
        return Outcome(str(error))
    words = f"HTTP status {answer.status}."
    if 200 <= answer.status < 300:
        return Outcome(words, is_delivered=True)
    if answer.status == _GONE:
        return Outcome(words, is_gone=True)
    if 300 <= answer.status < 400:
        words = f"HTTP status {answer.status}. Redirects are not followed."
    return Outcome(words, retry_at=outbound.retry_at(answer.headers, at))


def _settle(delivery: HookDelivery, outcome: Outcome) -> None:
    at = database_clock.now()
    row = HookDelivery.objects.filter(pk=delivery.pk, state=HookDelivery.State.WAITING)
    hook = WebHook.objects.filter(pk=delivery.hook_id)
    tries = delivery.tries + 1
    values = {"tries": tries, "tried_at": at, "answer": outcome.words[:300]}
    with transaction.atomic():
        if outcome.is_delivered:
            row.update(state=HookDelivery.State.DELIVERED, **values)
            hook.update(failures=0, rests_until=None)
            return
        retries = [timedelta(seconds=seconds) for seconds in settings.HOOK_RETRIES]
        is_last = tries > len(retries) or delivery.event == Event.TEST or outcome.is_gone
        if is_last:
            row.update(state=HookDelivery.State.DEAD, **values)
        else:
            next_try_at = max(at + retries[tries - 1], outcome.retry_at or at)
            row.update(next_try_at=next_try_at, **values)
        if outcome.is_gone:
            _end(hook, outcome)
        elif delivery.event != Event.TEST:
            hook.update(failures=F("failures") + 1)
            failures = hook.values_list("failures", flat=True).first() or 0
            rests = [outcome.retry_at] if outcome.retry_at else []
            if failures >= RESTS_AFTER:
                rests.append(at + retries[:3][min(failures - RESTS_AFTER, len(retries[:3]) - 1)])
            hook.update(rests_until=max(rests, default=None))


def _end(hook: QuerySet[WebHook], outcome: Outcome) -> None:
    """Deactivate a hook whose receiver answered 410, and abandon its waiting deliveries."""
    hook.update(is_active=False, ended_because=outcome.words)
    waiting = HookDelivery.objects.waiting().filter(hook__in=hook)
    waiting.update(state=HookDelivery.State.DEAD, answer=outcome.words)
