"""All URLs of the site, rows for their parameters, and a signed-in user of each role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from articles.admin.decisions import confirmation
from articles.models import (
    Act,
    ApiToken,
    Article,
    HookDelivery,
    ImportRun,
    PolicyVersion,
    SignIn,
    Topic,
    Upload,
    WebHook,
)
from articles.models.stored_image import name_of
from articles.roles import SCORE, Role
from articles.site.sitemaps import SPAN
from providers.models import Provider
from tests.articles.admin.admin_pages import make_everything
from tests.factories import NOW, make_user

USERS: Final = "ANVEPOS"
"""Anonymous; staff with No role; Viewer; Editor; Publisher; Operator; Superuser."""

_OF_A_MODEL: Final = re.compile(r"admin:(\w+?)_(\w+?)_\w+")
_APPS: Final = ("articles", "providers", "auth")
REFUSED: Final = {401, 403, 404, 405}


BODIES: Final[dict[str, dict[str, Any]]] = {
    "score": {"quality": 33},
    "schedule": {"publishFrom": None, "publishUntil": "2100-01-01T00:00:00Z"},
    "relate": {"slugs": ["nothing"]},
    "unrelate": {"slugs": ["nothing"]},
    "refuse": {"slugs": ["nothing"]},
    "edit": {"title": "Another title"},
}
"""What the API's decisions need in addition to a reason."""


def addresses() -> dict[str, str]:
    """Return the pattern of every URL of the site by its name."""
    return dict(_walk(get_resolver().url_patterns, "", ""))


def _walk(
    patterns: list[URLPattern | URLResolver], before: str, space: str
) -> Iterator[tuple[str, str]]:
    for one in patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            inner = ":".join(filter(None, [space, one.namespace or ""]))
            yield from _walk(one.url_patterns, route, inner)
        # Only Django's redirects from old URLs and the admin's 404 page have no name.
        elif one.name:
            yield f"{space}:{one.name}" if space else one.name, route


class Site:
    """One row of each model, and one user of each role."""

    def __init__(self) -> None:
        self.rows: dict[type[Model], Model] = {type(row): row for row in make_everything()}
        self.users: dict[str, User | None] = {
            "A": None,
            "N": make_user(),
            "V": make_user(Role.VIEWER),
            "E": make_user(Role.EDITOR),
            "P": make_user(Role.PUBLISHER),
            "O": make_user(Role.OPERATOR),
            "S": User.objects.create_superuser("super"),
        }
        act = Act.objects.create(verb=Act.Verb.SCORE, at=NOW, permissions=[SCORE])
        act.changes.create(
            article_id=self.rows[Article].pk,
            before={"quality": 79},
            after={"quality": 80},
            published_before=True,
            published_after=True,
            version=1,
        )
        Upload.objects.create(run_id=self.rows[ImportRun].pk, token="token", names=["a.md"])
        policy, _ = PolicyVersion.objects.get_or_create(finished_at=NOW)
        group = Group.objects.create(name="A group")
        member = User.objects.create_user("member")
        hook = WebHook.objects.create(name="A mirror", url="https://mirror.example/hook")
        delivery = hook.deliveries.create(event="updated", slug="a-story", body="{}")
        self.rows |= {
            WebHook: hook,
            HookDelivery: delivery,
            Act: act,
            SignIn: SignIn.objects.create(name="somebody", result=SignIn.Result.FAILED),
            PolicyVersion: policy,
            Group: group,
            User: member,
        }
        # Only its owner can see an API key.
        ApiToken.objects.update(user=self.users["E"])
        self.sessions = {letter: _login(user) for letter, user in self.users.items() if user}
        self.copy = default_storage.save(name_of("0" * 64, 320, "webp"), ContentFile(b"RIFF"))

    def each(self, patterns: dict[str, str]) -> Iterator[tuple[str, str]]:
        """Yield each name with its URL; roll back its writes afterward."""
        for name, pattern in patterns.items():
            cache.clear()
            with transaction.atomic():
                yield name, self.address(name, pattern)
                transaction.set_rollback(True)

    def address(self, name: str, pattern: str) -> str:
        """Return the URL of a name, with a row for its parameters."""
        values: dict[str, Any] = {}
        for parameter in re.findall(r"<(?:\w+:)?(\w+)>", pattern):
            values[parameter] = self._value(name, parameter)
        return reverse(name, kwargs=values)

    def _value(self, name: str, parameter: str) -> Any:
        article = self.rows[Article]
        fixed = {
            "slug": getattr(self.rows[Topic] if "topic" in name else article, "slug", ""),
            "number": article.pk // SPAN,
            "topic": getattr(self.rows[Topic], "slug", ""),
            "page": 1,
            "name": self.copy,
            "position": 0,
            "domain": getattr(self.rows[Provider], "domain", ""),
            "key": "not-scored",
            "verb": "hold",
            "ending": "rss",
            "app_label": "articles",
            "uidb64": "x",
            "token": "x",
            # 0 is the state before the first decision.
            "act_id": 0 if name.endswith("restore") else self.rows[Act].pk,
            "pk": self._row(name).pk,
            "article_id": article.pk,
            "content_type_id": ContentType.objects.get_for_model(Article).pk,
        }
        if name == "admin:view_on_site":
            return fixed.get(parameter, article.pk)
        if parameter in fixed:
            return fixed[parameter]
        found = _OF_A_MODEL.match(name)
        if not found:
            return article.pk
        app, model = found.groups()
        return self.rows[apps.get_model(app, model)].pk

    def _row(self, name: str) -> Model:
        models: dict[str, type[Model]] = {
            "importrun": ImportRun,
            "webhook": WebHook,
            "auth_user": User,
        }
        return self.rows[next((models[one] for one in models if one in name), Article)]

    def sent(self, name: str) -> dict[str, Any]:
        """Return a form for URLs whose permission depends on the form."""
        article = Article.objects.get(pk=self.rows[Article].pk)
        if name.endswith("article_story"):
            seen = confirmation.sign("story", [[article.pk, article.version]])
            return {"pin": str(article.pk), "seen": seen}
        if name.endswith("article_triage"):
            return {"article": article.pk, "seen_version": article.version, "verb": "hold"}
        return {}

    def send(self, letter: str, name: str, address: str) -> Any:
        """Send a URL's form or body as one of the users."""
        client = self.client(letter)
        if not name.startswith("articles:api:newsdesk"):
            return client.post(address, self.sent(name))
        body = BODIES.get(name.rpartition("-")[2], {})
        headers = {"If-Match": '"1"'}
        return client.post(address, body, content_type="application/json", headers=headers)

    def client(self, letter: str, **options: Any) -> Client:
        """Return a new client in which one of the users is signed in."""
        client = Client(**options)
        if letter in self.sessions:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[letter]
        return client


def _login(user: User) -> str:
    client = Client()
    client.force_login(user)
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)


def everything() -> dict[str, list[Any]]:
    """Return all rows of the site's own tables and of the users."""
    models = [model for app in _APPS for model in apps.get_app_config(app).get_models()]
    found = {}
    for model in models:
        # The tests' own logins change this column.
        columns = [one.attname for one in model._meta.concrete_fields if one.name != "last_login"]
        found[str(model._meta)] = list(model._default_manager.order_by("pk").values_list(*columns))
    return found


def is_let_in(response: Any) -> bool:
    """Return whether the response is neither a refusal nor a redirect to the login."""
    login = response.status_code == 302 and response["Location"].startswith(reverse("admin:login"))
    return response.status_code not in REFUSED and not login
