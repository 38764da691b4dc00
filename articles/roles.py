"""Who may do what: the one table that the admin, the newsdesk, the API and the tests read.

Roles are groups; a migration writes them (``write_roles``). Whoever changes the table adds a
migration that writes them again. A user may have several roles, or single permissions.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final


class Role(StrEnum):
    """The groups that a fresh installation has."""

    VIEWER = "Viewer"
    EDITOR = "Editor"
    PUBLISHER = "Publisher"
    OPERATOR = "Operator"


ARTICLE_PERMISSIONS: Final = (
    ("score_article", "Can score articles"),
    ("relate_article", "Can relate articles, merge and split stories"),
    ("schedule_article", "Can schedule articles"),
    ("hold_article", "Can hold articles"),
    ("publish_article", "Can publish articles above the rule"),
    ("withdraw_article", "Can withdraw articles"),
    ("pin_article", "Can pin articles as lead"),
    ("export_article", "Can export documents"),
)
"""What can be permitted beyond Django's own four permissions a model, with words for the admin."""

SCORE: Final = "articles.score_article"
RELATE: Final = "articles.relate_article"
SCHEDULE: Final = "articles.schedule_article"
HOLD: Final = "articles.hold_article"
PUBLISH: Final = "articles.publish_article"
WITHDRAW: Final = "articles.withdraw_article"
PIN: Final = "articles.pin_article"
EDIT: Final = "articles.change_article"
RESOLVE: Final = "articles.change_importconflict"
POLICY: Final = "articles.add_policyversion"
IMPORT: Final = "articles.add_importrun"
EXPORT: Final = "articles.export_article"
HOOKS: Final = "articles.change_webhook"

_LOOK: Final = frozenset(
    {
        "articles.view_act",
        "articles.view_article",
        "articles.view_image",
        "articles.view_importconflict",
        "articles.view_importproblem",
        "articles.view_importrun",
        "articles.view_policyversion",
        "articles.view_sourcedocument",
        "articles.view_topic",
        "providers.view_provider",
    }
)
_EDITOR: Final = _LOOK | {
    *(SCORE, RELATE, SCHEDULE, HOLD, EDIT, RESOLVE),
    "articles.change_topic",
    "providers.change_provider",
}

# Nobody else looks at them: the address of a hook may be half of its secret.
_HOOKS: Final = frozenset(
    {"articles.view_webhook", "articles.add_webhook", HOOKS, "articles.view_hookdelivery"}
)

ROLES: Final[Mapping[Role, frozenset[str]]] = {
    Role.VIEWER: _LOOK,
    Role.EDITOR: _EDITOR,
    Role.PUBLISHER: _EDITOR | {PUBLISH, WITHDRAW, PIN, POLICY, *_HOOKS},
    Role.OPERATOR: _LOOK | {IMPORT, EXPORT},
}
"""The permissions of each role, as ``app.codename``."""


def write_roles(apps: Any) -> None:
    """Make the groups have exactly the permissions of ``ROLES``; ``apps`` is a migration's.

    Permissions that Django would only create after the last migration are created here.
    """
    names = dict(ARTICLE_PERMISSIONS)
    group_model = apps.get_model("auth", "Group")
    permission_model = apps.get_model("auth", "Permission")
    content_types = apps.get_model("contenttypes", "ContentType").objects
    permissions = {}
    for permission in sorted(frozenset().union(*ROLES.values())):
        app, _, codename = permission.partition(".")
        verb, _, model = codename.partition("_")
        if model not in apps.all_models[app]:
            # The migration that makes its table writes the roles again.
            continue
        content_type, _ = content_types.get_or_create(app_label=app, model=model)
        permissions[permission], _ = permission_model.objects.get_or_create(
            content_type=content_type,
            codename=codename,
            defaults={"name": names.get(codename, f"Can {verb} {_words(apps, app, model)}")},
        )
    for role, granted in ROLES.items():
        group, _ = group_model.objects.get_or_create(name=role.value)
        group.permissions.set(permissions[one] for one in granted & permissions.keys())


def _words(apps: Any, app: str, model: str) -> str:
    return str(apps.get_model(app, model)._meta.verbose_name)
