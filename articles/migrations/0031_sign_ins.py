"""The log of sign-ins, for Operators, and keys that end with a new password."""

import hashlib
from typing import Any

import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from articles.migrations.frozen.roles import ROLES_0031, write_roles


def note_passwords(apps: Any, _: object) -> None:
    """Let the existing keys end with the present passwords of their owners."""
    for token in apps.get_model("articles", "ApiToken").objects.select_related("user"):
        token.password_digest = hashlib.sha256(token.user.password.encode()).hexdigest()
        token.save(update_fields=["password_digest"])


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0030_workers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="password_digest",
            field=models.CharField(
                db_default="",
                editable=False,
                help_text="Of the owner's stored password when the key was created. Another one ends the key.",
                max_length=64,
            ),
        ),
        migrations.CreateModel(
            name="SignIn",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="when"),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="As typed; there may be no such user.", max_length=150
                    ),
                ),
                (
                    "address",
                    models.GenericIPAddressField(
                        help_text="For IPv6, the first address of the /64 network. Empty: unknown.",
                        null=True,
                    ),
                ),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("signed_in", "success"),
                            ("failed", "failed"),
                            ("locked", "locked"),
                            ("no_role", "no role"),
                            ("asked", "forgot password"),
                        ],
                        max_length=10,
                    ),
                ),
            ],
            options={
                "verbose_name": "sign-in",
                "ordering": ["-at", "-pk"],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["at", "id"], name="sign_in_at"),
                    models.Index(fields=["address", "at"], name="sign_in_address"),
                ],
            },
        ),
        migrations.RunPython(note_passwords, migrations.RunPython.noop),
        migrations.RunPython(
            write_roles({"Operator": ROLES_0031["Operator"]}), migrations.RunPython.noop
        ),
    ]
