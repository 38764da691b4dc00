"""Names, help and choices as editors read them; nothing changes in the database."""

import uuid

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0014_uploaded_images"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="act",
            options={
                "ordering": ["-at", "-pk"],
                "verbose_name": "decision",
                "verbose_name_plural": "history",
            },
        ),
        migrations.AlterModelOptions(
            name="apitoken",
            options={
                "default_permissions": (),
                "ordering": ["-created_at", "-pk"],
                "verbose_name": "API key",
            },
        ),
        migrations.AlterModelOptions(
            name="hookdelivery",
            options={
                "ordering": ["-pk"],
                "verbose_name": "delivery",
                "verbose_name_plural": "deliveries",
            },
        ),
        migrations.AlterModelOptions(
            name="imagefetch",
            options={"verbose_name": "picture problem"},
        ),
        migrations.AlterModelOptions(
            name="importrun",
            options={"ordering": ["-started_at", "-pk"], "verbose_name": "import"},
        ),
        migrations.AlterModelOptions(
            name="policyversion",
            options={
                "ordering": ["-pk"],
                "verbose_name": "publishing rule",
                "verbose_name_plural": "publishing rule",
            },
        ),
        migrations.AlterModelOptions(
            name="related",
            options={"ordering": ["position"], "verbose_name": "link"},
        ),
        migrations.AlterModelOptions(
            name="sourcedocument",
            options={"ordering": ["path"], "verbose_name": "source file"},
        ),
        migrations.AlterModelOptions(
            name="webhook",
            options={"ordering": ["name", "pk"], "verbose_name": "webhook"},
        ),
        migrations.AlterField(
            model_name="act",
            name="permissions",
            field=models.JSONField(
                default=list, help_text="The permissions that it needed and that undoing it needs."
            ),
        ),
        migrations.AlterField(
            model_name="act",
            name="reason",
            field=models.TextField(blank=True, verbose_name="note"),
        ),
        migrations.AlterField(
            model_name="act",
            name="verb",
            field=models.CharField(
                choices=[
                    ("score", "scored"),
                    ("publish", "published"),
                    ("hold", "held"),
                    ("release", "returned to automatic"),
                    ("schedule", "scheduled"),
                    ("withdraw", "withdrawn"),
                    ("pin", "pinned as lead"),
                    ("unpin", "unpinned"),
                    ("relate", "linked"),
                    ("unrelate", "unlinked"),
                    ("merge", "merged stories"),
                    ("split", "split off"),
                    ("edit", "edited"),
                    ("resolve", "resolved an import conflict"),
                    ("restore", "restored"),
                    ("undo", "undone"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="actchange",
            name="version",
            field=models.PositiveIntegerField(
                help_text="The article's version after the decision."
            ),
        ),
        migrations.AlterField(
            model_name="apitoken",
            name="last_used_at",
            field=models.DateTimeField(
                editable=False, help_text="To the hour. Empty: never.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="apitoken",
            name="name",
            field=models.CharField(
                help_text="What uses this key, so that you know which one to revoke.",
                max_length=100,
            ),
        ),
        migrations.AlterField(
            model_name="article",
            name="coverage_only",
            field=models.BooleanField(
                default=False,
                help_text="Known only because other articles link to it. Shown as coverage, never on its own.",
            ),
        ),
        migrations.AlterField(
            model_name="article",
            name="decision",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "automatic"),
                    ("publish", "published by an editor"),
                    ("hold", "held by an editor"),
                    ("withdraw", "withdrawn by an editor"),
                ],
                default="",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="article",
            name="decision_reason",
            field=models.TextField(blank=True, verbose_name="note"),
        ),
        migrations.AlterField(
            model_name="article",
            name="featured_content",
            field=models.TextField(
                blank=True,
                help_text="HTML from the source, for example a video player. Sanitized before readers see it.",
            ),
        ),
        migrations.AlterField(
            model_name="article",
            name="filed_under",
            field=models.TextField(
                editable=False,
                help_text="Names of its provider and topics, for search. The database updates it.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="article",
            name="heat",
            field=models.IntegerField(
                blank=True,
                help_text="Quality plus the bonus for coverage. -1 if a better report leads the story.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="article",
            name="heat_is_given",
            field=models.BooleanField(
                default=False,
                editable=False,
                help_text="Heat and published are those of the document.",
            ),
        ),
        migrations.AlterField(
            model_name="article",
            name="is_pinned",
            field=models.BooleanField(
                default=False,
                help_text="Leads its story, whatever its quality.",
                verbose_name="pinned as lead",
            ),
        ),
        migrations.AlterField(
            model_name="article",
            name="published",
            field=models.BooleanField(
                default=False, help_text="The result of the rule, or of an editor's decision."
            ),
        ),
        migrations.AlterField(
            model_name="article",
            name="quality",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="How good the report is, from 0 to 1,000. 50 is ordinary. Empty: unscored.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="article",
            name="slug",
            field=models.CharField(
                help_text="The last part of the page's address: date and headline.",
                max_length=255,
                unique=True,
            ),
        ),
        migrations.AlterField(
            model_name="article",
            name="stem",
            field=models.CharField(
                editable=False,
                help_text="The slug that its document asks for. The slug differs if another article had it first.",
                max_length=240,
            ),
        ),
        migrations.AlterField(
            model_name="article",
            name="top_rank",
            field=models.FloatField(
                default=0,
                editable=False,
                help_text="Place on the front page: heat that falls with age.",
            ),
        ),
        migrations.AlterField(
            model_name="article",
            name="version",
            field=models.PositiveIntegerField(
                default=1,
                editable=False,
                help_text="Rises with every change, to detect lost updates.",
            ),
        ),
        migrations.AlterField(
            model_name="articletopic",
            name="published_at",
            field=models.DateTimeField(
                editable=False,
                help_text="Copied from the article, so that one index finds the newest of a topic.",
            ),
        ),
        migrations.AlterField(
            model_name="change",
            name="sequence",
            field=models.BigIntegerField(help_text="The order of changes. Unique."),
        ),
        migrations.AlterField(
            model_name="change",
            name="shown",
            field=models.BooleanField(
                help_text="Whether readers ever saw the article. Only then may they learn its slug."
            ),
        ),
        migrations.AlterField(
            model_name="hookdelivery",
            name="answer",
            field=models.CharField(
                blank=True, help_text="The result of the last try.", max_length=300
            ),
        ),
        migrations.AlterField(
            model_name="hookdelivery",
            name="body",
            field=models.TextField(help_text="The body of the request, byte for byte."),
        ),
        migrations.AlterField(
            model_name="hookdelivery",
            name="event",
            field=models.CharField(
                choices=[
                    ("published", "an article was published"),
                    ("updated", "a published article changed"),
                    ("unpublished", "an article is no longer public"),
                    ("leadChanged", "a story has a new lead"),
                    ("test", "a test"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="hookdelivery",
            name="event_id",
            field=models.UUIDField(
                default=uuid.uuid4,
                help_text="The same for every try.",
                unique=True,
                verbose_name="id",
            ),
        ),
        migrations.AlterField(
            model_name="hookdelivery",
            name="slug",
            field=models.CharField(
                blank=True, help_text="Events of one article stay in order.", max_length=255
            ),
        ),
        migrations.AlterField(
            model_name="hooktold",
            name="digest",
            field=models.CharField(
                blank=True,
                help_text="The digest of the last event. Blank: no event was sent.",
                max_length=64,
            ),
        ),
        migrations.AlterField(
            model_name="image",
            name="attribution",
            field=models.TextField(
                blank=True, help_text="Who made the image.", null=True, verbose_name="credit"
            ),
        ),
        migrations.AlterField(
            model_name="image",
            name="height",
            field=models.PositiveIntegerField(
                blank=True, help_text="Pixels, as the document states.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="image",
            name="is_cached",
            field=models.BooleanField(
                blank=True, help_text="Whether the source had a copy. Empty: unknown.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="image",
            name="stored",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="The copy stored here.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="images",
                to="articles.storedimage",
            ),
        ),
        migrations.AlterField(
            model_name="image",
            name="title",
            field=models.TextField(
                blank=True, help_text="What the image shows.", null=True, verbose_name="alt text"
            ),
        ),
        migrations.AlterField(
            model_name="image",
            name="width",
            field=models.PositiveIntegerField(
                blank=True, help_text="Pixels, as the document states.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="imagefetch",
            name="failure",
            field=models.TextField(blank=True, help_text="Why it failed."),
        ),
        migrations.AlterField(
            model_name="imagefetch",
            name="host",
            field=models.CharField(
                blank=True, default="", help_text="The host that failed.", max_length=253
            ),
        ),
        migrations.AlterField(
            model_name="imagefetch",
            name="next_try_at",
            field=models.DateTimeField(
                blank=True,
                help_text="After a failure. Empty: another try would not help.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="imagefetch",
            name="state",
            field=models.CharField(
                choices=[
                    ("waiting", "not fetched yet"),
                    ("kept", "stored"),
                    ("failed", "couldn't fetch"),
                ],
                default="waiting",
                max_length=7,
            ),
        ),
        migrations.AlterField(
            model_name="imagefetch",
            name="stored",
            field=models.ForeignKey(
                blank=True,
                help_text="The copy. While a fetch is waiting, an older one.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="fetches",
                to="articles.storedimage",
            ),
        ),
        migrations.AlterField(
            model_name="imagefetch",
            name="tries",
            field=models.PositiveSmallIntegerField(
                default=0, help_text="Tries since it was last stored."
            ),
        ),
        migrations.AlterField(
            model_name="imagefetch",
            name="uploaded_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When an editor uploaded the copy. Fetches do not replace it.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="imagefetch",
            name="writing",
            field=models.CharField(
                blank=True,
                help_text="The digest of the files that are being written.",
                max_length=64,
            ),
        ),
        migrations.AlterField(
            model_name="importconflict",
            name="act",
            field=models.ForeignKey(
                blank=True,
                help_text="The decision that resolved it.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="resolved_conflicts",
                to="articles.act",
            ),
        ),
        migrations.AlterField(
            model_name="importconflict",
            name="before",
            field=models.JSONField(
                help_text="The value in the document at the last import.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="importconflict",
            name="editor",
            field=models.JSONField(help_text="The editor's value.", null=True),
        ),
        migrations.AlterField(
            model_name="importconflict",
            name="source",
            field=models.JSONField(help_text="The value in the document now.", null=True),
        ),
        migrations.AlterField(
            model_name="importproblem",
            name="details",
            field=models.JSONField(default=dict, help_text="The message as data."),
        ),
        migrations.AlterField(
            model_name="importproblem",
            name="kind",
            field=models.CharField(
                choices=[
                    ("error", "rejected document"),
                    ("duplicate", "possible duplicate"),
                    ("slug", "slug taken"),
                    ("conflict", "conflict with an editor's change"),
                    ("score", "score differs from the publishing rule"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="importrun",
            name="paths",
            field=models.JSONField(default=list, help_text="The files and folders to import."),
        ),
        migrations.AlterField(
            model_name="importrun",
            name="state",
            field=models.CharField(
                choices=[
                    ("running", "running or crashed"),
                    ("finished", "finished"),
                    ("interrupted", "interrupted"),
                    ("failed", "failed"),
                ],
                default="running",
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="importrun",
            name="stubs",
            field=models.PositiveIntegerField(
                default=0, help_text="Link-only articles that this import added and did not fill."
            ),
        ),
        migrations.AlterField(
            model_name="logo",
            name="url",
            field=models.CharField(help_text="Where the logo was fetched from.", max_length=2000),
        ),
        migrations.AlterField(
            model_name="policyversion",
            name="bonus",
            field=models.PositiveSmallIntegerField(
                default=10,
                help_text="Heat points that each linked report adds.",
                validators=[
                    django.core.validators.MinValueValidator(0),
                    django.core.validators.MaxValueValidator(1000),
                ],
            ),
        ),
        migrations.AlterField(
            model_name="policyversion",
            name="minimum",
            field=models.PositiveSmallIntegerField(
                default=50,
                help_text="Linked reports add heat from this quality on.",
                validators=[
                    django.core.validators.MinValueValidator(0),
                    django.core.validators.MaxValueValidator(1000),
                ],
            ),
        ),
        migrations.AlterField(
            model_name="policyversion",
            name="reason",
            field=models.TextField(blank=True, verbose_name="note"),
        ),
        migrations.AlterField(
            model_name="policyversion",
            name="threshold",
            field=models.PositiveSmallIntegerField(
                default=70,
                help_text="Articles with at least this heat are published.",
                validators=[
                    django.core.validators.MinValueValidator(0),
                    django.core.validators.MaxValueValidator(1000),
                ],
            ),
        ),
        migrations.AlterField(
            model_name="sourcedocument",
            name="path",
            field=models.TextField(help_text="Relative to the imported folder."),
        ),
        migrations.AlterField(
            model_name="storedimage",
            name="byte_size",
            field=models.PositiveIntegerField(help_text="The original's size."),
        ),
        migrations.AlterField(
            model_name="storedimage",
            name="color",
            field=models.CharField(help_text="The main color, as #rrggbb.", max_length=7),
        ),
        migrations.AlterField(
            model_name="storedimage",
            name="focal_x",
            field=models.PositiveSmallIntegerField(
                default=50, help_text="Focal point, percent from the left. Crops keep it in view."
            ),
        ),
        migrations.AlterField(
            model_name="storedimage",
            name="focal_y",
            field=models.PositiveSmallIntegerField(
                default=50, help_text="Focal point, percent from the top. Crops keep it in view."
            ),
        ),
        migrations.AlterField(
            model_name="storedimage",
            name="format",
            field=models.CharField(
                help_text="The original's format: jpeg, png, gif, webp, avif.", max_length=4
            ),
        ),
        migrations.AlterField(
            model_name="storedimage",
            name="placeholder",
            field=models.CharField(
                help_text="The image in 4 by 3 pixels, as a data: URL.", max_length=400
            ),
        ),
        migrations.AlterField(
            model_name="storedimage",
            name="width",
            field=models.PositiveIntegerField(help_text="Pixels, after rotation."),
        ),
        migrations.AlterField(
            model_name="topic",
            name="key",
            field=models.CharField(
                editable=False,
                help_text="The folded name. Documents find the topic by it, even after it was renamed.",
                max_length=200,
                unique=True,
            ),
        ),
        migrations.AlterField(
            model_name="topic",
            name="name",
            field=models.CharField(help_text="Readers see this name.", max_length=1000),
        ),
        migrations.AlterField(
            model_name="topic",
            name="short_name",
            field=models.CharField(
                blank=True, help_text="For narrow screens and lists.", max_length=1000
            ),
        ),
        migrations.AlterField(
            model_name="topic",
            name="slug",
            field=models.SlugField(
                allow_unicode=True,
                help_text="The last part of the page's address.",
                max_length=200,
                unique=True,
            ),
        ),
        migrations.AlterField(
            model_name="topic",
            name="source",
            field=models.JSONField(
                blank=True,
                default=dict,
                editable=False,
                help_text="The values of the last import, to recognize what editors changed.",
            ),
        ),
        migrations.AlterField(
            model_name="webhook",
            name="failures",
            field=models.PositiveIntegerField(
                default=0, editable=False, help_text="Failed deliveries in a row."
            ),
        ),
        migrations.AlterField(
            model_name="webhook",
            name="is_active",
            field=models.BooleanField(
                default=True,
                help_text="While it is inactive, nothing is sent, and events of that time are lost.",
                verbose_name="active",
            ),
        ),
        migrations.AlterField(
            model_name="webhook",
            name="name",
            field=models.CharField(help_text="Who uses it, or what for.", max_length=100),
        ),
        migrations.AlterField(
            model_name="webhook",
            name="url",
            field=models.CharField(
                help_text="Events are sent here. It must be https:// and public, on port 80 or 443.",
                max_length=2000,
                verbose_name="URL",
            ),
        ),
        # Of generated columns Django compares more than the database has: on SQLite it would make the
        # table again.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
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
                        help_text="Its state without its schedule: scheduled and expired articles count as published.",
                        output_field=models.CharField(max_length=13),
                    ),
                ),
                migrations.AlterField(
                    model_name="article",
                    name="url",
                    field=models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.comparison.Coalesce(
                            django.db.models.functions.comparison.NullIf(
                                models.F("web_url"), models.Value("")
                            ),
                            models.F("original_url"),
                        ),
                        help_text="The URL that other documents link to: the web URL, or the original URL for a video.",
                        output_field=models.URLField(max_length=2000),
                    ),
                ),
            ],
        ),
    ]
