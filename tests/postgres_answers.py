"""Exit 0 when the PostgreSQL server of a database URL lets us create databases, else say why not."""

import sys
from urllib.parse import urlsplit, urlunsplit

import psycopg


def main(url: str) -> str | None:
    # The database of the URL need not exist: the tests make one beside it.
    maintenance = urlunsplit(urlsplit(url)._replace(scheme="postgresql", path="/postgres"))
    try:
        with psycopg.connect(maintenance, connect_timeout=5) as connection:
            row = connection.execute(
                "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.Error as error:
        # On one line, and never with the URL, which may hold a password.
        return " ".join(str(error).split())
    if row is None or not row[0]:
        return "its user may not create databases."
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
