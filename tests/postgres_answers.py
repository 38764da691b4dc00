"""Find out whether the PostgreSQL server of a database URL lets us create databases."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

import psycopg


def why_not(url: str) -> str:
    """Return why no database can be created, or an empty string."""
    # The database of the URL need not exist: the tests create their own.
    maintenance = urlunsplit(urlsplit(url)._replace(scheme="postgresql", path="/postgres"))
    try:
        with psycopg.connect(maintenance, connect_timeout=5) as connection:
            row = connection.execute(
                "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.Error as error:
        # On one line, and never with the URL, which may contain a password.
        return " ".join(str(error).split())
    if row is None or not row[0]:
        return "its user may not create databases."
    return ""
