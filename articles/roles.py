"""Roles and their permissions, in one table for the admin, the newsdesk, the API and the tests.

Roles are groups that migrations write. To change the table, add a migration that writes it again
(``articles/migrations/frozen/roles.py``). A user may have several roles, or individual permissions.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


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
"""Permissions in addition to Django's four per model, with their names in the admin."""

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
SIGN_INS: Final = "articles.view_signin"
SYSTEM: Final = "articles.view_worker"

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

# Other roles cannot even view webhooks, because their URLs may contain secrets.
_HOOKS: Final = frozenset(
    {"articles.view_webhook", "articles.add_webhook", HOOKS, "articles.view_hookdelivery"}
)

ROLES: Final[Mapping[Role, frozenset[str]]] = {
    Role.VIEWER: _LOOK,
    Role.EDITOR: _EDITOR,
    Role.PUBLISHER: _EDITOR | {PUBLISH, WITHDRAW, PIN, POLICY, *_HOOKS},
    Role.OPERATOR: _LOOK | {IMPORT, EXPORT, SIGN_INS, SYSTEM},
}
"""The permissions of each role, as ``app.codename``."""

IN_WORDS: Final[Mapping[Role, str]] = {
    Role.VIEWER: "Views everything, changes nothing.",
    Role.EDITOR: "Like Viewer, and scores, edits texts, relates, schedules and holds articles.",
    Role.PUBLISHER: "Like Editor, and publishes above the rule, withdraws, pins leads, changes "
    "the rule, sets up webhooks.",
    Role.OPERATOR: "Like Viewer, and imports, exports, sees who signed in, watches the system.",
}
"""What each role may do, in one line."""
