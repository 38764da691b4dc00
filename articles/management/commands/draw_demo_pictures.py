"""Draw pictures for the documents of a demo, whose addresses lead nowhere."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand
from django.utils import timezone

from articles.images.missing import wanted
from articles.images.uploads import put
from articles.models import Logo
from articles.sample_documents.pictures import draw, draw_logo
from providers.models import Provider

RESERVED = ".example"
"""Hosts of this kind belong to nobody (RFC 2606), so that no real picture is stood in for."""


class Command(BaseCommand):
    help = (
        "Draw a picture for each image and logo that readers miss and whose host is a reserved "
        ".example one, as the documents of generate_seeds have them. For demos only."
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
        self.stdout.write(f"{len(drawn)} pictures drawn")
