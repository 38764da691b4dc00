"""Copies of images that are kept here, and what became of fetching them."""

import django.db.models.deletion
from django.db import migrations, models

from articles.migrations.frozen.triggers import keep_triggers


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0008_search_names"),
    ]

    operations = keep_triggers(
        "0009",
        [
            migrations.CreateModel(
                name="StoredImage",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    (
                        "digest",
                        models.CharField(
                            help_text="SHA-256 of the original, in hexadecimal.",
                            max_length=64,
                            unique=True,
                        ),
                    ),
                    (
                        "format",
                        models.CharField(
                            help_text="Of the original: jpeg, png, gif, webp, avif.", max_length=4
                        ),
                    ),
                    ("byte_size", models.PositiveIntegerField(help_text="Of the original.")),
                    (
                        "width",
                        models.PositiveIntegerField(
                            help_text="Pixels, turned the right way; so is the height."
                        ),
                    ),
                    ("height", models.PositiveIntegerField(help_text="Pixels.")),
                    (
                        "color",
                        models.CharField(
                            help_text="What most of it has, as #rrggbb.", max_length=7
                        ),
                    ),
                    (
                        "placeholder",
                        models.CharField(
                            help_text="It again as 4 by 3 pixels: a data: address.", max_length=400
                        ),
                    ),
                    (
                        "renditions",
                        models.JSONField(
                            help_text="Width, height and bytes of each copy, smallest first."
                        ),
                    ),
                    (
                        "focal_x",
                        models.PositiveSmallIntegerField(
                            default=50,
                            help_text="Percent from the left of what must be seen when it is cropped.",
                        ),
                    ),
                    (
                        "focal_y",
                        models.PositiveSmallIntegerField(
                            default=50,
                            help_text="Percent from the top of what must be seen when it is cropped.",
                        ),
                    ),
                    ("stored_at", models.DateTimeField()),
                ],
                options={
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("focal_x__lte", 100), ("focal_y__lte", 100)),
                            name="stored_image_focal_in_percent",
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="ImageFetch",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("url", models.CharField(max_length=2000, unique=True)),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("waiting", "waiting"),
                                ("kept", "kept"),
                                ("failed", "failed"),
                            ],
                            default="waiting",
                            max_length=7,
                        ),
                    ),
                    ("failure", models.TextField(blank=True, help_text="Why it failed, in words.")),
                    (
                        "tries",
                        models.PositiveSmallIntegerField(
                            default=0, help_text="Since it was last kept."
                        ),
                    ),
                    ("tried_at", models.DateTimeField(blank=True, null=True)),
                    (
                        "next_try_at",
                        models.DateTimeField(
                            blank=True,
                            help_text="If it failed: empty if nothing is gained by another try.",
                            null=True,
                        ),
                    ),
                    ("etag", models.CharField(blank=True, max_length=200)),
                    ("last_modified", models.CharField(blank=True, max_length=200)),
                    (
                        "writing",
                        models.CharField(
                            blank=True,
                            help_text="The digest whose files are being written.",
                            max_length=64,
                        ),
                    ),
                    (
                        "stored",
                        models.ForeignKey(
                            blank=True,
                            help_text="The copy; an older one while a newer one is waited for.",
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="fetches",
                            to="articles.storedimage",
                        ),
                    ),
                ],
            ),
            migrations.AddField(
                model_name="image",
                name="stored",
                field=models.ForeignKey(
                    blank=True,
                    db_index=False,
                    help_text="The copy that is kept here.",
                    null=True,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="images",
                    to="articles.storedimage",
                ),
            ),
            migrations.AddIndex(
                model_name="image",
                index=models.Index(
                    condition=models.Q(("stored__isnull", False)),
                    fields=["stored"],
                    name="image_stored",
                ),
            ),
            migrations.AddIndex(
                model_name="imagefetch",
                index=models.Index(
                    condition=models.Q(("state", "failed")),
                    fields=["-tried_at"],
                    name="image_fetch_failed",
                ),
            ),
            migrations.AddIndex(
                model_name="imagefetch",
                index=models.Index(
                    condition=models.Q(("writing", ""), _negated=True),
                    fields=["writing"],
                    name="image_fetch_writing",
                ),
            ),
            migrations.AddConstraint(
                model_name="imagefetch",
                constraint=models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("state", "kept"), _negated=True),
                        models.Q(("failure", ""), ("stored__isnull", False)),
                        _connector="OR",
                    ),
                    name="image_fetch_kept_has_a_copy",
                ),
            ),
        ],
    )
