"""Webhooks in the admin: setting up, secrets, test events, deliveries and resending."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from articles.models import HookDelivery, HookPlace, WebHook
from articles.roles import Role
from articles.tasks import deliver
from articles.units import waiting
from tests.articles.admin.admin_pages import PAYLOAD, get, list_of, page_of
from tests.factories import make_user

State = HookDelivery.State
FORM = {
    "name": "A mirror",
    "url": "https://mirror.example/hook",
    "events": ["published", "unpublished"],
    "is_active": "on",
}


@pytest.fixture
def publisher(client: Client, db: None) -> Client:
    client.force_login(make_user(Role.PUBLISHER))
    return client


def make_hook(**overrides: Any) -> WebHook:
    return WebHook.objects.create(**{"name": "A mirror", "url": FORM["url"]} | overrides)


def put(hook: WebHook, state: str = State.DEAD, **overrides: Any) -> HookDelivery:
    values = {"event": "updated", "slug": "a-story", "body": "{}", "tries": 11, "state": state}
    delivery: HookDelivery = hook.deliveries.create(**values | overrides)
    return delivery


def press(client: Client, hook: WebHook, button: str) -> Any:
    return client.post(reverse(f"admin:articles_webhook_{button}", args=[hook.pk]), follow=True)


class TestSettingUp:
    def test_shows_the_secret_once(self, publisher: Client) -> None:
        response = publisher.post(list_of(WebHook) + "add/", FORM)
        (hook,) = WebHook.objects.all()
        assert hook.secret in response.content.decode()
        assert "no-store, private" in response["Cache-Control"]
        assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", hook.secret)
        assert (hook.events, hook.is_active) == (["published", "unpublished"], True)
        assert hook.created_by == User.objects.get(groups__name=Role.PUBLISHER)
        # From here on it gets events.
        assert HookPlace.objects.exists()
        for address in (page_of(hook), list_of(WebHook), page_of(hook, "history")):
            assert hook.secret not in get(publisher, address)

    @pytest.mark.parametrize(
        ("url", "words"),
        [
            ("http://127.0.0.1/", "127.0.0.1 is not public."),
            ("https://[fd12:3456::1]/", "fd12:3456::1 is not public."),
            ("https://10.0.0.1/hook", "10.0.0.1 is not public."),
            ("https://mirror.example:8443/", "Port 8443 is not allowed."),
            ("ftp://mirror.example/", "The address does not start with http:// or https://."),
            ("https://user:word@mirror.example/", "contains a user name or a password"),
            ("mirror.example", "The address does not start with http:// or https://."),
        ],
    )
    def test_fail_by_the_url_alone(self, publisher: Client, url: str, words: str) -> None:
        response = publisher.post(list_of(WebHook) + "add/", FORM | {"url": url})
        assert words in response.content.decode()
        assert not WebHook.objects.exists()

    def test_fail_without_an_event(self, publisher: Client) -> None:
        response = publisher.post(list_of(WebHook) + "add/", FORM | {"events": []})
        assert "This field is required." in response.content.decode()

    def test_a_reactivated_hook_is_used_again(self, publisher: Client) -> None:
        hook = make_hook(is_active=False, failures=7, ended_because="It answered 410.")
        assert "It answered 410." in get(publisher, page_of(hook))
        publisher.post(page_of(hook), FORM)
        hook.refresh_from_db()
        assert (hook.is_active, hook.failures, hook.ended_because) == (True, 0, "")


class TestButtons:
    def test_take_a_new_secret(self, publisher: Client) -> None:
        hook = make_hook()
        response = press(publisher, hook, "rotate")
        new = WebHook.objects.get()
        assert new.secret in response.content.decode()
        assert hook.secret not in response.content.decode()
        assert "For 24 hours" in response.content.decode()
        assert new.secrets_at(timezone.now()) == [new.secret, hook.secret]

    @pytest.mark.django_db(transaction=True)
    def test_send_a_test(self, publisher: Client) -> None:
        hook = make_hook()
        response = press(publisher, hook, "test")
        assert "Sending a test event." in response.content.decode()
        (delivery,) = HookDelivery.objects.all()
        assert (delivery.event, delivery.state) == ("test", State.WAITING)
        # The worker sends the event, not the request.
        assert waiting(deliver) == {f"deliver hook={hook.pk}"}

    def test_no_test_of_an_inactive_one(self, publisher: Client) -> None:
        response = press(publisher, make_hook(is_active=False), "test")
        assert "the webhook is not active" in response.content.decode()
        assert not HookDelivery.objects.exists()

    def test_sends_all_abandoned_deliveries_again(self, publisher: Client) -> None:
        later = timezone.now() + timedelta(minutes=5)
        hook, other = make_hook(failures=9, rests_until=later), make_hook(name="Another")
        dead = [put(hook), put(hook, slug="another")]
        put(hook, State.DELIVERED)
        put(other)
        response = press(publisher, hook, "replay")
        assert "2 events will be sent again." in response.content.decode()
        waiting = HookDelivery.objects.waiting()
        assert set(waiting) == set(dead)
        assert {one.tries for one in waiting} == {0}
        hook.refresh_from_db()
        assert (hook.failures, hook.rests_until) == (0, None)


class TestDeliveries:
    def test_sends_selected_deliveries_again(self, publisher: Client) -> None:
        hook = make_hook()
        chosen, _, waiting = put(hook), put(hook), put(hook, State.WAITING)
        form = {"action": "replay", "_selected_action": [chosen.pk, waiting.pk]}
        response = publisher.post(list_of(HookDelivery), form, follow=True)
        assert "1 event will be sent again." in response.content.decode()
        chosen.refresh_from_db()
        assert (chosen.state, chosen.tries) == (State.WAITING, 0)
        waiting.refresh_from_db()
        assert waiting.tries == 11

    def test_found_by_hook_reason_state_and_day(self, publisher: Client) -> None:
        hook, other = make_hook(), make_hook(name="Another")
        put(hook, slug="the-one", answer="It answered 500.")
        put(other, slug="the-other", answer="It took more than 10 seconds.")
        put(hook, State.DELIVERED, slug="the-third", answer="It answered 200.")
        for query, found in (
            ({"hook": str(hook.pk), "state__exact": "dead"}, {"the-one"}),
            ({"q": "more than 10"}, {"the-other"}),
            ({"state__exact": "delivered"}, {"the-third"}),
            ({"created_at__gte": "2999-01-01 00:00:00+00:00"}, set()),
        ):
            html = get(publisher, list_of(HookDelivery), **query)
            assert set(re.findall(r"the-(?:one|other|third)\b", html)) == found

    def test_responses_of_receivers_are_shown_as_text(self, publisher: Client) -> None:
        hook = make_hook(name=PAYLOAD)
        delivery = put(hook, slug=PAYLOAD, answer=PAYLOAD, body=PAYLOAD)
        for address in (page_of(hook), page_of(delivery), list_of(HookDelivery), list_of(WebHook)):
            html = get(publisher, address)
            assert "<script>alert" not in html
            assert "<img src=x" not in html

    def test_queries_do_not_depend_on_the_number(self, publisher: Client) -> None:
        counts = []
        # Django asks for a content type once per process.
        get(publisher, page_of(make_hook()))
        for number in (1, 8):
            hooks = [make_hook() for _ in range(number)]
            for hook in hooks:
                put(hook)
            with CaptureQueriesContext(connection) as queries:
                for address in (list_of(WebHook), list_of(HookDelivery), page_of(hooks[0])):
                    get(publisher, address)
            counts.append(len(queries))
        assert counts[0] == counts[1]
