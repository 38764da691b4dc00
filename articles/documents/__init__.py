"""The news document: bytes to a frozen ``ArticleDocument`` and back, byte for byte.

A document is UTF-8 text: YAML front matter between ``---`` lines, then an optional body. ``parse``
checks and converts every field and names the place of every error; ``write`` returns the canonical
form; ``revise`` changes only what differs. Front-matter keys are translated to this
project's names in ``reading`` and nowhere else. No Django in this package.
"""

from articles.documents.frontmatter import MAX_BYTES, DocumentError, too_large
from articles.documents.model import (
    ArticleDocument,
    DocumentImage,
    DocumentProvider,
    ProviderDocument,
    RelatedEntry,
    TopicDocument,
)
from articles.documents.naming import dated_stem, slug_for, stem_of
from articles.documents.reading import MAX_QUALITY, parse, parse_provider, parse_topic
from articles.documents.writing import revise, write
from newsroom.iso_dates import iso
