"""Topics in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from articles.admin.links import list_link
from articles.models import Article, Topic


@admin.register(Topic)
class TopicAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Documents create topics; editors name them and set their parents."""

    fields = [
        "name",
        "short_name",
        "parent",
        "keywords",
        "hashtags",
        "key",
        "slug",
        "articles_link",
    ]
    readonly_fields = ["key", "articles_link"]
    autocomplete_fields = ["parent"]
    list_display = ["name", "short_name", "parent", "slug"]
    list_select_related = ["parent"]
    search_fields = ["name", "short_name", "slug"]
    actions = None

    class Media:
        js = ["articles/select-names.js"]

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        slug = "The last part of the page's URL. Its former URLs redirect to the new one."
        return super().get_form(request, obj, change, **kwargs | {"help_texts": {"slug": slug}})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False, because the next import would create the topic again."""
        return False

    @admin.display(description="articles")
    def articles_link(self, topic: Topic) -> SafeString:
        return list_link(Article, f"Articles about {topic}", topic=topic.pk)
