"""What followers of the API are told; the API's order by heat; numbered pages without their rows."""

from django.db import migrations, models

from articles.migrations.frozen.triggers import keep_triggers, note_published


class Migration(migrations.Migration):
    dependencies = [("articles", "0009_images")]

    operations = keep_triggers(
        "0010",
        [
            migrations.CreateModel(
                name="Change",
                fields=[
                    ("slug", models.CharField(max_length=255, primary_key=True, serialize=False)),
                    (
                        "sequence",
                        models.BigIntegerField(
                            help_text="Which change came first; no two are equal."
                        ),
                    ),
                    (
                        "shown",
                        models.BooleanField(
                            help_text="Whether readers ever saw it: it may be named to them."
                        ),
                    ),
                    ("noted_at", models.DateTimeField()),
                ],
                options={
                    "indexes": [
                        models.Index(fields=["sequence", "noted_at"], name="change_sequence")
                    ],
                },
            ),
            migrations.RemoveIndex(model_name="article", name="article_latest"),
            migrations.AddIndex(
                model_name="article",
                index=models.Index(
                    condition=models.Q(("published", True)),
                    fields=["-published_at", "slug", "publish_from", "publish_until", "published"],
                    name="article_latest",
                ),
            ),
            migrations.AddIndex(
                model_name="article",
                index=models.Index(
                    models.OrderBy(
                        models.Func(
                            models.F("heat"),
                            output_field=models.SmallIntegerField(),
                            template="COALESCE(%(expressions)s, -2)",
                        ),
                        descending=True,
                    ),
                    models.F("slug"),
                    condition=models.Q(("published", True)),
                    name="article_hottest",
                ),
            ),
        ],
    )

    # By now the functions are there that number the notes.
    operations += [migrations.RunPython(note_published, migrations.RunPython.noop)]
