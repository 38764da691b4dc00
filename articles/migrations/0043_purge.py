from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("articles", "0042_stems")]

    operations = [
        migrations.CreateModel(
            name="Purge",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("done_until", models.DateTimeField(null=True)),
                ("asked_at", models.DateTimeField()),
                ("error", models.TextField(blank=True)),
            ],
        ),
    ]
