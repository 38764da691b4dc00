"""What the list of articles, its filters and its orders find at a million articles."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import OuterRef, Subquery


def take_over_times(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    article_topic = apps.get_model("articles", "ArticleTopic")
    of_article = apps.get_model("articles", "Article").objects.filter(pk=OuterRef("article"))
    article_topic.objects.update(published_at=Subquery(of_article.values("published_at")))


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0003_roles"),
        ("providers", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="article",
            name="article_newest",
        ),
        migrations.AddField(
            model_name="article",
            name="standing",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(coverage_only=True, then=models.Value("coverage_only")),
                    models.When(decision="withdraw", then=models.Value("withdrawn")),
                    models.When(decision="hold", then=models.Value("held")),
                    models.When(published=True, then=models.Value("published")),
                    models.When(quality=None, then=models.Value("not_scored")),
                    models.When(heat=-1, then=models.Value("superseded")),
                    default=models.Value("below"),
                ),
                help_text="Its state but for its schedule: published stands for scheduled and expired, too.",
                output_field=models.CharField(max_length=13),
            ),
        ),
        migrations.AddField(
            model_name="articletopic",
            name="published_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunPython(take_over_times, migrations.RunPython.noop, elidable=True),
        migrations.AlterField(
            model_name="articletopic",
            name="published_at",
            field=models.DateTimeField(
                editable=False, help_text="The article's, so that one index has a topic's newest."
            ),
        ),
        migrations.AlterField(
            model_name="article",
            name="provider",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="articles",
                to="providers.provider",
            ),
        ),
        migrations.AlterField(
            model_name="articletopic",
            name="topic",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="article_links",
                to="articles.topic",
            ),
        ),
        migrations.AddIndex(
            model_name="article",
            index=models.Index(
                fields=[
                    "-published_at",
                    "-id",
                    "standing",
                    "provider",
                    "type",
                    "quality",
                    "decision",
                ],
                name="article_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="article",
            index=models.Index(
                fields=["standing", "-published_at", "-id"], name="article_standing"
            ),
        ),
        migrations.AddIndex(
            model_name="article",
            index=models.Index(
                fields=["provider", "-published_at", "-id"], name="article_provider"
            ),
        ),
        migrations.AddIndex(
            model_name="article",
            index=models.Index(
                models.Func(
                    models.F("heat"),
                    output_field=models.SmallIntegerField(),
                    template="COALESCE(%(expressions)s, -2)",
                ),
                models.F("id"),
                name="article_heat",
            ),
        ),
        migrations.AddIndex(
            model_name="article",
            index=models.Index(
                models.Func(
                    models.F("quality"),
                    output_field=models.SmallIntegerField(),
                    template="COALESCE(%(expressions)s, -2)",
                ),
                models.F("id"),
                name="article_quality",
            ),
        ),
        migrations.AddIndex(
            model_name="article",
            index=models.Index(
                models.F("standing"),
                models.Func(
                    models.F("heat"),
                    output_field=models.SmallIntegerField(),
                    template="COALESCE(%(expressions)s, -2)",
                ),
                models.F("id"),
                name="article_standing_heat",
            ),
        ),
        migrations.AddIndex(
            model_name="article",
            index=models.Index(
                condition=models.Q(("decision", ""), _negated=True),
                fields=["-published_at", "-id"],
                name="article_decided",
            ),
        ),
        migrations.AddIndex(
            model_name="article",
            index=models.Index(
                condition=models.Q(("publish_from__isnull", False)),
                fields=["publish_from"],
                name="article_from",
            ),
        ),
        migrations.AddIndex(
            model_name="article",
            index=models.Index(
                condition=models.Q(("publish_until__isnull", False)),
                fields=["publish_until"],
                name="article_until",
            ),
        ),
        migrations.AddIndex(
            model_name="articletopic",
            index=models.Index(fields=["topic", "-published_at", "-article"], name="topic_newest"),
        ),
    ]
