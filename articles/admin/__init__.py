"""The admin of articles, topics and imports, one module a group of pages."""

from articles.admin.article import ArticleAdmin
from articles.admin.imports import (
    ImportConflictAdmin,
    ImportProblemAdmin,
    ImportRunAdmin,
    SourceDocumentAdmin,
)
from articles.admin.policy import PolicyVersionAdmin
from articles.admin.tokens import ApiTokenAdmin
from articles.admin.topic import TopicAdmin

__all__ = [
    "ApiTokenAdmin",
    "ArticleAdmin",
    "ImportConflictAdmin",
    "ImportProblemAdmin",
    "ImportRunAdmin",
    "PolicyVersionAdmin",
    "SourceDocumentAdmin",
    "TopicAdmin",
]
