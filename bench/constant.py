"""Settings of the site plus ``/constant.json``, which always returns the same bytes, for comparison.

Set ``DJANGO_SETTINGS_MODULE=bench.constant``. ``BENCH_BODY`` names the file with the bytes.
"""

import os
from pathlib import Path

from newsroom.settings import *  # noqa: F403

ROOT_URLCONF = "bench.constant_urls"
BENCH_BODY = Path(os.environ["BENCH_BODY"]).read_bytes()
