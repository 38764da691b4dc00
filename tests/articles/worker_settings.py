"""The settings of processes that tests start: they may ask ``EXEMPT_PORTS`` on this machine."""

import os

from newsroom.settings import *  # noqa: F403

OUTBOUND_EXEMPT = frozenset(
    ("127.0.0.1", int(port)) for port in os.environ.get("EXEMPT_PORTS", "").split()
)
# Seconds: nobody wants to wait for those of the real ones, and nothing is to be given up.
HOOK_RETRIES = (0.2,) * 100
