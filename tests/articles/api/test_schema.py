"""The schema says what the API does: schemathesis asks for all that it describes, and for more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, given
from hypothesis import settings as run
from hypothesis.strategies import booleans
from pytest_django import Settings
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode

from articles import newsdesk
from articles.api.docs import schema
from articles.api.newsdesk.acting import ACTS
from articles.models import Article, Image
from newsroom.wsgi import application
from tests.articles.samples import SEEDS, load
from tests.factories import (
    make_article,
    make_provider,
    make_stored_image,
    make_superseded,
    make_token,
    make_topic,
    relate,
)

pytestmark = pytest.mark.django_db

EXAMPLES = 120
"""Cases of an operation, sound and unsound ones each: 2,280 in all, and 1,680 at the newsdesk."""
# The parameters of which the schema cannot say all: where to go on is what another answer gave.
CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {
            "positive_data_acceptance": {
                # Sound or not, an act may come too late.
                "expected-statuses": ["2xx", "3xx", "400", "404", "409"],
            }
        }
    }
)


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Keep the test's connection, and the transaction in it, from one request to the next.

    The test client does this by itself; here the WSGI application is asked.
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


def operations() -> dict[str, Any]:
    api: Any = schemathesis.openapi.from_dict(schema(), config=CONFIG)
    api.app = application
    found = (one.ok() for one in api.get_all_operations())
    return {one.definition.raw["operationId"]: one for one in found}


OPERATIONS = [
    *("article", "hub", "hubPage", "hubTopic", "hubTopicPage", "news"),
    *("provider", "providers", "story", "topic", "topics"),
]
NEWSDESK = [
    *("newsdeskArticle", "newsdeskNews", "newsdeskUndo"),
    *(f"newsdesk{verb.value.capitalize()}" for verb in ACTS),
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
KNOWN |= {name: {"slug": "2026-03-01-lead"} for name in NEWSDESK if name != "newsdeskNews"}
# Of these no text is unsound: it is a name, or there is nothing of the name.
ANY_TEXT = {"provider", "story", "topic"}


def test_is_valid(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json")
    assert '"openapi": "3.1' in capsys.readouterr().out


def test_every_operation_is_asked_for() -> None:
    """Those of the newsdesk, which ask who it is, are in ``test_newsdesk_schema.py``."""
    public = [name for name in operations() if not name.startswith("newsdesk")]
    assert sorted(public) == sorted(OPERATIONS)


def modes(names: Iterable[str]) -> list[tuple[str, GenerationMode]]:
    sound = [(name, GenerationMode.POSITIVE) for name in names]
    return sound + [(name, GenerationMode.NEGATIVE) for name in names if name not in ANY_TEXT]


def ask(
    name: str,
    mode: GenerationMode,
    headers: Callable[[bool], dict[str, str]],
    examples: int = EXAMPLES,
) -> Counter[int]:
    """Ask many things of an operation; gives how often it answered what.

    ``headers`` are given whether what is asked for is known to be there.
    """
    operation = operations()[name]
    statuses: Counter[int] = Counter()

    @run(max_examples=examples, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy(generation_mode=mode), is_known=booleans())
    def check(case: Any, is_known: bool) -> None:
        is_known = is_known and mode is GenerationMode.POSITIVE
        if is_known:
            # Hardly any name that is made up is that of something, and no place is one.
            case.path_parameters |= KNOWN.get(name, {})
            for place in ("cursor", "updatedSince"):
                case.query.pop(place, None)
        # The in-process client unpacks nothing.
        sent = {"Accept-Encoding": "identity"} | headers(is_known)
        statuses[case.call_and_validate(headers=sent).status_code] += 1

    check()
    assert sum(statuses.values()) >= examples
    return statuses


@pytest.mark.parametrize(("name", "mode"), modes(OPERATIONS))
def test_answers_as_described(newsroom: None, name: str, mode: GenerationMode) -> None:
    statuses = ask(name, mode, lambda _is_known: {})
    assert statuses[200 if mode is GenerationMode.POSITIVE else 400] > EXAMPLES / 4


@pytest.mark.parametrize(("name", "mode"), modes(NEWSDESK))
def test_the_newsdesk_answers_as_described(newsroom: None, name: str, mode: GenerationMode) -> None:
    token = make_token(User.objects.create_superuser("super"))
    article = Article.objects.get(slug="2026-03-01-lead")
    KNOWN["newsdeskUndo"] = {"act_id": newsdesk.perform(newsdesk.hold(article), by=None).pk}

    def headers(is_known: bool) -> dict[str, str]:
        sent = {"Authorization": f"Bearer {token.secret}"}
        if is_known:
            version = Article.objects.values_list("version", flat=True).get(pk=article.pk)
            sent["If-Match"] = f'"{version}"'
        return sent

    statuses = ask(name, mode, headers, EXAMPLES // 2)
    # Whom an article is to be related to is made up.
    if mode is GenerationMode.POSITIVE and not name.endswith("elate"):
        assert statuses[200] + statuses[409]
