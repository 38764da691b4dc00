"""How far the background clock has come; an article dated in the future is not public yet."""

from django.db import migrations, models

from articles.migrations.frozen.triggers import keep_triggers


class Migration(migrations.Migration):
    dependencies = [("articles", "0027_address_keys")]

    operations = keep_triggers(
        "0028",
        [
            migrations.CreateModel(
                name="Clock",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("passed_until", models.DateTimeField()),
                ],
            ),
            migrations.AddIndex(
                model_name="article",
                index=models.Index(
                    condition=models.Q(("decision_until__isnull", False)),
                    fields=["decision_until"],
                    name="article_decision_until",
                ),
            ),
        ],
    )
