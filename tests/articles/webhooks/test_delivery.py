"""Sending events: success, order and retries."""

from __future__ import annotations

import base64
import hmac
import json
import socket
import struct
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from time import monotonic
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from articles.models import HookDelivery, WebHook
from articles.models.web_hook import Event
from articles.webhooks import delivery, events
from articles.webhooks.signatures import signed
from newsroom import outbound
from tests.articles.images.server import Answer, Request, Server, drip, raw, reply, serving
from tests.articles.webhooks.sending import drain
from tests.factories import make_article

pytestmark = pytest.mark.django_db(transaction=True)

OK = reply(status="204 No Content")
State = HookDelivery.State


@pytest.fixture(autouse=True)
def retries(settings: Settings) -> None:
    settings.HOOK_RETRIES = (60, 120)


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    with serving() as server:
        settings.OUTBOUND_EXEMPT = server.exempt
        yield server


def make_hook(url: str, **overrides: Any) -> WebHook:
    hook = WebHook.objects.create(name="A mirror", url=url, **overrides)
    events.begin()
    return hook


def put(hook: WebHook, *slugs: str, event: Event = Event.UPDATED) -> list[HookDelivery]:
    """Store deliveries that are due."""
    found = [
        events.delivery(hook, event, slug, {"slug": slug}, timezone.now() - timedelta(minutes=1))
        for slug in slugs
    ]
    return HookDelivery.objects.bulk_create(found)


def later() -> None:
    """Make every retry due and end every pause."""
    past = timezone.now() - timedelta(seconds=1)
    HookDelivery.objects.waiting().update(next_try_at=past)
    WebHook.objects.update(rests_until=None)


def slugs(server: Server) -> list[str]:
    return [json.loads(request.body)["data"]["slug"] for request in server.requests]


def states() -> list[str]:
    return list(HookDelivery.objects.order_by("pk").values_list("state", flat=True))


def is_signed(request: Request, secret: str) -> bool:
    """Return whether one of the signatures is valid for a secret, by the standard."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode()
    digest = hmac.new(key, content + request.body, "sha256").digest()
    given = [one.split(",") for one in request.headers["webhook-signature"].split()]
    return ["v1", base64.b64encode(digest).decode()] in given


class TestARequest:
    def test_body_and_signature(self, server: Server) -> None:
        hook = make_hook(server.put("/hook?key=1", OK))
        article = make_article(title="Bridge “opens” — ü")
        drain()
        (request,) = server.requests
        (delivery,) = HookDelivery.objects.all()
        assert request.path == "/hook?key=1"
        assert request.body.decode() == delivery.body
        assert json.loads(request.body)["data"]["slug"] == article.slug
        assert request.headers["content-type"] == "application/json"
        assert request.headers["user-agent"].startswith("Newsroom web hooks")
        assert request.headers["webhook-id"] == str(delivery.event_id)
        sent_at = int(request.headers["webhook-timestamp"])
        assert abs(timezone.now().timestamp() - sent_at) < 30
        assert is_signed(request, hook.secret)
        assert not is_signed(request, "whsec_" + base64.b64encode(bytes(32)).decode())
        assert (delivery.state, delivery.tries) == (State.DELIVERED, 1)
        assert delivery.answer == "HTTP status 204."

    def test_the_example_of_the_standard(self) -> None:
        # The test vector of the Standard Webhooks libraries.
        headers = signed(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            b'{"test": 2432232314}',
            ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
            datetime.fromtimestamp(1614265330, tz=UTC),
        )
        assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    def test_both_secrets_sign_after_a_rotation(self, server: Server) -> None:
        hook = make_hook(server.put("/", OK))
        former = hook.secret
        hook.rotate(timezone.now())
        put(hook, "a")
        drain()
        hook.rotate(timezone.now() - timedelta(hours=25))
        put(hook, "b")
        drain()
        first, second = server.requests
        current = WebHook.objects.get().secret
        assert is_signed(first, former)
        assert is_signed(first, hook.former_secret)
        assert is_signed(second, current)
        assert not is_signed(second, hook.former_secret)

    def test_redirects_are_not_followed(self, server: Server) -> None:
        location = server.put("/private", OK)
        hook = make_hook(server.put("/", reply(status="307 Temporary Redirect", Location=location)))
        put(hook, "a")
        drain()
        assert server.paths() == ["/"]
        (delivery,) = HookDelivery.objects.all()
        assert delivery.state == State.WAITING
        assert delivery.answer == "HTTP status 307. Redirects are not followed."


def reset(connection: socket.socket) -> None:
    # Close with a reset, without sending the rest.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


FAILURES: dict[str, tuple[Answer, str]] = {
    "an error": (reply(status="500 Internal Server Error"), "HTTP status 500."),
    "not found": (reply(status="404 Not Found"), "HTTP status 404."),
    "no change": (reply(status="304 Not Modified"), "HTTP status 304"),
    "garbage": (raw(b"\x00\xff" * 5000), "gave no valid answer"),
    "nothing": (raw(b""), "gave no valid answer"),
    "reset": (reset, "gave no valid answer"),
    "an endless line": (raw(b"HTTP/1.1 200 " + b"a" * 100_000), "gave no valid answer"),
    "endless headers": (raw(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1000), "gave no valid answer"),
    "a header that drips": (drip(b"HTTP/1.1 200 OK\r\n", b"a"), "It took more than 0.3 seconds."),
    "never an answer": (drip(b"", b""), "It took more than 0.3 seconds."),
}


class TestAFailure:
    @pytest.mark.parametrize("name", FAILURES)
    def test_failures_are_stored_and_retried(
        self, server: Server, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(delivery, "Bounds", partial(outbound.Bounds, seconds=0.3))
        answer, words = FAILURES[name]
        hook = make_hook(server.put("/", answer))
        put(hook, "a")
        begun = timezone.now()
        drain()
        (row,) = HookDelivery.objects.all()
        assert words in row.answer
        assert (row.state, row.tries) == (State.WAITING, 1)
        wait = row.next_try_at - begun
        assert timedelta(seconds=60) <= wait < timedelta(seconds=70)
        server.put("/", OK)
        later()
        drain()
        assert states() == [State.DELIVERED]
        first, second = server.requests
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.body == second.body

    def test_the_body_of_a_success_is_not_read(self, server: Server) -> None:
        put(make_hook(server.put("/", drip(b"HTTP/1.1 200 OK\r\n\r\n", b"a"))), "a")
        begun = monotonic()
        drain()
        assert states() == [State.DELIVERED]
        assert monotonic() - begun < 5

    def test_is_abandoned_after_the_last_try(self, server: Server) -> None:
        put(make_hook(server.put("/", reply(status="500 Oops"))), "a")
        for tries in (1, 2, 3):
            assert states() == [State.WAITING]
            drain()
            assert HookDelivery.objects.get().tries == tries
            later()
        assert states() == [State.DEAD]
        drain()
        assert len(server.requests) == 3

    def test_is_delayed_as_long_as_the_receiver_asks(self, server: Server) -> None:
        hook = make_hook(server.put("/", reply(status="503 Busy", Retry_After="7200")))
        put(hook, "a", "b")
        drain()
        # The other event is for the same receiver.
        assert slugs(server) == ["a"]
        assert HookDelivery.objects.order_by("pk")[0].next_try_at > timezone.now() + timedelta(
            hours=1
        )
        WebHook.objects.update(rests_until=timezone.now())
        drain()
        assert slugs(server) == ["a", "b"]

    def test_three_in_a_row_let_the_hook_rest(self, server: Server) -> None:
        hook = make_hook(server.put("/", reply(status="500 Oops")))
        put(hook, "a", "b", "c", "d", "e")
        drain()
        assert slugs(server) == ["a", "b", "c"]
        server.put("/", OK)
        later()
        drain()
        assert states() == [State.DELIVERED] * 5
        hook.refresh_from_db()
        assert (hook.failures, hook.rests_until) == (0, None)

    def test_410_deactivates_the_hook(self, server: Server) -> None:
        hook = make_hook(server.put("/", reply(status="410 Gone")))
        put(hook, "a", "b")
        drain()
        hook.refresh_from_db()
        assert (hook.is_active, hook.ended_because) == (False, "HTTP status 410.")
        assert states() == [State.DEAD, State.DEAD]
        assert slugs(server) == ["a"]

    def test_test_events_are_not_retried(self, server: Server) -> None:
        put(make_hook(server.put("/", reply(status="500 Oops"))), "", event=Event.TEST)
        drain()
        assert states() == [State.DEAD]
        assert WebHook.objects.get().failures == 0


class TestOrder:
    def test_order_is_kept_for_each_article(self, server: Server) -> None:
        def but_not_a(connection: socket.socket) -> None:
            slug = slugs(server)[-1]
            (reply(status="500 Oops") if slug == "a" else OK)(connection)

        hook = make_hook(server.put("/", but_not_a))
        put(hook, "a", "a", "b", "a", "c", "b")
        drain()
        assert slugs(server) == ["a", "b", "c", "b"]
        server.put("/", OK)
        later()
        drain()
        assert slugs(server)[4:] == ["a", "a", "a"]
        first = HookDelivery.objects.filter(slug="a").order_by("pk")
        ids = [request.headers["webhook-id"] for request in server.requests[4:]]
        assert ids == [str(one.event_id) for one in first]

    def test_the_next_event_is_sent_after_one_is_given_up(self, server: Server) -> None:
        hook = make_hook(server.put("/", OK))
        first, _ = put(hook, "a", "a")
        HookDelivery.objects.filter(pk=first.pk).update(state=State.DEAD)
        drain()
        assert states() == [State.DEAD, State.DELIVERED]
        assert HookDelivery.objects.filter(pk=first.pk).replay(timezone.now()) == 1
        drain()
        assert states() == [State.DELIVERED, State.DELIVERED]


class TestUnits:
    def test_a_hook_with_many_events_leaves_time_for_others(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Each delivery takes four of ten seconds.
        monkeypatch.setattr(delivery, "monotonic", count(step=4).__next__)
        hook = make_hook(server.put("/", OK))
        put(hook, *"abcdef")
        delivery.deliver(hook.pk, threading.Event())
        assert states() == [State.DELIVERED] * 2 + [State.WAITING] * 4

    def test_each_hook_gets_its_own(self, server: Server) -> None:
        first, second = (make_hook(server.put(f"/{name}", OK)) for name in "ab")
        put(first, "1"), put(second, "2")
        assert sorted(delivery.due_hooks(timezone.now())) == [first.pk, second.pk]
        delivery.deliver(second.pk, threading.Event())
        assert server.paths() == ["/b"]
        assert delivery.due_hooks(timezone.now()) == [first.pk]

    def test_inactive_hooks_get_nothing(self, server: Server) -> None:
        put(make_hook(server.put("/", OK), is_active=False), "a")
        drain()
        assert server.requests == []
        assert delivery.due_hooks(timezone.now()) == []

    def test_stops_after_the_current_deliveries(self, server: Server) -> None:
        stopping = threading.Event()

        def stop(connection: socket.socket) -> None:
            stopping.set()
            OK(connection)

        put(make_hook(server.put("/", stop)), *"abcdef")
        drain(stopping)
        assert states() == [State.DELIVERED] + [State.WAITING] * 5


class TestAddresses:
    @pytest.mark.parametrize(
        "url",
        [
            "http://10.0.0.1/",
            "http://[::1]/",
            "http://2130706433/",
            "http://169.254.169.254/latest/",
            "http://[::ffff:127.0.0.1]/",
            "http://127.0.0.1:6379/",
            "ftp://mirror.example/",
        ],
    )
    def test_private_ones_are_not_asked(
        self, url: str, monkeypatch: pytest.MonkeyPatch, server: Server
    ) -> None:
        connected: list[Any] = []
        monkeypatch.setattr(outbound, "_connect", lambda *given: connected.append(given))
        put(make_hook(url), "a")
        drain()
        (delivery,) = HookDelivery.objects.all()
        assert connected == []
        assert (
            "not public" in delivery.answer
            or "not allowed" in delivery.answer
            or ("does not start with http" in delivery.answer)
        )

    def test_a_name_that_resolves_to_a_private_address(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connected: list[Any] = []
        family = socket.AF_INET
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda *_, **__: [(family, 0, 0, "", ("192.168.1.1", 80))]
        )
        monkeypatch.setattr(outbound, "_connect", lambda *given: connected.append(given))
        put(make_hook("http://mirror.example/"), "a")
        drain()
        assert connected == []
        assert "192.168.1.1, which is not public" in HookDelivery.objects.get().answer
