"""The settings of workers that tests start: they may ask the servers of ``EXEMPT_PORTS`` on this machine."""

import os

from newsroom.settings import *  # noqa: F403

OUTBOUND_EXEMPT = frozenset(
    ("127.0.0.1", int(port)) for port in os.environ.get("EXEMPT_PORTS", "").split()
)
