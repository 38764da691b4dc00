"""Pictures that editors upload, hosts of failures, and images found by address."""

import re
from ipaddress import IPv6Address
from typing import Any
from urllib.parse import urlsplit

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
_HOST = re.compile(r"[a-z0-9_.-]{1,253}")


def note_hosts(apps: Any, _: object) -> None:
    """Store the host of each failure."""
    failed = apps.get_model("articles", "ImageFetch").objects.filter(state="failed", host="")
    for fetch in failed.only("url").iterator(500):
        failed.filter(pk=fetch.pk).update(host=_host_of(fetch.url))


def _host_of(url: str) -> str:
    """Return the host of a URL that images are fetched from; blank if it has none."""
    try:
        parts = urlsplit(url)
        # Raises for one that is no number.
        _ = parts.port
        name = parts.hostname or ""
        if _UNSAFE.search(url) or parts.scheme not in {"http", "https"} or "@" in parts.netloc:
            return ""
        if "[" in parts.netloc:
            number = IPv6Address(name)
            return str(number) if number.scope_id is None else ""
        ascii_name = name.encode("idna").decode("ascii").lower() if len(name) <= 253 else ""
    except ValueError:
        return ""
    return ascii_name if _HOST.fullmatch(ascii_name) else ""


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0013_shown_images"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="imagefetch",
            options={
                "verbose_name": "image that failed",
                "verbose_name_plural": "images that failed",
            },
        ),
        migrations.RemoveIndex(model_name="imagefetch", name="image_fetch_failed"),
        migrations.AddField(
            model_name="imagefetch",
            name="host",
            field=models.CharField(
                blank=True,
                default="",
                help_text="If it failed: whom it was asked of.",
                max_length=253,
            ),
        ),
        migrations.AddField(
            model_name="imagefetch",
            name="uploaded_at",
            field=models.DateTimeField(
                blank=True,
                help_text="If the copy is not the address's but an editor's, which no fetch replaces: since when.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="imagefetch",
            name="uploaded_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RunPython(note_hosts, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(
                models.Func(
                    models.F("url"),
                    output_field=models.TextField(),
                    template="SUBSTR(%(expressions)s, 1, 190)",
                ),
                name="image_url_start",
            ),
        ),
        migrations.AddIndex(
            model_name="imagefetch",
            index=models.Index(fields=["state", "-tried_at", "-id"], name="image_fetch_state"),
        ),
        migrations.AddIndex(
            model_name="imagefetch",
            index=models.Index(
                fields=["state", "host", "-tried_at", "-id"], name="image_fetch_host"
            ),
        ),
    ]
