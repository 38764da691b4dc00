"""What holds for every test: no network, no skips where they are forbidden, repeatable examples."""

import os
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import override_settings
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.forbid_skips", "tests.network_block"]

# Deadlines and the check for slow drawing measure the machine, and an example found by chance is of
# use only when it comes again.
settings.register_profile(
    "ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
# For a long search by hand: HYPOTHESIS_PROFILE=explore
settings.register_profile("explore", max_examples=5_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(scope="session", autouse=True)
def media_of_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Leave the media of whoever runs the tests alone, and do not look at them."""
    with override_settings(MEDIA_ROOT=str(tmp_path_factory.mktemp("media"))):
        yield


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """Let no test see what another stored."""
    cache.clear()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, rather than skip, what the other run of `make test` is there for."""
    if connection.vendor == "postgresql":
        return
    left_out = [item for item in items if item.get_closest_marker("postgres")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest,
    django_db_modify_db_settings_parallel_suffix: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Keep SQLite's database in a file where a browser asks for several things at once.

    In memory all threads of the server would share one connection, and one's reading lock the
    other's tables.
    """
    has_browser = any(item.get_closest_marker("browser") for item in request.session.items)
    if connection.vendor == "sqlite" and has_browser:
        path = tmp_path_factory.mktemp("database") / "test.sqlite3"
        connection.settings_dict["TEST"]["NAME"] = str(path)
