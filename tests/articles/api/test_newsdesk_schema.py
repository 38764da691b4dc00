"""The schema describes the newsdesk's API: schemathesis sends valid and invalid staff requests."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as run
from hypothesis import strategies as st
from pytest_django import Settings
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode

from articles import newsdesk
from articles.api.docs import schema
from articles.api.newsdesk.decisions import ACTS
from articles.models import Article
from articles.roles import Role
from newsroom.iso_dates import FIRST_YEAR, LAST_YEAR
from newsroom.wsgi import application
from tests.articles.api.test_schema import one_connection  # noqa: F401 - a fixture
from tests.articles.states import CASES
from tests.factories import make_article, make_token, make_user, relate
from tests.profiles import by_profile

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("one_connection"),
    pytest.mark.no_cover,
]

EXAMPLES: Final = by_profile(quick=9, thorough=15)
"""Cases of each operation, for valid and for invalid requests."""
# A schema cannot say which articles exist or what state they are in.
CONFIG: Final = SchemathesisConfig.from_dict(
    {
        "checks": {
            "positive_data_acceptance": {
                "expected-statuses": ["2xx", "400", "403", "404", "409", "412", "422"],
            },
            # Versions are compared before everything in the request has been read.
            "negative_data_rejection": {"expected-statuses": ["4xx"]},
            "missing_required_header": {"expected-statuses": ["4xx"]},
        }
    }
)


@cache
def operations() -> dict[str, Any]:
    api: Any = schemathesis.openapi.from_dict(schema(), config=CONFIG)
    api.app = application
    found = (one.ok() for one in api.get_all_operations())
    named = {one.definition.raw["operationId"]: one for one in found}
    return {name: one for name, one in named.items() if name.startswith("newsdesk")}


OPERATIONS: Final = [
    *("newsdeskNews", "newsdeskArticle", "newsdeskStory", "newsdeskHistory", "newsdeskUndo"),
    "newsdeskSuggestions",
    *(f"newsdesk{verb.value.capitalize()}" for verb in ACTS),
]
# For these operations every text is a valid slug.
ANY_TEXT: Final = {"newsdeskArticle", "newsdeskStory", "newsdeskSuggestions"}


MOMENTS: Final = {"publishFrom", "publishUntil", "until"}
YEARS: Final = st.integers(FIRST_YEAR, LAST_YEAR)
ABOUT_FEW: Final = {"newsdeskUnpin", "newsdeskRelate", "newsdeskUnrelate"}
"""Decisions that are possible for few articles."""


def test_every_operation_is_tested() -> None:
    assert sorted(operations()) == sorted(OPERATIONS)


def test_describes_authentication_and_errors() -> None:
    for operation in operations().values():
        raw = operation.definition.raw
        assert {name for one in raw["security"] for name in one} == {"token", "session"}
        assert {"401", "403", "429"} <= raw["responses"].keys()
        assert "304" not in raw["responses"]
        assert raw["tags"] == ["newsdesk"]
    schemes = schema()["components"]["securitySchemes"]
    assert (schemes["token"]["type"], schemes["token"]["scheme"]) == ("http", "bearer")
    assert schemes["session"]["in"] == "cookie"
    hold = operations()["newsdeskHold"].definition.raw
    required = {one["name"]: one.get("required", False) for one in hold["parameters"]}
    assert required == {"slug": True, "If-Match": True, "Idempotency-Key": False, "preview": False}
    assert {"409", "412", "413", "415", "422", "428"} <= hold["responses"].keys()
    assert list(hold["requestBody"]["content"]) == ["application/json"]
    bodies = {
        name: one for name, one in schema()["components"]["schemas"].items() if "Body" in name
    }
    assert len(bodies) == 6
    assert not [name for name, one in bodies.items() if one["additionalProperties"] is not False]


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        *((name, GenerationMode.POSITIVE) for name in OPERATIONS),
        *((name, GenerationMode.NEGATIVE) for name in OPERATIONS if name not in ANY_TEXT),
    ],
)
def test_answers_as_described(settings: Settings, name: str, mode: GenerationMode) -> None:
    settings.API_RATE = 0
    for one in CASES:
        one.make()
    acts = [newsdesk.perform(newsdesk.hold(make_article()), by=None).pk for _ in range(EXAMPLES)]
    pinned = [make_article(title="\u2028 \U0001f600 <b>", is_pinned=True) for _ in range(5)]
    for article in pinned[1:]:
        relate(pinned[0], article)
    slugs = list(Article.objects.order_by("pk").values_list("slug", flat=True))
    few = [article.slug for article in pinned]
    secret = make_token(make_user(Role.PUBLISHER)).secret
    headers = {"Authorization": f"Bearer {secret}", "Accept-Encoding": "identity"}
    operation = operations()[name]
    statuses: Counter[int] = Counter()

    @run(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy(generation_mode=mode), data=st.data())
    def check(case: Any, data: st.DataObject) -> None:
        if mode is GenerationMode.POSITIVE:
            # Generated slugs rarely exist, and generated versions are never right.
            if "slug" in (case.path_parameters or {}):
                slug = data.draw(st.sampled_from(few if name in ABOUT_FEW else slugs))
                case.path_parameters["slug"] = slug
                if "If-Match" in (case.headers or {}):
                    version = Article.objects.values_list("version", flat=True).get(slug=slug)
                    case.headers["If-Match"] = f'"{version}"'
            if "act_id" in (case.path_parameters or {}):
                case.path_parameters["act_id"] = data.draw(st.sampled_from(acts))
            if isinstance(case.body, dict) and "slugs" in case.body:
                case.body["slugs"] = data.draw(st.lists(st.sampled_from(few), min_size=1))
            for key in MOMENTS & set(case.body if isinstance(case.body, dict) else ()):
                if case.body[key]:
                    # A schema cannot say which years are taken.
                    case.body[key] = f"{data.draw(YEARS)}-06-01T12:00:00Z"
        elif case.query and "slug" in (case.path_parameters or {}):
            # What is wrong is the query.
            case.path_parameters["slug"] = slugs[0]
        statuses[case.call_and_validate(headers=headers).status_code] += 1

    check()
    assert sum(statuses.values()) >= EXAMPLES
    assert statuses[200 if mode is GenerationMode.POSITIVE else 400], statuses
