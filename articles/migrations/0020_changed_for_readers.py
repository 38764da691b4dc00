"""When each article last changed for readers: ``updated`` of feeds, sitemaps and structured data."""

from django.db import migrations, models

from articles.migrations.frozen.triggers import keep_triggers


class Migration(migrations.Migration):
    dependencies = [("articles", "0019_processes_of_imports")]

    operations = keep_triggers(
        "0020",
        [
            migrations.AddField(
                model_name="change",
                name="changed_at",
                field=models.DateTimeField(
                    help_text="When readers last saw something else. Empty: still as it first appeared.",
                    null=True,
                ),
            ),
        ],
    )
