"""Articles in the admin: finding, viewing, and editing texts."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from articles import newsdesk, roles
from articles.admin.articles.article_context import suggested_for
from articles.admin.articles.article_form import ArticleForm
from articles.admin.articles.article_list import ArticleListAdmin
from articles.admin.articles.receipts import receipt_of
from articles.admin.decisions import pairs
from articles.admin.decisions.confirmation import user_of
from articles.admin.decisions.decision_forms import offered
from articles.admin.links import admin_link, outward_link
from articles.models import Article, ImportConflict, SourceDocument
from articles.models.image import with_fetches
from articles.newsdesk import EDITABLE, Verb

SHOWN: Final = 100
"""Maximum rows of a table below an article; some articles have thousands of links."""

FIELDSETS: Final[Any] = [
    ("Where it stands", {"fields": ["state_badge", "lead"]}),
    (
        "Where it is from",
        {
            "fields": [
                "provider",
                "original",
                "topics_in_order",
                ("published_at", "updated_at"),
                "document",
            ]
        },
    ),
    (
        "Editors' decision",
        {
            "fields": [
                "decision",
                "decision_reason",
                "decision_until",
                "decided_by",
                "decided_at",
                "is_pinned",
                ("publish_from", "publish_until"),
            ],
            "classes": ["collapse"],
        },
    ),
    (
        "Record",
        {
            "fields": [
                "slug",
                "type",
                "coverage_only",
                "locale",
                "original_url",
                "web_url",
                "amp_url",
                "cdn_amp_url",
                "featured_content",
                ("version", "created_at", "changed_at"),
            ],
            "classes": ["collapse"],
        },
    ),
]
"""The read-only values on the page besides the texts."""


@admin.register(Article)
class ArticleAdmin(ArticleListAdmin):
    """All articles, including coverage-only ones. Only their texts can be edited."""

    form = ArticleForm
    readonly_fields = flatten_fieldsets(FIELDSETS)

    def get_fieldsets(self, request: HttpRequest, obj: Article | None = None) -> Any:
        """Put the texts first. Add the hidden version only for users who may edit them."""
        texts: list[str] = list(EDITABLE)
        if self.has_change_permission(request, obj):
            texts += ["reason", "seen_version"]
        return [(None, {"fields": texts}), *FIELDSETS]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the user may edit texts and the article's state allows it."""
        if obj is not None and newsdesk.refusal(Verb.EDIT, obj):
            return False
        return admin.ModelAdmin.has_change_permission(self, request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Article]:
        """Return the articles with the related rows that their pages show."""
        articles: QuerySet[Article] = super().get_queryset(request)
        return articles.select_related("provider", "decided_by")

    def save_model(self, request: HttpRequest, obj: Article, form: Any, change: bool) -> None:
        """Save only the texts, as a decision. Heat and other decisions stay unchanged."""
        if texts := form.texts():
            change_of_texts = newsdesk.edit(form.stored, **texts)
            reason = form.cleaned_data["reason"].strip()
            newsdesk.perform(change_of_texts, by=user_of(request), reason=reason)

    def view_on_site(self, obj: Article) -> str | None:
        """Return the URL of the public page, if any."""
        return obj.get_absolute_url() if obj.is_published() else None

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add the tables below the texts. Ten queries, however many rows there are."""
        article: Article = context["original"]
        met = ImportConflict.objects.filter(article=article)
        related = article.related_links.select_related("target__provider").order_by("position")
        named_by = article.named_by_links.select_related("article__provider")
        decisions = offered(request.user, article)
        newest_first = named_by.order_by("-article__published_at", "article__slug")
        context |= {
            "shown": SHOWN,
            "images": with_fetches(article.images.select_related("stored")[:SHOWN]),
            "stories": [
                ("Names as coverage", [link.target for link in related[:SHOWN]]),
                ("Named as coverage by", [link.article for link in newest_first[:SHOWN]]),
            ],
            "conflicts": met[:SHOWN],
            "article": article,
            "decisions": decisions,
            "suggested": suggested_for(article, decisions),
            "next": request.path,
            "receipt": receipt_of(article),
        }
        if request.user.has_perm(roles.RELATE):
            context |= pairs.suggested(article)
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="topics")
    def topics_in_order(self, article: Article) -> SafeString | str:
        links = article.topic_links.select_related("topic")
        return format_html_join(", ", "{}", ((admin_link(link.topic),) for link in links)) or "-"

    @admin.display(description="original")
    def original(self, article: Article) -> SafeString | str:
        return outward_link(article.source_url) if article.source_url else article.url

    @admin.display(description="lead")
    def lead(self, article: Article) -> SafeString | str:
        """Link to the published lead of a superseded article, to which readers are redirected."""
        return admin_link(article.lead() if article.is_superseded else None)

    @admin.display(description="document")
    def document(self, article: Article) -> SafeString | str:
        source = SourceDocument.objects.filter(article=article).defer("text").first()
        return admin_link(source)
