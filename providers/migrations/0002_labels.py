"""Help as editors read it; nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("providers", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="provider",
            name="domain",
            field=models.CharField(
                help_text="The domain of its site in lower case, for example nypost.com.",
                max_length=253,
                unique=True,
            ),
        ),
        migrations.AlterField(
            model_name="provider",
            name="logos",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="A list of images, each with url, width and height in pixels.",
            ),
        ),
        migrations.AlterField(
            model_name="provider",
            name="name",
            field=models.CharField(help_text="Readers see this name.", max_length=1000),
        ),
        migrations.AlterField(
            model_name="provider",
            name="notes",
            field=models.TextField(blank=True, help_text="Only editors see these notes."),
        ),
        migrations.AlterField(
            model_name="provider",
            name="source",
            field=models.JSONField(
                blank=True,
                default=dict,
                editable=False,
                help_text="The values of the last import, to recognize what editors changed.",
            ),
        ),
    ]
