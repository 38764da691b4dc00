"""The topics and providers of the sample documents, and their ``_data`` files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from articles.documents import DocumentImage, DocumentProvider
from articles.documents.yaml_text import Extra, Plain, block
from articles.sample_documents.words import PROVIDERS, SUBJECTS


def _logo(domain: str, side: int) -> DocumentImage:
    return DocumentImage(f"https://static.{domain}/logo-{side}x{side}.png", side, side)


def _provider(position: int, name: str, label: str) -> DocumentProvider:
    domain = f"{label}.example"
    # As in real documents, some providers have no logo.
    logos = () if position % 4 == 3 else (_logo(domain, 50),)
    return DocumentProvider(name, domain, logos)


DOCUMENT_PROVIDERS: Final = tuple(
    _provider(position, name, label) for position, (name, label, _) in enumerate(PROVIDERS)
)
"""The providers as in documents."""


def generate_catalog() -> Iterator[tuple[str, bytes]]:
    """Yield the name and bytes of each topic and provider file: ``_data/topics/00-ai.yaml``, ….

    Parents come before their topics. The files are always the same.
    """
    for number, subject in enumerate(SUBJECTS):
        fields: dict[str, Extra] = {
            "_id": re.sub(r"[^a-z0-9]+", "-", subject.name.lower()),
            "name": subject.name,
            "shortname": subject.short_name or subject.name,
        }
        if subject.parent:
            fields["parent"] = subject.parent
        fields["keywords"] = [subject.name.lower(), *(thing.name for thing in subject.things)]
        fields["hashtags"] = [f"#{subject.name.replace(' ', '')}"]
        yield f"_data/topics/{number:02}-{fields['_id']}.yaml", _yaml(fields)
    for name, label, about in PROVIDERS:
        domain = f"{label}.example"
        logos = (_logo(domain, side) for side in (50, 400))
        fields = {
            "name": name,
            "domain": domain,
            "description": f"{name} is {about}. It exists only in sample documents.",
            "images": [
                {"url": logo.url, "width": Plain(logo.width), "height": Plain(logo.height)}
                for logo in logos
            ],
        }
        yield f"_data/organizations/{domain}.md", b"---\n" + _yaml(fields) + b"---\n"


def _yaml(fields: Mapping[str, Extra]) -> bytes:
    lines = (line for key, value in fields.items() for line in block(key, value, ""))
    return "".join(f"{line}\n" for line in lines).encode()
