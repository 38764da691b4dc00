"""Settings of processes that tests start: requests to ``EXEMPT_PORTS`` on this machine are
allowed."""

import os

from newsroom.settings import *  # noqa: F403

OUTBOUND_EXEMPT = frozenset(
    ("127.0.0.1", int(port)) for port in os.environ.get("EXEMPT_PORTS", "").split()
)
# Seconds: short, so that tests do not wait; many, so that no delivery is abandoned.
HOOK_RETRIES = (0.2,) * 100
