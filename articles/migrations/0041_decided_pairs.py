import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    # Allow: index pair_decided: the table is new in this release, and few of its rows are in the index.

    dependencies = [("articles", "0040_refused_pairs")]

    operations = [
        migrations.CreateModel(
            name="AwaitedVerdict",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "address_key",
                    models.CharField(
                        db_index=True, help_text="Of the article that is awaited.", max_length=500
                    ),
                ),
                ("verdict", models.CharField(max_length=10)),
                (
                    "article",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="articles.article",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("article", "address_key"), name="awaited_verdict_once"
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="pair",
            index=models.Index(
                condition=models.Q(("verdict", ""), _negated=True),
                fields=["first", "second"],
                name="pair_decided",
            ),
        ),
    ]
