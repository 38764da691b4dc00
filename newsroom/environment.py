"""Reading the environment: variables of each kind, and what the URLs of servers stand for.

Any variable may instead be given as `<NAME>_FILE`, the path of a file that holds the value.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from environ import FileAwareEnv

BASE_DIR: Final = Path(__file__).resolve().parent.parent
PATIENCE: Final = 5
"""Seconds to wait for a connection to PostgreSQL. Without a limit it may be minutes."""


env = FileAwareEnv()

# The environment takes precedence over the file. ENV_FILE= (blank) reads no file, as in tests.
if env_file := os.environ.get("ENV_FILE", str(BASE_DIR / ".env")):
    env.read_env(env_file)


def text(name: str, default: str = "") -> str:
    # Not env.str(): it reads a value that starts with a dollar sign, as a generated key may, as the
    # name of another variable. strip() removes the newline at the end of a file.
    value: str = env.ENVIRON.get(name, "")
    return value.strip() or default


def flag(name: str) -> bool:
    value = text(name, "false").lower()
    if value not in {"true", "false", "1", "0", "yes", "no", "on", "off"}:
        # django-environ would silently read a misspelled "ture" as false.
        raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")
    return value in {"true", "1", "yes", "on"}


def words(name: str, default: str = "") -> list[str]:
    return [word for part in text(name, default).split(",") if (word := part.strip())]


def count(name: str, default: str = "0", least: int = 0) -> int:
    value = text(name, default)
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.")
    if int(value) < least:
        raise ImproperlyConfigured(f"{name} must be at least {least}.")
    return int(value)


def mail(url: str) -> dict[str, Any]:
    config: dict[str, Any] = env.email_url_config(url)
    return config


def database(url: str, pool_size: int) -> dict[str, Any]:
    config: dict[str, Any] = env.db_url_config(url)
    options = config.setdefault("OPTIONS", {})
    if config["ENGINE"] == "django.db.backends.sqlite3":
        if config["NAME"] != ":memory:":
            # Relative to the project, not to the current folder.
            config["NAME"] = str(BASE_DIR / config["NAME"])
        # Write transactions take the lock when they begin. A transaction that reads first and writes
        # later fails immediately if another one wrote in between, regardless of the timeout (681 lock
        # errors in six seconds of mixed load, instead of one).
        options.setdefault("transaction_mode", "IMMEDIATE")
        options.setdefault("timeout", 20)  # seconds
        # Opening the file for each request costs more than the query of a cached page.
        config.setdefault("CONN_MAX_AGE", 60)  # seconds
        # With a write-ahead log readers never wait for a writer. NORMAL cannot corrupt the database
        # then; a power cut loses at most the last commits. Django turns foreign keys on.
        options.setdefault(
            "init_command",
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
            # How many pages (of 4 KB) the log may hold before it is written back. A batch of an import
            # fills the default of 1,000; pages that every batch changes need not be written each time.
            "PRAGMA wal_autocheckpoint = 4000;",
        )
    elif config["ENGINE"] == "django.db.backends.postgresql":
        if pool_size:
            # Django does not allow a pool together with persistent connections.
            options["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": PATIENCE}
            config["CONN_MAX_AGE"] = 0
        else:
            config.setdefault("CONN_MAX_AGE", 60)  # seconds
        config.setdefault("CONN_HEALTH_CHECKS", True)
        options.setdefault("connect_timeout", PATIENCE)
        # Compiling takes longer than any of our queries.
        options.setdefault("options", "-c jit=off")
    return config


def cache(url: str) -> dict[str, Any]:
    # By default django-environ chooses django-redis, which we do not require.
    redis = url.startswith(("redis://", "rediss://", "unix://"))
    backend = "newsroom.tolerant_cache.TolerantRedisCache" if redis else None
    config: dict[str, Any] = env.cache_url_config(url, backend=backend)
    return config


def redis_queue(url: str) -> dict[str, Any]:
    # Whoever queues a task waits no longer than this, also if Redis hangs. Workers, which wait for
    # tasks, raise the limit themselves. In a query with a name twice, redis-py reads the first.
    bounds = "socket_connect_timeout=0.5&socket_timeout=0.5"
    bounded = f"{url}{'&' if '?' in url else '?'}{bounds}"
    # An import may take hours. -1 means no limit.
    return {"URL": bounded, "DEFAULT_TIMEOUT": -1}
