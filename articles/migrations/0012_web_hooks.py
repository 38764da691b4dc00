"""Web hooks, and who may set them up."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from articles.migrations.frozen.roles import ROLES_0012, write_roles


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0011_newsdesk_api"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HookPlace",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sequence", models.BigIntegerField()),
                ("moment", models.DateTimeField()),
                ("slug", models.CharField(blank=True, max_length=255)),
            ],
        ),
        migrations.CreateModel(
            name="HookTold",
            fields=[
                ("slug", models.CharField(max_length=255, primary_key=True, serialize=False)),
                (
                    "digest",
                    models.CharField(
                        blank=True,
                        help_text="Of what they were told; blank for what they were not.",
                        max_length=64,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="WebHook",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(help_text="Whose it is, or what for.", max_length=100)),
                (
                    "url",
                    models.CharField(
                        help_text="Where events are sent: https://, on the public Internet, port 80 or 443.",
                        max_length=2000,
                        verbose_name="address",
                    ),
                ),
                ("events", models.JSONField(default=list)),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Inactive: nothing is sent, and what happens meanwhile it is never told.",
                        verbose_name="active",
                    ),
                ),
                (
                    "secret",
                    models.CharField(editable=False, max_length=100),
                ),
                ("former_secret", models.CharField(blank=True, editable=False, max_length=100)),
                ("former_until", models.DateTimeField(editable=False, null=True)),
                (
                    "failures",
                    models.PositiveIntegerField(default=0, editable=False, help_text="In a row."),
                ),
                ("rests_until", models.DateTimeField(editable=False, null=True)),
                ("ended_because", models.CharField(blank=True, editable=False, max_length=200)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["name", "pk"],
            },
        ),
        migrations.CreateModel(
            name="HookDelivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "event_id",
                    models.UUIDField(
                        default=uuid.uuid4,
                        help_text="Sent with every try, always the same.",
                        unique=True,
                        verbose_name="id",
                    ),
                ),
                (
                    "event",
                    models.CharField(
                        choices=[
                            ("published", "an article was published"),
                            ("updated", "a published article changed"),
                            ("unpublished", "readers see an article no longer"),
                            ("leadChanged", "another article leads a story"),
                            ("test", "a test"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "slug",
                    models.CharField(
                        blank=True, help_text="Whose events stay in order.", max_length=255
                    ),
                ),
                ("body", models.TextField(help_text="What is sent, to the byte.")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("delivered", "delivered"),
                            ("dead", "given up"),
                        ],
                        default="waiting",
                        max_length=9,
                    ),
                ),
                ("tries", models.PositiveIntegerField(default=0)),
                ("tried_at", models.DateTimeField(blank=True, null=True, verbose_name="last try")),
                (
                    "next_try_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="next try"
                    ),
                ),
                (
                    "answer",
                    models.CharField(
                        blank=True, help_text="What came of the last try, in words.", max_length=300
                    ),
                ),
                (
                    "hook",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="articles.webhook",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "hook deliveries",
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["next_try_at"],
                        name="hook_delivery_due",
                    ),
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["hook", "slug"],
                        name="hook_delivery_order",
                    ),
                    models.Index(fields=["state", "created_at"], name="hook_delivery_state"),
                ],
            },
        ),
        # Undone: nothing is taken away, as in 0003.
        migrations.RunPython(write_roles(ROLES_0012), migrations.RunPython.noop),
    ]
