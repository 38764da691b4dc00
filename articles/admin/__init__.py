"""The admin of articles, topics and imports, one module a group of pages."""

from django.contrib import admin
from django_tasks_db.models import DBTaskResult

from articles.admin.article import ArticleAdmin
from articles.admin.failed_images import ImageFetchAdmin
from articles.admin.imports import (
    ImportConflictAdmin,
    ImportProblemAdmin,
    ImportRunAdmin,
    SourceDocumentAdmin,
)
from articles.admin.policy import PolicyVersionAdmin
from articles.admin.tokens import ApiTokenAdmin
from articles.admin.topic import TopicAdmin
from articles.admin.web_hooks import HookDeliveryAdmin, WebHookAdmin

# What tasks do is in the log; what comes of it, with images and hooks.
admin.site.unregister(DBTaskResult)

__all__ = [
    "ApiTokenAdmin",
    "ArticleAdmin",
    "HookDeliveryAdmin",
    "ImageFetchAdmin",
    "ImportConflictAdmin",
    "ImportProblemAdmin",
    "ImportRunAdmin",
    "PolicyVersionAdmin",
    "SourceDocumentAdmin",
    "TopicAdmin",
    "WebHookAdmin",
]
