"""Send due deliveries: several hooks at once, but the deliveries of one hook in turn.

Several threads send, but only the calling thread uses the database. It stores each outcome
immediately. If the worker is killed before that, the same event is sent again with the same id.
"""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event as Flag
from time import monotonic
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from articles.models import HookDelivery, WebHook
from articles.models.web_hook import Event
from articles.webhooks import events
from articles.webhooks.signatures import signed
from newsroom import outbound
from newsroom.outbound import Bounds, OutboundError

AT_ONCE: Final = 8
"""How many hooks are served at once, so that a few slow ones do not delay the others."""
RESTS_AFTER: Final = 3
"""How many failures in a row make a hook pause, even if more deliveries are waiting."""
KEPT: Final = timedelta(days=30)
"""How long finished deliveries are kept, so that they can be looked up or sent again."""
_LOOK_EVERY: Final = 1.0
"""Seconds between two checks for new events while slow hooks answer."""
_GONE: Final = 410


@dataclass(frozen=True, slots=True)
class Outcome:
    words: str
    is_delivered: bool = False
    is_gone: bool = False
    retry_at: datetime | None = None


def is_due(at: datetime) -> bool:
    """Return whether a delivery is due. One query."""
    return HookDelivery.objects.due(at).exists()


def drain(stopping: Flag) -> None:
    """Create and send deliveries until none is due or ``stopping`` is set."""
    over = [HookDelivery.State.DELIVERED, HookDelivery.State.DEAD]
    old = HookDelivery.objects.filter(state__in=over, created_at__lt=timezone.now() - KEPT)
    old.delete()
    at_work: dict[Future[Outcome], HookDelivery] = {}
    asked_at: dict[int, float] = {}
    with ThreadPoolExecutor(AT_ONCE) as threads:
        while not stopping.is_set():
            while events.note() and not stopping.is_set():
                pass
            due = _next({one.hook_id for one in at_work.values()})
            # The hooks that have waited longest come first, so that slow ones never block the
            # others.
            due.sort(key=lambda one: asked_at.get(one.hook_id, 0.0))
            for delivery in due[: AT_ONCE - len(at_work)]:
                asked_at[delivery.hook_id] = monotonic()
                secrets = delivery.hook.secrets_at(timezone.now())
                at_work[threads.submit(_try, delivery, secrets)] = delivery
            if not at_work:
                return
            ended, _ = wait(at_work, _LOOK_EVERY, FIRST_COMPLETED)
            for job in ended:
                _settle(at_work.pop(job), job.result())
        for job in wait(at_work)[0]:
            _settle(at_work[job], job.result())


def _next(busy: set[int]) -> list[HookDelivery]:
    """Return the next due delivery of each hook that is not busy. One query, plus one per hook."""
    at = timezone.now()
    due = HookDelivery.objects.due(at).exclude(hook__in=busy)
    hooks = WebHook.objects.filter(pk__in=due.order_by().values("hook").distinct())
    found = [due.filter(hook=hook).select_related("hook").first() for hook in hooks]
    return [one for one in found if one is not None]


def _try(delivery: HookDelivery, secrets: list[str]) -> Outcome:
    """Send a delivery once. This runs in a thread and does not use the database."""
    at = timezone.now()
    body = delivery.body.encode()
    headers = {"Content-Type": "application/json"}
    headers |= signed(str(delivery.event_id), body, secrets, at)
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
    at = timezone.now()
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
