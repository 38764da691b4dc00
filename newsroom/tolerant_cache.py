"""A Redis cache whose failures count as misses: without it the site works, only slower."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any, Final, TypeVar

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from newsroom import counters

WAIT: Final = 0.2
"""Seconds to wait for a connection, and for each answer."""
PAUSE: Final = 2.0
"""Seconds for which a cache that did not answer is not used, so that few pages wait for it."""
LOG_EVERY: Final = 60.0
"""Seconds between two warnings from a process."""

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class Outage:
    """Failures of the cache, shared by the threads of a process."""

    def __init__(self) -> None:
        self.paused_until = self.logged_at = float("-inf")

    def note(self, error: Exception) -> None:
        counters.cache_failures.inc()
        now = monotonic()
        # A server that refuses a command, for example because it is full, costs no time.
        if not isinstance(error, ResponseError):
            self.paused_until = now + PAUSE
        if now - self.logged_at >= LOG_EVERY:
            self.logged_at = now
            _log.warning("The cache failed; pages are rendered without it: %s", error)


outage: Final = Outage()


class _Client(RedisCacheClient):
    """A client whose failed writes are lost and whose failed reads find nothing."""

    def add(self, *arguments: Any) -> bool:
        # Pretend that the entry was added, so that the caller does the work itself.
        return self._try(True, super().add, *arguments)

    def get(self, key: Any, default: Any) -> Any:
        return self._try(default, super().get, key, default)

    def set(self, *arguments: Any) -> None:
        self._try(None, super().set, *arguments)

    def touch(self, *arguments: Any) -> bool:
        return self._try(False, super().touch, *arguments)

    def delete(self, key: Any) -> bool:
        return self._try(False, super().delete, key)

    def get_many(self, keys: Any) -> dict[Any, Any]:
        return self._try({}, super().get_many, keys)

    def has_key(self, key: Any) -> bool:
        return self._try(False, super().has_key, key)

    def incr(self, key: Any, delta: int) -> int:
        return self._try(delta, super().incr, key, delta)

    def set_many(self, *arguments: Any) -> None:
        self._try(None, super().set_many, *arguments)

    def delete_many(self, keys: Any) -> None:
        self._try(None, super().delete_many, keys)

    def clear(self) -> bool:
        return self._try(False, super().clear)

    def _try(self, otherwise: _T, use: Callable[..., _T], *arguments: Any) -> _T:
        if monotonic() < outage.paused_until:
            return otherwise
        try:
            return use(*arguments)
        except (RedisError, OSError) as error:
            outage.note(error)
            return otherwise


class TolerantRedisCache(RedisCache):
    """Django's Redis cache, without errors and with short timeouts."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        bounds = {
            "socket_timeout": WAIT,
            "socket_connect_timeout": WAIT,
            # By default redis-py tries four times, and sleeps in between.
            "retry": Retry(NoBackoff(), 0),
        }
        super().__init__(server, params | {"OPTIONS": bounds | params.get("OPTIONS", {})})
        self._class = _Client
