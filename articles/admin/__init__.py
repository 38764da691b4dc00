"""The editors' pages, with one folder for each group of pages."""

import django_tasks_db.admin  # registers the model that is taken out again below
from django.contrib import admin
from django_tasks_db.models import DBTaskResult

from articles.admin.articles.article_page import ArticleAdmin
from articles.admin.images.failed_images import ImageFetchAdmin
from articles.admin.imports.runs import (
    ImportConflictAdmin,
    ImportProblemAdmin,
    ImportRunAdmin,
    SourceDocumentAdmin,
)
from articles.admin.system.policy import PolicyVersionAdmin
from articles.admin.system.tokens import ApiTokenAdmin
from articles.admin.system.topics import TopicAdmin
from articles.admin.system.webhooks import HookDeliveryAdmin, WebHookAdmin
from articles.admin.users.sign_ins import SignInAdmin
from articles.admin.users.user_page import UserAdmin

# The log shows what tasks do; the image and webhook pages show the results.
admin.site.unregister(DBTaskResult)
