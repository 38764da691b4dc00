"""How migrations write roles, which are groups with permissions, and the roles that they wrote."""

from collections.abc import Callable, Mapping
from typing import Any

_NAMES = {
    "score_article": "Can score articles",
    "relate_article": "Can relate articles, merge and split stories",
    "schedule_article": "Can schedule articles",
    "hold_article": "Can hold articles",
    "publish_article": "Can publish articles above the rule",
    "withdraw_article": "Can withdraw articles",
    "pin_article": "Can pin articles as lead",
    "export_article": "Can export documents",
}
_VIEWER = frozenset(
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
_EDITOR = _VIEWER | {
    "articles.change_article",
    "articles.change_importconflict",
    "articles.change_topic",
    "articles.hold_article",
    "articles.relate_article",
    "articles.schedule_article",
    "articles.score_article",
    "providers.change_provider",
}
_PUBLISHER = _EDITOR | {
    "articles.add_policyversion",
    "articles.pin_article",
    "articles.publish_article",
    "articles.withdraw_article",
}
_OPERATOR = _VIEWER | {"articles.add_importrun", "articles.export_article"}
ROLES_0003 = {
    "Viewer": _VIEWER,
    "Editor": _EDITOR,
    "Publisher": _PUBLISHER,
    "Operator": _OPERATOR,
}
ROLES_0012 = ROLES_0003 | {
    "Publisher": _PUBLISHER
    | {
        "articles.add_webhook",
        "articles.change_webhook",
        "articles.view_hookdelivery",
        "articles.view_webhook",
    }
}
ROLES_0030 = ROLES_0012 | {"Operator": _OPERATOR | {"articles.view_worker"}}
ROLES_0031 = ROLES_0030 | {"Operator": ROLES_0030["Operator"] | {"articles.view_signin"}}


def write_roles(roles: Mapping[Any, frozenset[str]]) -> Callable[..., None]:
    """Return what ``RunPython`` needs to give the groups exactly these permissions.

    ``roles`` has permissions as ``app.codename`` by the name of the group. Django creates permissions
    only after the last migration, so those are created here.
    """

    def write(apps: Any, _: object = None) -> None:
        found = {one: _permission(apps, one) for one in sorted(frozenset().union(*roles.values()))}
        for role, granted in roles.items():
            group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=role)
            group.permissions.set(found[one] for one in granted)

    return write


def _permission(apps: Any, permission: str) -> Any:
    app, _, codename = permission.partition(".")
    verb, _, model = codename.partition("_")
    content_types = apps.get_model("contenttypes", "ContentType").objects
    content_type, _ = content_types.get_or_create(app_label=app, model=model)
    words = apps.get_model(app, model)._meta.verbose_name
    found, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=content_type,
        codename=codename,
        defaults={"name": _NAMES.get(codename, f"Can {verb} {words}")},
    )
    return found
