"""The site with a second factor and a provider turned on, in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import reload
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import override_settings
from django.urls import clear_url_caches

import newsroom.urls
from newsroom import optional_sign_in
from tests.articles.accounts.sso.provider import CLIENT, Provider

ROLES = [("desk", "Editor"), ("chiefs", "Publisher"), ("typos", "Editors")]


@contextmanager
def turned_on(provider: Provider) -> Iterator[None]:
    """Turn both on. The tables exist until the end of the block."""
    values: dict[str, Any] = {
        "SECOND_FACTOR": ["optional"],
        "OIDC_SERVER": provider.url,
        "OIDC_NAME": "Example ID",
        "OIDC_GROUPS": "groups",
        "OIDC_ROLES": ROLES,
    }
    parts = optional_sign_in.settings_for(
        second_factor=["optional"],
        server=provider.url,
        client=CLIENT,
        name="Example ID",
        scopes=["openid", "email"],
        roles=ROLES,
    )
    values |= parts.settings | {"MIDDLEWARE": [*settings.MIDDLEWARE, *parts.middleware]}
    with (
        override_settings(**values),
        # These apps look at the settings when they are loaded.
        override_settings(INSTALLED_APPS=[*settings.INSTALLED_APPS, *parts.apps]),
    ):
        labels = [one.rpartition(".")[2] for one in parts.apps[1:4]]
        models = [model for label in labels for model in apps.get_app_config(label).get_models()]
        with connection.schema_editor() as editor:
            for model in models:
                editor.create_model(model)
        _reload_urls()
        yield
        with connection.schema_editor() as editor:
            for model in reversed(models):
                editor.delete_model(model)
    _reload_urls()


def _reload_urls() -> None:
    reload(newsroom.urls)
    clear_url_caches()
