"""Full-text search over headlines, excerpts and the names of provider and topics.

``ArticleQuerySet.search()`` filters lists in any order; ``find()`` returns a page of hits for readers.
Words are those of ``newsroom.words``: letters and digits, without case and accents; in scripts without
spaces, pairs of characters. Their stems in the article's language (``newsroom.stems``) find other
forms of a word. There is no list of stop words, so that names are found in every language. Database
triggers update the index from columns of words. This package refers to tables by name and does not
import the models.
"""

from articles.search.alike import alike
from articles.search.conditions import condition
from articles.search.hits import Behind, Narrowing, Order, find, tiers
from articles.search.marks import excerpt_around, marked
from articles.search.spelling import near
from articles.search.terms import LONGEST, MOST_TERMS, NO_TEXT, Search, address, has_slug, parse
