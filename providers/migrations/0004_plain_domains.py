"""Take ``www.`` from domains, because imports do so now; the former domain still leads there."""

from __future__ import annotations

from typing import Any

from django.db import migrations


def drop_www(apps: Any, schema_editor: Any) -> None:
    """Rename providers, unless another one has or had the domain without ``www.``."""
    Provider = apps.get_model("providers", "Provider")
    FormerDomain = apps.get_model("providers", "FormerDomain")
    for provider in Provider.objects.filter(domain__startswith="www."):
        domain = provider.domain.removeprefix("www.")
        is_taken = Provider.objects.filter(domain=domain).exists()
        if is_taken or FormerDomain.objects.filter(domain=domain).exists():
            continue
        FormerDomain.objects.create(domain=provider.domain, provider=provider)
        Provider.objects.filter(pk=provider.pk).update(domain=domain)


class Migration(migrations.Migration):
    dependencies = [
        ("providers", "0003_former_names"),
    ]

    operations = [
        migrations.RunPython(drop_www, migrations.RunPython.noop),
    ]
