"""Indexes of the queues: each is named after the query of articles/newsdesk/queues.py that needs it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0005_search"),
    ]

    operations = [
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
    ]
