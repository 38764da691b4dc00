"""Failures of the cache count as misses. ``test_faults.py`` tests a whole server."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache.backends.redis import RedisCacheClient
from redis.exceptions import ConnectionError, OutOfMemoryError  # noqa: A004

from newsroom import tolerant_cache
from newsroom.tolerant_cache import Outage, TolerantRedisCache
from tests.own_servers import free_port


@pytest.fixture(autouse=True)
def outage(monkeypatch: pytest.MonkeyPatch) -> Outage:
    fresh = Outage()
    monkeypatch.setattr(tolerant_cache, "outage", fresh)
    return fresh


@pytest.fixture
def cache() -> TolerantRedisCache:
    """Return a cache at a port where nobody listens."""
    return TolerantRedisCache(f"redis://127.0.0.1:{free_port()}/0", {})


USES: dict[str, tuple[Callable[[TolerantRedisCache], Any], Any]] = {
    "add": (lambda cache: cache.add("a", 1), True),
    "get": (lambda cache: cache.get("a", "default"), "default"),
    "set": (lambda cache: cache.set("a", 1), None),
    "touch": (lambda cache: cache.touch("a"), False),
    "delete": (lambda cache: cache.delete("a"), False),
    "get_many": (lambda cache: cache.get_many(["a"]), {}),
    "has_key": (lambda cache: "a" in cache, False),
    "incr": (lambda cache: cache.incr("a", 3), 3),
    "set_many": (lambda cache: cache.set_many({"a": 1}), []),
    "delete_many": (lambda cache: cache.delete_many(["a"]), None),
    "clear": (lambda cache: cache.clear(), False),
    "get_or_set": (lambda cache: cache.get_or_set("a", 5), 5),
}


@pytest.mark.parametrize("name", USES)
def test_every_use_of_a_cache_that_is_down(
    cache: TolerantRedisCache, name: str, outage: Outage
) -> None:
    use, expected = USES[name]
    for _ in range(2):
        assert use(cache) == expected
    assert outage.paused_until > 0


def test_a_cache_that_does_not_answer_is_not_used_for_a_while(
    cache: TolerantRedisCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[None] = []
    clock = [1000.0]

    def fail(*_: object) -> None:
        asked.append(None)
        raise ConnectionError("gone")

    monkeypatch.setattr(RedisCacheClient, "get", fail)
    monkeypatch.setattr(tolerant_cache, "monotonic", lambda: clock[0])
    for _ in range(5):
        cache.get("a")
    assert len(asked) == 1
    clock[0] += tolerant_cache.PAUSE
    cache.get("a")
    assert len(asked) == 2


def test_a_full_cache_is_still_read(
    cache: TolerantRedisCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OutOfMemoryError("command not allowed when used memory > 'maxmemory'")

    monkeypatch.setattr(RedisCacheClient, "set", refuse)
    monkeypatch.setattr(RedisCacheClient, "get", lambda *_: "kept")
    cache.set("a", 1)
    assert cache.get("b") == "kept"


def test_warns_once_a_minute(
    cache: TolerantRedisCache, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(tolerant_cache, "monotonic", lambda: clock[0])
    with caplog.at_level(logging.WARNING):
        for _ in range(15):
            cache.get("a")
            clock[0] += 5
    assert len(caplog.records) == 2
    assert "pages are rendered without it" in caplog.text


def test_has_short_timeouts(cache: TolerantRedisCache) -> None:
    options = cache._options  # type: ignore[attr-defined]
    assert options["socket_timeout"] == options["socket_connect_timeout"] == 0.2
    assert options["retry"]._retries == 0
