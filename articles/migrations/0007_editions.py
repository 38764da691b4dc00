"""Editions: what pages are stored under; and the order of the front page with its tie-break."""

from django.db import migrations, models

from articles.migrations.frozen.triggers import keep_triggers


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0006_queue_indexes"),
        ("providers", "0001_initial"),
    ]

    operations = keep_triggers(
        "0007",
        [
            migrations.CreateModel(
                name="Edition",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("token", models.CharField(max_length=32)),
                    ("begun_at", models.DateTimeField()),
                ],
            ),
            migrations.RemoveIndex(model_name="article", name="article_top"),
            migrations.AddIndex(
                model_name="article",
                index=models.Index(
                    condition=models.Q(("published", True)),
                    fields=["-top_rank", "slug"],
                    name="article_top",
                ),
            ),
        ],
    )
