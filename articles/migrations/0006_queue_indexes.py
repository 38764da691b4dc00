"""Indexes of the queues: each is named after the query of articles/queues.py that needs it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0005_search"),
    ]

    operations = [
        # Not scored, newest first. As in all of these, the columns behind the order are those of the
        # condition: SQLite then counts without a look at the table.
        migrations.AddIndex(
            model_name="article",
            index=models.Index(
                condition=models.Q(
                    ("coverage_only", False), ("published", False), ("quality", None)
                ),
                fields=[
                    "-published_at",
                    "slug",
                    "quality",
                    "published",
                    "decision",
                    "coverage_only",
                ],
                name="queue_not_scored",
            ),
        ),
        # One away: below the threshold, newest first; heat and quality are compared with the policy.
        migrations.AddIndex(
            model_name="article",
            index=models.Index(
                condition=models.Q(
                    ("coverage_only", False),
                    ("decision", ""),
                    ("heat__gte", 0),
                    ("published", False),
                ),
                fields=[
                    "-published_at",
                    "slug",
                    "heat",
                    "quality",
                    "published",
                    "decision",
                    "coverage_only",
                ],
                name="queue_one_away",
            ),
        ),
        # Superseded, but better elsewhere: the latest superseded ones.
        migrations.AddIndex(
            model_name="article",
            index=models.Index(
                condition=models.Q(("heat", -1)),
                fields=[
                    "-published_at",
                    "slug",
                    "heat",
                    "quality",
                    "published",
                    "decision",
                    "coverage_only",
                ],
                name="queue_superseded",
            ),
        ),
        # Late arrivals: the latest decisions, whose stories are looked at for newcomers.
        migrations.AddIndex(
            model_name="article",
            index=models.Index(
                condition=models.Q(
                    ("decided_at__isnull", False),
                    models.Q(("decision", ""), ("is_pinned", False), _negated=True),
                ),
                fields=["-decided_at", "decision", "is_pinned", "id"],
                name="queue_decisions",
            ),
        ),
        # Scheduled, the next one first.
        migrations.AddIndex(
            model_name="article",
            index=models.Index(
                condition=models.Q(("publish_from__isnull", False), ("published", True)),
                fields=["publish_from", "slug", "published"],
                name="queue_scheduled",
            ),
        ),
        # Held, newest first.
        migrations.AddIndex(
            model_name="article",
            index=models.Index(
                condition=models.Q(("coverage_only", False), ("decision", "hold")),
                fields=["-published_at", "slug", "decision", "coverage_only"],
                name="queue_held",
            ),
        ),
        # Withdrawn, newest first.
        migrations.AddIndex(
            model_name="article",
            index=models.Index(
                condition=models.Q(("coverage_only", False), ("decision", "withdraw")),
                fields=["-published_at", "slug", "decision", "coverage_only"],
                name="queue_withdrawn",
            ),
        ),
    ]
