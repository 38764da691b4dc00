"""Helpers for tests that find, read and submit pages of the admin."""

from __future__ import annotations

import re

from django.db.models import Model
from django.test import Client
from django.urls import reverse

from articles.models import (
    Article,
    Image,
    ImageFetch,
    ImportConflict,
    ImportProblem,
    ImportRun,
    PolicyVersion,
    SourceDocument,
    Topic,
)
from providers.models import Provider
from tests.factories import (
    NOW,
    make_article,
    make_provider,
    make_run,
    make_source,
    make_superseded,
    make_token,
    make_topic,
    make_user,
    relate,
)

READ_ONLY = [SourceDocument, ImportRun, ImportProblem, ImportConflict, PolicyVersion]
MODELS = [Article, Topic, Provider, *READ_ONLY]
CANARY = "Q0FOQVJZ;Q0FOQVJZ"
PAYLOAD = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


def list_of(model: type[Model]) -> str:
    """Return the URL of a model's list."""
    return reverse(
        f"admin:articles_{model._meta.model_name}_changelist".replace(
            "articles_provider", "providers_provider"
        )
    )


def page_of(row: Model, action: str = "change") -> str:
    """Return the URL of a row's page."""
    options = row._meta
    return reverse(f"admin:{options.app_label}_{options.model_name}_{action}", args=[row.pk])


def get(client: Client, address: str, **query: str) -> str:
    """Return a page, which must exist."""
    response = client.get(address, query)
    assert response.status_code == 200
    return response.content.decode()


def make_everything(text: str = "Something", secured: str = "") -> list[Model]:
    """Store one row of each model, linked with each other, with ``text`` in every text field."""
    provider = make_provider(name=text, description=text, notes=text)
    topic = make_topic(text, key="key", slug="key", short_name=text, keywords=[text])
    article = make_article(
        title=text,
        excerpt=text,
        body=text,
        category=text,
        featured_content=text,
        decision_reason=text,
        provider=provider,
        topics=(topic,),
    )
    relate(article, make_article(title=text, provider=provider))
    make_superseded(article, title=text, provider=provider)
    Image.objects.create(
        article=article, position=0, url=f"https://a.example/{text}", title=text, attribution=text
    )
    run = make_run(paths=[text])
    source = make_source(article, secured=secured, run=run, path=text)
    if text == PAYLOAD:
        source.text = source.text.replace(f'"{text}"', "'" + text.replace("'", "''") + "'")
        source.save()
    problem = ImportProblem.objects.create(
        run=run, kind="error", path=text, line=3, column=7, message=text, details={text: text}
    )
    conflict = ImportConflict.objects.create(
        article=article,
        run=run,
        field=text[:40],
        before=text,
        source=text,
        editor=[text],
        found_at=NOW,
    )
    policy = PolicyVersion.objects.create(reason=text, finished_at=NOW)
    fetch = ImageFetch.objects.create(
        url=f"https://a.example/{text}",
        host=text,
        state=ImageFetch.State.FAILED,
        failure=text,
        tries=1,
        tried_at=NOW,
    )
    token = make_token(make_user(), name=text)
    return [article, topic, provider, source, run, problem, conflict, policy, fetch, token]


def form_of(html: str, **overrides: str) -> dict[str, str]:
    """Return the data that a browser would submit from the form of an article's page."""
    form = html.partition('id="article_form"')[2].partition("</form>")[0]
    inputs = r'<input type="(?:hidden|text)"\s+name="(\w+)"\s+value="([^"]*)"'
    values = {"_continue": "1"} | dict(re.findall(inputs, form))
    for name, value in re.findall(r'<textarea name="(\w+)"[^>]*>\r?\n?([^<]*)</textarea>', form):
        # Browsers always send CRLF.
        values[name] = re.sub(r"\r?\n", "\r\n", value)
    return values | overrides
