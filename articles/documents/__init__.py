"""The news document: bytes to a frozen ``ArticleDocument`` and back, byte for byte.

A document is UTF-8 text: YAML front matter between ``---`` lines, then an optional body. ``parse``
checks and converts every field. It is an error if no usable article remains; any other bad value is
left out with a warning. Both say where the problem is and what to do. ``write`` returns the
canonical form; ``revise`` changes only what differs. Front-matter keys are translated to this
project's names in ``reading`` and nowhere else. No Django in this package.
"""

from articles.documents.addresses import MAX_KEY, address_key
from articles.documents.model import (
    ArticleDocument,
    Desk,
    DocumentImage,
    DocumentProvider,
    ProviderDocument,
    RelatedEntry,
    TopicDocument,
)
from articles.documents.naming import coverage_slug, dated_stem, slug_for, stem_of, topic_key
from articles.documents.problems import (
    NO_FRONT_MATTER,
    DocumentError,
    DocumentWarning,
    NotNewsError,
)
from articles.documents.reading import parse, parse_provider, parse_topic
from articles.documents.source import MAX_BYTES, begins_front_matter, too_large
from articles.documents.values import MAX_QUALITY
from articles.documents.writing import revise, write
from newsroom.iso_dates import iso
