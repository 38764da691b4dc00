"""The schema describes the API: schemathesis sends valid and invalid requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, given
from hypothesis import settings as run
from hypothesis.strategies import booleans
from pytest_django import Settings
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode

from articles.api.docs import schema
from articles.models import Image
from newsroom.wsgi import application
from tests.articles.samples import SEEDS, load
from tests.factories import (
    make_article,
    make_provider,
    make_stored_image,
    make_superseded,
    make_topic,
    relate,
)
from tests.profiles import by_profile

pytestmark = [pytest.mark.django_db, pytest.mark.no_cover]

EXAMPLES = by_profile(quick=12, thorough=120)
"""Cases of each operation, for valid and for invalid requests."""
# The schema cannot fully describe these parameters: cursors come from earlier responses.
CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {
            "positive_data_acceptance": {
                "expected-statuses": ["2xx", "3xx", "400", "404"],
            }
        }
    }
)


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Keep the test's connection, and its transaction, between requests.

    The test client does this itself; here the WSGI application is called.
    """
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def newsroom(settings: Settings, one_connection: None) -> None:
    settings.API_RATE = 0
    load(SEEDS)
    topic = make_topic("0", parent=make_topic())
    logo = {"url": "https://a.example/1.png", "width": 1, "height": None}
    known = make_provider(domain="known.example")
    make_article(slug="2026-03-01-lead", topics=(topic,), provider=known)
    for _ in range(30):
        lead = make_article(topics=(topic,), provider=make_provider(logos=[logo]))
        Image.objects.create(article=lead, position=0, url="https://a.example/1.jpg", width=640)
        kept = {"url": "https://a.example/2.jpg", "stored": make_stored_image()}
        Image.objects.create(article=lead, position=1, **kept)
        relate(lead, make_article(coverage_only=True, quality=None))
        make_superseded(lead)


@cache
def operations() -> dict[str, Any]:
    api: Any = schemathesis.openapi.from_dict(schema(), config=CONFIG)
    api.app = application
    found = (one.ok() for one in api.get_all_operations())
    return {one.definition.raw["operationId"]: one for one in found}


OPERATIONS = [
    *("article", "hub", "hubPage", "hubTopic", "hubTopicPage", "news"),
    *("provider", "providers", "story", "topic", "topics"),
]
KNOWN: dict[str, dict[str, Any]] = {
    "article": {"slug": "2026-03-01-lead"},
    "story": {"slug": "2026-03-01-lead"},
    "topic": {"slug": "0"},
    "provider": {"domain": "known.example"},
    "hubPage": {"page": 1},
    "hubTopic": {"topic": "0"},
    "hubTopicPage": {"topic": "0", "page": 1},
}
# Any text is valid for these parameters, whether or not something has that name.
ANY_TEXT = {"provider", "story", "topic"}


def test_is_valid(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json")
    assert '"openapi": "3.1' in capsys.readouterr().out


def test_every_operation_is_tested() -> None:
    """``test_newsdesk_schema.py`` covers the newsdesk's operations, which need a user."""
    public = [name for name in operations() if not name.startswith("newsdesk")]
    assert sorted(public) == sorted(OPERATIONS)


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        *((name, GenerationMode.POSITIVE) for name in OPERATIONS),
        *((name, GenerationMode.NEGATIVE) for name in OPERATIONS if name not in ANY_TEXT),
    ],
)
def test_answers_as_described(newsroom: None, name: str, mode: GenerationMode) -> None:
    operation = operations()[name]
    statuses: Counter[int] = Counter()

    @run(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy(generation_mode=mode), is_known=booleans())
    def check(case: Any, is_known: bool) -> None:
        if is_known and mode is GenerationMode.POSITIVE:
            # Generated names rarely exist, and generated cursors are never valid.
            case.path_parameters |= KNOWN.get(name, {})
            for place in ("cursor", "updatedSince"):
                case.query.pop(place, None)
        # The in-process client does not decompress responses.
        statuses[case.call_and_validate(headers={"Accept-Encoding": "identity"}).status_code] += 1

    check()
    assert sum(statuses.values()) >= EXAMPLES
    assert statuses[200 if mode is GenerationMode.POSITIVE else 400] > EXAMPLES / 6
