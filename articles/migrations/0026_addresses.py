"""Address keys, former slugs and addresses, and which import created a document."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from articles.migrations.frozen.triggers import keep_triggers


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0025_former_names"),
        ("providers", "0002_labels"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = keep_triggers(
        "0026",
        [
            migrations.CreateModel(
                name="FormerAddress",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("address_key", models.CharField(max_length=500)),
                ],
            ),
            migrations.CreateModel(
                name="FormerSlug",
                fields=[
                    ("slug", models.CharField(max_length=255, primary_key=True, serialize=False)),
                    (
                        "address_key",
                        models.CharField(
                            db_index=True,
                            help_text="The address key that the article had last.",
                            max_length=500,
                        ),
                    ),
                ],
            ),
            migrations.RemoveIndex(
                model_name="article",
                name="article_url",
            ),
            migrations.AddField(
                model_name="article",
                name="address_key",
                field=models.CharField(
                    default="",
                    editable=False,
                    help_text="The same for all spellings of its URL; see documents/addresses.py.",
                    max_length=500,
                ),
                preserve_default=False,
            ),
            migrations.AddField(
                model_name="article",
                name="first_slug",
                field=models.CharField(
                    default="",
                    editable=False,
                    help_text="The slug that it had first. Feeds identify it by this, for good.",
                    max_length=255,
                ),
                preserve_default=False,
            ),
            migrations.AddField(
                model_name="importrun",
                name="folders",
                field=models.JSONField(
                    default=list,
                    editable=False,
                    help_text="The folders that were imported, as absolute paths on their host.",
                ),
            ),
            migrations.AddField(
                model_name="sourcedocument",
                name="created_by",
                field=models.ForeignKey(
                    help_text="The import that created the article, or turned a link-only article into one.",
                    null=True,
                    on_delete=django.db.models.deletion.SET_NULL,
                    related_name="created_documents",
                    to="articles.importrun",
                ),
            ),
            migrations.AlterField(
                model_name="importproblem",
                name="kind",
                field=models.CharField(
                    choices=[
                        ("error", "rejected document"),
                        ("warning", "warning"),
                        ("skipped", "skipped"),
                        ("duplicate", "possible duplicate"),
                        ("slug", "slug taken"),
                        ("retitled", "retitled"),
                        ("conflict", "conflict with an editor's change"),
                        ("score", "score differs from the publishing rule"),
                        ("policy", "another publishing rule"),
                    ],
                    max_length=10,
                ),
            ),
            migrations.AlterField(
                model_name="importrun",
                name="retitled",
                field=models.PositiveIntegerField(
                    default=0,
                    help_text="Articles whose document came back under another file name, and so got another address.",
                ),
            ),
            migrations.AlterField(
                model_name="sourcedocument",
                name="path",
                field=models.TextField(
                    help_text="Relative to the imported folder. Empty if the file has another article now."
                ),
            ),
            migrations.AddIndex(
                model_name="article",
                index=models.Index(fields=["address_key"], name="article_address"),
            ),
            migrations.AddIndex(
                model_name="sourcedocument",
                index=models.Index(
                    models.Func(
                        models.F("path"),
                        output_field=models.TextField(),
                        template="SUBSTR(%(expressions)s, 1, 190)",
                    ),
                    name="source_path",
                ),
            ),
            migrations.AddField(
                model_name="formeraddress",
                name="article",
                field=models.ForeignKey(
                    on_delete=django.db.models.deletion.CASCADE,
                    related_name="former_addresses",
                    to="articles.article",
                ),
            ),
            migrations.AddField(
                model_name="formerslug",
                name="article",
                field=models.ForeignKey(
                    help_text="Empty if the article was removed.",
                    null=True,
                    on_delete=django.db.models.deletion.SET_NULL,
                    related_name="former_slugs",
                    to="articles.article",
                ),
            ),
            migrations.AddConstraint(
                model_name="formeraddress",
                constraint=models.UniqueConstraint(
                    fields=("address_key", "article"), name="former_address_once"
                ),
            ),
        ],
    )
