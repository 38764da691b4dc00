"""Any number of sample documents, for demos and benchmarks.

They are invented, and every URL is under the reserved domain ``.example``. This package uses no
Django.
"""

from articles.sample_documents.catalog import generate_catalog
from articles.sample_documents.stories import LAST_MOMENT, MAX_COUNT, generate
