"""Send due deliveries in a separate process and kill it at a given moment: ``crashing MOMENT``.

SIGKILL at that moment, before or after a statement that writes, a commit or a request; 0 never kills
and prints the count of moments.
"""

from __future__ import annotations

import sys

import django
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from tests.articles.images.crashing import Killer


def main(moment: str) -> None:
    django.setup()
    # Models cannot be imported earlier.
    from newsroom import outbound
    from tests.articles.webhooks.sending import drain

    killer = Killer(int(moment))
    BaseDatabaseWrapper._commit = killer.around(BaseDatabaseWrapper._commit)  # type: ignore[attr-defined]
    outbound.post = killer.around(outbound.post)
    with connection.execute_wrapper(killer.execute):
        drain()
    sys.stdout.write(str(killer.count))


if __name__ == "__main__":
    main(sys.argv[1])
