"""URLs of admin pages that belong to no single model."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, path

from articles.admin.decisions.queue_page import queue_page

urlpatterns: list[URLPattern] = [
    path(
        "articles/article/queue/<slug:key>/",
        admin.site.admin_view(queue_page),
        name="queue",
    ),
]
