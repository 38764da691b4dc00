"""Draw pictures for the documents of a demo, whose addresses lead nowhere."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand
from django.utils import timezone

from articles.generator.pictures import draw
from articles.images.editing import upload
from articles.images.wanted import wanted
from articles.models import Image

RESERVED = ".example"
"""Hosts of this kind belong to nobody (RFC 2606), so that no real picture is stood in for."""


class Command(BaseCommand):
    help = (
        "Draw a picture for each image that readers miss and whose host is a reserved .example "
        "one, as the documents of generate_seeds have them. For demos only."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        drawn = 0
        for one in wanted(timezone.now()):
            host = urlsplit(one.url).hostname or ""
            image = Image.objects.filter(pk__in=one.images, stored=None).first()
            if image is not None and host.endswith(RESERVED):
                upload(image, draw(one.url), by=None)
                drawn += 1
        self.stdout.write(f"{drawn} pictures drawn")
