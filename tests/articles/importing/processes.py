"""Separate databases for tests that start processes, on SQLite or PostgreSQL."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.db import connection

from newsroom.subprocesses import FunctionProcess
from tests.articles.samples import ROOT

Environment = dict[str, str]
IMPORT = ("-m", "tests.articles.importing.crashing")
CHECK = ("-m", "tests.articles.importing.checking")
_forking: dict[tuple[tuple[str, str], ...], FunctionProcess] = {}
"""The process that runs the commands of a newsroom, by its environment."""


class Newsrooms:
    """Creates empty newsrooms by copying the tests' migrated database."""

    def __init__(self, folder: Path, blank: Path) -> None:
        self.folder = folder
        self.blank = blank
        self.is_postgres = connection.vendor == "postgresql"

    def copy_blank(self) -> None:
        """Copy the tests' database; nobody else may be connected to it."""
        if self.is_postgres:
            connection.close()
            self._create("blank", connection.settings_dict["NAME"])
            return
        connection.ensure_connection()
        copied = sqlite3.connect(self.blank)
        connection.connection.backup(copied)
        copied.close()

    @contextmanager
    def make(self, name: str) -> Iterator[Environment]:
        """Create a database and yield the environment for processes that use it."""
        self._create(name, self._named("blank"))
        try:
            yield self._environment(name)
        finally:
            while _forking:
                _forking.popitem()[1].end()
            self._drop(name)

    def drop_blank(self) -> None:
        """Drop the database that the others were copied from."""
        self._drop("blank")

    def _named(self, name: str) -> str:
        return f"{connection.settings_dict['NAME']}_{name}" if self.is_postgres else name

    def _create(self, name: str, template: str) -> None:
        if self.is_postgres:
            self._drop(name)
            self._execute(f'CREATE DATABASE "{self._named(name)}" TEMPLATE "{template}"')
        else:
            shutil.copy(self.blank, self.folder / f"{name}.sqlite3")

    def _drop(self, name: str) -> None:
        if self.is_postgres:
            self._execute(f'DROP DATABASE IF EXISTS "{self._named(name)}" WITH (FORCE)')

    def _execute(self, sql: str) -> None:
        with connection._nodb_cursor() as cursor:
            cursor.execute(sql)

    def _environment(self, name: str) -> Environment:
        if self.is_postgres:
            parts = urlsplit(os.environ["DATABASE_URL"])
            url = urlunsplit(parts._replace(path=f"/{self._named(name)}"))
        else:
            url = f"sqlite:///{self.folder / name}.sqlite3"
        return os.environ | {
            "DATABASE_URL": url,
            "ENV_FILE": "",
            "DJANGO_SETTINGS_MODULE": "newsroom.settings",
        }


def run(
    environment: Environment, *command: str, returncode: int = 0
) -> subprocess.CompletedProcess[str]:
    """Run Python in the project's folder, wait for it, and check its exit status."""
    key = tuple(sorted(environment.items()))
    if key not in _forking:
        _forking[key] = FunctionProcess("tests.articles.importing.forking", "run")
    _forking[key].send((environment, str(ROOT), command))
    status, output, errors = _forking[key].receive()
    assert status == returncode, errors
    return subprocess.CompletedProcess(command, status, output, errors)


def start(environment: Environment, *command: str) -> subprocess.Popen[str]:
    """Start Python in the project's folder."""
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def check(environment: Environment, *paths: Path) -> dict[str, Any]:
    """Check that a newsroom has only complete articles, import ``paths``, and return its digest."""
    found: dict[str, Any] = json.loads(run(environment, *CHECK, *map(str, paths)).stdout)
    return found
