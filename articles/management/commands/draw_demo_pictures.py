"""Draw pictures for the documents of a demo, whose image URLs lead nowhere."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone

from articles.images.missing import wanted
from articles.images.uploads import put
from articles.models import Logo
from articles.sample_documents.pictures import draw, draw_logo
from newsroom.commands import ReportCommand
from providers.models import Provider

RESERVED = ".example"
"""RFC 2606 reserves these hosts, so a drawing never replaces a real picture."""


class Command(ReportCommand):
    help = (
        "Draw a picture for each missing image and logo on a reserved .example host, which the "
        "documents of generate_seeds use. For demos only."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        drawn: set[str] = set()
        for one in wanted(timezone.now()):
            if one.url in drawn or not (urlsplit(one.url).hostname or "").endswith(RESERVED):
                continue
            providers = Provider.objects.filter(pk__in=one.providers)
            if names := [provider.name for provider in providers]:
                stored = put(one.url, draw_logo(names[0]))
                for provider in providers:
                    logo = {"url": one.url, "stored": stored}
                    Logo.objects.update_or_create(provider=provider, defaults=logo)
            else:
                put(one.url, draw(one.url))
            drawn.add(one.url)
        self.report(options, lambda: {"drawn": len(drawn)}, lambda: f"{len(drawn)} pictures drawn")
