"""The site with one address more, ``/constant.json``: the same bytes each time, for comparison.

Named by ``DJANGO_SETTINGS_MODULE``; its settings are the site's. ``BENCH_BODY`` is a file of the bytes.
"""

import os
from pathlib import Path

from newsroom.settings import *  # noqa: F403

ROOT_URLCONF = "bench.constant_urls"
BENCH_BODY = Path(os.environ["BENCH_BODY"]).read_bytes()
