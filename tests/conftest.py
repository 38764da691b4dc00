"""Rules for every test: no network, no forbidden skips, repeatable examples."""

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection
from django.test import override_settings
from django.utils import timezone
from hypothesis import HealthCheck, is_hypothesis_test, settings
from pytest_django import DjangoDbBlocker
from whitenoise.middleware import WhiteNoiseMiddleware

from newsroom import database_clock, logs
from tests.articles.importing.processes import Newsrooms
from tests.profiles import PROFILE, SHARES

pytest_plugins = ["tests.forbid_skips", "tests.network_block"]

# Deadlines and the check for slow generation depend on the machine. Fixed examples make failures
# repeat.
settings.register_profile(
    "quick", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("quick"))
# To search longer by hand: HYPOTHESIS_PROFILE=explore
settings.register_profile("explore", deadline=None)
settings.load_profile(PROFILE)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let the profile scale the number of examples of each property test."""
    function: Any = getattr(item, "function", None)
    if is_hypothesis_test(function) and not hasattr(function, "examples_asked_for"):
        share = SHARES[PROFILE]
        if item.get_closest_marker("all_examples"):
            share = max(share, 1)
        asked_for = function._hypothesis_internal_use_settings
        examples = max(1, round(asked_for.max_examples * share))
        function.examples_asked_for = asked_for.max_examples
        function._hypothesis_internal_use_settings = settings(asked_for, max_examples=examples)


def pytest_collection_finish() -> None:
    """Exclude modules and tests from later garbage collections."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(scope="session")
def file_folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the folders of this process's media and uploads."""
    return tmp_path_factory.mktemp("media"), tmp_path_factory.mktemp("uploads")


@pytest.fixture(scope="session", autouse=True)
def settings_of_tests(file_folders: tuple[Path, Path]) -> Iterator[None]:
    """Keep media and uploads apart from the developer's own, and hash passwords fast."""
    media, uploads = map(str, file_folders)
    storage = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    with override_settings(
        MEDIA_ROOT=media,
        UPLOAD_ROOT=uploads,
        STORAGES=django_settings.STORAGES
        | {"uploads": storage | {"OPTIONS": {"location": uploads}}},
        # Tests look at pages right after they have written.
        EDITION_SECONDS=0,
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    ):
        yield


@pytest.fixture(scope="session", autouse=True)
def request_ids() -> Iterator[None]:
    """Give all requests the same id, so that tests can compare whole responses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logs, "token_hex", lambda size: "0" * 2 * size)
        yield


@pytest.fixture(scope="session", autouse=True)
def clock_of_this_machine() -> Iterator[None]:
    """Use this machine's clock, which the tests' databases share: tests count queries."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database_clock, "now", lambda: timezone.now())
        yield


@pytest.fixture(scope="session", autouse=True)
def static_files_listed_once() -> Iterator[None]:
    """List the static files once per process: WhiteNoise would list them for each new `Client`."""
    list_files = WhiteNoiseMiddleware.add_files_from_finders
    listed: dict[str, object] = {}

    def add_files_from_finders(self: WhiteNoiseMiddleware) -> None:
        if not listed:
            list_files(self)
            listed.update(self.files)
        self.files.update(listed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", add_files_from_finders)
        yield


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """Start each test with an empty cache."""
    cache.clear()


@pytest.fixture(autouse=True)
def empty_folders(file_folders: tuple[Path, Path]) -> None:
    """Start each test without the files of earlier ones."""
    for folder in file_folders:
        for left in folder.iterdir():
            if left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect, instead of skipping, tests that run on the other database.

    On PostgreSQL only tests that use the database run, except those marked `once`.
    """
    wanted = _uses_database if connection.vendor == "postgresql" else _runs_without_postgres
    left_out = [item for item in items if not wanted(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if wanted(item)]


def _uses_database(item: pytest.Item) -> bool:
    if item.get_closest_marker("once"):
        return False
    fixtures = getattr(item, "fixturenames", ())
    marked = any(item.get_closest_marker(name) for name in ("django_db", "postgres"))
    return marked or "db" in fixtures or "transactional_db" in fixtures


def _runs_without_postgres(item: pytest.Item) -> bool:
    return item.get_closest_marker("postgres") is None


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest,
    django_db_modify_db_settings_parallel_suffix: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Put SQLite's database in a file for browser tests.

    A browser sends several requests at once. In memory all threads of the server would share one
    connection, and a read in one thread would lock the tables for the others.
    """
    has_browser = any(item.get_closest_marker("browser") for item in request.session.items)
    if connection.vendor == "sqlite" and has_browser:
        path = tmp_path_factory.mktemp("database") / "test.sqlite3"
        connection.settings_dict["TEST"]["NAME"] = str(path)


@pytest.fixture(scope="session")
def blank_newsroom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of an empty SQLite database for processes that tests start."""
    return tmp_path_factory.mktemp("blank") / "blank.sqlite3"


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    blank_newsroom: Path,
) -> Iterator[None]:
    """Copy the migrated database before any test writes to it, if processes need copies.

    A process that migrates takes several seconds.
    """
    if not any("newsrooms" in getattr(item, "fixturenames", ()) for item in request.session.items):
        yield
        return
    newsrooms = Newsrooms(blank_newsroom.parent, blank_newsroom)
    with django_db_blocker.unblock():
        newsrooms.copy_blank()
    yield
    with django_db_blocker.unblock():
        newsrooms.drop_blank()
