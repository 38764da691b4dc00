"""Sample documents in any number, for trying the site out and for measuring it.

Everything in them is invented, and every address is under ``.example``, a domain that is reserved
for this. No Django in this package.
"""

from articles.sample_documents.catalog import generate_catalog
from articles.sample_documents.stories import LAST_MOMENT, MAX_COUNT, generate

__all__ = ["LAST_MOMENT", "MAX_COUNT", "generate", "generate_catalog"]
