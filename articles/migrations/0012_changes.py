"""What followers of the API are told; the API's order by heat; numbered pages without their rows."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("articles", "0007_editions")]

    operations = [
        migrations.RemoveIndex(model_name="article", name="article_latest"),
        migrations.AddIndex(
            model_name="article",
            index=models.Index(
                condition=models.Q(("published", True)),
                fields=["-published_at", "slug", "publish_from", "publish_until"],
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
    ]
