"""A table of all pages of the admin, with a URL for each URL name.

Add a new URL of the admin to ``ADDRESSES`` or, if it returns no page, to ``NOT_PAGES``; lists,
forms, histories and deletions of models are found by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Final, cast

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.test import RequestFactory
from django.urls import get_resolver, reverse

from articles import newsdesk
from articles.models import Article, ImportRun, SignIn, Topic, WebHook
from articles.newsdesk.queues import QUEUES
from providers.models import Provider
from tests.factories import NOW

Rows = dict[type[Model], Model]
"""One row of each model, for the pages that show one."""


def queue_address(key: str, rows: Rows) -> str:
    """Return the URL of a queue."""
    return reverse("admin:queue", args=[key])


ADDRESSES: Final[dict[str, Callable[[Rows], str]]] = {
    "articles_article_conflicts": lambda rows: reverse("admin:articles_article_conflicts"),
    "articles_article_image": lambda rows: reverse(
        "admin:articles_article_image", args=[rows[Article].pk, 0]
    ),
    "articles_article_export": lambda rows: reverse("admin:articles_article_export"),
    "articles_article_restore": lambda rows: reverse(
        "admin:articles_article_restore", args=[rows[Article].pk, 0]
    ),
    "articles_importrun_import": lambda rows: reverse("admin:articles_importrun_import"),
    "articles_importrun_undo": lambda rows: reverse(
        "admin:articles_importrun_undo", args=[ImportRun.objects.latest("pk").pk]
    ),
    "index": lambda rows: reverse("admin:index"),
    "articles_article_story": lambda rows: reverse(
        "admin:articles_article_story", args=[rows[Article].pk]
    ),
    "login": lambda rows: reverse("admin:login"),
    "system": lambda rows: reverse("admin:system"),
    "password_change": lambda rows: reverse("admin:password_change"),
    "password_change_done": lambda rows: reverse("admin:password_change_done"),
    "queue": lambda rows: reverse("admin:queue", args=[QUEUES[0].key]),
    "articles_act_undo": lambda rows: reverse(
        "admin:articles_act_undo",
        args=[newsdesk.perform(newsdesk.pin(cast("Article", rows[Article])), by=None).pk],
    ),
    "articles_article_decide": lambda rows: reverse(
        "admin:articles_article_decide", args=[rows[Article].pk, "hold"]
    ),
    "articles_article_receipt": lambda rows: reverse(
        "admin:articles_article_receipt", args=[rows[Article].pk]
    ),
    "articles_article_triage": lambda rows: (
        reverse("admin:articles_article_triage", args=["not-scored"])
        + f"?article={rows[Article].pk}"
    ),
    "articles_article_suggested_quality": lambda rows: reverse(
        "admin:articles_article_suggested_quality"
    ),
    "app_list": lambda rows: reverse("admin:app_list", args=["articles"]),
    "auth_user_invite": lambda rows: reverse("admin:auth_user_invite"),
    "auth_user_password_change": lambda rows: reverse(
        "admin:auth_user_password_change", args=[rows[User].pk]
    ),
    "articles_policyversion_fit": lambda rows: reverse("admin:articles_policyversion_fit"),
    "articles_policyversion_try": lambda rows: reverse("admin:articles_policyversion_try"),
    "articles_policyversion_progress": lambda rows: reverse(
        "admin:articles_policyversion_progress"
    ),
}
"""Other pages, by URL name; lists, forms, histories and deletions of models are not included."""

NOT_PAGES: Final = {
    "articles_article_keep": "answers POST alone, with a redirect",
    "articles_article_pair": "answers POST alone, with a redirect",
    "articles_article_preview": "shows the public page",
    "articles_article_resolve": "answers POST alone; what it shows then is tested by itself",
    "articles_importrun_again": "answers POST alone, with a redirect",
    "articles_importrun_cancel": "answers POST alone, with a redirect",
    "articles_importrun_csv": "answers a file",
    "articles_importrun_json": "answers a file",
    "articles_importrun_txt": "answers a file",
    "articles_article_scores": "answers POST alone; what it shows is tested with the workbench",
    "articles_article_together": "answers POST alone; what it shows is tested with the workbench",
    "articles_policyversion_apply": "answers POST alone; what it shows is tested by itself",
    "articles_webhook_replay": "answers POST alone, with a redirect",
    "articles_webhook_rotate": "answers POST alone; what it shows is tested by itself",
    "articles_webhook_test": "answers POST alone, with a redirect",
    "auth_user_invite_again": "answers POST alone, with a redirect",
    "autocomplete": "answers JSON",
    "jsi18n": "answers a script",
    "logout": "answers POST alone; what it shows then is tested by itself",
    "view_on_site": "redirects to the public page",
}

VARIANTS: Final[dict[str, Callable[[Rows], str]]] = {
    "workbench with a search": lambda rows: (
        reverse("admin:articles_article_story", args=[rows[Article].pk]) + "?find=something"
    ),
    "workbench without a match": lambda rows: (
        reverse("admin:articles_article_story", args=[rows[Article].pk])
        + "?find=https://nowhere.example/"
    ),
    "nothing found": lambda rows: list_of(Article) + "?q=nothinglikethis",
    "searched and filtered": lambda rows: (
        list_of(Article) + f"?q=Something&state=published&provider={rows[Provider].pk}"
    ),
    "of one topic": lambda rows: list_of(Article) + f"?topic={rows[Topic].pk}",
    "runs of one state": lambda rows: list_of(ImportRun) + "?state__exact=finished",
    **{f"queue {queue.key}": partial(queue_address, queue.key) for queue in QUEUES[1:]},
    "in a pop-up": lambda rows: list_of(Topic) + "?_popup=1",
}
"""Pages of the table in another state, by description."""

DJANGOS_OWN: Final = {
    "aria-prohibited-attr": "the help of the two lists of permissions, made by Django's script",
    "label": "date and time of a user's last login: one label for two fields",
}
"""The axe rules that Django's own pages of users and groups break, by page."""

_OF_A_MODEL: Final = re.compile(r"([a-z]+)_([a-z]+)_(changelist|add|change|history|delete)")


def names() -> list[str]:
    """Return the names of the admin's URLs that return pages."""
    _, resolver = get_resolver().namespace_dict["admin"]
    named = {name for name in resolver.reverse_dict if isinstance(name, str)}
    return sorted(named - NOT_PAGES.keys())


def address_of(name: str, rows: Rows) -> str | None:
    """Return the URL of a page, or None if no user may open it."""
    if name in ADDRESSES:
        return ADDRESSES[name](rows)
    found = _OF_A_MODEL.fullmatch(name)
    assert found, f"the admin's URL {name!r} is in neither ADDRESSES nor NOT_PAGES"
    app, model_name, action = found.groups()
    model = apps.get_model(app, model_name)
    if action in {"changelist", "add"}:
        address = reverse(f"admin:{name}")
    else:
        address = reverse(f"admin:{name}", args=[rows[model].pk])
    request = RequestFactory().get(address)
    request.user = cast("User", rows[User])
    options = admin.site.get_model_admin(model)
    may = {"add": options.has_add_permission, "delete": options.has_delete_permission}
    return address if action not in may or may[action](request) else None


def list_of(model: type[Model]) -> str:
    """Return the URL of a model's list."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def rows_by_model(rows: list[Model], user: User) -> Rows:
    """Return the rows, including those of Django's own models."""
    group = Group.objects.get_or_create(name="Desk")[0]
    hook = WebHook.objects.create(
        name="Something", url="https://mirror.example/hook", failures=3, rests_until=NOW
    )
    delivery = hook.deliveries.create(
        event="updated", slug="a-story", body='{"type": "updated"}', answer="It answered 500."
    )
    entries = [
        SignIn.objects.create(result=result, name=name, address=address)
        for result, name, address in zip(
            SignIn.Result,
            ("admin", "a very long name \u202e with more", "x" * 150, "idle", "desk@news.example"),
            ("192.0.2.1", "2001:db8:1234:5678::", None, "192.0.2.1", "192.0.2.1"),
            strict=True,
        )
    ]
    return {type(row): row for row in [*rows, user, group, hook, delivery, *entries]}
