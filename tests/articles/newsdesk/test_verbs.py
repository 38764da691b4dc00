"""All code and documentation that offers a verb follows the verb's declaration."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from django.conf import settings

from articles.admin.articles.bulk_actions import BULK
from articles.admin.decisions.decision_forms import PAGES, form_of
from articles.admin.decisions.triage import TriageForm
from articles.api.docs import schema
from articles.api.newsdesk.decisions import ACTS
from articles.models import Article
from articles.newsdesk import VERBS, Verb
from articles.newsdesk.verbs import Declaration
from articles.roles import ARTICLE_PERMISSIONS, EDIT

every = pytest.mark.parametrize("one", VERBS.values(), ids=lambda one: one.verb.value)
PAGE: Final = Path(settings.BASE_DIR) / "docs" / "newsdesk.md"
HEAD: Final = "| decision | verb | effect | asks for | not for | permission | key |"


def row_of(one: Declaration) -> str:
    """Return the row of a verb in the table of ``docs/newsdesk.md``."""
    fields = ", ".join(field.label.lower() for field in one.fields)
    states = ", ".join(f"`{state}`" for state in Article.State if state not in one.states)
    verb = f"`{one.verb.value}`" if one.in_api else "–"  # noqa: RUF001 - a dash for none
    permission = one.permission.removeprefix("articles.")
    cells = (
        one.label,
        verb,
        one.help,
        fields,
        states,
        f"`{permission}`",
        f"`{one.key}`" if one.key else "",
    )
    return "".join(f"| {cell} ".replace("|  ", "| ") for cell in cells) + "|"


def test_the_documentation_has_the_table() -> None:
    rows = "\n".join(row_of(one) for one in VERBS.values())
    table = f"{HEAD}\n|---|---|---|---|---|---|---|\n{rows}\n"
    assert table in PAGE.read_text(), f"docs/newsdesk.md should have:\n{table}"


def test_every_verb_of_editors_is_declared() -> None:
    others = {Verb.RESOLVE, Verb.RESTORE, Verb.UNDO, Verb.UNIMPORT}
    assert set(VERBS) == set(Verb) - others
    assert all(one.verb is verb for verb, one in VERBS.items())


@every
def test_is_offered_where_it_says(one: Declaration) -> None:
    assert (one.verb.value in PAGES) is one.has_page
    assert (one.verb.value in BULK) is one.is_bulk
    assert (one.verb in ACTS) is one.in_api
    assert one.permission in {f"articles.{name}" for name, _ in ARTICLE_PERMISSIONS} | {EDIT}


@every
def test_each_form_asks_for_its_fields(one: Declaration) -> None:
    names = [field.name for field in one.fields]
    if one.has_page:
        form = form_of(one)()
        assert list(form.fields) == [*names, "seen_version", "reason"]
    if one.is_bulk:
        assert list(form_of(one, is_bulk=True)().fields) == [*names, "reason"]
    if one.key:
        wanted = {field.name for field in one.fields if field.in_triage}
        assert wanted <= TriageForm().fields.keys()
    for name in names if one.has_page else ():
        declared = next(field for field in one.fields if field.name == name)
        assert (form.fields[name].label, form.fields[name].help_text) == (
            declared.label,
            declared.help,
        )


@every
def test_the_schema_has_its_fields(one: Declaration) -> None:
    if not one.in_api:
        return
    described: Any = schema()
    operation = described["paths"][f"/api/v1/newsdesk/news/{{slug}}/{one.verb.value}/"]["post"]
    content = operation["requestBody"]["content"]["application/json"]["schema"]
    body = described["components"]["schemas"][content["$ref"].rpartition("/")[2]]
    assert list(body["properties"]) == ["reason", *(field.key for field in one.fields)]
    assert body.get("required", []) == [field.key for field in one.fields if field.essential]
    for field in one.fields:
        assert body["properties"][field.key].get("description", "") == field.help


def test_keys_of_triage_mean_one_thing() -> None:
    """Only pin and unpin share a key, because an article is offered just one of them."""
    keys = [one.key for one in VERBS.values() if one.key]
    assert [key for key in keys if keys.count(key) > 1] == ["l", "l"]
    assert set(keys).isdisjoint("jku?0123456789")
